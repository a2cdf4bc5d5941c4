"""The sound of a live call beside its journal, where that was asked for: as it comes, less than a second behind."""

from __future__ import annotations

import secrets
from pathlib import Path

from callflow.audio.ogg import OpusPages, end_of
from callflow.audio.source import FRAME, RATE, Block
from callflow.live.append import Appended, take

SUFFIX = ".opus"
MOST_WAITING = 7200
"""Pages kept in memory while they cannot be written: an hour, 15 MB."""


class CallSound:
    """Writes both channels of one call to ``path``, or goes on with what is there. Nothing here raises."""

    def __init__(self, path: Path) -> None:
        self.path = path
        file = take(path) if path.exists() else None
        end = end_of(file) if file else None
        self._pages = OpusPages(secrets.randbits(31), end)
        self.file = Appended(path, MOST_WAITING, file, end.size if end else 0)
        if not end:
            self.file.write(self._pages.begin())

    def hear(self, at: float, block: Block) -> None:
        """What was heard from ``at`` on, in seconds of the call; what is missing before it is silence."""
        missing = at - self._pages.seconds
        pages = self._pages.silence(missing) if missing > FRAME / RATE else b""
        pages += self._pages.add(block)
        if pages:
            self.file.write(pages)

    def finish(self) -> None:
        """The call is over."""
        self.file.write(self._pages.end())
        self.file.close()
