"""The journal of a live call: every event as it happens, and nothing lost when the disk is full for a while.

While a call is on, its file ends in ``.part``; a file left so is a call that was cut off (``unfinished``).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from callflow.events import Event
from callflow.journal import PART, Header, Journal, read_journal

SUFFIX = ".jsonl"
MOST_WAITING = 100_000
"""Lines kept in memory while they cannot be written: hours of a call."""


class CallRecord:
    """Writes the journal of one call. Nothing here raises: what cannot be written waits, and ``trouble`` says why.

    ``path`` is the name that the journal has in the end. Of one that exists already (``.part``), ``keep`` bytes stay
    and the rest is written behind them.
    """

    def __init__(self, path: Path, header: Header, keep: int = 0) -> None:
        self.path = path
        self.trouble = ""
        self._part = path.with_name(path.name + PART)
        self._file: BinaryIO | None = None
        self._good = keep
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        if not keep:
            self._waiting.append(header.to_json().encode() + b"\n")
        self.flush()

    def write(self, event: Event) -> None:
        """Append one event."""
        self._waiting.append(event.to_json().encode() + b"\n")
        if not self.trouble:
            self.flush()

    def flush(self) -> bool:
        """Write what waits, as far as that is possible; returns whether all of it is written."""
        try:
            if self._file is None:
                self._part.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o600)
                self._file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 (closed in finish())
                self._file.truncate(self._good)
                self._file.seek(self._good)
            while self._waiting:
                line = self._waiting[0]
                if self._file.write(line) != len(line):
                    raise OSError(28, os.strerror(28))
                self._good += len(line)
                self._waiting.popleft()
        except OSError as error:
            self.trouble = error.strerror or str(error)
            self._drop_half_a_line()
            return False
        self.trouble = ""
        return True

    def finish(self) -> Path | None:
        """The call is over: the journal gets its name. ``None`` where not all could be written: it stays a part."""
        complete = self.flush()
        self.close()
        if not complete:
            return None
        try:
            os.replace(self._part, self.path)
        except OSError as error:
            self.trouble = error.strerror or str(error)
            return None
        return self.path

    def close(self) -> None:
        """Let go of the file; what is in it stays a part until somebody goes on with it."""
        if self._file:
            self._file.close()
            self._file = None

    def _drop_half_a_line(self) -> None:
        if self._file:
            with suppress(OSError):
                self._file.truncate(self._good)
                self._file.seek(self._good)


def unfinished(folder: Path) -> Iterator[tuple[Path, Journal]]:
    """The calls in ``folder`` that were cut off, oldest first: the name that each will have, and its journal."""
    for part in sorted(folder.glob(f"*{SUFFIX}{PART}")):
        with suppress(Exception):  # one that cannot be read stays for people to look at
            yield part.with_name(part.name.removesuffix(PART)), read_journal(part)


def whole_lines(path: Path) -> int:
    """How many bytes of an unfinished journal are whole lines."""
    content = path.with_name(path.name + PART).read_bytes()
    return content.rfind(b"\n") + 1
