"""The loudness of a recording over time, small: what a page draws of its sound, kept by the recording's hash.

The batch gathers it from the blocks that it listens to anyway, the desk from a reading of its own; both write the same.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from callflow.archive.calls import NewCall
from callflow.audio.source import FRAME, RATE, Block, Source
from callflow.errors import OutputError
from callflow.texts import Text, text
from callflow.writing import whole_or_nothing

FRAMES = 2
"""Frames of 20 ms in one peak: 40 ms, 180 kB for an hour of two channels."""
_HEAD = struct.Struct("<IIf")
"""Channels, peaks of each, seconds of one peak."""


class Drawn:
    """A ``Source`` that remembers how loud its blocks were as they go by."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._loud: list[NDArray[np.int16]] = []
        self.separate = source.separate
        self.warnings = source.warnings

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        block = next(self._source)
        self._loud.append(_loudness(block))
        return block

    def peaks(self) -> bytes:
        """The peaks of all blocks until now, as ``packed`` writes them."""
        loud = np.concatenate(self._loud, axis=1) if self._loud else np.zeros((2, 0), np.int16)
        return packed(loud, 2 if self.separate else 1)


class Keeper:
    """Writes peaks into ``folder``, where the desk looks for them: whole files or none.

    ``failed``: why the last one could not be written. That stops nothing, for the desk makes what it does not find.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.failed: Text | None = None

    def keep(self, call: NewCall) -> None:
        """Write what was gathered of ``call``, if anything was."""
        if not call.peaks:
            return
        path = self._folder / file_name(call.sha256, call.agent_channel)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole_or_nothing(path) as file:
                file.write(call.peaks)
        except OSError as error:
            why = error.strerror or str(error)
            self.failed = text('cannot make the folder "{p}": {w}', "无法建立文件夹“{p}”：{w}", p=self._folder, w=why)
        except OutputError as error:
            self.failed = error.message


def file_name(sha256: str, agent: str) -> str:
    """The file that keeps the peaks of a recording; ``agent``: the agent's channel, ``left`` or ``right``."""
    return f"{sha256}-{agent}.peaks"


def _loudness(block: Block) -> NDArray[np.int16]:
    """Half the largest sample of each frame, shape ``[2, frames]``: -32768 has no positive counterpart in int16."""
    loud = np.empty((2, len(block.agent) // FRAME), np.int16)
    for side, samples in enumerate((block.agent, block.customer)):
        frames = samples.reshape(-1, FRAME)
        # The same as max(abs(x >> 1)), without making arrays of all samples.
        np.maximum(frames.max(axis=1) >> 1, -(frames.min(axis=1) >> 1), out=loud[side])
    return loud


def packed(loud: NDArray[np.int16], channels: int) -> bytes:
    """Peaks as the page reads them: a head, then a byte 0 to 255 for each peak of one channel after the other.

    ``loud``: for each 20 ms, shape ``[2, frames]``. Both channels have one scale.
    """
    loud = loud[:channels]
    frames = loud.shape[1]
    levels = np.zeros((channels, -(-frames // FRAMES) * FRAMES), np.float64)
    levels[:, :frames] = loud
    levels = levels.reshape(channels, -1, FRAMES).max(axis=2)
    # A click or a ring tone must not press the voices flat: the loudest hundredth may go over the edge.
    top = max(float(np.quantile(levels, 0.99)), 400.0) if levels.size else 1.0
    # Lifts quiet speech, which is what one listens for in a telephone call, but not the noise of the line.
    drawn = np.round(255 * np.clip(levels / top, 0, 1) ** 0.7).astype(np.uint8)
    return _HEAD.pack(channels, drawn.shape[1], FRAMES * FRAME / RATE) + bytes(drawn.tobytes())
