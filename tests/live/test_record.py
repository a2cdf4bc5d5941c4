"""The journal of a live call outlives a full disk and a crash."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from commandline import environment

from callflow.events import CallAnswered, CallHungUp, Tick
from callflow.journal import PART, Header, read_journal
from callflow.live.record import CallRecord, take_up


def test_a_call_has_its_name_only_when_it_is_over(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "calls" / "one.jsonl", Header("inbound"))
    record.write(CallAnswered(at=1.0))
    assert not record.path.exists()
    assert record.finish() == record.path
    assert [event.type for event in read_journal(record.path).events] == ["call.answered"]
    assert list(take_up(record.path.parent)) == []
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
    ((again, journal),) = take_up(tmp_path)
    assert [event.type for event in journal.events] == ["call.answered"]
    again.write(CallHungUp(at=2.0))
    again.finish()
    assert [event.type for event in read_journal(record.path).events] == ["call.answered", "call.hung_up"]


ANOTHER = """
import sys
from pathlib import Path
from callflow.live.record import take_up
print(*[journal.events[-1].at for _, journal in take_up(Path(sys.argv[1]))])
"""


def test_a_call_that_another_callflow_is_in_is_left_alone_until_that_ends(tmp_path: Path) -> None:
    def another() -> str:
        command = [sys.executable, "-c", ANOTHER, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout.strip()

    record = CallRecord(tmp_path / "one.jsonl", Header("inbound"))
    record.write(CallAnswered(at=1.0))
    assert another() == ""
    record.write(CallHungUp(at=2.0))
    record.close()
    assert another() == "2.0"
    assert another() == "2.0", "whoever took it up and ended holds it no longer"


def test_what_is_no_journal_is_left_for_people_to_look_at(tmp_path: Path) -> None:
    part = tmp_path / f"one.jsonl{PART}"
    part.write_bytes(b"half a l")
    assert list(take_up(tmp_path)) == []
    assert part.read_bytes() == b"half a l"


def test_a_call_that_ends_while_the_disk_is_full_is_finished_later(tiny_disk: Path) -> None:
    record = CallRecord(tiny_disk / "one.jsonl", Header("inbound"))
    record.write(CallAnswered(at=1.0))
    ballast = tiny_disk / "ballast"
    with suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while file.write(b"0" * 4096):
            pass
    for at in range(2, 60):
        record.write(Tick(at=float(at), extra={"words": "x" * 100}))
    assert record.finish() is None
    assert record.trouble
    ballast.unlink()
    assert record.finish() == record.path
    assert [event.at for event in read_journal(record.path).events] == [float(at) for at in range(1, 60)]
