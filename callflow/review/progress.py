"""How far work over many calls has come: one line at the foot of a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text as Line

from callflow.review import words
from callflow.texts import Text, text

EVERY = 10.0
"""Seconds between two plain lines."""
DRAWN = 0.1
"""Seconds between two drawings."""


class Progress:
    """A context manager, so that an interruption leaves the terminal in order. ``total``: calls in all."""

    def __init__(self, to: TextIO, total: int, language: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Console(file=to, highlight=False)
        self._total, self._language, self._clock = total, language, clock
        self._began = self._told = clock()
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def done(self, count: int) -> None:
        """``count`` calls are done."""
        now = self._clock()
        if now - self._told < (DRAWN if self._live else EVERY):
            return
        self._told = now
        line = Line(f"  {self.line(count, now - self._began).in_(self._language)}")
        if self._live:
            self._live.update(line, refresh=True)
        else:
            self._console.print(line, soft_wrap=True)

    def line(self, count: int, elapsed: float) -> Text:
        """``120 of 3,000 · 152 calls/s · 0:19 left``."""
        rate = count / max(elapsed, 1e-6)
        parts = [text("{n:,} of {a:,}", "{n:,} / {a:,}", n=count, a=self._total)]
        parts.append(text("{r:.3g} calls/s", "{r:.3g} 通/秒", r=rate))
        if rate and count < self._total:
            parts.append(text("{t} left", "还剩 {t}", t=words.clock((self._total - count) / rate + 1)))
        return Text(" · ".join(part.en for part in parts), " · ".join(part.zh for part in parts))
