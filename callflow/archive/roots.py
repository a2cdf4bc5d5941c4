"""Where recordings may lie: folders that whoever fills the archive has named. Nothing else is opened for anybody."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from callflow.archive.store import Archive
from callflow.archive.tables import Root
from callflow.errors import ArchiveError
from callflow.texts import text


def allow(archive: Archive, folder: Path) -> None:
    """Recordings in ``folder``, and below it, may be played, and deleted by a purge."""
    path = str(folder.resolve())
    with archive.begin() as session:
        if session.scalar(sa.select(Root.id).where(Root.path == path)) is None:
            session.add(Root(path=path))


def roots(archive: Archive) -> list[Path]:
    """All such folders."""
    with archive.read() as session:
        return [Path(path) for path in session.scalars(sa.select(Root.path).order_by(Root.path))]


def inside(archive: Archive, path: str) -> Path:
    """The real file that ``path`` names, links followed. Raises ``ArchiveError`` where it is outside, or no file."""
    found = within(roots(archive), path)
    if found is None:
        raise ArchiveError(
            text("the recording is not there any more", "录音已不在原处"),
            text(
                "it was moved or deleted, or its folder is not one of the archive's",
                "已被移动或删除，或其文件夹不属于归档库",
            ),
        )
    return found


def within(folders: list[Path], path: str) -> Path | None:
    """The real file that ``path`` names, if it is one and lies in one of ``folders``."""
    try:
        real = Path(path).resolve(strict=True)
        return real if real.is_file() and any(real.is_relative_to(folder) for folder in folders) else None
    except (OSError, ValueError, RuntimeError):
        return None
