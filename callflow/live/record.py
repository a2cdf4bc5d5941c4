"""The journal of a live call: every event as it happens, and nothing lost when the disk is full for a while.

While a call is on, its file ends in ``.part`` and is locked; one that nobody has locked is a call that was cut off
(``take_up``). Where the sound is kept too, it lies beside the journal, whose header names it.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from callflow.audio.source import Block
from callflow.errors import BadJournal, OutputError
from callflow.events import Event
from callflow.journal import PART, Header, Journal, read_journal
from callflow.live.append import Appended, take
from callflow.live.sound import SUFFIX as SOUND
from callflow.live.sound import CallSound
from callflow.texts import Text, refused, text

SUFFIX = ".jsonl"
MOST_WAITING = 100_000
"""Lines kept in memory while they cannot be written: hours of a call."""


class CallRecord:
    """Writes the journal of one call, and with ``sound`` what was heard. Nothing here raises: what cannot be written
    waits, and ``trouble`` says why.

    ``path`` is the name that the journal has in the end. ``taken``: its unfinished file, to be gone on with.
    """

    def __init__(self, path: Path, header: Header, sound: bool = False, taken: BinaryIO | None = None) -> None:
        self.path = path
        self._over = False
        self._part = path.with_name(path.name + PART)
        if taken:
            self._file = Appended(self._part, MOST_WAITING, taken, _whole_lines(taken))
            sound = sound and bool(header.recording)
        else:
            self._file = Appended(self._part, MOST_WAITING)
            header = replace(header, recording=path.with_suffix(SOUND).name) if sound else header
            self._file.write(header.to_json().encode() + b"\n")
        self._sound = CallSound(path.with_suffix(SOUND)) if sound else None

    @property
    def trouble(self) -> Text | None:
        """Why something is not written at the moment, in the system's words; "" where all is."""
        return self._file.trouble or (self._sound.file.trouble if self._sound else None)

    def write(self, event: Event) -> None:
        """Append one event."""
        if not self._over:
            self._file.write(event.to_json().encode() + b"\n")

    def hear(self, at: float, block: Block) -> None:
        """What was heard from second ``at`` of the call on."""
        if self._sound:
            self._sound.hear(at, block)

    def flush(self) -> bool:
        """Write what waits, as far as that is possible; returns whether all of it is written."""
        heard = self._sound.file.flush() if self._sound else True
        return self._file.flush() and heard

    def finish(self) -> Path | None:
        """The call is over: the journal gets its name. ``None`` where not all could be written: it stays a part."""
        complete = self._file.flush()
        if not complete:
            return None
        self._over = True
        if self._sound:
            self._sound.finish()
        if (
            os.name == "nt"
        ):  # where a file that is open cannot be renamed; elsewhere it stays ours until it has its name
            self.close()
        with suppress(OSError):
            if complete:
                os.replace(self._part, self.path)
        self.close()
        return self.path if complete and self.path.exists() else None

    def close(self) -> None:
        """Let go of the files; what is in them stays a part until somebody goes on with it."""
        self._file.close()
        if self._sound:
            self._sound.file.close()


def require_folder(folder: Path) -> None:
    """Make the folder for journals; raise ``OutputError`` where nothing can be written there.

    A disk that is merely full is no reason not to take calls: what is to be written waits until there is room.
    """
    if folder.exists() and not folder.is_dir():
        message = text('journals cannot be written to "{p}": it is a file', "日志无法写入“{p}”：这是一个文件", p=folder)
        raise OutputError(message, text("name a folder with --journals", "请用 --journals 指定文件夹"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return
        raise OutputError(
            text('journals cannot be written to "{p}": {w}', "日志无法写入“{p}”：{w}", p=folder, w=refused(error)),
            text(
                "name another folder with --journals, or keep nothing with --no-journal",
                "请用 --journals 指定其他文件夹，或用 --no-journal 不保存",
            ),
        ) from error


def take_up(folder: Path, sound: bool = False) -> Iterator[tuple[CallRecord, Journal]]:
    """The calls in ``folder`` that were cut off, oldest first, to be gone on with; those that another process is in are
    passed over, and so is what cannot be read: it stays for people to look at."""
    for part in sorted(folder.glob(f"*{SUFFIX}{PART}")):
        file = take(part)
        if file is None:
            continue
        try:
            journal = read_journal(part)
        except BadJournal:
            file.close()
            continue
        yield CallRecord(part.with_name(part.name.removesuffix(PART)), journal.header, sound, file), journal


def _whole_lines(file: BinaryIO) -> int:
    """How many bytes of a journal are whole lines."""
    file.seek(0)
    return file.read().rfind(b"\n") + 1
