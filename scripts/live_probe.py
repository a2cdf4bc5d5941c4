"""A live session with everything on it that is real, and a note of when each thing in it happened.

All times are ``time.monotonic``, which is one clock for all processes of the machine.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from live.pulse import Pulse

import callflow.live.call
import callflow.live.recogniser
from callflow import flowfiles
from callflow.audio.devices import choose, devices
from callflow.audio.headset import Headset
from callflow.audio.source import RATE, Block
from callflow.call.plan import Plan
from callflow.call.screen.screen import Screen
from callflow.events import Event, Heard
from callflow.live.actions import Action
from callflow.live.ears import Ears
from callflow.live.lines import Lines
from callflow.live.overlay import Overlay
from callflow.live.recogniser import News, Recogniser, Said
from callflow.live.session import Intake, LiveSession
from callflow.live.setting import Setting
from callflow.speech.engines import Choice
from callflow.telephony.hotkeys import Hotkeys

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_listen = callflow.live.recogniser.listen


@cache
def plan() -> Plan:
    return Plan.of(flowfiles.load()[0])


@dataclass(frozen=True, slots=True)
class Sent(Said):
    """What a recogniser said, and when its process sent it."""

    at: float = 0.0


class _Stamping:
    """The recogniser's end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def recv(self) -> Any:
        return self._pipe.recv()

    def send(self, news: News) -> None:
        if isinstance(news, Said):
            news = Sent(news.engine, news.call, news.heard, time.monotonic())
        self._pipe.send(news)


def listen(pipe: Connection, choice: Choice, threads: int) -> None:
    """The process of a recogniser, saying when it sends what it heard."""
    _listen(_Stamping(pipe), choice, threads)  # type: ignore[arg-type]


class Taped(Headset):
    """A headset that keeps the agent's sound."""

    def __init__(self) -> None:
        found = devices()
        super().__init__(choose(found, "microphone", "mic.monitor"), choose(found, "far_end", "far.monitor"))
        self.tape: list[NDArray[np.int16]] = []

    def __next__(self) -> Block:
        block = super().__next__()
        self.tape.append(block.agent)
        return block

    def moment(self, sample: int) -> float:
        """When a sample of the tape was taken."""
        return self.began + sample / RATE


@dataclass(slots=True)
class Told:
    """An event that the screen followed. ``because``: the utterance as it was then heard; ``sent``: when its
    recogniser sent that; ``painted``: when a page that shows it was on the screen."""

    event: Event
    because: Heard | None
    sent: float
    number: int = 0
    painted: float = 0.0


@dataclass
class Probe:
    """What happened in the calls so far, in order."""

    told: list[Told] = field(default_factory=list)
    _heard: Heard | None = None
    _sent: float = 0.0
    _unshown: list[Told] = field(default_factory=list)
    _unpainted: list[Told] = field(default_factory=list)

    def taken(self, news: News) -> None:
        if isinstance(news, Sent):
            self._sent = news.at

    def followed(self, event: Event) -> None:
        if isinstance(event, Heard):
            self._heard = event
        self._unshown.append(Told(event, self._heard, self._sent))

    def shown(self, number: int) -> None:
        for told in self._unshown:
            told.number = number
        self.told += self._unshown
        self._unpainted += self._unshown
        self._unshown.clear()

    def painted(self, overlay: Overlay) -> None:
        """Take note of what has been painted; to be called at least every thousand snapshots."""
        receipts = iter(overlay.painted)
        receipt = next(receipts, None)
        for told in list(self._unpainted):
            while receipt and receipt.number < told.number:
                receipt = next(receipts, None)
            if receipt is None:
                return
            told.painted = receipt.at
            self._unpainted.remove(told)


class Place:
    """An agent's place: what is said at it, and what comes of that."""

    def __init__(self, pulse: Pulse, source: Taped, session: LiveSession, overlay: Overlay, probe: Probe) -> None:
        self.source = source
        self.session = session
        self.probe = probe
        self._pulse = pulse
        self._overlay = overlay

    def answer(self) -> float:
        """Begin a call; returns when its clock began."""
        self._overlay.actions.put(Action("answer"))
        self.wait(1.0)
        call = self.session.calls.current
        assert call, "the call has begun"
        return self.source.began + call.began

    def hang_up(self) -> None:
        self._overlay.actions.put(Action("hang_up"))
        self.wait(1.5)

    def say(self, samples: NDArray[np.int16]) -> None:
        """Play ``samples`` into the microphone and wait for the end of it."""
        player = self._pulse.play("mic", samples)
        while player.poll() is None:
            self.wait(0.5)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self.probe.painted(self._overlay)


class _Shown:
    """The overlay, telling the probe of every snapshot."""

    def __init__(self, overlay: Overlay, probe: Probe) -> None:
        self.actions = overlay.actions
        self._overlay, self._probe = overlay, probe

    def show(self, view: dict[str, object]) -> int:
        number = self._overlay.show(view)
        self._probe.shown(number)
        return number


@contextmanager
def place(pulse: Pulse, folder: Path, choices: list[Choice]) -> Iterator[Place]:
    """A session on the two sinks of ``pulse`` with an overlay that is open in headless Chromium."""
    probe = Probe()
    intake = Intake()

    class Followed(Screen):
        def follow(self, event: Event) -> None:
            super().follow(event)
            probe.followed(event)

    class Listening(Ears):
        def take(self, news: News) -> bool:
            probe.taken(news)
            return super().take(news)

    setattr(callflow.live.call, "Screen", Followed)  # noqa: B010
    callflow.live.recogniser.listen = listen
    with ExitStack() as stack:
        recognisers = [Recogniser(choice, intake.put) for choice in choices]
        for recogniser in recognisers:
            recogniser.start()
            stack.callback(recogniser.close)
        overlay = stack.enter_context(Overlay())
        stack.enter_context(opened(overlay.url))
        source = stack.enter_context(Taped())
        setting = Setting(folder, engine="+".join(choice.name for choice in choices))
        shown, ears = _Shown(overlay, probe), Listening(recognisers)
        running = LiveSession(plan(), source, ears, intake, shown, setting, Lines((), Hotkeys()))
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        stack.callback(thread.join, 10.0)
        stack.callback(running.stop)
        while running.ears.missing or not overlay.painted:
            assert thread.is_alive(), "the session has ended"
            time.sleep(0.1)
        yield Place(pulse, source, running, overlay, probe)


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """The overlay in headless Chromium, as large as it floats."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = browser.new_context(viewport={"width": 360, "height": 480}, locale="zh-CN").new_page()
        page.goto(url)
        yield page
        browser.close()
