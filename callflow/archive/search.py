"""Finding calls: filters, what was said, how it sounded, in any order, page by page.

Fast for the worst of 100,000 calls by three rules. A condition that has an index of its own and that few calls meet is
looked up first, and the calls by it; one that many meet is asked of each call in turn, in the order of the page, which
soon finds enough. Which of the two it is, a look at its first few shows. And nothing is counted beyond ``COUNTED``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import excerpts, said, standing
from callflow.archive.masking import masked, masked_fields, masked_lines, masked_name, tells_numbers
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, FlowVersion, Said, StoredFinding, Team
from callflow.archive.viewers import Viewer, code_of

COUNTED = 1_000
"""Of more calls than this a page only says that there are at least so many."""
FEW = 2_000
"""So many calls are looked up one by one."""

Sort = Literal["began", "duration", "score", "faults", "severe", "agent", "queue", "added"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """What is looked for; what is left out does not matter. ``agent``: see ``viewers.code_of``.

    ``since`` (included) and ``until`` (not included) are UTC. ``customer``: the whole number. ``rule``, ``verdict``,
    ``severity`` and ``disputed`` ask for one finding that has them all; ``verdict`` is the one that counts. With
    ``disputed`` false nothing in the call may be disputed. ``severe``: a fault that is severe or fatal.
    ``words``: words of a transcript, all of which must be in it; ``sounds``: toneless syllables with a space between,
    in this order. ``flow``: the name of that which the call was judged with.
    """

    agent: str = ""
    team: str = ""
    queue: str = ""
    flow: str = ""
    direction: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    customer: str = ""
    rule: str = ""
    verdict: str = ""
    severity: str = ""
    score_below: float | None = None
    score_above: float | None = None
    disputed: bool | None = None
    severe: bool = False
    words: str = ""
    sounds: str = ""
    sort: Sort = "began"
    descending: bool = True
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A line of the page of calls. ``excerpt``: the first line said in which the words or sounds were found.

    ``fatal``: whether any of the faults is.
    """

    id: int
    path: str
    status: str
    reason: dict[str, Any] | None
    agent: str
    agent_name: str
    team: str
    queue: str
    direction: str
    customer: str
    began: datetime | None
    duration: float
    separate: bool
    score: float | None
    judged: float | None
    met: int
    faults: int
    severe: int
    not_assessed: int
    disputed: int
    added: datetime
    fatal: bool = False
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the calls that were found. ``total_is_least``: there may be more than ``total``."""

    rows: tuple[CallRow, ...]
    total: int
    total_is_least: bool = False


def find(archive: Archive, query: CallQuery, viewer: Viewer) -> Page:
    """The calls that ``query`` asks for and ``viewer`` may see; long numbers masked unless ``viewer`` may see them.

    Who may not see them cannot look for them either: ``allowed`` says what is left out of the query.
    """
    query = allowed(query, viewer)
    with archive.read() as session:
        conditions = _conditions(session, query, viewer)
        if conditions is None:
            return Page((), 0)
        wanted = sa.select(Call.id).where(*conditions).order_by(*_order(query))
        if query.sort == "agent":
            wanted = wanted.outerjoin(Agent, Agent.id == Call.agent_id)
        ids, total, least = _page(session, wanted, max(0, query.limit), max(0, query.offset))
        rows = rows_of(session, ids, viewer.reveal)
        if query.words or query.sounds:
            rows = _with_excerpts(session, rows, query, viewer.reveal)
        return Page(tuple(rows), total, least)


def allowed(query: CallQuery, viewer: Viewer) -> CallQuery:
    """``query`` without what would find out numbers that ``viewer`` may not see, digit by digit."""
    if viewer.reveal:
        return query
    words = " ".join(word for word in query.words.split() if not tells_numbers(word))
    return replace(query, customer="", words=words, sounds="" if tells_numbers(query.sounds) else query.sounds)


def _page(session: Session, wanted: sa.Select[int], limit: int, offset: int) -> tuple[Sequence[int], int, bool]:
    """The ids of one page, how many there are in all, and whether there may be more than that.

    The count comes with the page, as it costs as much: as soon as there are more than ``COUNTED`` both are known.
    """
    if offset + limit <= COUNTED:
        ids = session.scalars(wanted.limit(COUNTED + 1)).all()
        return ids[offset : offset + limit], min(len(ids), COUNTED), len(ids) > COUNTED
    ids = session.scalars(wanted.limit(limit + 1).offset(offset)).all()
    if not ids and offset:
        ids = session.scalars(wanted.limit(COUNTED + 1)).all()
        return [], min(len(ids), COUNTED), len(ids) > COUNTED
    return ids[:limit], offset + min(len(ids), limit), len(ids) > limit


# ------------------------------------------------------------------------------------------------ conditions


def _conditions(session: Session, query: CallQuery, viewer: Viewer) -> list[sa.ColumnElement[bool]] | None:
    """What a call must meet; ``None`` where no call can."""
    found = [*_of_the_call(session, query)]
    agents = _agents(session, query, viewer)
    if agents is not None:
        if not agents:
            return None
        found.append(Call.agent_id == agents[0] if len(agents) == 1 else Call.agent_id.in_(agents))
    return [*found, *_of_findings(session, query), *_of_words(session, query)]


def _of_the_call(session: Session, query: CallQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for column, value in (
        (Call.queue, query.queue),
        (Call.direction, query.direction),
        (Call.customer, query.customer),
    ):
        if value:
            found.append(column == value)
    if query.flow:
        versions = session.scalars(sa.select(FlowVersion.id).where(FlowVersion.name == query.flow))
        found.append(Call.flow_id.in_(versions.all()))
    if query.since is not None:
        found.append(Call.began >= query.since)
    if query.until is not None:
        found.append(Call.began < query.until)
    if query.severe:
        found.append(Call.severe > 0)
    for seldom in _seldom(query):
        wanted = sa.select(Call.id).where(*seldom).correlate(None)
        found += [Call.id.in_(wanted)] if _are_few(session, wanted) else seldom
    return found


def _seldom(query: CallQuery) -> Iterator[list[sa.ColumnElement[bool]]]:
    """Conditions that few calls may meet, for which there is an index; two numbers are written out for its sake."""
    if query.status == "failed":
        yield [Call.status == sa.literal_column("'failed'")]
    elif query.status:
        yield [Call.status == query.status]
    if query.disputed is not None:
        none: sa.ColumnElement[int] = sa.literal_column("0")
        yield [Call.disputed > none if query.disputed else Call.disputed == none]
    scores = [Call.judged < query.score_below] if query.score_below is not None else []
    scores += [Call.judged >= query.score_above] if query.score_above is not None else []
    if scores:
        yield scores


def _agents(session: Session, query: CallQuery, viewer: Viewer) -> Sequence[int] | None:
    """The agents whose calls are meant; ``None``: everybody's, and nobody's."""
    allowed = viewer.agents()
    if allowed is None and not query.agent and not query.team:
        return None
    wanted = sa.select(Agent.id).where(allowed if allowed is not None else sa.true())
    if query.agent:
        wanted = wanted.where(Agent.code == code_of(session, query.agent, viewer))
    if query.team:
        wanted = wanted.join(Team, Team.id == Agent.team_id).where(Team.name == query.team)
    return session.scalars(wanted).all()


def _of_findings(session: Session, query: CallQuery) -> list[sa.ColumnElement[bool]]:
    if not query.rule and not query.verdict and not query.severity:
        return []
    if not query.rule and not query.disputed:
        return [Call.kinds.op("&")(standing.kinds(query.verdict, query.severity)) != 0]
    # Few calls are disputed, and no index of findings knows it: a plus keeps SQLite from looking up the rule first.
    plus = "+" if query.disputed and session.get_bind().dialect.name == "sqlite" else ""
    names = {"rule": query.rule, "standing": query.verdict, "severity": query.severity}
    asked: list[sa.ColumnElement[bool]] = [
        sa.literal_column(f"{plus}findings.{name}", sa.String) == value for name, value in names.items() if value
    ]
    if query.disputed:
        open_ = sa.select(Call.id).where(Call.disputed > sa.literal_column("0"))
        asked += [StoredFinding.disputed.is_(True), StoredFinding.call_id.in_(open_)]
    return [_in(session, sa.select(StoredFinding.call_id).where(*asked))]


def _of_words(session: Session, query: CallQuery) -> list[sa.ColumnElement[bool]]:
    return [_in(session, wanted) for wanted in said.condition(session, query.words, query.sounds)]


def _in(session: Session, wanted: sa.Select[int]) -> sa.ColumnElement[bool]:
    """A call is in a list from another table. SQLite looks up what stands in such a list, which is slow for a long
    one; a plus before the column makes it look for each call in turn whether it is in the list."""
    by_list = session.get_bind().dialect.name != "sqlite" or _are_few(session, wanted)
    return (Call.id if by_list else sa.literal_column("+calls.id", sa.Integer)).in_(wanted)


def _are_few(session: Session, wanted: sa.Select[int]) -> bool:
    first = wanted.limit(FEW + 1).subquery()
    return (session.scalar(sa.select(sa.func.count()).select_from(first)) or 0) <= FEW


# ------------------------------------------------------------------------------------------------ order and rows

_SORTS: dict[Sort, Any] = {
    "began": Call.began,
    "duration": Call.duration,
    "score": Call.judged,
    "faults": Call.faults,
    "severe": Call.severe,
    "agent": Agent.code,
    "queue": Call.queue,
    "added": Call.id,
}


def _order(query: CallQuery) -> list[sa.ColumnElement[Any]]:
    """The order asked for, calls of equal rank by their ids; what is unknown comes last either way."""
    column = _SORTS[query.sort]
    if query.sort == "added":
        return [column.desc() if query.descending else column.asc()]
    if query.descending:
        return [column.desc().nulls_last(), Call.id.desc()]
    return [column.asc().nulls_last(), Call.id.asc()]


def rows_of(session: Session, ids: Sequence[int], reveal: bool) -> list[CallRow]:
    """The calls with these ids, in their order; one that was purged meanwhile is left out. Masked unless ``reveal``."""
    found = session.execute(
        sa.select(Call, Agent.code, Agent.name, Team.name)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .outerjoin(Team, Team.id == Agent.team_id)
        .where(Call.id.in_(ids))
    )
    rows = {call.id: _row(call, code or "", name or "", team or "") for call, code, name, team in found}
    found_rows = [rows[number] for number in ids if number in rows]
    return found_rows if reveal else [_masked(row) for row in found_rows]


def _masked(row: CallRow) -> CallRow:
    """Recorders like to put the number that called into the file's name, and exchanges into that of the queue."""
    reason = {language: masked(str(why)) for language, why in row.reason.items()} if row.reason else row.reason
    return replace(
        masked_fields(row, "customer", "queue", "agent_name", "team"), path=masked_name(row.path), reason=reason
    )


_COPIED = [
    *("id", "path", "status", "reason", "queue", "direction", "customer", "began", "duration", "separate", "score"),
    *("judged", "met", "faults", "severe", "not_assessed", "disputed", "added"),
]


def _row(call: Call, code: str, name: str, team: str) -> CallRow:
    fatal = bool(call.kinds & (standing.kinds("missed", "fatal") | standing.kinds("violated", "fatal")))
    return CallRow(
        agent=code, agent_name=name, team=team, fatal=fatal, **{field: getattr(call, field) for field in _COPIED}
    )


def _with_excerpts(session: Session, rows: Sequence[CallRow], query: CallQuery, reveal: bool) -> list[CallRow]:
    kept = {one.call_id: one for one in session.scalars(sa.select(Said).where(Said.call_id.in_([r.id for r in rows])))}
    nothing = Said(text="", sounds="")
    shown = str if reveal else masked_lines
    lines = ((row, kept.get(row.id, nothing)) for row in rows)
    return [
        replace(row, excerpt=excerpts.line(one.text, one.sounds, query.words, query.sounds, shown))
        for row, one in lines
    ]
