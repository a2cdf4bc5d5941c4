"""What is told of archived calls later, without judging them again."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from archive_samples import call

from callflow.archive import calls, particulars, tallies
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, StoredJournal, Tallied, Team

UNTOLD = {"agent": "", "team": "", "queue": "", "direction": "", "customer": "", "began": None}
WEEKS = [(datetime(2026, 11, 2), datetime(2026, 11, 9)), (datetime(2026, 11, 9), datetime(2026, 11, 16))]


def known(archive: Archive) -> list[tuple[object, ...]]:
    columns = (Call.queue, Call.direction, Call.customer, Call.began, Agent.code, Team.name)
    wanted = sa.select(*columns).select_from(Call).outerjoin(Agent, Agent.id == Call.agent_id)
    with archive.read() as session:
        return [
            tuple(row) for row in session.execute(wanted.outerjoin(Team, Team.id == Agent.team_id).order_by(Call.id))
        ]


def test_what_is_told_is_known_and_what_is_not_stays(archive: Archive) -> None:
    calls.add(archive, [call(1, **UNTOLD), call(2, **UNTOLD)])
    key = call(1).key
    assert particulars.lacking(archive) == 2
    at = datetime(2026, 11, 3, 9)
    told = NewCall(key=key, path="", agent="1001", team="north", queue="sales", began=at)
    assert particulars.take_over(archive, [told, NewCall(key="f" * 64, path="", agent="9")]) == 1
    assert known(archive) == [("sales", "", "", at, "1001", "north"), ("", "", "", None, None, None)]
    assert particulars.take_over(archive, [told]) == 0
    assert particulars.take_over(archive, [NewCall(key=key, path="", customer="138")]) == 1
    assert known(archive)[0] == ("sales", "", "138", at, "1001", "north")
    assert particulars.take_over(archive, [replace(told, team="south")]) == 1
    assert known(archive)[0][-1] == "south"
    assert particulars.lacking(archive) == 1


def test_figures_follow_a_call_to_another_week(archive: Archive) -> None:
    calls.add(archive, [call(1, began=datetime(2026, 11, 3))])
    assert [len(tallies.rules(archive, WEEKS)[start]) > 0 for start, _ in WEEKS] == [True, False]
    particulars.take_over(archive, [NewCall(key=call(1).key, path="", began=datetime(2026, 11, 10))])
    assert [len(tallies.rules(archive, WEEKS)[start]) > 0 for start, _ in WEEKS] == [False, True]


def test_a_list_without_times_corrects_the_team_of_calls_that_have_one(archive: Archive) -> None:
    calls.add(archive, [call(1, agent="1001", team="north", began=datetime(2026, 11, 3))])
    told = NewCall(key=call(1).key, path="", agent="1001", team="south")
    assert particulars.take_over(archive, [told]) == 1
    assert known(archive)[0][-1] == "south"
    assert particulars.take_over(archive, [told]) == 0


def test_an_agent_told_with_two_teams_does_not_go_there_and_back(archive: Archive) -> None:
    undated = {**UNTOLD, "agent": "1001"}
    calls.add(archive, [call(1, **undated), call(2, **undated), call(3, agent="1002", began=WEEKS[0][0])])
    told = [NewCall(key=call(n).key, path="", agent="1001", team=team) for n, team in ((1, "north"), (2, "south"))]
    assert particulars.take_over(archive, told) == 2
    teams = [row[-1] for row in known(archive)[:2]]
    tallies.rules(archive, WEEKS)
    for again in (told, told[::-1]):
        assert particulars.take_over(archive, again) == 0
        assert [row[-1] for row in known(archive)[:2]] == teams
    with archive.read() as session:
        assert session.scalar(sa.select(sa.func.count(Tallied.start))) == 1, "nothing is counted again"


def test_what_an_old_call_tells_of_a_team_is_no_reason_to_count_again(archive: Archive) -> None:
    calls.add(archive, [call(1, agent="1001", team="north", began=WEEKS[0][0])])
    calls.add(archive, [call(2, agent="1001", team="south", began=WEEKS[1][0])])
    tallies.rules(archive, WEEKS)
    assert particulars.take_over(archive, [NewCall(key=call(1).key, path="", agent="1001", team="north")]) == 0
    assert {row[-1] for row in known(archive)} == {"south"}
    with archive.read() as session:
        assert session.scalar(sa.select(sa.func.count(Tallied.start))) == len(WEEKS)


@pytest.mark.parametrize("content", [None, b"no zlib", zlib.compress(b"no journal"), zlib.compress(b"")])
def test_of_a_journal_that_cannot_be_read_nobody_knows_what_was_heard(archive: Archive, content: bytes | None) -> None:
    calls.add(archive, [call(1)])
    with archive.begin() as session:
        change = sa.delete(StoredJournal) if content is None else sa.update(StoredJournal).values(content=content)
        session.execute(change)
    assert not particulars.only_heard(archive, call(1).key)
