"""The journal of a live call outlives a full disk and a crash."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from callflow.events import CallAnswered, CallHungUp, Tick
from callflow.journal import PART, Header, read_journal
from callflow.live.record import CallRecord, unfinished, whole_lines


def test_a_call_has_its_name_only_when_it_is_over(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "calls" / "one.jsonl", Header("inbound"))
    record.write(CallAnswered(at=1.0))
    assert not record.path.exists()
    assert [path for path, _ in unfinished(record.path.parent)] == [record.path]
    assert record.finish() == record.path
    assert [event.type for event in read_journal(record.path).events] == ["call.answered"]
    assert list(unfinished(record.path.parent)) == []
    assert record.path.stat().st_mode & 0o077 == 0, "what was said is nobody else's business"


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tiny_disk: Path) -> None:
    record = CallRecord(tiny_disk / "one.jsonl", Header("inbound"))
    record.write(CallAnswered(at=1.0))
    ballast = tiny_disk / "ballast"
    with suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while file.write(b"0" * 4096):
            pass
    for at in range(2, 60):
        record.write(Tick(at=float(at), extra={"words": "x" * 100}))
    assert record.trouble
    ballast.unlink()
    assert record.flush()
    assert not record.trouble
    record.write(CallHungUp(at=60.0))
    assert record.finish() == record.path
    journal = read_journal(record.path)
    assert not journal.problems
    assert [event.at for event in journal.events] == [float(at) for at in range(1, 61)]


def test_a_call_that_was_cut_off_goes_on_behind_its_last_whole_line(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "one.jsonl", Header("inbound"))
    record.write(CallAnswered(at=1.0))
    record.close()
    part = record.path.with_name(record.path.name + PART)
    with open(part, "ab") as file:
        file.write(b'{"type":"call.hu')
    ((path, journal),) = unfinished(tmp_path)
    again = CallRecord(path, journal.header, keep=whole_lines(path))
    again.write(CallHungUp(at=2.0))
    again.finish()
    assert [event.type for event in read_journal(path).events] == ["call.answered", "call.hung_up"]
