"""What every source of sound gives: blocks of both speakers' samples on the call's audio clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from callflow.texts import Text

RATE = 16_000
"""Samples a second of everything downstream of a source, in Hz: what the recognisers want."""

FRAME = 320
"""Samples of one frame, 20 ms at ``RATE``: the smallest unit in which sound is judged."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole frames of both channels.

    ``at``: seconds of the first sample on the call's audio clock. ``agent`` and ``customer``: int16 arrays of shape
    ``[frames * FRAME]``, equally long.
    """

    at: float
    agent: NDArray[np.int16]
    customer: NDArray[np.int16]

    @property
    def end(self) -> float:
        """Seconds, on the call's audio clock, at which the block has been heard in full."""
        return self.at + len(self.agent) / RATE


class Source(Protocol):
    """A recording or a device: a context-managed iterator of Blocks without gaps, read once from front to back.

    ``separate``: whether each speaker has a channel of their own; where not, all sound is in ``agent`` and ``customer``
    is silent. ``warnings``: what a person should know about the sound; may grow until the last block is read.
    """

    separate: bool
    warnings: list[Text]

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Block]: ...

    def __next__(self) -> Block: ...
