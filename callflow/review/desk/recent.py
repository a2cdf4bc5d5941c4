"""What was added up a moment ago is not added up again: many look at the same figures at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from callflow.errors import CallflowError
from callflow.texts import text

LASTS = 10.0
"""Seconds for which figures are kept."""
MAKERS, WAITING = 4, 20
"""For figures, which take a while: the server has 40 threads for all pages."""
MOST = 300_000
"""Figures that are kept in all: a few tens of megabytes."""
BUSY = (
    text("too many figures are being added up at once", "同时统计的数字太多"),
    text("try again in a moment", "请稍后再试"),
)

T = TypeVar("T")


@dataclass(slots=True)
class _Making:
    """Something that is being made, and why it could not be."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    failed: Exception | None = None


class Recent:
    """Keeps what was made for some seconds; of many who ask for the same at once one makes it.

    What is made must not ask for anything else that is kept here. ``makers``, ``waiting``: so many results are made
    at a time, and so many may be waited for, in threads that other pages need, too.
    """

    def __init__(self, makers: int = MAKERS, waiting: int = WAITING) -> None:
        self._kept: dict[Hashable, tuple[float, int, Any]] = {}
        self._making: dict[Hashable, _Making] = {}
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(waiting)
        self._makers = threading.BoundedSemaphore(makers)

    def of(self, key: Hashable, make: Callable[[], T], lasts: float = LASTS) -> T:
        """What ``make`` makes, or made for the same ``key`` within ``lasts`` seconds.

        Raises ``CallflowError`` where so many wait already that others would have to wait for them; where ``make``
        fails, all who waited for it get its error, and only who asks later has it tried again.
        """
        kept = self._fresh(key)
        if kept:
            return kept[0]  # type: ignore[no-any-return]
        with self._lock:
            if not self._waiting.acquire(blocking=False):
                raise CallflowError(*BUSY)
            making = self._making.setdefault(key, _Making())
        try:
            with making.lock:
                if kept := self._fresh(key):
                    return kept[0]  # type: ignore[no-any-return]
                if making.failed:
                    raise making.failed
                try:
                    with self._makers:
                        made = make()
                except Exception as error:
                    making.failed = error
                    raise
                self._keep(key, made, lasts)
                return made
        finally:
            with self._lock:
                if self._making.get(key) is making:
                    del self._making[key]
            self._waiting.release()

    def _fresh(self, key: Hashable) -> tuple[Any] | None:
        until, _, made = self._kept.get(key, (0.0, 0, None))
        return (made,) if time.monotonic() < until else None

    def _keep(self, key: Hashable, made: Any, lasts: float) -> None:
        now = time.monotonic()
        with self._lock:
            kept = {other: one for other, one in self._kept.items() if one[0] > now and other != key}
            room = MOST - (weight := _weight(made))
            for other in list(kept):  # the oldest first
                if sum(one[1] for one in kept.values()) > room:
                    del kept[other]
            self._kept = kept | {key: (now + lasts, weight, made)}


def _weight(made: Any, deep: int = 3) -> int:
    """About how many figures it is."""
    if not deep or isinstance(made, str) or not isinstance(made, Collection):
        return 1
    return 1 + sum(_weight(one, deep - 1) for one in (made.values() if isinstance(made, Mapping) else made))
