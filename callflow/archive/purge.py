"""Deleting old calls for good: rows, journals, what is searched, what the disk still holds; recordings if asked to."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from callflow.archive import audit, said, tallies
from callflow.archive.store import Archive
from callflow.archive.tables import Call
from callflow.errors import ArchiveError
from callflow.texts import text

AT_ONCE = 500
"""Calls of one transaction, so that others need not wait long."""
EVENTS = ".events.jsonl"
"""What lies beside a recording and belongs to it."""
_EMPTIED = ("calls", "journals", "findings", "fields", "decisions", "said", "said_index")


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: calls, and recordings.

    ``kept``: recordings that were left, as they lie outside the folders, are gone, or are not what was archived.
    ``wiped``: nothing of the calls is left on the disk either; others who have the archive open prevent it.
    """

    calls: int = 0
    recordings: int = 0
    kept: int = 0
    wiped: bool = True


def purge(
    archive: Archive,
    older_than: timedelta,
    now: datetime | None = None,
    *,
    recordings: Sequence[Path] = (),
    copies: Path | None = None,
    by: str = "",
) -> Purged:
    """Delete calls that began longer ago than ``older_than`` (those without a time: were archived longer ago).

    ``recordings``: folders; a recording of such a call that lies in one of them is deleted, too, and before the call:
    whatever interrupts this, the next purge ends it. ``copies``: where the desk keeps sound to play, in files whose
    names begin with a recording's sha256; these go whatever becomes of the recording. Raises ``ArchiveError``.
    """
    before = (now or audit.now()) - older_than
    folders = [folder.resolve() for folder in recordings]
    done = Purged()
    while calls := _old(archive, before):
        if folders:
            deleted = sum(_delete_recording(folders, path, digest) for _, path, digest in calls)
            done = replace(done, recordings=done.recordings + deleted, kept=done.kept + len(calls) - deleted)
        for _, _, digest in calls:
            _delete_copies(copies, digest)
        _delete(archive, [number for number, _, _ in calls])
        done = replace(done, calls=done.calls + len(calls))
    audit.note(archive, by, "purge", f"{done.calls} calls before {before:%Y-%m-%d %H:%M}, {done.recordings} recordings")
    return replace(done, wiped=_wipe(archive))


def count(archive: Archive, older_than: timedelta, now: datetime | None = None) -> int:
    """How many calls ``purge`` would delete."""
    with archive.read() as session:
        old = sa.select(sa.func.count(Call.id)).where(_is_old((now or audit.now()) - older_than))
        return session.scalar(old) or 0


def _is_old(before: datetime) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(Call.began, Call.added) < before


def _old(archive: Archive, before: datetime) -> Sequence[tuple[int, str, str]]:
    with archive.read() as session:
        wanted = sa.select(Call.id, Call.path, Call.sha256).where(_is_old(before)).order_by(Call.id).limit(AT_ONCE)
        return [(number, path, digest) for number, path, digest in session.execute(wanted)]


def _delete(archive: Archive, calls: Sequence[int]) -> None:
    """What hangs on a call goes with it, by its foreign keys; only the index of what was said has none."""
    with archive.begin() as session:
        began = session.scalars(sa.select(Call.began).where(Call.id.in_(calls))).all()
        said.take_out(session, calls)
        session.execute(sa.delete(Call).where(Call.id.in_(calls)))
        tallies.changed(session, began)


def _delete_recording(folders: list[Path], path: str, digest: str) -> bool:
    """Delete a recording that is still the one that was archived. Raises ``ArchiveError`` where it cannot."""
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # gone; or no path at all, or links in a circle
        return False
    if not digest or not real.is_file() or not any(real.is_relative_to(folder) for folder in folders):
        return False
    try:
        with open(real, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                return False
        real.with_name(real.name + EVENTS).unlink(missing_ok=True)
        real.unlink()
    except OSError as error:
        raise _undeletable(real, error) from error
    return True


def _delete_copies(folder: Path | None, digest: str) -> None:
    if folder is not None and re.fullmatch("[0-9a-f]{64}", digest):
        for copy in folder.glob(f"*{digest}-*"):  # also what was being written when a process was killed
            try:
                copy.unlink(missing_ok=True)
            except OSError as error:
                raise _undeletable(copy, error) from error


def _undeletable(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        text('cannot delete "{p}": {w}', "无法删除“{p}”：{w}", p=path, w=error.strerror or error),
        text("give this user the right to, and purge again", "请授予删除权限后重新清除"),
    )


def _wipe(archive: Archive) -> bool:
    """Take from the disk what was deleted; false where others who use the archive prevent it for now."""
    if archive.sqlite:
        return _wipe_sqlite(archive)
    with archive.told(), archive.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"VACUUM FULL {', '.join(_EMPTIED)}"))
    return True


def _wipe_sqlite(archive: Archive) -> bool:
    """Deleted rows are zeros already (``secure_delete``); what is searched, and the log of changes, still have them."""
    connection = archive.engine.raw_connection()
    try:
        run = connection.cursor().execute
        run("INSERT INTO said_index (said_index) VALUES ('optimize')")
        (busy, *_) = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        with suppress(sqlite3.OperationalError):  # it only makes the file smaller, for which there may be no room
            run("VACUUM")
            run("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
