"""The loudness of a call over time, small enough to draw: gathered block by block, never the sound itself."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import FRAME, RATE, Block

BINS = 2_000
"""Most points drawn for one channel: more than the pixels of a wide screen."""


class Waveform:
    """Peaks of both channels for every 20 ms; 3 hours take 2 MB."""

    def __init__(self) -> None:
        self._peaks = (array("h"), array("h"))
        self.seconds = 0.0

    def add(self, block: Block) -> None:
        """Take in the next block; blocks follow each other without gaps."""
        for peaks, samples in zip(self._peaks, (block.agent, block.customer), strict=True):
            # -32768 has no positive counterpart in int16, hence the shift.
            peaks.frombytes(np.max(np.abs(samples.reshape(-1, FRAME) >> 1), axis=1).tobytes())
        self.seconds += len(block.agent) / RATE

    def paths(self) -> tuple[str, str]:
        """Both channels as SVG path data in a box of x 0 to ``BINS`` and y -100 to 100, on one common scale."""
        agent, customer = (_binned(peaks) for peaks in self._peaks)
        both = np.concatenate([agent, customer])
        # A click or a ring tone must not press the voices flat: the loudest hundredth may go over the edge.
        top = max(float(np.quantile(both, 0.99)), 400.0) if both.size else 1.0
        return _path(agent / top), _path(customer / top)


def _binned(peaks: array[int]) -> NDArray[np.float64]:
    frames = np.array(peaks, np.int16)
    if len(frames) <= BINS:
        return frames.astype(np.float64)
    starts = np.linspace(0, len(frames), BINS, endpoint=False).astype(np.int64)
    return np.maximum.reduceat(frames, starts).astype(np.float64)


def _path(levels: NDArray[np.float64]) -> str:
    """An outline, mirrored at the middle; at least one unit high, so that silence is a line."""
    if not levels.size:
        return ""
    # Lifts quiet speech, which is what one listens for in a telephone call, but not the noise of the line.
    heights = np.maximum(1, np.round(100 * np.clip(levels, 0, 1) ** 0.7)).astype(int)
    x = np.round(np.linspace(0, BINS, len(heights)), 1)
    upper = [f"{a:g},{-b}" for a, b in zip(x, heights, strict=True)]
    lower = [f"{a:g},{b}" for a, b in zip(x[::-1], heights[::-1], strict=True)]
    return f"M{' '.join(upper + lower)}Z"
