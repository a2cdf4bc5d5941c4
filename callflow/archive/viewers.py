"""Who sees which calls: agents their own, supervisors those of their team's agents, admins all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive.masking import masked
from callflow.archive.tables import Agent, Call
from callflow.errors import ArchiveError
from callflow.texts import Text, text

_TOLD = 20
Role = Literal["agent", "supervisor", "admin"]
ROLES = {
    "agent": Text("agent", "坐席"),
    "supervisor": Text("supervisor", "主管"),
    "admin": Text("administrator", "管理员"),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at calls. ``reveal``: sees long numbers as they are; for others they are masked."""

    role: Role
    agent_id: int | None = None
    team_id: int | None = None
    reveal: bool = False

    def condition(self) -> sa.ColumnElement[bool]:
        """What a call must meet to be seen; without a team or an agent of their own, people see nothing."""
        if self.role == "admin":
            return sa.true()
        if self.role == "supervisor" and self.team_id is not None:
            return Call.agent_id.in_(sa.select(Agent.id).where(Agent.team_id == self.team_id))
        if self.role == "agent" and self.agent_id is not None:
            return Call.agent_id == self.agent_id
        return sa.false()

    def agents(self) -> sa.ColumnElement[bool] | None:
        """The same as a condition on agents; ``None``: calls without an agent are seen, too."""
        if self.role == "admin":
            return None
        if self.role == "supervisor" and self.team_id is not None:
            return Agent.team_id == self.team_id
        return Agent.id == self.agent_id if self.role == "agent" and self.agent_id is not None else sa.false()


class NotSeen(ArchiveError):
    """There is no such thing, or not for whoever asked: nobody is told which."""


class Namesakes(NotSeen):
    """Several agents have the name by which one was asked for."""


EVERYTHING = Viewer("admin", reveal=True)
"""The command line, whose user can read the database as it is."""


def code_of(session: Session, given: str, viewer: Viewer) -> str:
    """The code of the agent who was asked for: by it, or by a name that no other agent whom ``viewer`` sees has.

    ``given`` where there is none such. Raises ``Namesakes``, with their codes.
    """
    allowed = viewer.agents()
    there = sa.select(Agent.code).where(sa.true() if allowed is None else allowed)
    if session.scalar(there.where(Agent.code == given)) is not None or not (viewer.reveal or masked(given) == given):
        return given
    codes = session.scalars(there.where(Agent.name == given).order_by(Agent.code).limit(_TOLD)).all()
    if len(codes) > 1:
        raise Namesakes(
            text('several agents are called "{n}"', "有多位坐席名为“{n}”", n=given[:80]),
            text("ask for one by code: {c}", "请改用工号：{c}", c=", ".join(codes)),
        )
    return codes[0] if codes else given


def seen(session: Session, call_id: int, viewer: Viewer) -> Call:
    """The call with that id. Raises ``NotSeen`` where there is none, or it is not for ``viewer``: alike."""
    call = session.scalar(sa.select(Call).where(Call.id == call_id, viewer.condition()))
    if call is None:
        raise NotSeen(text("there is no call {n}", "没有通话 {n}", n=call_id))
    return call
