"""Which call is on: told by reports that may be lost, by journals that were cut off, by silence. No sound is needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from live.desk import plan

from callflow.audio.source import FRAME, RATE, Block
from callflow.events import CallAnswered, CallContext, CallHeld, CallHungUp, CallRinging, Event
from callflow.journal import PART, Header, JournalWriter, read_journal
from callflow.live.calls import QUIET_END, Calls
from callflow.live.ears import Ears
from callflow.live.hearing import Hearing
from callflow.live.lines import Lines
from callflow.live.setting import Setting

NOW = datetime(2026, 11, 29, 10, 5)


def calls(folder: Path | None = None, by_sound: bool = False) -> tuple[Calls, Hearing]:
    hearing = Hearing(by_sound)
    return Calls(plan(), hearing, Ears([]), Lines(), Setting(folder, by_sound), True, lambda: NOW), hearing


def on(told: Calls) -> str:
    return told.current.id if told.current else ""


@pytest.mark.parametrize(
    ("reports", "then"),
    [
        ([("ring", "a"), ("ring", "b"), ("answer", "b")], "b"),
        ([("ring", "a"), ("answer", "a"), ("ring", "b"), ("answer", "b")], "b"),
        ([("answer", "a"), ("hold", "a"), ("answer", "b")], "a"),  # somebody is asked meanwhile
        ([("answer", "a"), ("hold", "a"), ("answer", "b"), ("end", "b")], "a"),
        ([("answer", "a"), ("hold", "a"), ("answer", "b"), ("end", "b"), ("answer", "c")], "c"),
    ],
)
def test_a_lost_report_of_an_end_leaves_no_later_call_unheard(reports: list[tuple[str, str]], then: str) -> None:
    kinds: dict[str, Event] = {
        "ring": CallRinging(at=0.0, ring=1),
        "answer": CallAnswered(at=0.0),
        "hold": CallHeld(at=0.0),
        "end": CallHungUp(at=0.0, by="customer"),
    }
    told, _ = calls()
    for number, (kind, call_id) in enumerate(reports):
        told.reported(kinds[kind], call_id, float(number))
    assert on(told) == then


@pytest.mark.parametrize(("reported", "goes_on"), [(True, True), (False, False)])
def test_silence_ends_a_call_that_only_the_sound_tells_of(reported: bool, goes_on: bool) -> None:
    told, hearing = calls(by_sound=True)
    if reported:
        told.reported(CallAnswered(at=0.0), "a", 0.0)
    else:
        told.from_sound(CallAnswered(at=0.0))
    silent = np.zeros(RATE // FRAME * FRAME, np.int16)
    for second in range(round(QUIET_END) + 2):
        hearing.feed(Block(float(second), silent, silent))
        told.end_if_quiet()
    assert bool(told.current) is goes_on


def cut_off(folder: Path, began: datetime, date: str, header: Header | None = None) -> None:
    path = folder / f"{began:%Y-%m-%dT%H-%M-%S.%f}.jsonl"
    with JournalWriter(path, header or Header(plan().flow.name, plan().flow.hashes)) as journal:
        journal.write(CallContext(at=0.0, date=date))
        journal.write(CallAnswered(at=1.0))
    path.rename(path.with_name(path.name + PART))


def test_of_two_calls_that_were_cut_off_the_later_one_goes_on(tmp_path: Path) -> None:
    for minutes in (4, 2):
        began = NOW - timedelta(minutes=minutes)
        cut_off(tmp_path, began, began.isoformat())
    told, _ = calls(tmp_path)
    told.resume()
    assert told.current
    assert told.current.context.date == (NOW - timedelta(minutes=2)).isoformat()
    told.close()
    (ended,) = tmp_path.glob("*.jsonl")
    assert (NOW - timedelta(minutes=4)).isoformat() in ended.read_text(encoding="utf-8")


def test_a_call_whose_flow_was_changed_since_is_ended_and_that_is_told(tmp_path: Path) -> None:
    began = NOW - timedelta(minutes=1)
    for name, minutes in ((plan().flow.name, 1), ("another", 2)):
        cut_off(tmp_path, NOW - timedelta(minutes=minutes), began.isoformat(), Header(name, {"flow.yaml": "old"}))
    told, _ = calls(tmp_path)
    assert told.resume()
    assert told.current is None
    (ended,) = tmp_path.glob("*.jsonl")
    journal = read_journal(ended)
    assert (journal.header.flow, journal.events[-1].type) == (plan().flow.name, "gap")
    assert len(list(tmp_path.glob(f"*{PART}"))) == 1, "a call of another flow waits for it"
    assert not calls(tmp_path)[0].resume()


@pytest.mark.parametrize(("date", "goes_on"), [("zone", True), ("soon", False), ("", False)])
def test_dates_that_others_write_do_not_stop_the_start(date: str, goes_on: bool, tmp_path: Path) -> None:
    began = NOW - timedelta(minutes=1)
    cut_off(tmp_path, began, began.astimezone().isoformat() if date == "zone" else date)
    told, _ = calls(tmp_path)
    told.resume()
    assert bool(told.current) is goes_on
    told.close()
    if not goes_on:
        (ended,) = tmp_path.glob("*.jsonl")
        assert read_journal(ended).events[-1].type == "score"
