"""Figures of many calls: of agents over time, of rules week by week, and the moments to listen to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow import pairing
from callflow.archive import standing, tallies
from callflow.archive.extracts import maskers
from callflow.archive.masking import masked
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, FlowVersion, StoredFinding, Team
from callflow.archive.tallies import Counts, Rule, Week
from callflow.archive.viewers import Viewer, code_of

T = TypeVar("T")
LATEST = 400
"""So many of the latest calls with faults are looked through for moments to listen to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose calls; what is left out does not matter. ``team``: a name, ``agent``: see ``viewers.code_of``."""

    team: str = ""
    agent: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class KnownFlow:
    """What a version of a flow tells: its name, and of each rule titles, severity, clauses."""

    name: str
    rules: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """An agent, for a page."""

    id: int
    code: str
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Sums:
    """Calls of one agent in one span of time. ``points``: the sum of the ``scored`` ones."""

    calls: int = 0
    scored: int = 0
    points: float = 0.0
    faults: int = 0
    severe: int = 0
    disputed: int = 0
    seconds: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.calls + other.calls,
            self.scored + other.scored,
            self.points + other.points,
            self.faults + other.faults,
            self.severe + other.severe,
            self.disputed + other.disputed,
            self.seconds + other.seconds,
        )

    @property
    def mean(self) -> float | None:
        """The mean score; ``None`` where none could be scored."""
        return self.points / self.scored if self.scored else None


@dataclass(frozen=True, slots=True)
class Moment:
    """A finding to listen to: the latest of its rule come first. ``said`` is masked unless the viewer may see it."""

    call: int
    finding: int
    flow: str
    rule: str
    standing: str
    agent: str
    began: datetime | None
    at: float
    said: str


def people(archive: Archive, asked: Asked, viewer: Viewer) -> dict[int, Person]:
    """The agents that are meant and may be seen, by id."""
    with archive.read() as session:
        found = session.execute(
            sa.select(Agent.id, Agent.code, Agent.name, Team.name)
            .outerjoin(Team, Team.id == Agent.team_id)
            .where(*_people(session, asked, viewer))
            .order_by(Agent.code)
        )
        shown = str if viewer.reveal else masked
        return {number: Person(number, code, shown(name), shown(team or "")) for number, code, name, team in found}


def teams(archive: Archive, viewer: Viewer) -> list[str]:
    """The names of teams to choose from: all for an admin, nothing to choose for others; none that is to be masked."""
    if viewer.role != "admin":
        return []
    with archive.read() as session:
        names = session.scalars(sa.select(Team.name).order_by(Team.name))
        return [name for name in names if viewer.reveal or masked(name) == name]


def by_agent(archive: Archive, spans: Sequence[Week], asked: Asked, viewer: Viewer) -> list[dict[int, Sums]]:
    """For each span of time the figures of every agent who had calls in it, by the agent's id; 0: nobody's."""
    with archive.read() as session:
        ours = list(_calls(session, asked, viewer))
        return [_sums(session, span, ours) for span in spans]


def _sums(session: Session, span: Week, ours: Sequence[sa.ColumnElement[bool]]) -> dict[int, Sums]:
    add = sa.func.sum
    query = (
        sa.select(
            Call.agent_id,
            *(sa.func.count(), sa.func.count(Call.judged), add(Call.judged)),
            *(add(Call.faults), add(Call.severe), add(Call.disputed), add(Call.duration)),
        )
        .where(Call.status == "done", Call.began >= span[0], Call.began < span[1], *ours)
        .group_by(Call.agent_id)
    )
    return {
        agent or 0: Sums(calls, scored, float(points or 0.0), int(faults), int(severe), int(disputed), float(seconds))
        for agent, calls, scored, points, faults, severe, disputed, seconds in session.execute(query)
    }


def without_time(archive: Archive, asked: Asked, viewer: Viewer) -> int:
    """How many calls are in no figures, as nobody knows when they were."""
    with archive.read() as session:
        ours = [Call.status == "done", Call.began.is_(None), *_calls(session, asked, viewer)]
        return session.scalar(sa.select(sa.func.count()).select_from(Call).where(*ours)) or 0


def by_rule(
    archive: Archive, weeks: Sequence[Week], asked: Asked, viewer: Viewer
) -> dict[datetime, dict[Rule, Counts]]:
    """By week and rule its ``tallies.COUNTS``."""
    if asked.agent or viewer.role == "agent":
        with archive.read() as session:
            ours = list(_calls(session, asked, viewer))
            spans = ((start, [Call.began >= start, Call.began < end, *ours]) for start, end in weeks)
            return {start: tallies.of_calls(wanted, session) for start, wanted in spans}
    with archive.read() as session:
        team = _team(session, asked, viewer)
    return tallies.rules(archive, weeks, team, asked.queue)


def _team(session: Session, asked: Asked, viewer: Viewer) -> int | None:
    """The team whose calls are meant, -1 where there is none such, ``None`` for all."""
    allowed = None if viewer.role == "admin" else viewer.team_id if viewer.team_id is not None else -1
    if not asked.team:
        return allowed
    named = session.scalar(sa.select(Team.id).where(Team.name == asked.team))
    return named if named is not None and allowed in (None, named) else -1


def moments(
    archive: Archive, span: Week, rules: Sequence[tuple[str, str]], asked: Asked, viewer: Viewer, each: int = 2
) -> dict[tuple[str, str], list[Moment]]:
    """Of each rule, as flow and name, the latest moments at which it was missed or violated, of different calls.

    ``each``: at most so many.
    """
    found: dict[tuple[str, str], list[Moment]] = {rule: [] for rule in rules}
    with archive.read() as session:
        ours = [Call.began >= span[0], Call.began < span[1], Call.faults > 0, *_calls(session, asked, viewer)]
        latest = sa.select(Call.id).where(*ours).order_by(Call.began.desc(), Call.id.desc()).limit(LATEST)
        calls = session.scalars(latest).all()
        rows = session.execute(
            sa.select(StoredFinding, Call.began, Agent.name, Agent.code, FlowVersion.name)
            .join(Call, Call.id == StoredFinding.call_id)
            .outerjoin(Agent, Agent.id == Call.agent_id)
            .outerjoin(FlowVersion, FlowVersion.id == Call.flow_id)
            .where(StoredFinding.call_id.in_(calls), _rule(session).in_([rule for _, rule in rules]))
            .where(StoredFinding.standing.in_(("missed", "violated")))
            .order_by(Call.began.desc(), StoredFinding.number)
        )
        for finding, began, name, code, flow in rows:
            of_rule = found.get((flow or "", finding.rule))
            if of_rule is None or len(of_rule) == each:
                continue
            if all(moment.call != finding.call_id for moment in of_rule):
                of_rule.append(
                    _moment(finding, flow or "", began, (name if viewer.reveal else masked(name or "")) or code or "")
                )
        return found if viewer.reveal else _masked(session, found)


def _rule(session: Session) -> sa.ColumnElement[str]:
    """Calls are few and rules are common: SQLite, which would look up the rules first, is kept from it by a plus."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    return sa.literal_column("+findings.rule" if sqlite else "findings.rule", sa.String)


def _moment(finding: StoredFinding, flow: str, began: datetime | None, agent: str) -> Moment:
    at = pairing.moment(standing.finding(finding))
    said = next((str(seen["said"]) for seen in finding.evidence if seen.get("said")), "")
    return Moment(finding.call_id, finding.id, flow, finding.rule, finding.standing, agent, began, at, said)


def _masked(session: Session, found: Mapping[T, Sequence[Moment]]) -> dict[T, list[Moment]]:
    """What was said masked as part of its call: a number may be told in parts."""
    calls = {moment.call for moments in found.values() for moment in moments}
    of_call = maskers(session, list(calls))
    hidden = {call: of_call[call].text if call in of_call else masked for call in calls}
    return {rule: [replace(one, said=hidden[one.call](one.said)) for one in moments] for rule, moments in found.items()}


def known_flows(archive: Archive) -> dict[int, KnownFlow]:
    """What every version of every flow tells of its rules, by the version's id, the oldest first."""
    with archive.read() as session:
        flows = session.scalars(sa.select(FlowVersion).order_by(FlowVersion.id))
        return {flow.id: KnownFlow(flow.name, flow.rules) for flow in flows}


def flows_there(archive: Archive) -> tuple[int, int]:
    """By what one sees that there are new versions: how many there are, and the latest id."""
    with archive.read() as session:
        many, latest = session.execute(sa.select(sa.func.count(), sa.func.max(FlowVersion.id))).one()
        return many, latest or 0


def first_and_last(archive: Archive, viewer: Viewer) -> tuple[datetime, datetime] | None:
    """When the first and the last call began that ``viewer`` may see."""
    with archive.read() as session:
        first, last = (  # one at a time: each is at an end of an index, both together would be a walk through all
            session.scalar(sa.select(end(Call.began)).where(viewer.condition())) for end in (sa.func.min, sa.func.max)
        )
    return (first, last) if first is not None and last is not None else None


def _people(session: Session, asked: Asked, viewer: Viewer) -> Iterator[sa.ColumnElement[bool]]:
    allowed = viewer.agents()
    if allowed is not None:
        yield allowed
    if asked.agent:
        yield Agent.code == code_of(session, asked.agent, viewer)
    if asked.team:
        yield Team.name == asked.team


def _calls(session: Session, asked: Asked, viewer: Viewer) -> Iterator[sa.ColumnElement[bool]]:
    """What a call must meet, as ``search`` has it: the agents are looked up first."""
    if viewer.role != "admin" or asked.agent or asked.team:
        query = sa.select(Agent.id).outerjoin(Team, Team.id == Agent.team_id).where(*_people(session, asked, viewer))
        agents = session.scalars(query).all()
        yield Call.agent_id == agents[0] if len(agents) == 1 else Call.agent_id.in_(agents)
    if asked.queue:
        yield Call.queue == asked.queue
