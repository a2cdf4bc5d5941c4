"""Two channels from two devices on one clock: holes filled, drift taken out. Pure: times and arrays in, Blocks out.

A device delivers samples by its own clock, a little fast or slow, may start late, and a loopback may deliver nothing
while nothing is played. Every piece comes with the time at which it was taken. What is missing by that time becomes
silence; what is too much or too little by a few samples (drift) is taken out one sample at a time, where it is heard
least. Silence and holds therefore last as long as they really did, and what both sides say lies side by side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from statistics import median

import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import FRAME, RATE, Block

Samples = NDArray[np.int16]

PATIENCE = 1.0
"""Seconds that a device which always delivers is waited for before its channel becomes silence."""

PATIENCE_LOOPBACK = 0.2
"""The same for a loopback that delivers nothing while nothing is played."""

_HOLE = 0.012 * RATE  # samples missing by the clock: less is the unevenness of delivery
_LAP = 0.012 * RATE  # samples for a time that has been given out as silence: more is cut off
_HELD = 3  # pieces by which it is judged where sound goes on
_SMALL = 0.1 * RATE  # samples: on a busy machine sound is told of so much too late, and no less of it comes
_HELD_LONG = 25  # pieces by which a small hole is judged: 0.5 s, by when a busy machine has caught up
_WRONG = 0.06 * RATE  # samples too many though no silence was laid: less is a wrong time of one piece
_MARGIN = 0.03  # seconds that a piece may take on its way, beyond its own length
_SLACK = 0.004 * RATE  # samples off by the clock that are left alone
_WINDOW = 250  # pieces that the distance to the clock is judged by: 5 s
_JUDGED_EVERY = 50
_AT_ONCE = RATE  # samples of silence laid at once: after a long pause, memory stays small


class Timeline:
    """One channel, laid out sample by sample from ``began`` (``time.perf_counter`` of its first sample).

    ``filled``: samples of silence put in, ``lost``: samples left out because they came too late, ``stepped``: samples
    repeated (counted up) or left out (counted down) to follow the clock.
    """

    def __init__(self, began: float, patience: float = PATIENCE) -> None:
        self._began = began
        self._patience = patience
        self._laid = 0  # samples, since began
        self._ready: deque[Samples] = deque()
        self._held: list[tuple[float, Samples]] = []  # pieces after a hole: is it one, or are they late?
        self._paused = True  # nothing is coming, and silence is being laid
        self._longest = 0.02  # seconds, of a piece
        self._off: deque[float] = deque(maxlen=_WINDOW)  # samples behind the clock, without the steps taken
        self._judged = 0  # pieces since the last judgement
        self._debt = 0  # samples to repeat (or, below 0, to leave out) one by one
        self._since = 0  # where the stream began that drift is measured of
        self.filled = self.lost = self.stepped = 0
        self._steps_here = 0  # the same since the stream began

    @property
    def ready(self) -> int:
        """Samples that can be taken."""
        return sum(map(len, self._ready))

    @property
    def drift(self) -> float | None:
        """How slow the device's clock is, in parts per million; ``None`` until a minute of its sound has come."""
        length = self._laid - self._since
        return 1e6 * self._steps_here / length if not self._paused and length >= 60 * RATE else None

    def add(self, at: float, samples: Samples) -> None:
        """A piece of the device's sound, int16 at ``RATE``; ``at``: when its first sample was taken, in seconds."""
        self._longest = max(self._longest, len(samples) / RATE)
        missing = (at - self._began) * RATE - self._laid - sum(len(held) for _, held in self._held)
        if self._held and missing > self._held[-1][0] + 2 * _HOLE:  # another hole before the last one was judged
            self._place()
            self.add(at, samples)
        elif self._paused:
            if missing < -(_LAP if self._laid else 0) and not self._held:
                samples = self._cut(missing, samples)
                missing = 0.0
            self._hold(missing, samples)
        elif missing >= _HOLE:
            self._hold(missing, samples)
        else:
            self._release()
            self._follow(missing)
            self._lay(self._cut(missing, samples) if missing < -_WRONG else samples)

    def fill(self, now: float) -> None:
        """Lay silence where nothing has come for too long, up to shortly before ``now``."""
        behind = now - self._began - self._laid / RATE
        margin = self._longest + _MARGIN
        patience = margin if self._paused and not self._held else self._patience
        if self._held and not self._paused:  # what comes late is still coming
            patience = max(patience, _HELD_LONG * self._longest + _SMALL / RATE + margin)
        if behind < patience:
            return
        if self._held:
            self._place()
        elif (silent := round((behind - margin) * RATE)) > 0:
            self._paused = True
            self._silence(min(silent, _AT_ONCE))

    def take(self, count: int) -> Samples:
        """The next ``count`` samples, of those that are ready."""
        taken: list[Samples] = []
        while count:
            piece = self._ready.popleft()
            if len(piece) > count:
                self._ready.appendleft(piece[count:])
                piece = piece[:count]
            taken.append(piece)
            count -= len(piece)
        return np.concatenate(taken)

    # ------------------------------------------------------------------------------------------------ holes

    def _hold(self, missing: float, samples: Samples) -> None:
        """At the beginning and after a hole: wait for some more pieces, for the time of a single one may be wrong.

        Where the distance shrinks from piece to piece, they were only late and are catching up.
        """
        if len(samples):
            self._held.append((missing, samples))
        last = [missing for missing, _ in self._held[-_HELD:]]
        sure = self._paused or min(last) > _SMALL or len(self._held) >= _HELD_LONG
        if sure and len(last) == _HELD and last[-1] > last[0] - len(samples):
            self._place()

    def _place(self) -> None:
        """Put the held pieces where the clock says: times are late more often than early."""
        told = sorted(missing for missing, _ in self._held)
        hole = told[len(told) // 10] if len(told) > _HELD else median(told)
        self._silence(max(0, round(hole)) if hole >= _HOLE or self._paused else 0)
        if self._paused:
            self._paused = False
            self._since, self._steps_here = self._laid, 0
        self._off.clear()
        self._debt = self._judged = 0
        self._release()

    def _cut(self, missing: float, samples: Samples) -> Samples:
        """Leave out what has been given out as silence already, and what was taken before the beginning."""
        kept = samples[round(-missing) :]
        self.lost += len(samples) - len(kept) if self._laid else 0
        return kept

    def _release(self) -> None:
        held, self._held = self._held, []
        for _, samples in held:
            self._lay(samples)

    def _silence(self, count: int) -> None:
        self.filled += count
        self._lay(np.zeros(count, np.int16))

    def _lay(self, samples: Samples) -> None:
        if len(samples):
            if self._debt and not self._paused:
                samples = self._step(samples)
            self._ready.append(samples)
            self._laid += len(samples)

    # ------------------------------------------------------------------------------------------------ drift

    def _follow(self, missing: float) -> None:
        """Judge from time to time how far the channel is from the clock: single pieces lie, late and early."""
        self._off.append(missing + self.stepped)
        self._judged += 1
        if self._judged < _JUDGED_EVERY:
            return
        self._judged = 0
        behind = median(self._off) - self.stepped
        self._debt = round(behind) if abs(behind) > _SLACK else 0

    def _step(self, samples: Samples) -> Samples:
        """One sample more or less, between the two that are most alike."""
        if len(samples) < 2:
            return samples
        place = int(np.argmin(np.abs(np.diff(samples.astype(np.int32))))) + 1
        step = 1 if self._debt > 0 else -1
        self._debt -= step
        self.stepped += step
        self._steps_here += step
        return np.insert(samples, place, samples[place - 1]) if step > 0 else np.delete(samples, place)


class Joined:
    """Both channels as Blocks of one frame. ``began``: ``time.perf_counter`` at 0 on the audio clock."""

    def __init__(self, began: float, agent: float = PATIENCE, customer: float = PATIENCE) -> None:
        self.agent = Timeline(began, agent)
        self.customer = Timeline(began, customer)
        self._frames = 0

    def blocks(self, now: float) -> Iterator[Block]:
        """The frames that are known of both channels by ``now``; call it when everything that has come is added."""
        self.agent.fill(now)
        self.customer.fill(now)
        while min(self.agent.ready, self.customer.ready) >= FRAME:
            at = self._frames * FRAME / RATE
            self._frames += 1
            yield Block(at, self.agent.take(FRAME), self.customer.take(FRAME))
