"""The sound of a recording for the page: its loudness over time, small; and itself, in a form that browsers play.

Both come from one reading of the file and are kept by the recording's hash beside the archive; what has gone is made
again.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from callflow.audio.opus import OpusWriter
from callflow.audio.source import FRAME, RATE, Source

OpenRecording = Callable[[Path, str], Source]
"""Opens a recording; the second argument is the agent's channel, ``left`` or ``right``."""

FRAMES = 2
"""Frames of 20 ms in one peak: 40 ms, 180 kB for an hour of two channels."""
PLAYED = frozenset({".opus", ".ogg", ".oga", ".webm", ".wav", ".mp3", ".flac", ".m4a", ".mp4"})
"""Files that browsers play as they are; all others are kept once more as Opus in WebM."""
PEAKS, COPY = ".peaks", ".webm"
_HEAD = struct.Struct("<IIf")
"""Channels, peaks of each, seconds of one peak."""


@dataclass(frozen=True, slots=True)
class Made:
    """``peaks``: the file with the peaks; ``sound``: what to play, the recording itself where browsers can."""

    peaks: Path
    sound: Path


class SoundFiles:
    """Peaks and playable copies in ``folder``. ``opened``: the adapter that reads recordings."""

    def __init__(self, folder: Path, opened: OpenRecording) -> None:
        self._folder = folder
        self._open = opened
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def made(self, recording: Path, name: str, agent: str) -> Made:
        """What is kept of a recording, made now where it is not; then it takes as long as reading the file does.

        ``name``: the recording's hash. Raises ``BadRecording``, or ``OSError`` where nothing can be kept.
        """
        stem = f"{name}-{agent}"
        made = Made(self._folder / f"{stem}{PEAKS}", self.played(recording, name, agent))
        with self._lock:
            lock = self._locks.setdefault(stem, Lock())
        with lock:
            if not (made.peaks.is_file() and made.sound.is_file()):
                self._make(recording, agent, made)
        return made

    def played(self, recording: Path, name: str, agent: str) -> Path:
        """The file to play, whether or not it has been made yet."""
        return recording if recording.suffix.lower() in PLAYED else self._folder / f"{name}-{agent}{COPY}"

    def _make(self, recording: Path, agent: str, made: Made) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        loud: list[NDArray[np.int16]] = []
        with self._open(recording, agent) as source:
            if made.sound == recording:
                loud.extend(map(_loudness, source))
            else:
                with _whole(made.sound) as file, OpusWriter(file, source.separate) as writer:
                    for block in source:
                        loud.append(_loudness(block))
                        writer.write(block)
            channels = 2 if source.separate else 1
        with _whole(made.peaks) as file:
            file.write(packed(np.concatenate(loud, axis=1) if loud else np.zeros((2, 0), np.int16), channels))


def _loudness(block: Any) -> NDArray[np.int16]:
    both = np.stack([block.agent, block.customer])
    # -32768 has no positive counterpart in int16, hence the shift.
    return np.asarray(np.max(np.abs(both.reshape(2, -1, FRAME) >> 1), axis=2))


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


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` only when everything is in it.

    It has the recording's hash in its name, too, so that a purge deletes it even if whoever makes it is killed.
    """
    file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.making-", delete=False)  # noqa: SIM115
    try:
        with file:
            yield cast(BinaryIO, file)
        os.replace(file.name, path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
