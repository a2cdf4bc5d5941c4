"""A softphone's call as a Source: the microphone = agent, what comes over the line = customer.

The line's sound is taken where it is exact, before any loudspeaker, and what the microphone gives goes both to the
recogniser and to the line. Before the answer, during a hold and between calls the line is silent by the clock.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from callflow.audio.clocked import PATIENCE, PATIENCE_LOOPBACK, Joined, Samples
from callflow.audio.source import FRAME, RATE, Block
from callflow.texts import Text

_WAITING = 60 * 50
"""Pieces of the microphone that wait for a program that is busy elsewhere: a minute."""


class Line(Protocol):
    """The sound of a telephone call, int16 at ``RATE``."""

    def pieces(self) -> list[tuple[float, Samples]]:
        """What has come since the last time, each piece with the ``time.perf_counter`` of its first sample."""
        ...

    def speak(self, samples: Samples) -> None:
        """Send the agent's voice."""
        ...


class Telephone:
    """Blocks of one frame, as they are spoken. ``began``: ``time.monotonic`` at 0 on the audio clock."""

    separate = True

    def __init__(self, line: Line) -> None:
        self.warnings: list[Text] = []
        self.began = 0.0
        self._line = line
        self._spoken: queue.Queue[tuple[float, Samples]] = queue.Queue(_WAITING)
        self._joined = Joined(0.0)
        self._blocks: deque[Block] = deque()
        self._closed = threading.Event()

    def microphone(self, at: float, samples: Samples) -> None:
        """A piece of the agent's voice, on any thread; ``at``: ``time.perf_counter`` of its first sample."""
        self._line.speak(samples)
        if not self._spoken.full():
            self._spoken.put((at, samples))

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._joined = Joined(time.perf_counter(), PATIENCE, PATIENCE_LOOPBACK)
        self._line.pieces()  # what was said before is no part of this
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Iteration ends. May be called from another thread."""
        self._closed.set()

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        """The next frame; waits for it to be spoken."""
        while not self._blocks:
            if self._closed.wait(FRAME / RATE):
                raise StopIteration
            while not self._spoken.empty():
                self._joined.agent.add(*self._spoken.get())
            for at, samples in self._line.pieces():
                self._joined.customer.add(at, samples)
            self._blocks.extend(self._joined.blocks(time.perf_counter()))
        return self._blocks.popleft()
