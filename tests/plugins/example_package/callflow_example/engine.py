"""An engine that hears what a text file beside the recording says: ``call.wav.txt``, a line for each utterance.

A line is ``start end speaker words``: ``2.5 3.8 agent 这事不归我管``. For transcripts that another system has made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callflow.errors import ModelError
from callflow.events import Heard, Speaker
from callflow.texts import text

RATE = 16_000


def open_engine(recording: Path | None, threads: int) -> Beside:
    """Hears the text beside the recording; live it hears nothing."""
    if recording is None:
        return Beside([])
    path = recording.with_name(recording.name + ".txt")
    try:
        return Beside(path.read_text("utf-8").splitlines())
    except OSError as error:  # what we can explain, callflow shows in one line
        raise ModelError(
            text('no transcript "{p}"', "没有文字稿“{p}”", p=path.name), text("put it there", "请放在录音旁边")
        ) from error


class Beside:
    """The engine: a ``callflow.speech.transcriber.Transcriber``."""

    name = "beside"

    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.split(maxsplit=3) for line in lines if line.strip()]

    def session(self, speaker: Speaker, partials: bool = True) -> BesideSession:
        own = [(float(start), float(end), words) for start, end, who, words in self.lines if who == speaker]
        return BesideSession(speaker, sorted(own), partials)

    def close(self) -> None:
        pass


@dataclass
class BesideSession:
    """One channel: a ``callflow.speech.transcriber.Session``. What was said comes when its end has been heard."""

    speaker: Speaker
    lines: list[tuple[float, float, str]]
    partials: bool = True
    concluded: int = 0
    clock: float = field(default=0.0)

    def accept(self, samples: NDArray[np.int16], voiced: NDArray[np.bool_]) -> list[Heard]:
        self.clock += len(samples) / RATE
        return self._over(self.clock)

    def finish(self) -> list[Heard]:
        return self._over(float("inf"))

    def _over(self, until: float) -> list[Heard]:
        heard = []
        while self.lines and self.lines[0][1] <= until:
            start, end, words = self.lines.pop(0)
            self.concluded += 1
            utterance = f"{self.speaker[0]}{self.concluded}"
            said = Heard(at=self.clock, speaker=self.speaker, text=words, start=start, end=end, utterance=utterance)
            heard.append(said)
        return heard
