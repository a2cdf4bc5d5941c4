"""A recogniser in a process of its own: it may be slow or crash, and the call goes on.

The session hands it the sound of both channels and gets back what was heard, with how far it has listened. Were the
process to die, whoever waits is told at once and it is started again; what it did not hear is a gap.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import RATE
from callflow.errors import CallflowError
from callflow.events import SPEAKERS, Heard, Speaker
from callflow.speech import engines
from callflow.speech.transcriber import Session, Transcriber
from callflow.texts import Text, printable, text

MOST_WAITING = 120.0
"""Seconds of sound that wait for a slow recogniser; beyond them it is stopped and started anew."""
AGAIN_AFTER = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds until a process that is gone is started again; the last for every further time without its being ready."""

Call = int
"""Which call sound belongs to: a call that ends may still be decoded while the next one rings."""


@dataclass(frozen=True, slots=True)
class Said:
    """``engine`` heard something in ``call``; times are seconds since ``begin`` of that call."""

    engine: str
    call: Call
    heard: Heard


@dataclass(frozen=True, slots=True)
class Reached:
    """``engine`` has listened to ``clock`` seconds of ``call``; ``concluded``: the last utterance over, by speaker."""

    engine: str
    call: Call
    clock: float
    concluded: dict[Speaker, int]
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """``engine`` is ``ready``, or ``lost``: what it was listening to is cut off. ``why``: as far as it could say."""

    engine: str
    state: Literal["ready", "lost"]
    why: Text | None = None


News = Said | Reached | Changed
CLOSE = "close"


class Recogniser:
    """One engine for both channels. ``tell`` is called from a thread of ours with every news, and must not block."""

    def __init__(self, choice: engines.Choice, tell: Callable[[News], None], threads: int = 0) -> None:
        self.name = choice.name
        self.choice = choice
        self._threads = threads
        self._tell = tell
        self._outbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._process: Any = None
        self._pipe: Connection | None = None
        self._sent = self._reached = 0.0
        self._call: Call = 0
        self._given_up = False

    def start(self) -> None:
        """Load the model in a new process; ``Changed`` tells when it is ready. Returns at once."""
        threading.Thread(target=self._live, name=f"{self.name} recogniser", daemon=True).start()
        threading.Thread(target=self._send, name=f"sound to {self.name}", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        process = self._process
        return process.pid if process else None

    @property
    def behind(self) -> float:
        """Seconds of sound handed over that have not been listened to."""
        return max(0.0, self._sent - self._reached)

    def begin(self, call: Call) -> None:
        """Sound of a new call follows, from its second 0 on; partials on."""
        self._call, self._sent, self._reached, self._given_up = call, 0.0, 0.0, False
        self._outbox.put(("begin", call))

    def hear(self, call: Call, channels: dict[Speaker, tuple[NDArray[np.int16], NDArray[np.bool_]]]) -> None:
        """Samples and voiced flags of both channels, equally long."""
        samples = next(iter(channels.values()))[0]
        self._sent += len(samples) / RATE
        if self.behind > MOST_WAITING and not self._given_up:
            self._start_anew()
        self._outbox.put(("hear", call, {who: (s.tobytes(), v.tobytes()) for who, (s, v) in channels.items()}))

    def partials(self, call: Call, wanted: bool) -> None:
        """Whether to say also what is provisional."""
        self._outbox.put(("partials", call, wanted))

    def finish(self, call: Call) -> None:
        """The call is over; what was under way follows, then ``Reached`` with ``finished``."""
        self._outbox.put(("finish", call))

    def close(self) -> None:
        """End the process."""
        self._closing.set()
        self._outbox.put((CLOSE, 0))
        self._end()

    # ------------------------------------------------------------------------------------ threads

    def _live(self) -> None:
        """Start the process, pass on what it says, and start it again when it is gone."""
        failed = 0
        while not self._closing.is_set():
            pipe = self._spawn()
            lost = Changed(self.name, "lost")
            with suppress(EOFError, OSError, TypeError):  # the last when it is closed by another thread meanwhile
                while True:
                    message = pipe.recv()
                    if isinstance(message, Changed) and message.state == "lost":
                        lost = message  # its last word: told once it is gone
                        continue
                    if isinstance(message, Changed):
                        failed = 0
                    self._take(message)
            code = self._end()
            if not self._closing.is_set():
                if failed and not lost.why:  # it has not even begun to listen, and nobody has stopped it
                    lost = replace(lost, why=text("it ends at once, code {c}", "启动后立即退出，代码 {c}", c=code))
                self._tell(lost)
                self._closing.wait(AGAIN_AFTER[min(failed, len(AGAIN_AFTER) - 1)])
                failed += 1

    def _take(self, message: News) -> None:
        if isinstance(message, Reached) and message.call == self._call:
            self._reached = message.clock
        self._tell(message)

    def _spawn(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=listen, args=(theirs, self.choice, self._threads), name=f"callflow {self.name}", daemon=True
        )
        with _deaf_to_ctrl_c():
            process.start()
        theirs.close()
        with self._lock:
            self._process, self._pipe = process, ours
            while not self._outbox.empty():  # meant for the one before
                self._outbox.get_nowait()
        return ours

    def _send(self) -> None:
        ending = False
        while not ending:
            message = self._outbox.get()
            ending = message[0] == CLOSE
            pipe = self._pipe
            if pipe and (ending or not self._closing.is_set()):
                with suppress(OSError, ValueError, TypeError):  # closed by another thread meanwhile
                    pipe.send(message)

    def _start_anew(self) -> None:
        """It hangs, or will never catch up: what waits for it would only fill the memory."""
        self._given_up = True  # until the next stream begins
        with self._lock:
            if self._process:
                self._process.kill()

    def _end(self) -> int | None:
        """Let the process go, by force where it does not go by itself; returns its exit code."""
        with self._lock:
            process, pipe, self._process = self._process, self._pipe, None
        if process:
            process.join(1.0)  # it has been told to end, or is gone
            if process.is_alive():
                process.kill()
                process.join()
        if pipe:
            pipe.close()  # not sooner: that it is to end is told through it
        return process.exitcode if process else None


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A process started meanwhile leaves Ctrl-C to the session from its first moment on: it inherits our mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it is started along with our process, and ends with its own mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# ---------------------------------------------------------------------------------------- in the other process


def listen(pipe: Connection, choice: engines.Choice, threads: int) -> None:
    """Decode what comes over ``pipe`` until it is closed; where that cannot be done, say why."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the session, which then closes the pipe
    with suppress(EOFError, OSError):
        try:
            transcriber = engines.open_transcriber(choice, threads=threads)
            _decode(pipe, choice.name, transcriber)
        except (EOFError, ConnectionError):
            return  # the session has closed the pipe
        except Exception as error:  # a library's, whatever it is: in the agent's notice, not in the terminal
            pipe.send(Changed(choice.name, "lost", _why(error)))


def _why(error: Exception) -> Text:
    if isinstance(error, CallflowError):
        return Text(error.in_("en"), error.in_("zh"))
    said = printable(f"{type(error).__name__}: {error}")[:300]
    return Text(said, said)


def _decode(pipe: Connection, engine: str, transcriber: Transcriber) -> None:
    """Until it is told to close, or ``pipe`` is closed, which raises ``EOFError`` or ``OSError``."""
    sessions: dict[Call, dict[Speaker, Session]] = {}
    clocks: dict[Call, float] = {}
    pipe.send(Changed(engine, "ready"))
    while True:
        what, call, *rest = pipe.recv()
        if what == CLOSE:
            return
        if what == "begin":
            sessions[call] = {who: transcriber.session(who) for who in SPEAKERS}
            clocks[call] = 0.0
        elif call not in sessions:
            continue
        elif what == "partials":
            for session in sessions[call].values():
                session.partials = rest[0]
        else:
            last = what == "finish"
            for heard in _heard(sessions[call], {} if last else rest[0]):
                pipe.send(Said(engine, call, heard))
            clocks[call] += 0.0 if last else len(rest[0]["agent"][0]) / 2 / RATE
            concluded = {who: session.concluded for who, session in sessions[call].items()}
            pipe.send(Reached(engine, call, clocks[call], concluded, finished=last))
            if last:
                del sessions[call], clocks[call]


def _heard(sessions: dict[Speaker, Session], sound: dict[Speaker, tuple[bytes, bytes]]) -> Iterator[Heard]:
    for who, session in sessions.items():
        if not sound:
            yield from session.finish()
        else:
            samples, voiced = sound[who]
            yield from session.accept(np.frombuffer(samples, np.int16), np.frombuffer(voiced, np.bool_))
