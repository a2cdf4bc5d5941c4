"""Files that could not be judged: which they are, and that they are forgotten once they can."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from callflow.archive.store import Archive
from callflow.archive.tables import Call


def known(archive: Archive) -> dict[str, str]:
    """The sha256 that each failed file had, by its path."""
    with archive.read() as session:
        return {
            path: sha for path, sha in session.execute(sa.select(Call.path, Call.sha256).where(Call.status == "failed"))
        }


def forget(archive: Archive, paths: Sequence[str]) -> None:
    """Take the rows of failed files out: the file at ``paths`` is a call now."""
    with archive.begin() as session:
        session.execute(sa.delete(Call).where(Call.status == "failed", Call.path.in_(paths)))
