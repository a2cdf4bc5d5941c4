"""Users: who may look at calls, as what, with which password. Logging in is in ``logins``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import audit
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Login, Team, User
from callflow.archive.viewers import Role, Viewer
from callflow.errors import ArchiveError, needed
from callflow.texts import text

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
"""Characters of a password, at least; nothing else is asked of it."""
LONGEST = 200


def add(
    archive: Archive,
    name: str,
    password: str,
    role: Role,
    *,
    agent: str = "",
    team: str = "",
    reveal: bool = False,
    language: Literal["zh", "en"] = "zh",
    by: str = "",
) -> User:
    """A new user. ``agent``, ``team``: whose calls an agent or supervisor sees; a team is made, an agent, too.

    Raises ``ArchiveError``: the name is taken, or something is missing.
    """
    name = name.strip()
    check(name, role, agent, team)
    hashed = _hash(password, name)
    with archive.begin() as session:
        if session.scalar(sa.select(User.id).where(User.name == name)) is not None:
            raise ArchiveError(
                text('there is a user "{n}" already', "用户“{n}”已存在", n=name),
                text("choose another name", "请换一个用户名"),
            )
        user = User(name=name, role=role, password=hashed, reveal=reveal, language=language, active=True)
        of_team = _team(session, team) if team else None
        of_agent = _agent(session, agent) if agent else None
        session.flush()
        user.team_id = of_team.id if of_team else None
        user.agent_id = of_agent.id if of_agent else None
        session.add(user)
        audit.write(session, by, "user.add", f"{name} ({role})")
    return user


def all_users(archive: Archive) -> list[User]:
    """Every user, by name, with those that are disabled."""
    with archive.read() as session:
        return list(session.scalars(sa.select(User).order_by(User.name)))


def set_active(archive: Archive, name: str, active: bool, by: str = "") -> None:
    """Let a user in again, or never more; who is disabled is out at once."""
    with archive.begin() as session:
        user = named(session, name)
        user.active = active
        if not active:
            session.execute(sa.delete(Login).where(Login.user_id == user.id))
        audit.write(session, by, "user.enable" if active else "user.disable", name)


def set_password(archive: Archive, name: str, password: str, by: str = "") -> None:
    """A new password; every login with the old one ends."""
    hashed = _hash(password, name)
    with archive.begin() as session:
        user = named(session, name)
        user.password = hashed
        session.execute(sa.delete(Login).where(Login.user_id == user.id))
        audit.write(session, by, "user.password", name)


def viewer(user: User) -> Viewer:
    """What a user may see."""
    return Viewer(cast(Role, user.role), user.agent_id, user.team_id, user.reveal)


def password_fits(user: User | None, password: str) -> bool:
    """Whether ``password`` is that of ``user``; for nobody it takes as long to say no."""
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = passwords()
    try:
        return hasher.verify(user.password if user else _nobodys(), password[: LONGEST + 1]) and user is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def passwords() -> PasswordHasher:
    """What hashes passwords. Its package is an extra: a batch without users does without it."""
    with needed(text("users", "用户管理"), "web", ArchiveError):
        from argon2 import PasswordHasher
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return passwords().hash("nobody has this password")


def _hash(password: str, name: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST or password == name:
        raise ArchiveError(
            text(
                "a password has {a} to {b} characters and is not the user's name",
                "密码须为 {a} 至 {b} 个字符，且不得与用户名相同",
                a=SHORTEST,
                b=LONGEST,
            ),
            text("choose another one; a short sentence is easy to remember", "请换一个；一个短句便于记忆"),
        )
    return passwords().hash(password)


def check(name: str, role: str, agent: str = "", team: str = "") -> None:
    """Raises ``ArchiveError`` where something of a new user is missing or wrong."""
    if not name or len(name) > 100 or not name.isprintable():
        raise ArchiveError(text("a user needs a name of up to 100 characters", "用户名须为 1 至 100 个字符"))
    if role not in get_args(Role):
        raise ArchiveError(
            text('there is no role "{r}"', "没有角色“{r}”", r=role),
            text("one of {n}", "可选：{n}", n=", ".join(get_args(Role))),
        )
    if role == "agent" and not agent:
        raise ArchiveError(
            text("a user with the role agent needs an agent, whose calls to see", "坐席用户须指明其工号"),
            text("give the agent's code: --agent 1001", "请给出工号：--agent 1001"),
        )
    if role == "supervisor" and not team:
        raise ArchiveError(
            text("a supervisor needs a team, whose calls to see", "主管须指明班组"),
            text("give its name: --team NAME", "请给出班组名：--team 班组"),
        )


def named(session: Session, name: str) -> User:
    """The user of that name. Raises ``ArchiveError`` where there is none."""
    user = session.scalar(sa.select(User).where(User.name == name))
    if user is None:
        raise ArchiveError(
            text('there is no user "{n}"', "没有用户“{n}”", n=name),
            text("callflow users list shows them all", "用 callflow users list 查看全部用户"),
        )
    return user


def _team(session: Session, name: str) -> Team:
    team = session.scalar(sa.select(Team).where(Team.name == name)) or Team(name=name)
    session.add(team)
    return team


def _agent(session: Session, code: str) -> Agent:
    agent = session.scalar(sa.select(Agent).where(Agent.code == code)) or Agent(code=code)
    session.add(agent)
    return agent
