"""Telephone tones of 450 Hz on one channel: ringback (1 s on, 4 s off) and busy (0.35 s on, 0.35 s off).

A lone note of music or a long "oo" also sounds like the tone for a moment. So a burst counts only when it is as long as
the standard says (±10 %), as loud at its end as at its beginning, and stands in quiet; and busy needs three in a row.
"""

from __future__ import annotations

from collections import deque
from typing import Literal, NamedTuple

from callflow.acoustics.spectrum import SECONDS, Channel
from callflow.events import Event, Speaker, Tone


class Cadence(NamedTuple):
    """Shortest and longest burst, shortest and longest pause after it, in frames: ±10 %, and 50 ms for the window."""

    on: tuple[int, int]
    off: tuple[int, int]

    def is_burst(self, frames: int) -> bool:
        return self.on[0] <= frames <= self.on[1]

    def is_pause(self, frames: int) -> bool:
        return self.off[0] <= frames <= self.off[1]


RINGBACK = Cadence(on=(43, 58), off=(177, 223))
BUSY = Cadence(on=(13, 22), off=(13, 22))

_BEGINS = 2  # frames of tone
_ENDS = 3  # frames without
RING_LEAST = 23  # frames, longer than any busy burst: a burst that comes when a ring is due is that ring
_EDGE = 2  # frames at either end of a burst in which it swells or fades
_LEVEL = 4.0  # 6 dB between the loudest and the softest frame of a burst
_QUIET = 0.1  # power around a burst, as part of its own: 10 dB below


class Signal(NamedTuple):
    """What a tone means for the call, known at the end of frame ``frame``; ``began`` is the burst's first frame.

    ``ring``: it rings. ``cut``: a ring broke off, which is what answering does. ``busy``: the other end is gone.
    """

    frame: int
    kind: Literal["ring", "cut", "busy"]
    began: int


class ToneDetector:
    """Follows one channel from ``start`` (seconds). ``speaker``: whose channel it is."""

    def __init__(self, speaker: Speaker | None = None, start: float = 0.0) -> None:
        self._speaker = speaker
        self._start = start
        self._frame = -1  # the frame under way
        self._run = 0  # frames in a row that speak against the present state
        self._on = False
        self._began = 0  # first frame of the burst under way or the last one
        self._ended = -1000  # first frame after the last burst
        self._powers: deque[float] = deque(maxlen=RINGBACK.on[1] + _ENDS + 8)  # before and since a burst's begin
        self._in_quiet = False
        self._ring_began: int | None = None  # first frame of the last ring
        self._announced = False  # has the burst under way been taken for a ring?
        self._busy: tuple[int, int, int] | None = None  # a row of busy bursts: its first frame, end, number

    def feed(self, channel: Channel) -> tuple[list[Event], list[Signal]]:
        """``Tone`` events that come to an end in the next frames, and the signals."""
        events: list[Event] = []
        signals: list[Signal] = []
        for tone, power in zip(channel.tone, channel.power, strict=True):
            self._frame += 1
            self._powers.append(power)
            self._run = self._run + 1 if tone != self._on else 0
            if not self._on and self._run == _BEGINS:
                signals += self._begin(self._frame - _BEGINS + 1)
            elif self._on and self._run == _ENDS:
                found, meant = self._end(self._frame - _ENDS + 1)
                events += found
                signals += meant
            elif self._on and not self._announced:
                signals += self._due()
            if self._busy and not self._on and self._frame - self._ended > BUSY.off[1]:
                events += self._end_busy()
        return events, signals

    def finish(self) -> list[Event]:
        """The tones that the end of the call cuts off."""
        events: list[Event] = []
        lasted = self._frame + 1 - self._began
        if self._on and (self._announced or (self._in_quiet and RING_LEAST <= lasted <= RINGBACK.on[1])):
            events.append(self._tone("ringback", self._began, self._frame + 1))
        return events + self._end_busy()

    def _begin(self, began: int) -> list[Signal]:
        pause = began - self._ended
        self._on, self._run, self._announced, self._began = True, 0, False, began
        before = list(self._powers)[-_BEGINS - 8 : -_BEGINS - _EDGE]
        self._in_quiet = sum(before) <= _QUIET * len(before) * self._powers[-1]
        if self._busy and self._in_quiet and BUSY.is_pause(pause):
            return [Signal(self._frame, "busy", self._busy[0])] if self._busy[2] == 2 else []
        return []

    def _due(self) -> list[Signal]:
        """A burst that comes when the next ring is due is announced as soon as it cannot be busy any more."""
        if self._ring_began is None or self._frame - self._began + 1 != RING_LEAST:
            return []
        since = self._began - self._ring_began
        if not RINGBACK.on[0] + RINGBACK.off[0] <= since <= RINGBACK.on[1] + RINGBACK.off[1]:
            return []
        return self._rings()

    def _rings(self) -> list[Signal]:
        self._announced, self._ring_began = True, self._began
        return [Signal(self._frame, "ring", self._began)]

    def _end(self, ended: int) -> tuple[list[Event], list[Signal]]:
        frames = ended - self._began
        pause = self._began - self._ended
        steady = self._is_steady(frames)
        self._on, self._run, self._ended = False, 0, ended
        if self._announced and frames < RINGBACK.on[0]:
            return [self._tone("ringback", self._began, ended)], [Signal(self._frame, "cut", self._began)]
        cut_at_start = self._began <= 1 and RING_LEAST <= frames <= RINGBACK.on[1]
        if self._announced or (steady and (RINGBACK.is_burst(frames) or cut_at_start)):
            signals = [] if self._announced else self._rings()
            return [self._tone("ringback", self._began, ended)], signals
        events: list[Event] = []
        if steady and BUSY.is_burst(frames):
            if self._busy and BUSY.is_pause(pause):
                self._busy = (self._busy[0], ended, self._busy[2] + 1)
            else:
                events = self._end_busy()
                self._busy = (self._began, ended, 1)
        return events, []

    def _is_steady(self, frames: int) -> bool:
        """Whether the burst that has just ended kept its level, in quiet on both sides."""
        if frames + _ENDS > len(self._powers):
            return False
        burst = list(self._powers)[-_ENDS - frames : -_ENDS]
        inner = burst[_EDGE:-_EDGE]
        if not inner:
            return False
        return self._in_quiet and max(inner) < _LEVEL * min(inner) and self._powers[-1] <= _QUIET * min(inner)

    def _end_busy(self) -> list[Event]:
        row, self._busy = self._busy, None
        return [self._tone("busy", row[0], row[1])] if row and row[2] >= 2 else []

    def _tone(self, tone: Literal["ringback", "busy"], began: int, ended: int) -> Tone:
        start, end = self._start + began * SECONDS, self._start + ended * SECONDS
        at = self._start + (self._frame + 1) * SECONDS
        return Tone(at=at, start=start, end=end, speaker=self._speaker, tone=tone)
