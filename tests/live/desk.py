"""An agent's place with everything on it that is real: devices, recogniser, session, overlay."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from callflow import flowfiles, models
from callflow.audio.devices import choose, devices
from callflow.audio.headset import Headset
from callflow.audio.recording import Recording
from callflow.audio.source import RATE, Source
from callflow.call.plan import Plan
from callflow.events import Event, Output
from callflow.journal import read_journal
from callflow.live.ears import Ears
from callflow.live.lines import Keys, Lines
from callflow.live.overlay import Overlay
from callflow.live.recogniser import Recogniser
from callflow.live.reload import Reload
from callflow.live.session import Intake, LiveSession
from callflow.live.setting import Setting
from callflow.live.wall import Wall
from callflow.review.replay import rejudge
from callflow.speech import engines
from callflow.telephony.source import CallEvents

CALLS = Path(__file__).parent.parent / "calls"
PATIENCE = 180.0
QUICK = models.find("zipformer") is not None and find_spec("sherpa_onnx") is not None
"""Whether the recogniser is there that is quick enough for many calls; whisper takes as long as they last."""
needs_quick = pytest.mark.skipif(not QUICK, reason="not installed: the zipformer model")


@cache
def plan() -> Plan:
    return Plan.of(flowfiles.load()[0])


class Desk:
    """A running session; ``until`` waits for something to become true."""

    def __init__(self, session: LiveSession, overlay: Overlay, recogniser: Recogniser, folder: Path) -> None:
        self.session = session
        self.thread: threading.Thread | None = None
        self.overlay = overlay
        self.recogniser = recogniser
        self.folder = folder

    def until(self, true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while not true():
            assert time.monotonic() < end, f"never: {what}"
            time.sleep(0.02)

    def finish(self) -> Path:
        """Wait for the end of the source; returns the journal of the only call."""
        self.until(lambda: not (self.thread and self.thread.is_alive()), "the session ends")
        (journal,) = self.journals()
        return journal

    def journals(self) -> list[Path]:
        """The journals of calls that are over."""
        return sorted(self.folder.glob("*.jsonl"))

    def latest(self) -> Any:
        """What the overlay shows."""
        return json.loads(self.overlay.latest)["view"]

    def notices(self) -> set[str]:
        return {notice.id for notice in self.session.notices.shown()}


@contextmanager
def desk(
    source: Source,
    folder: Path,
    sources: Sequence[CallEvents] = (),
    keys: Keys | None = None,
    live: bool = True,
    by_sound: bool = False,
    sound: bool = False,
    wall: Wall | None = None,
    reload: Reload | None = None,
    flow: Plan | None = None,
) -> Iterator[Desk]:
    """A session on ``source`` with the best recogniser that is installed, in a thread of its own."""
    intake = Intake()
    choice = engines.choose("auto", "live")
    with ExitStack() as stack:
        recogniser = Recogniser(choice, intake.put)
        recogniser.start()
        stack.callback(recogniser.close)
        overlay = stack.enter_context(Overlay())
        opened = stack.enter_context(source)
        setting = Setting(folder, by_sound, engine=choice.name, live=live, sound=sound)
        lines, ears = Lines(sources, keys), Ears([recogniser])
        if reload:
            stack.enter_context(reload)
        running = LiveSession(flow or plan(), opened, ears, intake, overlay, setting, lines, wall=wall, reload=reload)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        stack.callback(thread.join, 10.0)
        stack.callback(running.stop)
        one = Desk(running, overlay, recogniser, folder)
        one.thread = thread
        one.until(lambda: running.ears.ready, "the recogniser is ready")
        yield one


def headset() -> Headset:
    """The two null sinks of ``live.pulse``."""
    found = devices()
    return Headset(choose(found, "microphone", "mic.monitor"), choose(found, "far_end", "far.monitor"))


def spoken(call: str, speaker: str, start: float, end: float) -> NDArray[np.int16]:
    """What ``speaker`` says in a bundled call from ``start`` to ``end`` (seconds)."""
    with Recording(CALLS / f"{call}.opus") as recording:
        channel = np.concatenate([getattr(block, speaker) for block in recording])
    return np.asarray(channel[round(start * RATE) : round(end * RATE)], np.int16)


def judged_again(path: Path) -> tuple[list[str], list[str]]:
    """What a journal says that the engine said, and what it says when the journal is judged again."""
    events = read_journal(path).events
    then = [event.to_json() for event in events if isinstance(event, Output)]
    now: list[str] = []

    def keep(event: Event) -> None:
        if isinstance(event, Output):
            now.append(event.to_json())

    rejudge(events, plan(), keep)
    return then, now
