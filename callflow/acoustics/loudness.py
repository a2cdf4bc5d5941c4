"""How loud a speaker is, and whether the channel clips, for each stretch of speech."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from callflow.acoustics.spectrum import FRAME, SECONDS
from callflow.events import Clipping, Event, Loudness, Speaker

FULL = 32_000
"""Samples at least so large, of 32,767, are clipped: u-law itself ends at 32,124 and A-law at 32,256."""

_PAUSE = 25  # frames: 0.5 s without voice end a stretch
_LONGEST = 500  # frames: after 10 s a stretch is reported and a new one begins, so that a monologue is heard of too
_SHORTEST = 15  # voiced frames: less than 0.3 s is a click or a grunt
_CLIPPED = 0.001  # share of samples from which on clipping is heard


class LoudnessMeter:
    """Follows one speaker from ``start`` (seconds).

    The level is that of the speech band, 200 to 3400 Hz, over the voiced frames: a sine at full scale has -3 dBFS.
    """

    def __init__(self, speaker: Speaker, start: float = 0.0) -> None:
        self._speaker = speaker
        self._start = start
        self._frame = 0
        self._first = self._end = 0  # of the stretch under way: first frame, frame after the last voiced one
        self._voiced = self._hit = 0  # its voiced frames, its clipped samples
        self._power = 0.0  # sum over the voiced frames

    def feed(self, power: list[float], voiced: list[bool], hits: list[int]) -> list[Event]:
        """Stretches that the next frames bring to an end. One item a frame: ``power`` as in ``spectrum.Figures``,
        ``hits`` from ``clipped_samples``."""
        events: list[Event] = []
        for sound, voice, clipped in zip(power, voiced, hits, strict=True):
            if voice:
                if not self._voiced:
                    self._begin(self._frame)
                self._voiced += 1
                self._power += sound
                self._end = self._frame + 1
            self._hit += clipped
            self._frame += 1
            if self._voiced and (self._frame - self._end >= _PAUSE or self._frame - self._first >= _LONGEST):
                events += self._stretch()
        return events

    def finish(self) -> list[Event]:
        """The stretch that the end of the call cuts off."""
        return self._stretch() if self._voiced else []

    def _begin(self, frame: int) -> None:
        self._first = self._end = frame
        self._voiced = self._hit = 0
        self._power = 0.0

    def _stretch(self) -> list[Event]:
        at = self._start + self._frame * SECONDS
        start, end = self._start + self._first * SECONDS, self._start + self._end * SECONDS
        voiced, mean = self._voiced, self._power / self._voiced
        share = self._hit / ((self._end - self._first) * FRAME)
        self._begin(self._frame)
        if voiced < _SHORTEST:
            return []
        events: list[Event] = [
            Loudness(at=at, start=start, end=end, speaker=self._speaker, dbfs=10 * math.log10(max(mean, 1e-10)))
        ]
        if share >= _CLIPPED:
            events.append(Clipping(at=at, start=start, end=end, speaker=self._speaker, share=min(share, 1.0)))
        return events


def clipped_samples(samples: NDArray[np.int16]) -> list[list[int]]:
    """How many samples of each frame are clipped; ``samples`` of shape ``[channels, frames * FRAME]``."""
    channels, frames = samples.shape[0], samples.shape[1] // FRAME
    if not frames or (samples.max() < FULL and samples.min() > -FULL):
        return [[0] * frames] * channels
    hit = (samples >= FULL) | (samples <= -FULL)
    counts: list[list[int]] = hit.reshape(channels, frames, FRAME).sum(axis=2).tolist()
    return counts
