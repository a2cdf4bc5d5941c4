"""A SIP softphone: a telephone of its own, whose ring, answer, hold, transfer and hang-up are seen as they happen.

The SIP stack (baresip, in C) runs in a process of its own, ``sip_worker``: it may crash, hang or lack a sound device,
and the agent's screen goes on. A process that died is started again, and its call is reported as over.
"""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from callflow.errors import TelephonyError, install
from callflow.events import CallHungUp
from callflow.telephony.life import Status, after
from callflow.telephony.source import Inbox, Notice, Reported
from callflow.texts import Text, text

_START = 20.0
"""Seconds the SIP process gets to start and to register."""
_AGAIN = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds until a process that died is started again; the last for every further time."""
_SILENT = 10.0
"""Seconds without a sign of life after which the process counts as hung; it gives one every second."""
_UNSENT = 1000
"""Commands and pieces of the agent's voice that wait for the process, 20 s."""
_RATE = 16_000
_HEARD = 500
"""Pieces of the far end's sound that are kept for a slow reader: 20 ms each, 10 s."""


@dataclass(frozen=True, slots=True)
class SipAccount:
    """Who the softphone is. ``user`` at ``domain`` (``host`` or ``host:port``); without ``register`` it only listens.

    ``interface``: a local address or network interface to use (``127.0.0.1`` for tests); ``listen``: ``host:port`` to
    take calls on. ``player``: where baresip plays the far end, as ``module,device`` (``alsa,default``); ``aumem`` plays
    it nowhere, it can then only be read. ``follow_transfers``: call whom the other side tells us to; off, because
    whoever may call could so make the telephone dial any number.
    """

    user: str
    domain: str
    password: str = field(default="", repr=False)
    register: bool = True
    auth_user: str | None = None
    registrar: str | None = None
    transport: str = "udp"
    interface: str | None = None
    listen: str = ""
    player: str = "aumem"
    follow_transfers: bool = False


class Softphone(Inbox):
    """A ``CallEvents`` source and a ``Phone`` for one call at a time (and the consultation before a transfer).

    ``pieces`` gives what the other side says, ``speak`` takes what the agent says: int16 at 16 kHz, mono.
    ``audio.telephone`` makes a Source of the two.
    """

    def __init__(self, account: SipAccount) -> None:
        super().__init__()
        self.account = account
        self._heard: deque[tuple[float, NDArray[np.int16]]] = deque(maxlen=_HEARD)
        self._pipe: Connection | None = None
        self._process: Any = None
        self._leaving = threading.Event()
        self._unsent: queue.Queue[Any] = queue.Queue(_UNSENT)
        self._threads = [
            threading.Thread(target=self._read, name="softphone", daemon=True),
            threading.Thread(target=self._write, name="softphone out", daemon=True),
        ]
        self._call, self._status = "", Status.NONE

    def __enter__(self) -> Self:
        if importlib.util.find_spec("baresip") is None:
            raise TelephonyError(
                text("the SIP softphone is not installed", "未安装 SIP 软电话"),
                install("sip"),
            )
        self._start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._send(("close",))
        self._send(None)
        self._end()
        for thread in self._threads:
            thread.join()
        self.close()

    # ---------------------------------------------------------------------------------------------- what it can do

    def dial(self, to: str) -> None:
        """Call ``to``: a SIP address, or a number or name at the account's domain."""
        self._send(("dial", to))

    def answer(self) -> None:
        self._send(("answer",))

    def hold(self) -> None:
        self._send(("hold",))

    def resume(self) -> None:
        self._send(("resume",))

    def transfer(self, to: str) -> None:
        self._send(("transfer", to))

    def consult(self, to: str) -> None:
        self._send(("consult", to))

    def hand_over(self) -> None:
        self._send(("hand_over",))

    def take_back(self) -> None:
        self._send(("take_back",))

    def hang_up(self) -> None:
        self._send(("hang_up",))

    def pieces(self) -> list[tuple[float, NDArray[np.int16]]]:
        """What has come from the other side since the last time: int16 at 16 kHz, with the time of the first sample.

        The time is of ``time.perf_counter``. What nobody takes for ten seconds is dropped.
        """
        return [self._heard.popleft() for _ in range(len(self._heard))]

    def speak(self, samples: NDArray[np.int16]) -> None:
        """Send the agent's voice: int16 at 16 kHz, mono, as it comes from the microphone."""
        self._send(np.ascontiguousarray(samples, np.int16).tobytes())

    # ---------------------------------------------------------------------------------------------- the process

    def _start(self) -> None:
        """Start the process and wait until it is ready; raises ``TelephonyError`` where it says why it cannot."""
        from callflow.telephony import sip_worker  # here, because it needs the extra

        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=sip_worker.run, args=(theirs, self.account), daemon=True)
        self._process.start()
        theirs.close()
        try:
            answer = self._pipe.recv() if self._pipe.poll(_START) else None
        except (EOFError, OSError):
            answer = None
        if answer != "ready":
            self._end()
            reason = answer if isinstance(answer, Text) else text("it did not start", "进程未能启动")
            raise TelephonyError(Text(f"SIP softphone: {reason.en}", f"SIP 软电话：{reason.zh}"))

    def _read(self) -> None:
        died = 0
        while True:  # to the end, even when leaving: a process that cannot get rid of its words does not go
            try:
                message = self._next()
            except (EOFError, OSError):
                if self._leaving.is_set():
                    return
                self._lost()
                if self._leaving.wait(_AGAIN[min(died, len(_AGAIN) - 1)]):
                    return
                died += 1
                with contextlib.suppress(TelephonyError):
                    self._start()
                    self.notice("sip", text("The softphone is back", "软电话已恢复"), over=True)
                continue
            if isinstance(message, bytes):
                samples = np.frombuffer(message, np.int16)
                self._heard.append((time.perf_counter() - len(samples) / _RATE, samples))
                continue
            if isinstance(message, str):
                continue  # it is alive, and nothing else
            died = 0
            if isinstance(message, Reported):
                self._call = message.call
                self._status = after(self._status, message.event) or self._status
                if isinstance(message.event, CallHungUp):
                    self._status = Status.NONE
            self.put(message)

    def _next(self) -> Any:
        """The next message; raises ``EOFError`` where the process is gone, or hangs."""
        assert self._pipe is not None
        if not self._pipe.poll(_SILENT):
            self._process.kill()
            raise EOFError
        return self._pipe.recv()

    def _write(self) -> None:
        """In a thread of its own: a process that hangs must not hang us."""
        while (message := self._unsent.get()) is not None:
            with contextlib.suppress(OSError, ValueError):
                if self._pipe is not None:
                    self._pipe.send(message)

    def _lost(self) -> None:
        """The process is gone, and with it the call it had."""
        self._end()
        if self._status is not Status.NONE:
            self.put(Reported(CallHungUp(at=0.0), self._call, time.monotonic()))
            self._status = Status.NONE
        gone = text(
            "The softphone has stopped and is started again; the call is lost",
            "软电话已停止，正在重新启动；当前通话已中断",
        )
        self.put(Notice("sip", gone, time.monotonic()))

    def _send(self, message: Any) -> None:
        with contextlib.suppress(queue.Full):  # it hangs, and is about to be ended
            self._unsent.put_nowait(message)

    def _end(self) -> None:
        """Let the process go, by force where it does not go by itself."""
        process = self._process
        if process is None:
            return
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join(5)
        if self._pipe is not None:
            self._pipe.close()
