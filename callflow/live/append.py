"""Files that grow while a call is on: nothing is lost when the disk is full for a while, no two processes write one.

A file belongs to the process that has it open: the system lets go of it whatever ends the process.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from callflow.texts import Text, refused
from callflow.writing import claimed


class Appended:
    """Bytes behind the end of a file. Nothing here raises: what cannot be written waits, and ``trouble`` says why.

    A new file is made with the first flush; a ``file`` from ``take`` goes on behind its first ``keep`` bytes.
    ``most_waiting``: so many pieces are kept in memory while they cannot be written; then the oldest go.
    """

    def __init__(self, path: Path, most_waiting: int, file: BinaryIO | None = None, keep: int = 0) -> None:
        self.path = path
        self.trouble: Text | None = None
        self._file = file
        self._good = keep
        self._waiting: deque[bytes] = deque(maxlen=most_waiting)
        if file:
            self._drop_half_a_piece()

    def write(self, data: bytes) -> None:
        """Append ``data``, all of it or, for now, nothing."""
        self._waiting.append(data)
        if not self.trouble:
            self.flush()

    def flush(self) -> bool:
        """Write what waits, as far as that is possible; returns whether all of it is written."""
        try:
            if self._file is None:
                self._file = _new(self.path)
            while self._waiting:
                piece = self._waiting[0]
                if self._file.write(piece) != len(piece):
                    raise OSError(28, os.strerror(28))
                self._good += len(piece)
                self._waiting.popleft()
        except OSError as error:
            self.trouble = refused(error)
            self._drop_half_a_piece()
            return False
        self.trouble = None
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _drop_half_a_piece(self) -> None:
        if self._file:
            with suppress(OSError):
                self._file.truncate(self._good)
                self._file.seek(self._good)


def take(path: Path) -> BinaryIO | None:
    """Open a file that is there, to be read and written; ``None`` where that cannot be, where another process has it
    or has given it another name."""
    try:
        file = open(path, "r+b", buffering=0)  # noqa: SIM115 (whoever takes it closes it)
    except OSError:
        return None
    with suppress(OSError):
        if claimed(file) and os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return file
    file.close()
    return None


def _new(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    # What was said is nobody else's business.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 (whoever made it closes it)
    claimed(file, wait=True)  # another that just looks at it sees that it is empty, and lets go
    return file
