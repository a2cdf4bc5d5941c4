"""What was added up a moment ago is not added up again: many look at the same figures at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

LASTS = 10.0
"""Seconds for which figures are kept."""
MOST = 200

T = TypeVar("T")


class Recent:
    """Keeps what was made, for ``LASTS`` seconds; of many who ask for the same at once one makes it."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes, or made lately for the same ``key``."""
        with self._lock:
            if len(self._kept) > MOST:
                self._kept.clear()
                self._making.clear()
            making = self._making.setdefault(key, threading.Lock())
        with making:
            until, made = self._kept.get(key, (0.0, None))
            if time.monotonic() < until:
                return made  # type: ignore[no-any-return]
            made = make()
            self._kept[key] = time.monotonic() + LASTS, made
            return made
