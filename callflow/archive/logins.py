"""Logging in: sessions that end, and patience with those who mistype, but not for ever."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import audit, users
from callflow.archive.store import Archive
from callflow.archive.tables import Audit, Login, User
from callflow.errors import ArchiveError
from callflow.texts import text

LASTS = timedelta(hours=12)
"""How long a login lasts, whatever is done with it."""
IDLE = timedelta(minutes=60)
"""How long it lasts without use."""
WINDOW = timedelta(minutes=15)
"""Wrong passwords are remembered so long."""
TRIES = 5
"""So many of them for one name from one address, and it must wait until one of them is forgotten."""
TRIES_OF_ADDRESS = 30
"""But not for who has logged in from there of late: behind a proxy, or in a house with one address, strangers who guess
must not lock everybody out."""
OF_LATE = timedelta(days=30)
TRIES_OF_NAME = 50
"""From everywhere: high, so that nobody can easily lock another one out."""
_NOTED = timedelta(minutes=1)
"""Use of a login is noted no more often than this."""
_BUSY = 0.2
"""Seconds that a page waits for others that write, to note that it was asked for."""

Now = Callable[[], datetime]


class LoginRefused(ArchiveError):
    """Not let in. ``wait``: seconds after which to try again; 0 where name or password were wrong."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait = wait
        if wait:
            minutes = math.ceil(wait / 60)
            super().__init__(
                text("too many wrong passwords", "密码错误次数过多"),
                text("try again in {m} min", "请在 {m} 分钟后重试", m=minutes),
            )
        else:
            super().__init__(
                text("name or password are wrong", "用户名或密码错误"),
                text("try again, or ask an admin for a new password", "请重试，或请管理员重设密码"),
            )


def log_in(archive: Archive, name: str, password: str, address: str = "", now: Now = audit.now) -> str:
    """A new login; returns the token for its cookie. Raises ``LoginRefused``.

    Every try counts as a wrong one until it has proved right, so that a thousand at once are no way around it.
    """
    name, began = name.strip()[:100], now()
    with archive.begin() as session:
        _one_at_a_time(session, name)
        wait = _wait(session, name, address, began)
        user = session.scalar(sa.select(User).where(User.name == name))
        tried = Audit(when=began, user=name, action="login.throttled" if wait else "login.failed", address=address[:64])
        session.add(tried)
    if wait:
        raise LoginRefused(wait)
    fits = users.password_fits(user, password)
    if user is None or not fits or not user.active:
        raise LoginRefused
    token = secrets.token_urlsafe(32)
    with archive.begin() as session:
        session.execute(sa.update(Audit).where(Audit.id == tried.id).values(action="login"))
        session.execute(sa.delete(Login).where(sa.or_(Login.ends <= began, Login.used <= began - IDLE)))
        session.add(Login(token=_hidden(token), user_id=user.id, began=began, used=began, ends=began + LASTS))
    return token


def logged_in(archive: Archive, token: str, now: Now = audit.now, use: bool = True) -> User | None:
    """Whose login ``token`` is, as long as it lasts; it lasts longer by being used, unless this is no ``use``."""
    if not token:
        return None
    at = now()
    with archive.read() as session:
        found = session.execute(
            sa.select(User, Login.used)
            .join(Login, Login.user_id == User.id)
            .where(Login.token == _hidden(token), Login.ends > at, Login.used > at - IDLE, User.active)
        ).one_or_none()
    if found is None:
        return None
    user, used = found
    if use and at - used > _NOTED:
        with suppress(ArchiveError), archive.begin(_BUSY) as session:  # while others write, the next page notes it
            session.execute(sa.update(Login).where(Login.token == _hidden(token)).values(used=at))
    return user


def log_out(archive: Archive, token: str) -> None:
    """End a login."""
    with archive.begin() as session:
        session.execute(sa.delete(Login).where(Login.token == _hidden(token)))


def _hidden(token: str) -> str:
    """What is kept of a token: whoever reads the archive can log in with none of them."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _one_at_a_time(session: Session, name: str) -> None:
    """SQLite has one writer anyway; PostgreSQL must be told, or two at once would not see each other's tries."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))


def _wait(session: Session, name: str, address: str, now: datetime) -> float:
    """Seconds until ``name`` may try again from ``address``; 0: now. A new password forgives who guessed at the old."""
    since = now - WINDOW
    renewed = session.scalar(
        sa.select(sa.func.max(Audit.when)).where(
            Audit.action == "user.password", Audit.what == name, Audit.when > since
        )
    )
    failed = sa.select(Audit.when).where(Audit.action == "login.failed", Audit.when > since)
    right = session.scalar(
        sa.select(sa.func.max(Audit.when)).where(
            Audit.action == "login", Audit.user == name, Audit.address == address[:64], Audit.when > now - OF_LATE
        )
    )
    of_name = failed.where(Audit.user == name, Audit.when > (renewed or since))
    own = of_name.where(Audit.address == address[:64], Audit.when > (right or since))
    waits = [_until_forgotten(session, own, TRIES, now), _until_forgotten(session, of_name, TRIES_OF_NAME, now)]
    if right is None:
        waits.append(_until_forgotten(session, failed.where(Audit.address == address[:64]), TRIES_OF_ADDRESS, now))
    return max(waits)


def _until_forgotten(session: Session, failed: sa.Select[datetime], tries: int, now: datetime) -> float:
    last = session.scalars(failed.order_by(Audit.when.desc()).limit(tries)).all()
    return (last[-1] + WINDOW - now).total_seconds() if len(last) == tries else 0.0
