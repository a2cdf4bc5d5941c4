"""Who did what, and when: every log-in, every access to a recording, every export, decision and purge."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive.store import Archive
from callflow.archive.tables import Audit


def note(archive: Archive, user: str, action: str, what: str = "", address: str = "") -> None:
    """Write one line of the log: ``user`` did ``action`` to ``what`` from ``address``."""
    with archive.begin() as session:
        write(session, user, action, what, address)


def write(session: Session, user: str, action: str, what: str = "", address: str = "") -> None:
    """The same inside a transaction, so that what is done and what is noted are kept together."""
    line = Audit(when=now(), user=user[:200], action=action[:40], what=what[:2_000], address=address[:64])
    session.add(line)


def read(archive: Archive, *, limit: int = 100, before: int | None = None) -> list[Audit]:
    """The newest lines; ``before`` an id, to read on."""
    with archive.read() as session:
        wanted = sa.select(Audit).order_by(Audit.id.desc()).limit(limit)
        return list(session.scalars(wanted if before is None else wanted.where(Audit.id < before)))


def now() -> datetime:
    """UTC without a zone, as the tables have it."""
    return datetime.now(UTC).replace(tzinfo=None)
