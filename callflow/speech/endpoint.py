"""Cuts one channel into utterances by its voiced flags, so that engines decode speech and never silence.

That saves most of the work of a call, in which each side is silent at least half the time, and it stops whisper from
inventing words where there are none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import FRAME, RATE

Samples = NDArray[np.int16]

SECOND = RATE // FRAME
"""Frames a second."""

PRE_ROLL = 15
"""Frames kept from before the first voiced one: voice activity comes late for soft initials such as s, sh, f, h."""
ONSET_WINDOW, ONSET_VOICE = 15, 6
"""An utterance begins with 6 voiced frames (0.12 s) within 15 (0.3 s); anything less is a click or a breath."""
HANGOVER = 10
"""Frames (0.2 s) that voice activity stays up after the last sound of a voice; an utterance ends before them."""
ENDPOINT = 30
"""Frames without voice that end an utterance: 0.6 s."""
LIMIT, PATIENCE, GAP = 600, 550, 5
"""From ``PATIENCE`` (11 s) on an utterance is cut at the first ``GAP`` (0.1 s) without voice; at ``LIMIT`` (12 s)
wherever it was quietest since then."""


class Utterance:
    """Where an utterance lies; frame numbers count from the start of the channel. Grows while it is spoken."""

    def __init__(self, number: int, begin: int) -> None:
        self.number = number
        """Counts from 1."""
        self.begin = begin
        """Its first frame, pre-roll included."""
        self.voiced = 0
        """How many of its frames have voice."""
        self.silence = 0
        """Frames since the last one that has."""
        self._first = self._last = begin

    def add(self, frame: int, voiced: bool) -> None:
        self.silence = 0 if voiced else self.silence + 1
        if voiced:
            self._first = self._first if self.voiced else frame
            self._last = frame + 1
            self.voiced += 1

    @property
    def start(self) -> float:
        """Second at which its voice begins."""
        return self._first / SECOND

    @property
    def end(self) -> float:
        """Second at which its voice ends, as far as it is known."""
        return max(self._first + 1, self._last - HANGOVER) / SECOND


class Step(NamedTuple):
    """New sound of an utterance, frame by frame; ``last`` says that it is over."""

    utterance: Utterance
    frames: list[Samples]
    last: bool


class Flagged(NamedTuple):
    """A frame with its number and whether it has voice."""

    number: int
    samples: Samples
    voiced: bool


class Endpointer:
    """Turns frames with voiced flags into utterances, one frame at a time."""

    def __init__(self) -> None:
        self.clock = 0
        """Frames taken so far."""
        self._ring: deque[Flagged] = deque(maxlen=PRE_ROLL + ONSET_WINDOW)
        self._held: list[Flagged] = []
        self._open: Utterance | None = None
        self._silence = 0
        self._count = 0

    def push(self, samples: Samples, voiced: bool) -> Sequence[Step]:
        """Take the next 20 ms of the channel; returns what is to be decoded now, often nothing."""
        frame = Flagged(self.clock, samples, voiced)
        self.clock += 1
        return self._take(frame)

    def flush(self) -> Sequence[Step]:
        """The channel is over: end the utterance that is open."""
        return [self._close(self._open, self._held)] if self._open else ()

    def _take(self, frame: Flagged) -> Sequence[Step]:
        return self._go_on(self._open, frame) if self._open else self._wait(frame)

    def _wait(self, frame: Flagged) -> Sequence[Step]:
        ring = self._ring
        ring.append(frame)
        if not frame.voiced:
            return ()
        window = list(ring)[-ONSET_WINDOW:]
        if sum(recent.voiced for recent in window) < ONSET_VOICE:
            return ()
        first = next(recent.number for recent in window if recent.voiced)
        sound = [recent for recent in ring if recent.number >= first - PRE_ROLL]
        ring.clear()
        self._count += 1
        self._silence = 0
        self._open = Utterance(self._count, sound[0].number)
        return [_step(self._open, sound, last=False)]

    def _go_on(self, utterance: Utterance, frame: Flagged) -> Sequence[Step]:
        self._silence = 0 if frame.voiced else self._silence + 1
        self._held.append(frame)
        if self._silence >= ENDPOINT:
            return [self._close(utterance, self._held)]
        length = frame.number + 1 - utterance.begin
        if length <= PATIENCE:
            sound, self._held = self._held, []
            return [_step(utterance, sound, last=False)]
        if length >= LIMIT or self._silence >= GAP:
            return self._cut(utterance)
        return ()

    def _cut(self, utterance: Utterance) -> list[Step]:
        """End an utterance that has grown too long inside the held frames; what follows waits for its own onset."""
        held = self._held
        where = len(held) - GAP // 2 if self._silence >= GAP else _quietest(held)
        steps = [self._close(utterance, held[:where])]
        for frame in held[where:]:
            steps += self._take(frame)
        return steps

    def _close(self, utterance: Utterance, sound: list[Flagged]) -> Step:
        self._open, self._held = None, []
        return _step(utterance, sound, last=True)


def _step(utterance: Utterance, sound: list[Flagged], *, last: bool) -> Step:
    for frame in sound:
        utterance.add(frame.number, frame.voiced)
    return Step(utterance, [frame.samples for frame in sound], last)


def _quietest(held: list[Flagged]) -> int:
    """The frame to cut at: unvoiced if there is one, and the quietest together with its neighbours."""
    loudness = np.array([np.abs(frame.samples.astype(np.float32)).mean() for frame in held])
    smooth = np.convolve(loudness, np.ones(3) / 3, mode="same")
    return min(range(1, len(held) - 1), key=lambda at: (held[at].voiced, smooth[at]))
