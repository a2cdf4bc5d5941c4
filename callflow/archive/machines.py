"""Tokens by which agents' machines come to the live wall: made for a user, kept as a hash, revoked at any time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from callflow.archive import audit, users
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Team, User, WallToken
from callflow.errors import ArchiveError
from callflow.texts import text

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Machine:
    """Whose machine it is: the user (id and name), and the agent whose calls it shows."""

    user: int
    user_name: str
    agent: str
    agent_name: str
    team_id: int | None
    team: str


def new_token(archive: Archive, name: str, by: str = "") -> str:
    """A new token for the machine of the agent who is user ``name``; one from before is no longer good.

    It is told this once. Raises ``ArchiveError``: no such user, or one without an agent.
    """
    secret = secrets.token_urlsafe(24)
    with archive.begin() as session:
        user = users.named(session, name)
        if user.role != "agent" or user.agent_id is None:
            raise ArchiveError(
                text(
                    '"{n}" is no agent: the wall shows calls of agents', "“{n}”不是坐席，看板只显示坐席的通话", n=name
                ),
                text("give the name of a user with --role agent", "请给出角色为 agent 的用户名"),
            )
        session.execute(sa.delete(WallToken).where(WallToken.user_id == user.id))
        session.add(WallToken(user_id=user.id, hashed=_hashed(secret), made=audit.now()))
        audit.write(session, by, "wall.token", name)
        return f"{user.id}.{secret}"


def revoke(archive: Archive, name: str, by: str = "") -> None:
    """The token of user ``name`` is good no longer; a machine that is connected with it is cut off soon."""
    with archive.begin() as session:
        user = users.named(session, name)
        session.execute(sa.delete(WallToken).where(WallToken.user_id == user.id))
        audit.write(session, by, "wall.revoke", name)


def machine(archive: Archive, token: str) -> Machine | None:
    """Whose machine has ``token``; ``None`` where nobody's.

    Looked up by its public part; the secret is compared in constant time, and for nobody it takes as long to say no.
    """
    number, _, secret = token.partition(".")
    if len(token) > LONGEST or not (number.isascii() and number.isdigit()) or len(number) > 9:
        number, secret = "0", ""
    with archive.read() as session:
        found = session.execute(
            sa.select(WallToken.hashed, User, Agent, Team)
            .join(User, User.id == WallToken.user_id)
            .join(Agent, Agent.id == User.agent_id)
            .outerjoin(Team, Team.id == Agent.team_id)
            .where(WallToken.user_id == int(number), User.active, User.role == "agent")
        ).one_or_none()
    right = hmac.compare_digest(_hashed(secret), found[0] if found else _NOBODYS)
    if found is None or not right:
        return None
    _, user, agent, team = found
    return Machine(user.id, user.name, agent.code, agent.name, agent.team_id, team.name if team else "")


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


_NOBODYS = "0" * 64
