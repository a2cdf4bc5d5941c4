"""Users: who may look at calls, as what, with which password. Logging in is in ``logins``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import audit
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, Decision, Login, Team, User, WallToken
from callflow.archive.viewers import Role, Viewer
from callflow.errors import ArchiveError, needed
from callflow.problems import did_you_mean
from callflow.texts import Text, text

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
        _place(session, user, agent, team)
        session.add(user)
        audit.write(session, by, "user.add", f"{name} ({role})")
    return user


def change(
    archive: Archive,
    name: str,
    role: Role | None = None,
    *,
    agent: str | None = None,
    team: str | None = None,
    reveal: bool | None = None,
    by: str = "",
) -> User:
    """Another role, agent or team, or other rights; what is ``None`` stays. It holds from the next page on.

    A token for the live wall is good no longer where the role or the agent changes: the machine is another's then.

    Raises ``ArchiveError``: no such user, or something is missing.
    """
    with archive.begin() as session:
        user = named(session, name)
        asked = {"role": role, "agent": agent, "team": team, "reveal": reveal}
        told = " ".join(f"{what}={value}" for what, value in asked.items() if value is not None)
        was, whose, of = _placed(session, user)
        before = user.role, user.agent_id
        user.role = role or user.role
        user.reveal = user.reveal if reveal is None else reveal
        if agent is None:
            agent = whose if user.role == "agent" else ""
        team = of if team is None else team
        check(name, user.role, agent, team)
        _place(session, user, agent, team)
        session.flush()
        if (user.role, user.agent_id) != before:
            session.execute(sa.delete(WallToken).where(WallToken.user_id == user.id))
        _forget(session, was)
        audit.write(session, by, "user.change", f"{name} ({told})")
    return user


def remove(archive: Archive, name: str, by: str = "") -> None:
    """Take a user out for good. Raises ``ArchiveError``: no such user, or one whose decisions would go, too."""
    with archive.begin() as session:
        user = named(session, name)
        if session.scalar(sa.select(Decision.id).where(Decision.user_id == user.id).limit(1)) is not None:
            raise ArchiveError(
                text('"{n}" has decided about findings, which keep the name', "“{n}”有复核记录，须保留姓名", n=name),
                text("disable the user instead", "请改用 disable 停用该用户"),
            )
        was, *_ = _placed(session, user)
        session.execute(sa.delete(User).where(User.id == user.id))
        _forget(session, was)
        audit.write(session, by, "user.remove", name)


def unknown(archive: Archive, agent: str = "", team: str = "") -> list[Text]:
    """What to tell of an agent or a team that nothing has named so far: it may be a slip, or one whose calls come."""
    with archive.read() as session:
        codes, teams = (list(session.scalars(sa.select(column))) for column in (Agent.code, Team.name))
    told = []
    if agent and agent not in codes:
        near = did_you_mean(agent, codes)
        told.append(text('no call so far has an agent "{a}"{n}', "目前没有坐席“{a}”的通话{n}", a=agent, n=near))
    if team and team not in teams:
        near = did_you_mean(team, teams)
        told.append(text('no call so far has a team "{t}"{n}', "目前没有班组“{t}”的通话{n}", t=team, n=near))
    return told


def with_names(archive: Archive) -> list[tuple[User, str, str]]:
    """Every user, by name, with the code of the agent and the name of the team."""
    wanted = sa.select(User, sa.func.coalesce(Agent.code, ""), sa.func.coalesce(Team.name, "")).select_from(User)
    wanted = wanted.outerjoin(Agent, Agent.id == User.agent_id).outerjoin(Team, Team.id == User.team_id)
    with archive.read() as session:
        return [(user, code, team) for user, code, team in session.execute(wanted.order_by(User.name))]


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
    if role != "agent" and agent:
        raise ArchiveError(
            text("only a user with the role agent has an agent's code", "只有坐席用户才有工号"),
            text("leave out --agent, or give --role agent", "请去掉 --agent，或指明 --role agent"),
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


def _place(session: Session, user: User, agent: str, team: str) -> None:
    """Whose calls ``user`` sees; an agent or team that is not there yet is made."""
    of_team = session.scalar(sa.select(Team).where(Team.name == team)) or Team(name=team) if team else None
    of_agent = session.scalar(sa.select(Agent).where(Agent.code == agent)) or Agent(code=agent) if agent else None
    session.add_all(filter(None, (of_team, of_agent)))
    session.flush()
    user.team_id = of_team.id if of_team else None
    user.agent_id = of_agent.id if of_agent else None


def _placed(session: Session, user: User) -> tuple[tuple[int | None, int | None], str, str]:
    """The ids of agent and team, the agent's code, the team's name."""
    agent, team = session.get(Agent, user.agent_id or 0), session.get(Team, user.team_id or 0)
    return (user.agent_id, user.team_id), agent.code if agent else "", team.name if team else ""


def _forget(session: Session, was: tuple[int | None, int | None]) -> None:
    """An agent or team that was only ever named for a user, perhaps by a slip, is not left to be chosen on pages."""
    agent, team = was
    of_agent = sa.or_(sa.exists().where(Call.agent_id == Agent.id), sa.exists().where(User.agent_id == Agent.id))
    of_team = sa.or_(sa.exists().where(Agent.team_id == Team.id), sa.exists().where(User.team_id == Team.id))
    session.execute(sa.delete(Agent).where(Agent.id == agent, sa.not_(of_agent)))
    session.execute(sa.delete(Team).where(Team.id == team, sa.not_(of_team)))
