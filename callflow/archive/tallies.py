"""How often each rule came out how, week by week: counted once and kept, so that pages need not count millions.

A week is counted when somebody first asks for it, and again after anything of it has changed: whoever changes calls
says so by ``changed`` in the same transaction. Weeks are as long as the caller says; they are kept by their beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, StoredFinding, Tallied, Tally
from callflow.errors import ArchiveError

Week = tuple[datetime, datetime]
"""When it begins (included) and ends (not included), UTC without a zone."""
LONGEST = timedelta(days=8)
"""No week is longer than this, whatever clocks do in it."""
COUNTS = ("met", "missed", "violated", "not_assessed", "disputed")
_LOCK = 0x74616C79
"""PostgreSQL's advisory lock: shared by those who change calls, held alone by who counts."""


def changed(session: Session, moments: Iterable[datetime | None]) -> None:
    """Calls that began at ``moments`` have changed: their weeks must be counted again. Say so last in a transaction."""
    known = [moment for moment in moments if moment is not None]
    if not known:
        return
    _lock(session, "pg_advisory_xact_lock_shared")
    since, until = min(known) - LONGEST, max(known)
    session.execute(sa.delete(Tallied).where(Tallied.start > since, Tallied.start <= until))


def all_changed(session: Session) -> None:
    """Every week must be counted again: an agent has gone to another team."""
    _lock(session, "pg_advisory_xact_lock_shared")
    session.execute(sa.delete(Tallied))


def rules(
    archive: Archive, weeks: Sequence[Week], team_id: int | None = None, queue: str = ""
) -> dict[datetime, dict[str, tuple[int, ...]]]:
    """By week and rule its ``COUNTS``, of one team or queue or of all. ``disputed``: those that are open."""
    missing = _missing(archive, weeks)
    counted: list[Any] = []
    for week in missing:
        try:
            _count(archive, week)
        except ArchiveError:  # on a disk that is read-only, or busy for too long: then for this once
            with archive.read() as session:
                counted += session.execute(_counted(week)).all()
    sums = [sa.func.sum(getattr(Tally, name)) for name in COUNTS]
    # A week whose last call was purged has old counts still, but is not counted any more.
    is_counted = sa.exists().where(Tallied.start == Tally.start)
    starts = [start for start, _ in weeks]
    wanted = sa.select(Tally.start, Tally.rule, *sums).where(Tally.start.in_(starts), is_counted)
    if team_id is not None:
        wanted = wanted.where(Tally.team_id == team_id)
    if queue:
        wanted = wanted.where(Tally.queue == queue)
    found: dict[datetime, dict[str, tuple[int, ...]]] = {start: {} for start, _ in weeks}
    fresh = {row[0] for row in counted}
    with archive.read() as session:
        for start, rule, *counts in session.execute(wanted.group_by(Tally.start, Tally.rule)):
            if start not in fresh:
                found[start][rule] = tuple(map(int, counts))
    for start, team, where, rule, *counts in counted:
        if team_id in (None, team) and queue in ("", where):
            before = found[start].get(rule, (0,) * len(COUNTS))
            found[start][rule] = tuple(a + int(b) for a, b in zip(before, counts, strict=True))
    return found


def of_calls(wanted: Sequence[sa.ColumnElement[bool]], session: Session) -> dict[str, tuple[int, ...]]:
    """By rule its ``COUNTS``, of the calls that are ``wanted``: for few of them, as one agent's."""
    ids = sa.select(Call.id).where(Call.status == "done", *wanted)
    query = sa.select(StoredFinding.rule, *_sums()).where(StoredFinding.call_id.in_(ids)).group_by(StoredFinding.rule)
    return {rule: tuple(map(int, counts)) for rule, *counts in session.execute(query)}


def _missing(archive: Archive, weeks: Sequence[Week]) -> list[Week]:
    """The weeks that have calls and are not counted."""
    with archive.read() as session:
        there = set(session.scalars(sa.select(Tallied.start).where(Tallied.start.in_([start for start, _ in weeks]))))
        return [week for week in weeks if week[0] not in there and _has_calls(session, week)]


def _has_calls(session: Session, week: Week) -> bool:
    calls = sa.select(Call.id).where(Call.began >= week[0], Call.began < week[1])
    return session.scalar(calls.limit(1)) is not None


def _count(archive: Archive, week: Week) -> None:
    with archive.begin() as session:
        _lock(session, "pg_advisory_xact_lock")
        if session.get(Tallied, week[0]) is not None:  # many ask at once: whoever was first has counted for all
            return
        session.execute(sa.delete(Tally).where(Tally.start == week[0]))
        names = ("start", "team_id", "queue", "rule", *COUNTS)
        session.execute(sa.insert(Tally).from_select(names, _counted(week)))
        session.execute(sa.insert(Tallied).values(start=week[0]))


def _counted(week: Week) -> sa.Select[*tuple[Any, ...]]:
    start, end = week
    team = sa.func.coalesce(Agent.team_id, 0)
    return (
        sa.select(sa.literal(start, sa.DateTime()), team, Call.queue, StoredFinding.rule, *_sums())
        .select_from(Call)
        .join(StoredFinding, StoredFinding.call_id == Call.id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(Call.status == "done", Call.began >= start, Call.began < end)
        .group_by(team, Call.queue, StoredFinding.rule)
    )


def _sums() -> list[sa.ColumnElement[int]]:
    by_verdict = [sa.func.sum(sa.case((StoredFinding.standing == name, 1), else_=0)) for name in COUNTS[:-1]]
    return [*by_verdict, sa.func.sum(sa.case((StoredFinding.disputed, 1), else_=0))]


def _lock(session: Session, function: str) -> None:
    """SQLite has one writer at a time anyway. On PostgreSQL a count would lack what others have not kept yet."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SELECT {function}({_LOCK})"))
