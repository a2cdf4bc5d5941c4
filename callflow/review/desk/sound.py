"""The sound of a recording for the page: its loudness over time, small; and itself, in a form that browsers play.

Both are kept by the recording's hash beside the archive. Where the batch has not left the peaks there, both come from
one reading of the file; what has gone is made again.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO, cast

from callflow.audio.opus import OpusWriter
from callflow.audio.source import Source
from callflow.review import peaks

OpenRecording = Callable[[Path, str], Source]
"""Opens a recording; the second argument is the agent's channel, ``left`` or ``right``."""

PLAYED = frozenset({".opus", ".ogg", ".oga", ".webm", ".wav", ".mp3", ".flac", ".m4a", ".mp4"})
"""Files that browsers play as they are; all others are kept once more as Opus in WebM."""
COPY = ".webm"


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
        made = Made(self._folder / peaks.file_name(name, agent), self.played(recording, name, agent))
        with self._lock:
            lock = self._locks.setdefault(stem, Lock())
        with lock:
            if not (made.peaks.is_file() and made.sound.is_file()):
                self._make(recording, agent, made)
        return made

    def peaks(self, recording: Path, name: str, agent: str) -> Path:
        """The file with the peaks alone, which may be there before anything to play is. As ``made``."""
        return self.kept(name, agent) or self.made(recording, name, agent).peaks

    def kept(self, name: str, agent: str) -> Path | None:
        """The file with the peaks of the recording of that hash, if there is one."""
        kept = self._folder / peaks.file_name(name, agent)
        return kept if name and kept.is_file() else None

    def played(self, recording: Path, name: str, agent: str) -> Path:
        """The file to play, whether or not it has been made yet."""
        return recording if recording.suffix.lower() in PLAYED else self._folder / f"{name}-{agent}{COPY}"

    def _make(self, recording: Path, agent: str, made: Made) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._open(recording, agent) as source:
            drawn = peaks.Drawn(source)
            if made.sound == recording:
                deque(drawn, maxlen=0)
            else:
                with _whole(made.sound) as file, OpusWriter(file, source.separate) as writer:
                    for block in drawn:
                        writer.write(block)
        with _whole(made.peaks) as file:
            file.write(drawn.peaks())


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
