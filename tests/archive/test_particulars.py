"""What is told of archived calls later, without judging them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from archive_samples import call

from callflow.archive import calls, particulars, tallies
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, Team

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
