"""A telephony source that reads call events from a file which another program appends to: ``--calls spool:/path/file``.

Each line is ``call event``: ``17 answered``. ``Inbox`` of callflow does the waiting; a thread of ours reads.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from callflow.errors import TelephonyError
from callflow.events import CallAnswered, CallHungUp, CallRinging
from callflow.telephony.source import Inbox
from callflow.texts import text

EVENTS = {
    "ringing": CallRinging(at=0.0, ring=1),
    "answered": CallAnswered(at=0.0),
    "hung_up": CallHungUp(at=0.0, by="customer"),
}


def open_spool(address: str) -> Spool:
    """Reads call events that another program appends to a file."""
    return Spool(Path(address.partition(":")[2]))


class Spool(Inbox):
    """The source: a ``callflow.telephony.source.CallEvents``."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.over = threading.Event()

    def __enter__(self) -> Self:
        if not self.path.is_file():
            raise TelephonyError(text('no spool "{p}"', "没有 spool 文件“{p}”", p=self.path))
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.close()

    def _read(self) -> None:
        with open(self.path, encoding="utf-8") as file:
            while not self.over.is_set():
                line = file.readline()
                call, _, event = line.strip().partition(" ")
                if event in EVENTS:
                    self.report(EVENTS[event], call)
                elif not line:
                    self.over.wait(0.1)
