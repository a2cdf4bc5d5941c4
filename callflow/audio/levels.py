"""How loud each of some devices is at the moment: to pick the right one by speaking into it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from callflow.audio.capture import Capture, Samples
from callflow.audio.devices import Device

FLOOR = -60.0
"""dBFS that count as nothing."""

_HELD = 0.3  # seconds that a peak is shown


class Levels:
    """Captures all of ``devices`` while the context lasts."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self._meters = [_Meter(device) for device in devices]

    def __enter__(self) -> Self:
        for meter in self._meters:
            meter.capture.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for meter in self._meters:
            meter.capture.close()

    def now(self) -> list[float | None]:
        """The peak of each device just now, in dBFS from ``FLOOR`` to 0; ``None`` where no sound comes."""
        return [meter.now() for meter in self._meters]

    def loudest(self) -> list[float | None]:
        """The peak of each device since the beginning."""
        return [meter.loudest if meter.capture.delivered.is_set() else None for meter in self._meters]


class _Meter:
    def __init__(self, device: Device) -> None:
        self.capture = Capture(device, self._hear)
        self.loudest = FLOOR
        self._level = FLOOR
        self._until = 0.0

    def now(self) -> float | None:
        if self.capture.heard == float("-inf") or not self.capture.delivered.is_set():
            return None
        return self._level if time.monotonic() < self._until else FLOOR

    def _hear(self, at: float, samples: Samples) -> None:
        level = peak(samples)
        self.loudest = max(self.loudest, level)
        if level >= self._level or time.monotonic() >= self._until:
            self._level, self._until = level, time.monotonic() + _HELD


def peak(samples: Samples) -> float:
    """The largest sample in dBFS, from ``FLOOR`` to 0."""
    largest = int(np.abs(samples.astype(np.int32)).max(initial=0))
    return max(FLOOR, 20 * math.log10(largest / 32768)) if largest else FLOOR
