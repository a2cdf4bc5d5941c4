"""Many calls at once, out of the archive: journals to judge again, findings and scores to export, what was decided.

Everything comes in portions, so that a hundred thousand calls need no more room than a few; and with long numbers
masked, unless ``reveal``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive.masking import Masker, masked, masked_fields, masked_name
from callflow.archive.standing import WITHDRAWN
from callflow.archive.store import Archive
from callflow.archive.tables import (
    Agent,
    Call,
    Decision,
    FlowVersion,
    Said,
    StoredFinding,
    StoredJournal,
    Team,
    User,
)
from callflow.archive.viewers import EVERYTHING, Viewer, code_of

PORTION = 200
"""Calls that are asked for at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: those that meet all of it. ``since`` is included, ``until`` is not; UTC without a zone.

    ``agent``: see ``viewers.code_of``; ``flow``: the name of the flow that they were judged with; ``limit``: the latest
    so many; ``viewer``: only what they may see. Only calls that were judged.
    """

    since: datetime | None = None
    until: datetime | None = None
    agent: str = ""
    team: str = ""
    queue: str = ""
    flow: str = ""
    call: int | None = None
    limit: int | None = None
    viewer: Viewer = EVERYTHING


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call as the archive lists it. ``journal``: compressed with zlib, ``b""`` where it was not asked for."""

    id: int
    path: str
    began: datetime | None
    agent: str
    agent_name: str
    team: str
    queue: str
    direction: str
    customer: str
    duration: float
    separate: bool
    engine: str
    flow: str
    version: str
    score: float | None
    judged: float | None
    met: int
    faults: int
    severe: int
    not_assessed: int
    disputed: int
    groups: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    journal: bytes = b""


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding of a call; ``standing`` is the verdict that counts. ``evidence`` as in the event."""

    id: int
    number: int
    rule: str
    verdict: str
    standing: str
    severity: str
    group: str
    cause: str
    refs: tuple[str, ...]
    reason: str
    at: float
    evidence: tuple[Mapping[str, Any], ...]
    disputed: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about a finding; ``role`` is theirs, ``engine`` the engine's verdict at that time.

    ``holds``: the engine says the same today. ``flow``: the name of that which the call was judged with.
    """

    finding: int
    call: int
    number: int
    rule: str
    engine: str
    user: str
    role: str
    kind: str
    verdict: str
    note: str
    when: datetime
    flow: str
    holds: bool


def chosen(archive: Archive, wanted: Wanted) -> list[int]:
    """The ids of the calls, in the order of time; those of which nobody knows when they were come first."""
    wanted = _by_code(archive, wanted)
    query = sa.select(Call.id).where(Call.status == "done", *_conditions(wanted))
    query = query.outerjoin(Agent, Agent.id == Call.agent_id).outerjoin(Team, Team.id == Agent.team_id)
    query = query.order_by(Call.began.desc().nulls_last(), Call.id.desc()).limit(wanted.limit)
    with archive.read() as session:
        return list(session.scalars(query))[::-1]


def _by_code(archive: Archive, wanted: Wanted) -> Wanted:
    if not wanted.agent:
        return wanted
    with archive.read() as session:
        return replace(wanted, agent=code_of(session, wanted.agent, wanted.viewer))


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    yield wanted.viewer.condition()
    if wanted.since is not None:
        yield Call.began >= wanted.since
    if wanted.until is not None:
        yield Call.began < wanted.until
    if wanted.agent:
        yield Agent.code == wanted.agent
    if wanted.team:
        yield Team.name == wanted.team
    if wanted.queue:
        yield Call.queue == wanted.queue
    if wanted.flow:
        yield Call.flow_id.in_(sa.select(FlowVersion.id).where(FlowVersion.name == wanted.flow))
    if wanted.call is not None:
        yield Call.id == wanted.call


def calls(archive: Archive, ids: Sequence[int], *, journals: bool = False, reveal: bool = False) -> Iterator[KeptCall]:
    """The calls with these ids, in their order; one that was purged meanwhile is left out. Journals are as they are."""
    flows: dict[int, FlowVersion] = {}
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        query = sa.select(Call, Agent, Team.name, StoredJournal.content if journals else sa.null())
        query = query.outerjoin(Agent, Agent.id == Call.agent_id).outerjoin(Team, Team.id == Agent.team_id)
        if journals:
            query = query.join(StoredJournal, StoredJournal.call_id == Call.id)
        with archive.read() as session:
            rows = {row[0].id: row for row in session.execute(query.where(Call.id.in_(portion)))}
            missing = {row[0].flow_id for row in rows.values() if row[0].flow_id} - flows.keys()
            if missing:
                flows |= {
                    flow.id: flow for flow in session.scalars(sa.select(FlowVersion).where(FlowVersion.id.in_(missing)))
                }
        for number in portion:
            if number in rows:
                call, agent, team, content = rows[number]
                kept = _kept(call, agent, team or "", flows.get(call.flow_id or 0), content or b"")
                yield kept if reveal else replace(masked_fields(kept, *_TELLING), path=masked_name(kept.path))


_TELLING = ("customer", "queue", "agent_name", "team")
"""What of a call may hold a number besides its file's name: exchanges put that of the caller into queues."""


def _kept(call: Call, agent: Agent | None, team: str, flow: FlowVersion | None, journal: bytes) -> KeptCall:
    return KeptCall(
        id=call.id,
        path=call.path,
        began=call.began,
        agent=agent.code if agent else "",
        agent_name=agent.name if agent else "",
        team=team,
        queue=call.queue,
        direction=call.direction,
        customer=call.customer,
        duration=call.duration,
        separate=call.separate,
        engine=call.engine,
        flow=flow.name if flow else "",
        version=flow.digest if flow else "",
        score=call.score,
        judged=call.judged,
        met=call.met,
        faults=call.faults,
        severe=call.severe,
        not_assessed=call.not_assessed,
        disputed=call.disputed,
        groups=call.groups or {},
        rules=flow.rules if flow else {},
        journal=journal,
    )


def findings(
    archive: Archive, ids: Sequence[int], *, reveal: bool = False, only_faults: bool = False
) -> dict[int, list[KeptFinding]]:
    """The findings of some calls (at most ``PORTION`` at once), by call, in their order; withdrawn ones left out.

    Their evidence is masked as what was said in the call is, so that a number told in parts is no longer known.
    """
    query = sa.select(StoredFinding).where(StoredFinding.call_id.in_(ids), StoredFinding.standing != "withdrawn")
    if only_faults:
        query = query.where(StoredFinding.standing.in_(("missed", "violated")))
    found: dict[int, list[KeptFinding]] = {number: [] for number in ids}
    with archive.read() as session:
        for one in session.scalars(query.order_by(StoredFinding.call_id, StoredFinding.number)):
            found[one.call_id].append(_finding(one))
        hiding = {} if reveal else maskers(session, [call for call, all_ in found.items() if all_])
    return found if reveal else {call: [_masked(one, hiding.get(call)) for one in found[call]] for call in found}


def changed(archive: Archive, ids: Sequence[int]) -> set[int]:
    """Of these calls (at most ``PORTION`` at once) those in which a verdict stands that is not the engine's."""
    query = sa.select(StoredFinding.call_id).where(
        StoredFinding.call_id.in_(ids), StoredFinding.standing != StoredFinding.verdict
    )
    with archive.read() as session:
        return set(session.scalars(query.distinct()))


def maskers(session: Session, ids: Sequence[int]) -> dict[int, Masker]:
    """By call what masks quotations from it; calls of which no word is kept are left out."""
    said = session.execute(sa.select(Said.call_id, Said.text).where(Said.call_id.in_(ids)))
    return {call: Masker(text) for call, text in said}


def _masked(one: KeptFinding, masker: Masker | None) -> KeptFinding:
    shown = masker.text if masker else masked
    evidence = tuple({**seen, "said": shown(str(seen.get("said", "")))} for seen in one.evidence)
    return replace(one, evidence=evidence)


def _finding(one: StoredFinding) -> KeptFinding:
    return KeptFinding(
        id=one.id,
        number=one.number,
        rule=one.rule,
        verdict=one.verdict,
        standing=one.standing,
        severity=one.severity,
        group=one.group,
        cause=one.cause,
        refs=tuple(one.refs),
        reason=one.reason,
        at=one.at,
        evidence=tuple(one.evidence),
        disputed=one.disputed,
    )


def decided(
    archive: Archive, wanted: Wanted | None = None, *, ids: Sequence[int] | None = None, reveal: bool = False
) -> list[Decided]:
    """What was decided, oldest first; about calls that are ``wanted``, and have these ``ids``, or about all."""
    query = (
        sa.select(Decision, StoredFinding, User.name, User.role, FlowVersion.name)
        .join(StoredFinding, StoredFinding.id == Decision.finding_id)
        .join(User, User.id == Decision.user_id)
        .join(Call, Call.id == StoredFinding.call_id)
        .outerjoin(FlowVersion, FlowVersion.id == Call.flow_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .outerjoin(Team, Team.id == Agent.team_id)
        .where(*_conditions(_by_code(archive, wanted or Wanted())))
        .order_by(Decision.when, Decision.id)
    )
    if ids is not None:
        query = query.where(Call.id.in_(ids))
    with archive.read() as session:
        rows = session.execute(query).all()
    return [
        Decided(
            finding=finding.id,
            call=finding.call_id,
            number=finding.number,
            rule=finding.rule,
            engine=decision.engine,
            user=user,
            role=role,
            kind=decision.kind,
            verdict=decision.verdict,
            note=decision.note if reveal else masked(decision.note),
            when=decision.when,
            flow=flow or "",
            holds=decision.engine == finding.verdict and finding.standing != WITHDRAWN,
        )
        for decision, finding, user, role, flow in rows
    ]
