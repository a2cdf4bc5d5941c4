"""Deleting old calls for good: rows, journals, what is searched, what the disk still holds; recordings if asked to."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from callflow.archive import audit, said, tallies
from callflow.archive.store import Archive
from callflow.archive.tables import Call
from callflow.texts import Text, text

AT_ONCE = 500
"""Calls of one transaction, so that others need not wait long."""
MOST_LEFT = 20
"""Files that were left that are named."""
PAGES = 1_000
"""Pages of the database that one step of wiping goes through."""
EVENTS = ".events.jsonl"
"""What lies beside a recording and belongs to it."""
_EMPTIED = ("calls", "journals", "findings", "fields", "decisions", "said", "said_index")


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted: calls, and files of them, which are recordings and journals.

    ``kept``: files that were left, as they lie outside the folders, are gone, or are not what was archived; ``left``:
    the first of them, with the reason.
    ``undeletable``: why files could not be deleted; the calls of recordings and journals among them are still there.
    ``wiped``: nothing of the calls is left on the disk either; others who have the archive open prevent it.
    """

    calls: int = 0
    recordings: int = 0
    kept: int = 0
    left: tuple[Text, ...] = field(default=(), compare=False)
    undeletable: tuple[Text, ...] = ()
    wiped: bool = True


@dataclass(frozen=True, slots=True)
class _Old:
    """A call that goes. ``files``: its recording, and the journal that was judged where that is another file; with the
    sha256 they had."""

    id: int
    files: frozenset[tuple[str, str]]


def purge(
    archive: Archive,
    older_than: timedelta,
    now: datetime | None = None,
    *,
    recordings: Sequence[Path] = (),
    copies: Path | None = None,
    by: str = "",
    dry_run: bool = False,
) -> Purged:
    """Delete calls that began longer ago than ``older_than`` (those without a time: were archived longer ago).

    ``recordings``: folders; what such a call was archived from and lies in one of them is deleted, too, and before the
    call: whatever interrupts this, the next purge ends it. A call of which a file cannot be deleted stays, and the
    others go. ``copies``: where the desk keeps sound to play, in files that have a recording's sha256 in their names;
    all go of which no call is left. ``dry_run``: nothing is deleted, only counted. Raises ``ArchiveError``.
    """
    before = (now or audit.now()) - older_than
    folders = [folder.resolve() for folder in recordings]
    done, last, undeletable = Purged(), 0, list[Text]()
    while calls := _old(archive, before, last):
        gone, deleted, left = [], 0, list[Text]()
        for call in calls:
            try:
                for path, digest in call.files if folders else ():
                    found = _deletable(folders, path, digest)
                    if isinstance(found, Text):
                        left.append(found)
                        continue
                    if not dry_run:
                        _delete_file(found)
                    deleted += 1
                gone.append(call.id)
            except OSError as error:
                undeletable.append(_why(error, call.files))
        if gone and not dry_run:
            what = f"{len(gone)} calls before {before:%Y-%m-%d %H:%M}, {deleted} recordings"
            _delete(archive, gone, by, what)
        done = Purged(
            done.calls + len(gone),
            done.recordings + deleted,
            done.kept + len(left),
            (*done.left, *left)[:MOST_LEFT],
        )
        last = calls[-1].id
    if dry_run:
        return done
    undeletable += delete_copies(archive, copies) if copies else []
    return replace(done, undeletable=tuple(undeletable), wiped=_wipe(archive))


def count(archive: Archive, older_than: timedelta, now: datetime | None = None) -> int:
    """How many calls ``purge`` would delete."""
    with archive.read() as session:
        old = sa.select(sa.func.count(Call.id)).where(_is_old((now or audit.now()) - older_than))
        return session.scalar(old) or 0


def _is_old(before: datetime) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(Call.began, Call.added) < before


def _old(archive: Archive, before: datetime, after: int) -> list[_Old]:
    """Some of the old calls, by their ids, from ``after`` on."""
    with archive.read() as session:
        columns = (Call.id, Call.path, Call.sha256, Call.source, Call.source_sha256)
        wanted = sa.select(*columns).where(_is_old(before), Call.id > after).order_by(Call.id).limit(AT_ONCE)
        return [
            _Old(number, frozenset([(path, digest), (source, source_digest)]))
            for number, path, digest, source, source_digest in session.execute(wanted)
        ]


def _delete(archive: Archive, calls: Sequence[int], by: str, what: str) -> None:
    """What hangs on a call goes with it, by its foreign keys; only the index of what was said has none."""
    with archive.begin() as session:
        began = session.scalars(sa.select(Call.began).where(Call.id.in_(calls))).all()
        said.take_out(session, calls)
        session.execute(sa.delete(Call).where(Call.id.in_(calls)))
        tallies.changed(session, began)
        audit.write(session, by, "purge", what)


def _deletable(folders: list[Path], path: str, digest: str) -> Path | Text:
    """A recording or journal that is still the one that was archived; else why it is left. Raises ``OSError`` where it
    cannot be read."""
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # gone; or no path at all, or links in a circle
        return text('"{p}" is not there', "“{p}”已不存在", p=path)
    if not any(real.is_relative_to(folder) for folder in folders):
        return text('"{p}" is in no folder that was named', "“{p}”不在所给的文件夹内", p=path)
    if digest and real.is_file():
        with open(real, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == digest:
                return real
    return text('"{p}" is not what was archived', "“{p}”已不是归档时的文件", p=path)


def _delete_file(real: Path) -> None:
    """Delete a recording or journal and what lies beside it. Raises ``OSError`` where it cannot."""
    real.with_name(real.name + EVENTS).unlink(missing_ok=True)
    real.unlink()


def delete_copies(archive: Archive, folder: Path) -> list[Text]:
    """Delete copies to play of which no call is left, whoever purged it; also those that nobody finished, as who made
    them was killed. Returns what cannot be deleted, and why.
    """
    if not folder.is_dir():
        return []
    copies = {path: found[1] for path in folder.iterdir() if (found := re.search("([0-9a-f]{64})-", path.name))}
    digests = sorted(set(copies.values()))
    left: set[str] = set()
    with archive.read() as session:
        for start in range(0, len(digests), AT_ONCE):
            portion = digests[start : start + AT_ONCE]
            left |= set(session.scalars(sa.select(Call.sha256).where(Call.sha256.in_(portion))))
    undeletable = []
    for path, digest in copies.items():
        if digest not in left:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                undeletable.append(_why(error, [(str(path), digest)]))
    return undeletable


def _why(error: OSError, files: Iterable[tuple[str, str]]) -> Text:
    named = error.filename or ", ".join(sorted(path for path, _ in files))
    return text('cannot delete "{p}": {w}', "无法删除“{p}”：{w}", p=named, w=error.strerror or error)


def _wipe(archive: Archive) -> bool:
    """Take from the disk what was deleted; false where others who use the archive prevent it for now."""
    if archive.sqlite:
        return _wipe_sqlite(archive)
    with archive.told(), archive.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"VACUUM FULL {', '.join(_EMPTIED)}"))
    return True


def _wipe_sqlite(archive: Archive) -> bool:
    """Deleted rows are zeros already (``secure_delete``); what is searched, and the log of changes, still have them.

    Step by step, as others who write must wait for the end of each.
    """
    connection = archive.engine.raw_connection()
    try:
        run = connection.cursor().execute
        _merge(connection)
        with suppress(sqlite3.OperationalError):  # it only makes the file smaller, for which there may be no room
            while _shrunk(connection):
                pass
        (busy, *_) = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()


def _merge(connection: Any) -> None:
    """Make one piece of the index of what was said: what was taken out is in the pieces that it was put into."""
    run = connection.cursor().execute
    run("INSERT INTO said_index (said_index, rank) VALUES ('merge', ?)", [-PAGES])
    changes = -2
    while connection.total_changes - changes >= 2:  # as FTS5 has it: fewer, and there was nothing left to do
        changes = connection.total_changes
        run("INSERT INTO said_index (said_index, rank) VALUES ('merge', ?)", [PAGES])


def _shrunk(connection: Any) -> bool:
    """Give some pages that are free back to the disk; false where there was nothing more to give."""
    free = "PRAGMA freelist_count"
    (before,) = connection.cursor().execute(free).fetchone()
    connection.cursor().executescript(f"PRAGMA incremental_vacuum({PAGES})")  # execute would do a single page
    return bool(connection.cursor().execute(free).fetchone()[0] < before)
