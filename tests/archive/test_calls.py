"""Calls go in whole and once, and come out as they went in."""

import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from archive_samples import JOURNAL, call, finding

from callflow.archive import calls, extracts, standing
from callflow.archive.details import details
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Base, Call, Said, StoredField, StoredFinding, StoredJournal, Team
from callflow.archive.viewers import EVERYTHING
from callflow.errors import ArchiveError
from callflow.events import FieldValue
from callflow.texts import Text


def one(archive: Archive, number: int) -> Call:
    with archive.read() as session:
        return session.get_one(Call, number)


def test_a_call_comes_out_as_it_went_in(archive: Archive) -> None:
    new = call(1, fields=(FieldValue(at=3.0, name="phone", value="138αβγδ1234", stage="confirmed"),))
    (number,) = calls.add(archive, [new])
    kept = one(archive, number)
    assert (kept.key, kept.path, kept.status, kept.queue, kept.customer) == (
        new.key,
        new.path,
        "done",
        "售后",
        "13800001234",
    )
    assert (kept.score, kept.judged, kept.met, kept.faults, kept.severe) == (75.0, 75.0, 1, 1, 1)
    assert kept.reason is None
    assert calls.journal(archive, number) == JOURNAL
    with archive.read() as session:
        stored = session.scalars(sa.select(StoredFinding).order_by(StoredFinding.number)).all()
        assert tuple(standing.finding(item) for item in stored) == tuple(new.findings)
        assert session.scalar(sa.select(StoredField.value)) == "138αβγδ1234"
        agent = session.scalars(sa.select(Agent)).one()
        assert session.get_one(Team, agent.team_id).name == "华东"


def test_the_same_call_is_archived_once(archive: Archive) -> None:
    first = calls.add(archive, [call(1), call(2)])
    assert calls.add(archive, [call(3), call(2, queue="另一个"), call(1)]) == [3, first[1], first[0]]
    assert one(archive, first[1]).queue == "售后"
    with archive.read() as session:
        assert session.scalar(sa.select(sa.func.count(StoredFinding.id))) == 6
        assert session.scalar(sa.select(sa.func.count(Said.call_id))) == 3


def test_a_call_that_comes_twice_in_one_go_is_one_call(archive: Archive) -> None:
    assert calls.add(archive, [call(1), call(1)]) == [1, 1]


def test_nothing_to_add_is_nothing(archive: Archive) -> None:
    assert calls.add(archive, []) == []


def test_known_keys(archive: Archive) -> None:
    broken = call(2, status="failed", reason=Text("not audio", "不是音频"), findings=(), score=None, journal=b"")
    ids = calls.add(archive, [call(1), broken])
    keys = [call(number).key for number in range(12_000)]
    assert calls.known(archive, keys) == {call(1).key, call(2).key}
    assert calls.known(archive, keys, failed=False) == {call(1).key}
    kept = one(archive, ids[1])
    assert kept.reason == {"en": "not audio", "zh": "不是音频"}
    assert (kept.score, kept.groups) == (None, None)
    with pytest.raises(ArchiveError, match="has no journal"):
        calls.journal(archive, ids[1])


def test_an_error_in_one_call_leaves_nothing_of_all(archive: Archive) -> None:
    calls.add(archive, [call(1)])
    with pytest.raises(Exception, match="must be encoded"):
        calls.add(archive, [call(2), call(3, journal="not bytes")])
    with archive.read() as session:
        assert session.scalar(sa.select(sa.func.count(Call.id))) == 1
        assert session.scalar(sa.select(sa.func.count(StoredJournal.call_id))) == 1


def test_what_no_database_takes_is_replaced(archive: Archive) -> None:
    odd = call(1, path="/calls/\udce4\0.wav", queue="长" * 300, text="您好\0\ud800", agent="\0", team="t" * 300)
    (number,) = calls.add(archive, [odd])
    kept = one(archive, number)
    assert kept.path == "/calls/?\ufffd.wav"
    assert kept.queue == "长" * 200


def test_times_are_kept_in_utc(archive: Archive) -> None:
    shanghai = timezone(timedelta(hours=8))
    ids = calls.add(
        archive,
        [
            call(1, began=datetime(2026, 11, 1, 9, tzinfo=shanghai)),
            call(2, began=datetime(2026, 11, 1, 1, tzinfo=UTC)),
            call(3, began=None),
        ],
    )
    assert [one(archive, number).began for number in ids] == [datetime(2026, 11, 1, 1), datetime(2026, 11, 1, 1), None]


def test_judged_again_a_call_takes_the_new_judgement(archive: Archive) -> None:
    (number,) = calls.add(archive, [call(1)])
    new = call(1, findings=(finding("greet", "missed"), finding("greet", "met")), journal=b"new", text="别的话")
    assert calls.add(archive, [new], again=True) == [number]
    assert calls.journal(archive, number) == b"new"
    with archive.read() as session:
        stored = session.scalars(sa.select(StoredFinding).order_by(StoredFinding.number)).all()
        assert [(item.rule, item.verdict) for item in stored] == [("greet", "missed"), ("greet", "met")]
        assert session.scalars(sa.select(Said.text)).all() == ["别的话"]
    kept = one(archive, number)
    assert (kept.met, kept.faults, kept.severe) == (1, 1, 0)


def test_an_agent_is_in_the_team_that_was_told_last(archive: Archive) -> None:
    calls.add(archive, [call(1, team="华东", agent_name="王敏")])
    calls.add(archive, [call(2, team="")])
    with archive.read() as session:
        agent = session.scalars(sa.select(Agent)).one()
        assert (agent.name, session.get_one(Team, agent.team_id).name) == ("王敏", "华东")
    calls.add(archive, [call(3, team="华北")])
    with archive.read() as session:
        agent = session.scalars(sa.select(Agent)).one()
        assert session.get_one(Team, agent.team_id).name == "华北"


def test_journals_are_kept_compressed(archive: Archive) -> None:
    (number,) = calls.add(archive, [call(1, journal=JOURNAL * 100)])
    with archive.read() as session:
        content = session.get_one(StoredJournal, number).content
    assert len(content) < len(JOURNAL * 100) / 10
    assert zlib.decompress(content) == JOURNAL * 100


def test_every_table_is_reached_from_metadata() -> None:
    assert {"calls", "findings", "journals", "said", "users", "audit"} <= set(Base.metadata.tables)


def test_an_old_recording_takes_nobody_to_another_team(archive: Archive) -> None:
    def team() -> str:
        with archive.read() as session:
            agent = session.scalars(sa.select(Agent)).one()
            return session.get_one(Team, agent.team_id).name

    calls.add(archive, [call(1, team="", began=datetime(2026, 11, 1))])
    calls.add(archive, [call(2, team="华北", agent_name="王", began=datetime(2024, 1, 1))])
    assert team() == "华北", "better an old one than none"
    calls.add(
        archive, [call(3, team="华东", agent_name="王敏", began=datetime(2026, 11, 2)), call(4, team="", began=None)]
    )
    for old in (datetime(2024, 1, 2), None):
        calls.add(archive, [call(5, team="华北", agent_name="王", began=old)])
        assert team() == "华东"
    with archive.read() as session:
        assert session.scalars(sa.select(Agent.name)).one() == "王敏"


def test_judged_again_without_metadata_a_call_keeps_what_is_known_of_it(archive: Archive) -> None:
    (number,) = calls.add(archive, [call(1)])
    before = one(archive, number)
    nothing = {"agent": "", "team": "", "queue": "", "direction": "", "customer": "", "began": None}
    calls.add(archive, [call(1, **nothing, duration=5.0)], again=True)
    after = one(archive, number)
    for told in ("agent_id", "queue", "direction", "customer", "began"):
        assert getattr(after, told) == getattr(before, told) is not None, told
    assert after.duration == 5.0
    calls.add(archive, [call(1, agent="2002", queue="投诉")], again=True)
    with archive.read() as session:
        told_anew = session.scalar(sa.select(Agent.code).join(Call, Call.agent_id == Agent.id))
    assert (told_anew, one(archive, number).queue) == ("2002", "投诉")


def test_the_version_of_a_call_changes_when_it_is_judged_again_and_only_then(archive: Archive) -> None:
    (number,) = calls.add(archive, [call(1)])
    before = details(archive, number, EVERYTHING).version
    calls.add(archive, [call(1, queue="投诉")], again=True)
    assert details(archive, number, EVERYTHING).version == before
    other = JOURNAL.replace("您好".encode(), "你好".encode())
    calls.add(archive, [call(1, journal=other)], again=True)
    assert details(archive, number, EVERYTHING).version not in ("", before)


def test_an_agent_is_meant_by_the_code_and_by_the_name_only_where_it_is_nobody_s_code(archive: Archive) -> None:
    ids = calls.add(archive, [call(1, agent="7", agent_name="王敏"), call(2, agent="8", agent_name="7")])
    assert extracts.chosen(archive, Wanted(agent="7")) == ids[:1]
    assert extracts.chosen(archive, Wanted(agent="王敏")) == ids[:1]
    assert extracts.chosen(archive, Wanted(agent="8")) == ids[1:]
