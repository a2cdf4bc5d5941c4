"""The live session with a real recogniser on bundled calls, as fast as it goes; and what may go wrong meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest
from live.desk import CALLS, Desk, desk, headset, judged_again, needs_quick
from live.pulse import Pulse, needs_pulse

from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block
from callflow.events import CallAnswered, CallContext, CallHungUp, CallRinging, Event, Finding, Gap, Heard
from callflow.journal import PART, read_events, read_journal
from callflow.live import recogniser
from callflow.live.actions import Action
from callflow.telephony.hotkeys import Hotkeys
from callflow.telephony.life import Status
from callflow.telephony.source import Inbox, Reported, Signal
from callflow.texts import Text

pytest.importorskip("fastapi", reason="the Python package fastapi is not installed")
pytestmark = pytest.mark.timeout(240)


class Script(Inbox):
    """A telephone that reports the events of bundled calls at their times on the source's clock."""

    def __init__(self, *events: Event) -> None:
        super().__init__()
        self._events = list(events)
        self.desk: Desk | None = None

    def waiting(self) -> list[Signal]:
        now = self.desk.session.clock if self.desk else 0.0
        due = [event for event in self._events if event.at <= now]
        self._events = self._events[len(due) :]
        return [Reported(event, "one", time.monotonic()) for event in due]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Sound:
    """A source of made-up sound: ``seconds`` of noise of ``level`` (root mean square of int16), 0 for silence."""

    separate = True

    def __init__(self, seconds: float, level: float = 0.0) -> None:
        self.warnings: list[Text] = []
        self._blocks = round(seconds * RATE / FRAME)
        self._random = np.random.default_rng(1)
        self._level = level
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        if self._at == self._blocks:
            raise StopIteration
        noise = self._random.normal(0.0, self._level or 1e-9, (2, FRAME)).astype(np.int16)
        block = Block(self._at * FRAME / RATE, noise[0], noise[1])
        self._at += 1
        return block


def reported(name: str) -> list[Event]:
    events, _ = read_events(CALLS / f"{name}.opus.events.jsonl")
    return [event for event in events if not isinstance(event, CallContext)]


@pytest.mark.parametrize("name", [pytest.param("exemplary", marks=needs_quick), "faulty"])
def test_a_journal_of_a_live_call_judged_again_says_the_same(name: str, tmp_path: Path) -> None:
    script = Script(*reported(name))
    with desk(Recording(CALLS / f"{name}.opus"), tmp_path, [script], live=False) as place:
        script.desk = place
        journal = place.finish()
    then, now = judged_again(journal)
    assert then == now
    findings = [event for event in read_journal(journal).events if isinstance(event, Finding)]
    faults = [finding for finding in findings if finding.verdict in ("missed", "violated")]
    rules = {finding.rule for finding in faults}
    if name == "faulty":
        assert {"not-my-job", "apologise-after-hold"} <= rules
    else:
        assert len(rules) <= 2, rules  # one recogniser mishears a line or two of it


@needs_quick
def test_calls_can_be_told_from_the_sound_alone(tmp_path: Path) -> None:
    with desk(Recording(CALLS / "exemplary.opus"), tmp_path, live=False, by_sound=True) as place:
        place.until(lambda: not (place.thread and place.thread.is_alive()), "the session ends")
    ((part,), names) = list(tmp_path.glob(f"*{PART}")), list(tmp_path.glob("*.jsonl"))
    assert not names, "nobody hung up, and the recording was over: the call was cut off"
    kinds = [event.type for event in read_journal(part).events]
    assert "call.ringing" in kinds
    assert "call.answered" in kinds
    assert any(event.final for event in read_journal(part).events if isinstance(event, Heard))


@needs_quick
def test_a_recogniser_that_is_killed_is_started_again_and_the_gap_is_held_against_nobody(tmp_path: Path) -> None:
    script = Script(*reported("faulty"))
    with desk(Recording(CALLS / "faulty.opus"), tmp_path, [script], live=False) as place:
        script.desk = place
        place.until(lambda: place.session.clock > 50, "half of the call")
        assert place.recogniser.pid
        os.kill(place.recogniser.pid, signal.SIGKILL)
        place.until(lambda: not place.session.ears.ready, "the loss is noticed")
        place.until(lambda: f"engine.{place.recogniser.name}" in place.notices(), "the agent is told")
        place.until(lambda: place.session.ears.ready, "it is back")
        journal = place.finish()
        assert not place.notices()
    events = read_journal(journal).events
    gaps = [event for event in events if isinstance(event, Gap)]
    gap = gaps[-1]
    assert gaps[0].start <= gap.end
    assert any(event.final and event.start > gap.end for event in events if isinstance(event, Heard))
    then, now = judged_again(journal)
    assert then == now


class Paced(Recording):
    """A recording that comes ten times as fast as life, whatever the recognisers do."""

    def __next__(self) -> Block:
        block = super().__next__()
        time.sleep((block.end - block.at) / 10)
        return block


@needs_quick
def test_a_recogniser_that_hangs_is_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recogniser, "MOST_WAITING", 10.0)
    script = Script(*reported("faulty"))
    with desk(Paced(CALLS / "faulty.opus"), tmp_path, [script]) as place:
        script.desk = place
        place.until(lambda: place.session.clock > 25, "some of the call")
        hung = place.recogniser.pid
        assert hung
        os.kill(hung, signal.SIGSTOP)
        place.until(lambda: place.recogniser.pid not in (None, hung), "another takes its place")
        journal = place.finish()
    assert [event for event in read_journal(journal).events if isinstance(event, Gap)]
    then, now = judged_again(journal)
    assert then == now


@needs_quick
def test_a_disk_that_is_full_for_a_while_loses_nothing(tiny_disk: Path) -> None:
    script = Script(*reported("faulty"))
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"0" * 8192)
    with desk(Recording(CALLS / "faulty.opus"), tiny_disk, [script], live=False) as place:
        script.desk = place
        place.until(lambda: "journal" in place.notices(), "the agent is told that nothing is saved")
        shown = place.overlay.show({})
        place.until(lambda: place.overlay.show({}) > shown, "the overlay goes on")
        subprocess.run(["mount", "-o", "remount,size=4m", str(tiny_disk)], check=True)
        journal = place.finish()
    assert not read_journal(journal).problems
    then, now = judged_again(journal)
    assert then == now


@needs_pulse
def test_a_microphone_pulled_out_is_held_against_nobody(pulse: Pulse, tmp_path: Path) -> None:
    keys = Hotkeys()
    with desk(headset(), tmp_path / "calls", keys=keys) as place:
        session = place.session
        for event in (CallRinging(at=0.0, ring=1), CallAnswered(at=0.0)):
            keys.put(Reported(event, "one", time.monotonic()))
        place.until(lambda: session.calls.current and session.calls.current.status is Status.TALKING, "the call is on")
        pulse.unplug("mic")
        place.until(lambda: "sound.microphone.gone" in place.notices(), "the loss is noticed")
        pulse.plug("mic")
        place.until(lambda: "sound.microphone.gone" not in place.notices(), "it is back")
        keys.put(Reported(CallHungUp(at=0.0, by="agent"), "one", time.monotonic()))
        place.until(place.journals, "the call is over")
    (journal,) = place.journals()
    events = read_journal(journal).events
    gaps = [event for event in events if isinstance(event, Gap)]
    assert gaps
    assert {gap.speaker for gap in gaps} == {"agent"}
    reasons = {event.rule: (event.verdict, event.reason) for event in events if isinstance(event, Finding)}
    assert reasons["greet-first"] == ("not_assessed", "gap")
    then, now = judged_again(journal)
    assert then == now


def test_a_key_that_another_window_had_opens_the_list_of_situations(tmp_path: Path) -> None:
    keys = Hotkeys()
    with desk(Sound(3600.0), tmp_path, keys=keys, live=False) as place:
        session = place.session

        def asked() -> int:
            return int(place.latest()["desk"]["choose"])

        keys.press("situation", 0.0)
        place.until(lambda: session.clock > 1, "a second")
        assert asked() == 0, "there is no call that could have a situation"
        keys.put(Reported(CallRinging(at=0.0, ring=1), "one", time.monotonic()))
        place.until(lambda: session.calls.current, "the call is on")
        keys.press("situation", 1.0)
        place.until(lambda: asked() == 1, "the list is asked for")


CUT_OFF = """
import sys, time
from pathlib import Path
from live.desk import CALLS, desk
from live.test_session import Script, reported
from callflow.audio.recording import Recording

if __name__ == "__main__":
    script = Script(*reported("faulty"))
    with desk(Recording(CALLS / "faulty.opus"), Path(sys.argv[1]), [script], live=False) as place:
        script.desk = place
        place.until(lambda: place.session.clock > 45, "half of the call")
        print("half", flush=True)
        time.sleep(60)
"""


@needs_quick
def test_a_call_goes_on_after_the_process_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "cut_off.py"
    program.write_text(CUT_OFF)
    calls = tmp_path / "calls"
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}  # the tests' own modules, as pytest has them
    command = [sys.executable, str(program), str(calls)]
    with subprocess.Popen(command, env=os.environ | paths, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        half = process.stdout.readline()
        process.kill()
    assert half == "half\n"
    (part,) = calls.glob(f"*{PART}")
    before = [event.to_json() for event in read_journal(part).events]

    keys = Hotkeys()
    with desk(Sound(60.0), calls, keys=keys, live=False) as place:
        place.until(lambda: place.session.clock > 2, "the call goes on")
        place.overlay.actions.put(Action("hang_up"))
        journal = place.finish()
    events = read_journal(journal).events
    assert [event.to_json() for event in events][: len(before)] == before, "nothing of what was known is lost"
    after = events[len(before) :]
    assert any(isinstance(event, Gap) for event in after)
    assert any(isinstance(event, CallHungUp) for event in after)
    then, now = judged_again(journal)
    assert then == now


@pytest.mark.parametrize(("seconds", "level"), [(600.0, 0.0), (60.0, 300.0)], ids=["silence", "noise"])
def test_a_call_without_a_word_is_a_call(seconds: float, level: float, tmp_path: Path) -> None:
    first, last = reported("exemplary")[0], CallHungUp(at=seconds - 1, by="agent")
    script = Script(first, replace(reported("exemplary")[1], at=2.0), last)
    with desk(Sound(seconds, level), tmp_path, [script], live=False) as place:
        script.desk = place
        journal = place.finish()
    events = read_journal(journal).events
    assert not [event for event in events if isinstance(event, Heard) and event.final]
    assert events[-1].type == "score"


def test_two_calls_one_after_the_other_are_two(tmp_path: Path) -> None:
    first = [replace(event, at=event.at / 4) for event in reported("exemplary")]
    end = first[-1].at
    script = Script(*first, *[replace(event, at=end + 1 + event.at) for event in first])
    with desk(Sound(2 * end + 5), tmp_path, [script], live=False) as place:
        script.desk = place
        place.until(lambda: not (place.thread and place.thread.is_alive()), "the session ends")
    journals = place.journals()
    assert len(journals) == 2
    for journal in journals:
        kinds = [event.type for event in read_journal(journal).events if event.type.startswith("call.")]
        assert kinds.count("call.hung_up") == 1
        assert kinds[0] == "call.context"


@pytest.mark.parametrize("asked", [False, True])
def test_sound_is_kept_only_where_it_was_asked_for(asked: bool, tmp_path: Path) -> None:
    script = Script(replace(reported("exemplary")[1], at=2.0), CallHungUp(at=9.0, by="agent"))
    with desk(Sound(10.0, 300.0), tmp_path, [script], live=False, sound=asked) as place:
        script.desk = place
        journal = place.finish()
    kept = [path for path in tmp_path.iterdir() if path != journal]
    assert read_journal(journal).header.recording == (kept[0].name if asked else "")
    assert len(kept) == asked
    for path in kept:
        with Recording(path) as recording:
            seconds = sum(len(block.agent) for block in recording) / RATE
        assert seconds == pytest.approx(read_journal(journal).events[-1].at, abs=1.0)
