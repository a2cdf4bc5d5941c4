"""Batches with real processes into a real archive: every file once, whatever is killed."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from batches import DEADLY, broken, call, journals, open_recording, plan, sound

from callflow.archive import calls, decisions, users
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, StoredFinding, StoredJournal, User
from callflow.audio.source import Source
from callflow.errors import ModelError
from callflow.journal import Header
from callflow.review.batch.listing import listing
from callflow.review.batch.pattern import Pattern
from callflow.review.batch.pool import KILLED, Pool
from callflow.review.batch.run import Batch, Tally
from callflow.review.batch.work import Job, Settings, content_hash
from callflow.review.desk.sound import SoundFiles
from callflow.review.judge import flow_version
from callflow.review.known import rescored
from callflow.review.peaks import Keeper
from callflow.texts import Text


@dataclass
class Seen:
    """Watches a batch; ``on_call`` is done at each call."""

    calls: list[NewCall] = field(default_factory=list)
    troubles: list[Text] = field(default_factory=list)

    def update(self, tally: Tally) -> None:
        self.tally = tally

    def call(self, call: NewCall) -> None:
        self.calls.append(call)

    def trouble(self, message: Text) -> None:
        self.troubles.append(message)


def settings(engine: str = "auto") -> Settings:
    return Settings(plan(), open_recording, engine)


def run(
    archive: Archive, *named: Path, pattern: str = "", workers: int = 1, again: bool = False, retry: bool = False
) -> Tally:
    found = listing([str(path) for path in named], Pattern.of(pattern) if pattern else None)
    with Pool(settings(), workers) as pool:
        return Batch(archive, flow_version(plan().flow), Seen(), again, retry).run(found.tasks, pool)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "calls.db")) as opened:
        yield opened


def rows(archive: Archive) -> list[Call]:
    with archive.read() as session:
        return list(session.scalars(sa.select(Call).order_by(Call.path)))


@pytest.mark.timeout(300)
def test_a_thousand_files_of_which_thirty_are_broken(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    journals(folder, range(968))
    for number in range(2):
        sound(folder / f"7_{number}.wav", seed=number)
    bad = broken(folder, 30)
    tally = run(archive, folder, pattern="{agent}_{}.wav", workers=2)
    assert (tally.files, tally.done, tally.failed, tally.there) == (1000, 970, 30, 0)
    found = rows(archive)
    assert Counter(row.status for row in found) == {"done": 970, "failed": 30}
    failed = [row for row in found if row.status == "failed"]
    assert {row.path for row in failed} == {str(path.resolve()) for path in bad}
    assert all(row.reason and row.reason["en"] and row.reason["zh"] for row in failed)
    with archive.read() as session:
        assert session.scalars(sa.select(Agent.code)).all() == ["7"]
        assert (session.scalar(sa.select(sa.func.count()).select_from(StoredFinding)) or 0) > 970

    again = run(archive, folder)
    assert (again.done, again.failed, again.there) == (0, 0, 1000), "nothing is done twice"
    assert len(rows(archive)) == 1000


def test_a_call_in_the_archive_is_the_call_that_was_judged(tmp_path: Path, archive: Archive) -> None:
    (path,) = journals(tmp_path / "calls", [2])
    run(archive, path)
    (row,) = rows(archive)
    assert (row.status, row.engine, row.path) == ("done", "given", str(path))
    assert row.duration == pytest.approx(10.002)
    assert row.began is not None
    assert row.faults > 0, "这事不归我管 is forbidden"
    stored = calls.journal(archive, row.id).decode().splitlines()
    inputs = [event.to_json() for event in call(2)[1:]]
    assert [line for line in stored if line in inputs] == inputs, "only the context has its day filled in"
    assert stored[-1].startswith('{"type":"score"')


def test_the_same_content_under_two_names_is_one_call(tmp_path: Path, archive: Archive) -> None:
    (path,) = journals(tmp_path / "calls", [1])
    path.with_name("copy.jsonl").write_bytes(path.read_bytes())
    tally = run(archive, tmp_path / "calls")
    assert (tally.done, tally.same, len(rows(archive))) == (1, 1, 1)


def with_events(recording: Path, text: str = '{"type":"call.answered","at":0.1}\n') -> Path:
    recording.with_name(f"{recording.name}.events.jsonl").write_text(text, "utf-8")
    return recording


def telephony(archive: Archive) -> list[str]:
    """What each call, by its path, was told of by."""
    journals = [calls.journal(archive, row.id).decode() for row in rows(archive)]
    return ["sound" if '"telephony":"sound"' in journal else "events" for journal in journals]


@pytest.mark.parametrize("workers", [1, 2])
def test_of_two_copies_the_one_with_call_events_is_judged(tmp_path: Path, archive: Archive, workers: int) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    copy, call = sound(folder / "1_a.wav"), with_events(sound(folder / "2_b.wav"))
    tally = run(archive, folder, pattern="{agent}_{}", workers=workers)
    assert (tally.done, tally.same, tally.copies) == (1, 1, [(str(copy), str(call))])
    assert [Path(row.path).name for row in rows(archive)] == ["2_b.wav"]
    assert telephony(archive) == ["events"]
    again = run(archive, folder, pattern="{agent}_{}", workers=workers)
    assert (again.there, again.told) == (2, 0), "what the copy's name says does not replace what its own says"


def test_a_copy_is_judged_where_the_one_before_it_cannot_be(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    with_events(sound(folder / "a.wav"), "no events")
    sound(folder / "b.wav")
    tally = run(archive, folder)
    assert (tally.done, tally.failed, tally.same) == (1, 1, 0)
    assert [Path(row.path).name for row in rows(archive) if row.status == "done"] == ["b.wav"]


def test_files_that_are_bad_alike_are_each_a_bad_file(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        (folder / name).touch()
    assert (run(archive, folder).failed, len(rows(archive))) == (2, 2)
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    again = run(archive, folder)
    assert (again.there, again.bad, again.same) == (2, 2, 0)


def test_what_is_told_later_is_taken_over_without_judging(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    (path,) = journals(tmp_path / "made", [2])
    path.rename(folder / "7_north_20261005.jsonl")
    (folder / "8_south_20261006.jsonl").write_text("no journal")
    first = run(archive, folder)
    assert (first.told, first.lacking, first.bad) == (0, 1, 0)
    before = rows(archive)[0]
    second = run(archive, folder, pattern="{agent}_{queue}_{time:%Y%m%d}")
    assert (second.done, second.failed, second.there, second.bad) == (0, 0, 2, 1)
    assert (second.told, second.lacking) == (2, 0)
    after = rows(archive)[0]
    with archive.read() as session:
        assert session.scalar(sa.select(Agent.code).where(Agent.id == after.agent_id)) == "7"
    assert after.began == datetime(2026, 10, 5).astimezone(UTC).replace(tzinfo=None)
    assert (after.queue, after.score, after.added) == ("north", before.score, before.added)
    assert run(archive, folder, pattern="{agent}_{queue}_{time:%Y%m%d}").told == 0
    assert run(archive, folder).told == 0
    assert rows(archive)[0].queue == "north", "what is not told stays"


def test_call_events_that_come_later_are_told_of(tmp_path: Path, archive: Archive) -> None:
    path = sound(tmp_path / "a.wav")
    assert (run(archive, path).done, telephony(archive)) == (1, ["sound"])
    with_events(path)
    for _ in range(2):
        later = run(archive, path)
        assert (later.done, later.there, later.unheard) == (0, 1, 1)
    assert run(archive, path, again=True).done == 1
    assert telephony(archive) == ["events"]
    assert run(archive, path).unheard == 0


def other_content(path: Path) -> None:
    """Not to be noticed without reading the file."""
    before = path.stat()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_whose_events_came_later_is_read_once(tmp_path: Path, archive: Archive) -> None:
    path = sound(tmp_path / "a.wav")
    run(archive, path)
    with_events(path)
    assert run(archive, path).unheard == 1
    other_content(path)
    later = run(archive, path)
    assert (later.there, later.unheard) == (1, 1)


def test_a_file_that_was_touched_is_read_once_and_a_copy_takes_no_stamp_away(tmp_path: Path, archive: Archive) -> None:
    (path,) = journals(tmp_path / "calls", [1])
    run(archive, path)
    os.utime(path, ns=(1, 1))
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(path.read_bytes())
    assert run(archive, path, copy).there + run(archive, copy).there == 2
    other_content(path)
    assert run(archive, path).there == 1


def test_an_archived_call_without_its_journal_does_not_end_the_batch(tmp_path: Path, archive: Archive) -> None:
    path = sound(tmp_path / "a.wav")
    run(archive, path)
    with archive.begin() as session:
        session.execute(sa.delete(StoredJournal))
    with_events(path)
    tally = run(archive, path)
    assert (tally.there, tally.unheard) == (1, 0)


def test_a_call_that_failed_over_its_events_is_tried_again_when_they_have_changed(
    tmp_path: Path, archive: Archive
) -> None:
    path = with_events(sound(tmp_path / "a.wav"), "no events")
    assert run(archive, path).failed == 1
    (row,) = rows(archive)
    assert row.reason is not None
    assert row.reason["en"].startswith("a.wav.events.jsonl:1:1: error: ")
    assert run(archive, path).bad == 1
    with_events(path)
    assert run(archive, path).done == 1


def test_a_reason_does_not_name_the_file_that_it_stands_beside(tmp_path: Path, archive: Archive) -> None:
    bad = broken(tmp_path / "calls", 10)
    run(archive, tmp_path / "calls", workers=2)
    reasons = [(row.reason or {})[language] for row in rows(archive) for language in ("en", "zh")]
    assert len(reasons) == 2 * len(bad)
    assert not [reason for reason in reasons if "bad-" in reason or str(tmp_path) in reason]


def test_what_failed_is_tried_again_when_asked_or_when_it_has_changed(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    journals(folder, [1])
    bad = folder / "bad.jsonl"
    bad.write_bytes(b"no journal")
    assert run(archive, folder).failed == 1
    assert run(archive, folder).there == 2
    assert run(archive, folder, retry=True).failed == 1
    assert len(rows(archive)) == 2
    bad.write_bytes(journals(tmp_path / "other", [2])[0].read_bytes())
    mended = run(archive, folder)
    assert (mended.done, mended.there) == (1, 1)
    assert [row.status for row in rows(archive)] == ["done", "done"], "its row no longer says that it is bad"


def journal_with_recording(folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    lines = [Header("inbound", recording="x.wav").to_json(), *(event.to_json() for event in call(2)), ""]
    (folder / "x.jsonl").write_text("\n".join(lines), "utf-8")
    return folder / "x.jsonl", sound(folder / "x.wav")


def test_a_mended_journal_is_no_longer_bad_wherever_its_recording_lies(tmp_path: Path, archive: Archive) -> None:
    journal, _ = journal_with_recording(tmp_path / "calls")
    good = journal.read_text("utf-8")
    journal.write_text("no journal", "utf-8")
    assert run(archive, journal).failed == 1
    journal.write_text(good, "utf-8")
    tally = run(archive, journal)
    assert (tally.done, tally.bytes) == (1, tally.all_bytes)
    assert [row.status for row in rows(archive)] == ["done"]


def test_a_call_is_taken_once_by_its_recording_or_by_the_journal_beside_it(tmp_path: Path, archive: Archive) -> None:
    journal, recording = journal_with_recording(tmp_path / "calls")
    assert run(archive, journal).done == 1
    assert run(archive, recording).there == 1
    (row,) = rows(archive)
    assert (row.path, row.source) == (str(recording), str(journal))
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (recording, journal)]
    assert [row.sha256, row.source_sha256] == digests
    assert run(archive, journal, again=True).done == 1
    assert len(rows(archive)) == 1


def test_a_journal_archived_before_its_recording_was_there_is_still_the_same_call(
    tmp_path: Path, archive: Archive
) -> None:
    journal, recording = journal_with_recording(tmp_path / "calls")
    content = recording.read_bytes()
    recording.unlink()
    assert run(archive, journal).done == 1
    recording.write_bytes(content)
    os.utime(journal, ns=(1, 1))
    assert run(archive, journal).there == 1


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path: Path, archive: Archive) -> None:
    (path,) = journals(tmp_path / "calls", [3])
    before = path.stat()
    run(archive, path)
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(archive, path).there == 1, "by path, size and time it is the same"
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert run(archive, path).failed == 1
    assert run(archive, path).there == 1
    assert run(archive, path, retry=True).failed == 1


def test_again_judges_what_is_there_and_adds_nothing(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    journals(folder, range(3))
    run(archive, folder)
    before = [(row.id, row.key, row.score) for row in rows(archive)]
    assert run(archive, folder, again=True).done == 3
    assert [(row.id, row.key, row.score) for row in rows(archive)] == before


def test_judged_again_a_decision_stands_and_so_does_the_score_that_follows_from_it(
    tmp_path: Path, archive: Archive
) -> None:
    (path,) = journals(tmp_path / "calls", [2])
    run(archive, path)
    users.add(archive, "chen", "long enough a password", "admin")
    with archive.read() as session:
        (user,) = session.scalars(sa.select(User)).all()
        wrong = session.scalars(sa.select(StoredFinding).where(StoredFinding.verdict == "violated")).first()
    assert wrong is not None
    decisions.decide(archive, wrong.id, user, "correct", "not_assessed", rescore=rescored)
    (corrected,) = rows(archive)
    assert corrected.judged is not None
    assert corrected.score is not None
    assert corrected.judged > corrected.score
    run(archive, path, again=True)
    (after,) = rows(archive)
    assert (after.judged, after.score) == (corrected.judged, corrected.score)


def test_a_worker_that_is_killed_is_replaced_and_its_call_judged(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    journals(folder, range(30))
    with Pool(settings(), 2) as pool:

        class Killer(Seen):
            def call(self, call: NewCall) -> None:
                super().call(call)
                if len(self.calls) % 10 == 0:
                    os.kill(pool.pids[-1], signal.SIGKILL)

        tally = Batch(archive, flow_version(plan().flow), Killer()).run(listing([str(folder)]).tasks, pool)
        assert len(pool.pids) <= 2
    assert (tally.done, tally.failed, len(rows(archive))) == (30, 0, 30)


def test_a_file_that_kills_two_workers_has_failed(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    journals(folder, range(4))
    sound(folder / f"{DEADLY}.wav")
    tally = run(archive, folder)
    assert (tally.done, tally.failed) == (4, 1)
    (row,) = (row for row in rows(archive) if row.status == "failed")
    assert row.reason == {"en": KILLED.en, "zh": KILLED.zh}


def test_without_a_recogniser_the_batch_ends_and_says_so(tmp_path: Path, archive: Archive) -> None:
    sound(tmp_path / "a.wav")
    with Pool(settings("none"), 1) as pool, pytest.raises(ModelError, match='no engine "none"'):
        Batch(archive, flow_version(plan().flow), Seen()).run(listing([str(tmp_path / "a.wav")]).tasks, pool)
    assert rows(archive) == []


def test_no_more_is_looked_at_than_can_be_judged(tmp_path: Path) -> None:
    looked_at: list[int] = []
    tasks = listing([str(path) for path in journals(tmp_path / "calls", range(40))]).tasks

    def jobs() -> Iterator[Job]:
        for number, task in enumerate(tasks):
            looked_at.append(number)
            yield Job.of(task)

    with Pool(settings(), 2) as pool:
        for done, _ in enumerate(pool.results(jobs()), start=1):
            assert len(looked_at) <= done + 3
    assert len(looked_at) == 40


def drawn(archive: Archive, folder: Path, keeper: Keeper) -> Tally:
    with Pool(Settings(plan(), open_recording, peaks=True), 1) as pool:
        batch = Batch(archive, flow_version(plan().flow), Seen(), beside=keeper.keep)
        return batch.run(listing([str(folder)]).tasks, pool)


def test_the_waveform_that_a_batch_keeps_is_the_one_that_the_desk_makes(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    kinds = {"two.wav": 2, "one.wav": 1}
    paths = [sound(folder / name, channels, seconds=3.3) for name, channels in kinds.items()]
    journals(folder, [1])
    broken(folder, 1)
    kept = tmp_path / "kept"
    assert drawn(archive, folder, Keeper(kept)).done == 3
    desk = SoundFiles(tmp_path / "made", open_recording)  # type: ignore[arg-type]
    made = {desk.made(path, content_hash(path), "left").peaks for path in paths}
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {path.name: path.read_bytes() for path in made}

    def gone(path: Path, agent: str) -> Source:
        raise AssertionError("it is there already")

    for path in paths:
        assert SoundFiles(kept, gone).peaks(path, content_hash(path), "left").parent == kept


def test_waveforms_that_cannot_be_kept_stop_no_batch(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    sound(folder / "two.wav")
    (tmp_path / "kept").write_text("a file where the folder should be")
    keeper = Keeper(tmp_path / "kept")
    assert drawn(archive, folder, keeper).done == 1
    assert keeper.failed
    assert str(tmp_path / "kept") in keeper.failed.zh
