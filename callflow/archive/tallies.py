"""How often each rule came out how, week by week: counted once and kept, so that pages need not count millions.

A week is counted when somebody first asks for it, and again after anything of it has changed: whoever changes calls
says so by ``changed`` in the same transaction. Weeks are as long as the caller says; they are kept by their beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive.standing import WITHDRAWN
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, FlowVersion, StoredFinding, Tallied, Tally
from callflow.errors import ArchiveError

Week = tuple[datetime, datetime]
"""When it begins (included) and ends (not included), UTC without a zone."""
Rule = tuple[int, str]
"""A rule of a version of a flow, by the version's id (0: of no flow); ``""`` for the calls themselves."""
Counts = tuple[int, ...]
"""How often something came out how: ``COUNTS``, in this order."""
LONGEST = timedelta(days=8)
"""No week is longer than this, whatever clocks do in it."""
BUSY = 0.2
"""Seconds that a count waits for others that write: it can be made without being kept."""
VERDICTS = ("met", "missed", "violated", "not_assessed", "disputed")
"""Findings with that verdict; ``disputed``: those that are open."""
COUNTS = (*VERDICTS, "wrong", "judged", "touched")
"""Besides, calls: in which the rule went wrong, in which it was judged at all, and in which the agent was heard and
there is any finding of it. Of the calls themselves ``judged`` is in how many the agent was heard."""
NONE: Counts = (0,) * len(COUNTS)
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
) -> dict[datetime, dict[Rule, Counts]]:
    """By week and rule its counts, of one team or queue or of all."""
    _count_missing(archive, weeks)
    sums = [sa.func.sum(getattr(Tally, name)) for name in COUNTS]
    wanted = sa.select(Tally.start, Tally.flow_id, Tally.rule, *sums)
    if team_id is not None:
        wanted = wanted.where(Tally.team_id == team_id)
    if queue:
        wanted = wanted.where(Tally.queue == queue)
    found: dict[datetime, dict[Rule, Counts]] = {start: {} for start, _ in weeks}
    with archive.read() as session:
        # A week whose last call was purged has old counts still, but is not counted any more.
        wanted = wanted.where(Tally.start.in_(_tallied(session, weeks)))
        for start, flow, rule, *counts in session.execute(wanted.group_by(Tally.start, Tally.flow_id, Tally.rule)):
            found[start][flow, rule] = tuple(map(int, counts))
        for start, end in _missing(session, weeks):  # others write, or have written since
            for team, where, flow, rule, *counts in session.execute(_counted(session, _between(start, end))):
                if team_id in (None, team) and queue in ("", where):
                    _add(found[start], (flow, rule), counts)
    return found


def of_calls(wanted: Sequence[sa.ColumnElement[bool]], session: Session) -> dict[Rule, Counts]:
    """By rule its counts, of the calls that are ``wanted``: for few of them, as one agent's."""
    found: dict[Rule, Counts] = {}
    for _, _, flow, rule, *counts in session.execute(_counted(session, wanted)):
        _add(found, (flow, rule), counts)
    return found


def _add(found: dict[Rule, Counts], rule: Rule, counts: Sequence[int]) -> None:
    found[rule] = tuple(a + int(b) for a, b in zip(found.get(rule, NONE), counts, strict=True))


def _count_missing(archive: Archive, weeks: Sequence[Week]) -> None:
    """Count the weeks that have calls and are not counted, as far as that can be written.

    What cannot, on a disk that is read-only or while others write, is added up by who reads: nobody who looks at
    figures waits for writers, week after week.
    """
    with archive.read() as session:
        missing = _missing(session, weeks)
    with suppress(ArchiveError):
        for week in missing:
            _count(archive, week)


def _tallied(session: Session, weeks: Sequence[Week]) -> Sequence[datetime]:
    return session.scalars(sa.select(Tallied.start).where(Tallied.start.in_([start for start, _ in weeks]))).all()


def _missing(session: Session, weeks: Sequence[Week]) -> list[Week]:
    """The weeks that have calls and are not counted."""
    there = set(_tallied(session, weeks))
    return [week for week in weeks if week[0] not in there and _has_calls(session, week)]


def _has_calls(session: Session, week: Week) -> bool:
    calls = sa.select(Call.id).where(Call.began >= week[0], Call.began < week[1])
    return session.scalar(calls.limit(1)) is not None


def _count(archive: Archive, week: Week) -> None:
    with archive.begin(BUSY) as session:
        _lock(session, "pg_advisory_xact_lock")
        if session.get(Tallied, week[0]) is not None:  # many ask at once: whoever was first has counted for all
            return
        session.execute(sa.delete(Tally).where(Tally.start == week[0]))
        names = ("start", "team_id", "queue", "flow_id", "rule", *COUNTS)
        counted = _counted(session, _between(*week)).subquery()
        rows = sa.select(sa.literal(week[0], sa.DateTime()), *counted.c)
        session.execute(sa.insert(Tally).from_select(names, rows))
        session.execute(sa.insert(Tallied).values(start=week[0]))


def _between(start: datetime, end: datetime) -> list[sa.ColumnElement[bool]]:
    return [Call.began >= start, Call.began < end]


def _counted(session: Session, wanted: Sequence[sa.ColumnElement[bool]]) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """By team, queue, flow and rule the counts of the calls that are ``wanted``, and of these calls themselves."""
    wanted = [Call.status == "done", *wanted]
    none: sa.ColumnElement[int] = sa.literal_column("0")
    calls = (
        sa.select(
            Call.id,
            sa.func.coalesce(Agent.team_id, none).label("team"),
            Call.queue,
            sa.func.coalesce(Call.flow_id, none).label("flow"),
            _heard(session, wanted).label("heard"),
        )
        .outerjoin_from(Call, Agent, Agent.id == Call.agent_id)
        .where(*wanted)
        .cte("some_calls")
    )
    whose = (calls.c.team, calls.c.queue, calls.c.flow)
    of_rules = sa.select(*whose, StoredFinding.rule, *_of_rule(calls.c)).join_from(
        calls, StoredFinding, StoredFinding.call_id == calls.c.id
    )
    of_calls = [sa.func.sum(calls.c.heard) if name == "judged" else none for name in COUNTS]
    return sa.union_all(
        of_rules.group_by(*whose, StoredFinding.rule),
        sa.select(*whose, sa.literal_column("''"), *of_calls).group_by(*whose),
    )


def _heard(session: Session, wanted: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[int]:
    """1 for calls in which what the agent did not say is known: every group that forbids something has a score."""
    flows = session.scalars(sa.select(Call.flow_id).where(Call.flow_id.is_not(None), *wanted).distinct()).all()
    kinds: list[tuple[sa.ColumnElement[bool], int]] = []
    for number in flows:
        rules = session.get_one(FlowVersion, number).rules
        groups = sorted({str(about.get("group", "")) for about in rules.values() if about.get("never")})
        scored = (Call.groups[group].as_string().is_not(None) for group in groups)
        kinds.append((sa.and_(Call.flow_id == number, *scored), 1))
    return sa.case(*kinds, else_=0) if kinds else sa.literal_column("0")


def _of_rule(call: Any) -> list[sa.ColumnElement[int]]:
    """The counts of a rule's findings; ``call`` is what each is of."""
    standing = StoredFinding.standing
    conditions: dict[str, sa.ColumnElement[bool]] = {
        **{name: standing == name for name in VERDICTS[:-1]},
        "disputed": StoredFinding.disputed.is_(sa.true()),
        "wrong": standing.in_(("missed", "violated")),
        "judged": standing.in_(("met", "missed", "violated")),
        "touched": sa.and_(call.heard == 1, standing != WITHDRAWN),
    }
    findings = [sa.func.sum(sa.case((conditions[name], 1), else_=0)) for name in VERDICTS]
    calls = [sa.func.count(sa.case((conditions[name], call.id)).distinct()) for name in COUNTS[len(VERDICTS) :]]
    return [*findings, *calls]


def _lock(session: Session, function: str) -> None:
    """SQLite has one writer at a time anyway. On PostgreSQL a count would lack what others have not kept yet."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SELECT {function}({_LOCK})"))
