"""One live call, cut off, gone on with, heard by nobody: what its journal says is what it says when judged again."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundled import events as bundled_events
from live.desk import judged_again, plan

from callflow.call.hiding import MARKS, OTHER_MARKS, Hider
from callflow.events import CallAnswered, CallHeld, CallRinging, Event, Finding, Gap, Heard
from callflow.journal import Header, read_journal
from callflow.live.call import LiveCall
from callflow.live.ears import Ears
from callflow.live.record import CallRecord, take_up

pytest.importorskip("fastapi", reason="the Python package fastapi is not installed")


def cut_off_at(end: float, folder: Path) -> None:
    """A journal of a bundled call that stops at ``end``, some deadlines having fallen due by ticks alone."""
    record = CallRecord(folder / "one.jsonl", Header("inbound"))
    call = LiveCall(plan(), 0.0, None, record)
    for event in bundled_events("faulty"):
        if event.at < end - 12:
            call.feed(event)
    call.tick(end)
    record.close()


def resumed(folder: Path) -> LiveCall:
    ((record, journal),) = take_up(folder)
    call = LiveCall(plan(), 0.0, None, record)
    call.restore(journal.events)
    return call


@pytest.mark.parametrize("end", [30.0, 52.0, 70.0])
def test_a_call_that_was_cut_off_says_nothing_twice(end: float, tmp_path: Path) -> None:
    cut_off_at(end, tmp_path)
    call = resumed(tmp_path)
    call.cut_off()
    then, now = judged_again(tmp_path / "one.jsonl")
    assert then == now
    assert len(then) == len(set(then))


def test_a_call_that_had_ended_is_only_given_its_name(tmp_path: Path) -> None:
    cut_off_at(70.0, tmp_path)
    call = resumed(tmp_path)
    call.cut_off()
    path = tmp_path / "one.jsonl"
    before = path.read_bytes()
    path.rename(tmp_path / "one.jsonl.part")
    resumed(tmp_path).cut_off()
    assert path.read_bytes() == before


def test_a_number_from_before_a_crash_is_neither_shown_wrongly_nor_held_against_anybody() -> None:
    number = "13800138000"
    before, after = Hider(MARKS, plan().sounds), Hider(OTHER_MARKS, plan().sounds)
    call = LiveCall(plan(), 0.0, None, None)
    call.feed(CallRinging(at=0.0))
    call.feed(CallAnswered(at=1.0))

    def say(hider: Hider, speaker: str, text: str, at: float) -> Event:
        who = "agent" if speaker == "agent" else "customer"
        return hider.hide(Heard(at=at, speaker=who, text=text, start=at - 2, end=at, utterance=f"{who[0]}{at}"))  # type: ignore[arg-type]

    call.feed(say(before, "agent", "请问您的联系电话是多少", 5.0))
    call.feed(say(before, "customer", f"我的电话是{number}", 9.0))
    heard = call.screen.view(10.0)["fields"]
    assert "138" in str(heard)
    assert after.shown(str(heard)) == str(heard), "old marks stay marks"
    call.feed(say(after, "agent", f"您的电话是{number}，对吗", 14.0))
    assert "differs" not in str(call.screen.view(15.0)["fields"])


def test_a_call_that_nobody_listens_to_holds_nothing_against_anybody() -> None:
    ears = Ears([])
    call = LiveCall(plan(), 0.0, None, None)
    call.feed(CallRinging(at=0.0))
    call.feed(CallAnswered(at=1.0))
    ears.begin(call)
    call.feed(CallHeld(at=20.0))
    ears.end(call, 40.0)
    findings = [event for event in call._guide.close() if isinstance(event, Finding)]
    missed = [finding.rule for finding in findings if finding.verdict == "missed"]
    assert not missed, missed
    assert any(finding.reason == "gap" for finding in findings)


def test_what_is_told_of_a_gap_comes_before_the_verdict(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "one.jsonl", Header("inbound"))
    call = LiveCall(plan(), 0.0, None, record)
    ears = Ears([])
    call.feed(CallAnswered(at=1.0))
    ears.begin(call)
    for second in range(2, 40):
        call.tick(float(second))
        ears._tell_of_gaps(5.0)
    call.close()
    events = read_journal(tmp_path / "one.jsonl").events
    assert [event for event in events if isinstance(event, Gap)]
    assert not [event for event in events if isinstance(event, Finding) and event.verdict == "missed"]
