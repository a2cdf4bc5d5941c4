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
from typing import Protocol, Self, runtime_checkable

from callflow.audio.capture import Capture
from callflow.audio.clocked import PATIENCE, PATIENCE_LOOPBACK, Joined, Samples
from callflow.audio.devices import Device
from callflow.audio.notices import Notices
from callflow.audio.presence import LOOKED_AFTER_EVERY, look_at, look_for_sources
from callflow.audio.source import FRAME, RATE, Block
from callflow.texts import Text

_WAITING = 60 * 50
"""Pieces of the microphone that wait for a program that is busy elsewhere: a minute."""
_STARTS_WITHIN = 3.0
"""Seconds that the microphone gets to open before it is said to be gone."""


@runtime_checkable
class Line(Protocol):
    """The sound of a telephone call, int16 at ``RATE``."""

    def pieces(self) -> list[tuple[float, Samples]]:
        """What has come since the last time, each piece with the ``time.perf_counter`` of its first sample."""
        ...

    def speak(self, samples: Samples) -> None:
        """Send the agent's voice."""
        ...


class Telephone:
    """Blocks of one frame, as they are spoken. ``began``: ``time.monotonic`` at 0 on the audio clock.

    ``device``: the agent's microphone, captured while this is open; without one, ``microphone`` is to be called.
    ``notices``: what is wrong with it at the moment.
    """

    separate = True

    def __init__(self, line: Line, device: Device | None = None) -> None:
        self.warnings: list[Text] = []
        self.notices = Notices()
        self.began = 0.0
        self._line = line
        self._spoken: queue.Queue[tuple[float, Samples]] = queue.Queue(_WAITING)
        self._joined = Joined(0.0)
        self._blocks: deque[Block] = deque()
        self._closed = threading.Event()
        self._capture = Capture(device, self.microphone) if device else None
        self._looking_after = threading.Thread(target=self._look_after, name="microphone", daemon=True)

    def microphone(self, at: float, samples: Samples) -> None:
        """A piece of the agent's voice, on any thread; ``at``: ``time.perf_counter`` of its first sample."""
        self._line.speak(samples)
        if not self._spoken.full():
            self._spoken.put((at, samples))

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._joined = Joined(time.perf_counter(), PATIENCE, PATIENCE_LOOPBACK)
        self._line.pieces()  # what was said before is no part of this
        if self._capture:
            self._capture.start()
            self._looking_after.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the microphone; iteration ends. May be called from another thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._capture and self._looking_after.is_alive():
            self._looking_after.join()
            self._capture.close()

    def _look_after(self) -> None:
        """Every now and then: is the microphone gone, or back?"""
        assert self._capture
        rounds = 0
        while not self._closed.wait(LOOKED_AFTER_EVERY):
            if rounds % 4 == 0:
                look_for_sources(self._capture)
            rounds += 1
            if rounds * LOOKED_AFTER_EVERY > _STARTS_WITHIN:
                self.notices.put(look_at("microphone", self._capture))

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
