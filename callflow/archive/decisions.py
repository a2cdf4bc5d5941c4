"""What people decide about findings: accept, dispute, correct. Nothing is ever deleted; the score follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import audit, standing, tallies
from callflow.archive.standing import Rescore
from callflow.archive.store import Archive
from callflow.archive.tables import Call, Decision, StoredFinding, User
from callflow.archive.users import viewer
from callflow.archive.viewers import NotSeen
from callflow.errors import ArchiveError
from callflow.events import Verdict
from callflow.texts import Text, text

Kind = Literal["accept", "dispute", "correct"]
LONGEST_NOTE = 2_000


def decide(
    archive: Archive,
    finding_id: int,
    user: User,
    kind: Kind,
    verdict: Verdict | Literal[""] = "",
    note: str = "",
    rescore: Rescore | None = None,
    address: str = "",
    now: Callable[[], datetime] = audit.now,
) -> Decision:
    """Keep what ``user``, who is at ``address``, decided about a finding.

    ``dispute`` opens it, which anybody may do who sees the call, and leaves the verdict as it stands; an agent's
    ``accept`` takes back a dispute of the agent's own. A supervisor's ``accept`` makes the engine's verdict stand,
    ``correct`` makes ``verdict`` stand. Then the call's counts follow, and, by ``rescore``, its score. Raises
    ``ArchiveError``.
    """
    _check(user, kind, verdict, note)
    with archive.begin() as session:
        stored, call = _finding(session, finding_id, user)
        decision = Decision(
            finding_id=stored.id,
            user_id=user.id,
            kind=kind,
            verdict=verdict,
            engine=stored.verdict,
            note=note.replace("\0", ""),
            when=now(),
        )
        session.add(decision)
        session.flush()
        standing.rule_on(session, stored)
        standing.refresh(session, call, rescore)
        tallies.changed(session, [call.began])
        what = f"call {call.id}, finding {stored.id} ({stored.rule})"
        audit.write(session, user.name, f"finding.{kind}", what, address)
    return decision


def of_call(archive: Archive, call_id: int) -> dict[int, list[tuple[Decision, str]]]:
    """All decisions about a call's findings, oldest first, with the names of who decided; by finding."""
    with archive.read() as session:
        rows = session.execute(
            sa.select(Decision, User.name)
            .join(User, User.id == Decision.user_id)
            .join(StoredFinding, StoredFinding.id == Decision.finding_id)
            .where(StoredFinding.call_id == call_id)
            .order_by(Decision.id)
        )
        found: dict[int, list[tuple[Decision, str]]] = {}
        for decision, name in rows:
            found.setdefault(decision.finding_id, []).append((decision, name))
    return found


def _check(user: User, kind: str, verdict: str, note: str) -> None:
    if kind not in get_args(Kind) or (kind == "correct") != (verdict in get_args(Verdict)):
        raise ArchiveError(_BAD)
    if kind == "correct" and user.role == "agent":
        raise ArchiveError(
            text("only a supervisor corrects a finding", "只有主管可以更正判定"),
            text("dispute it, and say why", "请提出异议并说明理由"),
        )
    if len(note) > LONGEST_NOTE:
        raise ArchiveError(text("a note has up to {n} characters", "备注最多 {n} 个字符", n=LONGEST_NOTE))


_BAD: Text = text(
    "a decision is accept, dispute, or correct with the right verdict", "决定须为接受、异议，或附正确判定的更正"
)


def _finding(session: Session, finding_id: int, user: User) -> tuple[StoredFinding, Call]:
    """The finding, and its call under lock; read after the lock, as somebody may have decided while we waited."""
    call = session.scalar(
        sa.select(Call)
        .join(StoredFinding, StoredFinding.call_id == Call.id)
        .where(StoredFinding.id == finding_id, viewer(user).condition())
        .with_for_update(of=Call)
    )
    stored = session.get(StoredFinding, finding_id) if call else None
    if call is None or stored is None:
        raise NotSeen(text("there is no finding {n}", "没有判定 {n}", n=finding_id))
    return stored, call
