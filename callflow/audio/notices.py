"""What a person should know about the sound while it runs, and that it is over."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from callflow.texts import Text


@dataclass(frozen=True, slots=True)
class Notice:
    """``id`` says what it is about and stays the same (``microphone.gone``); ``text`` what is wrong and what to do, or,
    once it has ``ended``, that all is well again.
    """

    id: str
    text: Text
    ended: bool = False


class Notices:
    """Notices on their way from those who notice to those who show; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Notice] = {}
        self._new: dict[str, Notice] = {}

    def put(self, notice: Notice) -> None:
        """Begin a notice, change its text, or end it; ending one that never began says nothing."""
        with self._lock:
            if notice.ended and notice.id not in self._open:
                return
            if self._open.get(notice.id) == notice:
                return
            if notice.ended:
                del self._open[notice.id]
            else:
                self._open[notice.id] = notice
            self._new.pop(notice.id, None)
            self._new[notice.id] = notice

    def take(self) -> list[Notice]:
        """What is new since the last time, oldest first; of each notice its latest state only."""
        with self._lock:
            new, self._new = list(self._new.values()), {}
            return new

    @property
    def open(self) -> list[Notice]:
        """The notices that have not ended, oldest first."""
        with self._lock:
            return list(self._open.values())
