"""Archives calls in a thread of its own, as many at a time as are there.

One that comes alone is in the archive at once; where they come faster than a database commits, they share a commit, and
nobody who judges waits for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from callflow.archive.calls import NewCall

MOST_WAITING = 64
"""Calls that wait to be archived; beyond them, whoever judges has to wait."""


class Keeper:
    """``keep`` is called with one or more calls, in the order they were put. A context manager: leaving it in peace
    waits for the last call, and raises what ``keep`` raised.

    ``stopped``: set where nothing more is to be kept; ``keep`` should look at it while it waits for something.
    """

    def __init__(self, keep: Callable[[list[NewCall]], None]) -> None:
        self._keep = keep
        self._queue: queue.Queue[NewCall | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="archive", daemon=True)
        self._failed: BaseException | None = None
        self.stopped = threading.Event()

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and kind is not KeyboardInterrupt:
            self.stopped.set()
        if self._thread.is_alive():
            self._put(None)
        self._thread.join()
        if kind is None and self._failed:
            raise self._failed

    def put(self, call: NewCall) -> None:
        """Hand over a call; raises what went wrong with one before it."""
        self._put(call)
        if self._failed:
            raise self._failed

    def _put(self, call: NewCall | None) -> None:
        while self._thread.is_alive():
            try:
                self._queue.put(call, timeout=0.2)
            except queue.Full:
                continue
            return

    def _work(self) -> None:
        try:
            while calls := self._waiting():
                self._keep(calls)
        except BaseException as error:
            self._failed = error

    def _waiting(self) -> list[NewCall]:
        """All that are there, at least one; none where no more will come."""
        calls: list[NewCall] = []
        one = self._queue.get()
        while one is not None and not self.stopped.is_set():
            calls.append(one)
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return calls
        if one is None and calls:
            self._queue.put(None)  # for the next time
        return calls
