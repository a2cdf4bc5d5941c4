"""Purging really deletes: nothing of a call is left in the database, nor on its disk; and nothing else goes."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import postgres
import psycopg
import pytest
import sqlalchemy as sa
from archive_samples import call, finding

from callflow.archive import audit, calls
from callflow.archive import purge as purge_module
from callflow.archive.calls import NewCall
from callflow.archive.decisions import decide
from callflow.archive.purge import Purged, count, purge
from callflow.archive.search import CallQuery, find
from callflow.archive.store import Archive
from callflow.archive.tables import Base, Call, Decision, StoredFinding
from callflow.archive.users import add
from callflow.archive.viewers import EVERYTHING

NOW = datetime(2026, 11, 29)
MONTH = timedelta(days=30)
SECRET = "葡萄牙城堡"
MARKS = [SECRET, "葡萄", "pu_tao", "putaoya", "secret-recording", "secret-journal", "secret-note", "secret-evidence"]


def secret(number: int, **more: Any) -> NewCall:
    found = finding(evidence=(), reason="secret-evidence")
    values: dict[str, Any] = {"began": NOW - 2 * MONTH, "path": "/secret-recording.wav", "journal": b"secret-journal"}
    return call(number, text=SECRET, sounds="pu tao ya cheng bao putaoya", findings=(found,), **(values | more))


def test_old_calls_go_with_all_that_hangs_on_them(archive: Archive) -> None:
    old, new = calls.add(archive, [secret(1), call(2, began=NOW - timedelta(days=29))])
    with archive.read() as session:
        number = session.scalar(sa.select(StoredFinding.id).where(StoredFinding.call_id == old))
    anna = add(archive, "anna", "long enough pw", "admin")
    assert number is not None
    decide(archive, number, anna, "dispute", note="secret-note")
    assert count(archive, MONTH, NOW) == 1
    assert purge(archive, MONTH, NOW, by="anna") == Purged(calls=1)
    with archive.read() as session:
        assert session.scalars(sa.select(Call.id)).all() == [new]
        for table in Base.metadata.tables.values():
            if "call_id" in table.c:
                assert set(session.scalars(sa.select(table.c.call_id))) <= {new}, table.name
        assert session.scalars(sa.select(Decision.id)).all() == []
    assert find(archive, CallQuery(words=SECRET), EVERYTHING).total == 0
    assert find(archive, CallQuery(words="快递"), EVERYTHING).total == 1
    assert audit.read(archive)[0].action == "purge"


def test_a_call_without_a_time_goes_by_when_it_was_archived(archive: Archive) -> None:
    calls.add(archive, [call(1, began=None)])
    assert purge(archive, MONTH).calls == 0
    assert purge(archive, MONTH, datetime.now() + 2 * MONTH).calls == 1


def test_more_calls_than_go_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callflow.archive.purge.AT_ONCE", 3)
    calls.add(archive, [secret(number) for number in range(10)])
    assert purge(archive, MONTH, NOW).calls == 10


def test_nothing_of_it_is_left_on_the_disk(url: str, request: pytest.FixtureRequest) -> None:
    with Archive.open(url) as archive:
        calls.add(archive, [secret(1), *(call(n, began=NOW) for n in range(2, 40))])
        checkpoint(url)
        found = marks_in(files(url, request))
        assert {SECRET, "葡萄", "secret-recording", "secret-evidence"} <= found, "the search itself must find it"
        assert purge(archive, MONTH, NOW).wiped
        checkpoint(url)
        assert marks_in(files(url, request)) == set()


def test_a_reader_who_keeps_it_on_the_disk_is_told_of(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "calls.db"), busy=0.2) as archive:
        calls.add(archive, [secret(1)])
        with Archive.open(str(tmp_path / "calls.db")) as other, other.read() as session:
            session.scalars(sa.select(Call.id)).all()
            assert not purge(archive, MONTH, NOW).wiped
        assert purge(archive, MONTH, NOW).wiped


def files(url: str, request: pytest.FixtureRequest) -> list[Path]:
    """Where the database keeps its tables. (PostgreSQL's log of changes goes its own way.)"""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return [file for file in path.parent.glob("calls.db*") if file.is_file()]
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with psycopg.connect(url) as connection:
        (number,) = (
            connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone() or ()
        )
    return [file for file in (server.folder / "data" / "base" / str(number)).iterdir() if file.is_file()]


def checkpoint(url: str) -> None:
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


def marks_in(paths: list[Path]) -> set[str]:
    contents = [path.read_bytes() for path in paths]
    return {mark for mark in MARKS if any(mark.encode() in content for content in contents)}


# ------------------------------------------------------------------------------------------------ recordings


def recording(path: Path, content: bytes = b"sound") -> dict[str, str]:
    path.write_bytes(content)
    return {"path": str(path), "sha256": hashlib.sha256(content).hexdigest()}


def test_recordings_stay_unless_asked_for(archive: Archive, tmp_path: Path) -> None:
    calls.add(archive, [secret(1, **recording(tmp_path / "a.wav"))])
    assert purge(archive, MONTH, NOW) == Purged(calls=1)
    assert (tmp_path / "a.wav").exists()


def test_only_recordings_in_the_folder_are_deleted(archive: Archive, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    ours = recording(inside / "ours.wav")
    (inside / "ours.wav.events.jsonl").write_text("{}")
    changed = recording(inside / "changed.wav")
    (inside / "changed.wav").write_bytes(b"another call now")
    link = inside / "link.wav"
    theirs = recording(outside / "theirs.wav")
    link.symlink_to(outside / "theirs.wav")
    up = theirs | {"path": f"{inside}/../outside/theirs.wav"}
    gone = theirs | {"path": str(inside / "gone.wav")}
    several = [ours, changed, theirs, up, theirs | {"path": str(link)}, gone, theirs | {"path": str(inside)}]
    calls.add(archive, [secret(number, **which) for number, which in enumerate(several)])
    before = sorted(inside.iterdir())
    planned = purge(archive, MONTH, NOW, recordings=[inside], dry_run=True)
    assert (planned, sorted(inside.iterdir()), count(archive, MONTH, NOW)) == (
        Purged(calls=7, recordings=1, kept=6),
        before,
        7,
    )
    done = purge(archive, MONTH, NOW, recordings=[inside])
    assert done == planned
    assert sorted(why.en.replace(str(tmp_path), "") for why in done.left) == [
        '"/inside" is not what was archived',
        '"/inside/../outside/theirs.wav" is in no folder that was named',
        '"/inside/changed.wav" is not what was archived',
        '"/inside/gone.wav" is not there',
        '"/inside/link.wav" is in no folder that was named',
        '"/outside/theirs.wav" is in no folder that was named',
    ]
    assert sorted(path.name for path in inside.iterdir()) == ["changed.wav", "link.wav"]
    assert (outside / "theirs.wav").exists()


def test_copies_to_play_go_with_their_call(archive: Archive, tmp_path: Path) -> None:
    copies = tmp_path / "calls.db.sound"
    copies.mkdir()
    old, new = recording(tmp_path / "old.wav", b"old"), recording(tmp_path / "new.wav", b"new")
    elsewhere_purged = "e" * 64
    for digest in (old["sha256"], new["sha256"], elsewhere_purged):
        (copies / f"{digest}-left.webm").touch()
        (copies / f"{digest}-left.peaks").touch()
        (copies / f"{digest}-left.webm.making-x1").touch()
        (copies / f".{digest}-left.peaks.x1").touch()  # what a killed process was writing
    calls.add(archive, [secret(1, **old), call(2, began=NOW, **new), secret(3, sha256=""), secret(4, sha256="*")])
    assert purge(archive, MONTH, NOW, copies=copies).calls == 3
    assert {path.name.lstrip(".").partition("-")[0] for path in copies.iterdir()} == {new["sha256"]}
    assert (tmp_path / "old.wav").exists()


def test_a_journal_goes_with_the_recording_that_it_is_of(archive: Archive, tmp_path: Path) -> None:
    sound, journal = recording(tmp_path / "a.wav"), recording(tmp_path / "a.jsonl", b"a journal")
    source = {"source": journal["path"], "source_sha256": journal["sha256"]}
    calls.add(archive, [secret(1, **sound, **source)])
    assert purge(archive, MONTH, NOW, recordings=[tmp_path]) == Purged(calls=1, recordings=2)
    assert not list(tmp_path.glob("a.*"))


def test_a_file_that_cannot_be_deleted_keeps_its_call_and_stops_nothing(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root may delete everything, it stumbles over a folder in the place of what lies beside the recording."""
    monkeypatch.setattr("callflow.archive.purge.AT_ONCE", 2)
    numbers = calls.add(archive, [secret(n, **recording(tmp_path / f"{n}.wav", b"%d" % n)) for n in range(5)])
    (tmp_path / "1.wav.events.jsonl").mkdir()
    for _ in range(2):
        done = purge(archive, MONTH, NOW, recordings=[tmp_path], by="anna")
        (why,) = done.undeletable
        assert "1.wav.events.jsonl" in why.en
        assert done.wiped
        with archive.read() as session:
            assert session.scalars(sa.select(Call.id)).all() == [numbers[1]]
    lines = [line.what for line in audit.read(archive) if line.action == "purge"]
    assert [what.partition(" ")[0] for what in lines] == ["1", "2", "1"], "with what was deleted, not at the end"
    (tmp_path / "1.wav.events.jsonl").rmdir()
    assert purge(archive, MONTH, NOW, recordings=[tmp_path]) == Purged(calls=1, recordings=1)
    assert not list(tmp_path.glob("*.wav"))


def test_others_write_while_the_file_grows_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callflow.archive.purge.PAGES", 40)
    path = tmp_path / "calls.db"
    with Archive.open(str(path)) as archive, Archive.open(str(path), busy=5.0) as other:
        calls.add(archive, [secret(number, journal=os.urandom(20_000)) for number in range(100)])
        purge(archive, MONTH, NOW - 10 * MONTH)
        before = path.stat().st_size
        steps: list[bool] = []

        def written(connection: Any) -> bool:
            calls.add(other, [call(1_000 + len(steps), began=NOW)])
            steps.append(shrunk(connection))
            return steps[-1]

        shrunk = purge_module._shrunk
        monkeypatch.setattr(purge_module, "_shrunk", written)
        assert purge(archive, MONTH, NOW).wiped
    assert len(steps) > 10
    assert path.stat().st_size < before / 2
