"""One call with all that is known of it but its journal, and what calls can be told apart by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from callflow.archive.masking import masked
from callflow.archive.search import CallRow, rows_of
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, FlowVersion, StoredFinding, StoredJournal
from callflow.archive.viewers import NotSeen, Viewer, seen
from callflow.texts import text


@dataclass(frozen=True, slots=True)
class Details:
    """A call. ``version``: the sha256 of its journal; ``findings`` are in the order they were told.

    ``path``: where the recording lay; to open it by, never to be shown, as its name may hold a number.
    """

    row: CallRow
    path: str
    sha256: str
    engine: str
    flow: str
    version: str
    groups: dict[str, Any]
    findings: tuple[StoredFinding, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What calls can be filtered by: agents as code and name, rules as the flows tell of them."""

    agents: tuple[tuple[str, str], ...]
    queues: tuple[str, ...]
    rules: dict[str, dict[str, Any]]


def details(archive: Archive, call_id: int, viewer: Viewer) -> Details:
    """The call with that id. Raises ``NotSeen`` where there is none, or it is not for ``viewer``: alike."""
    with archive.read() as session:
        call = seen(session, call_id, viewer)
        flow = session.get(FlowVersion, call.flow_id) if call.flow_id else None
        findings = session.scalars(
            sa.select(StoredFinding).where(StoredFinding.call_id == call_id).order_by(StoredFinding.number)
        ).all()
        rows = rows_of(session, [call_id], viewer.reveal)
        if not rows:  # purged between one look and the next
            raise NotSeen(text("there is no call {n}", "没有通话 {n}", n=call_id))
        return Details(
            row=rows[0],
            path=call.path,
            sha256=call.sha256,
            engine=call.engine,
            flow=flow.name if flow else "",
            version=session.scalar(sa.select(StoredJournal.sha256).where(StoredJournal.call_id == call_id)) or "",
            groups=dict(call.groups or {}),
            findings=tuple(findings),
        )


def recorded(archive: Archive, call_id: int, viewer: Viewer) -> tuple[str, str]:
    """Where the recording of a call lay, and its sha256. Raises ``NotSeen``."""
    with archive.read() as session:
        call = seen(session, call_id, viewer)
        return call.path, call.sha256


def call_of(archive: Archive, finding_id: int) -> int | None:
    """The call that a finding belongs to."""
    with archive.read() as session:
        return session.scalar(sa.select(StoredFinding.call_id).where(StoredFinding.id == finding_id))


def choices(archive: Archive, viewer: Viewer) -> Choices:
    """What there is to choose from for ``viewer``."""
    allowed = viewer.agents()
    with archive.read() as session:
        agents = session.execute(
            sa.select(Agent.code, Agent.name).where(sa.true() if allowed is None else allowed).order_by(Agent.code)
        )
        queues = session.scalars(sa.select(Call.queue).where(viewer.condition(), Call.queue != "").distinct())
        rules: dict[str, dict[str, Any]] = {}
        for flow in session.scalars(sa.select(FlowVersion).order_by(FlowVersion.id)):
            rules.update(flow.rules)
        named = ((code, name if viewer.reveal else masked(name)) for code, name in agents)
        seen_queues = (queue for queue in queues if viewer.reveal or masked(queue) == queue)
        return Choices(tuple(named), tuple(sorted(seen_queues)), rules)
