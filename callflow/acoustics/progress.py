"""Ringing, answer and hang-up of a call, inferred from its tones and voices alone.

- ``call.ringing``: the first when its burst has ended and proved to be one, the following 0.5 s after they begin.
- ``call.answered``: at the first voice on the agent's channel after a ring; when a ring breaks off; or when the next
  ring does not come. Without any ring: at the first voice. A voice of the customer alone while it rings answers
  nothing: people talk while they wait.
- ``call.hung_up``: at the third burst of the busy tone; who hung up cannot be heard.
"""

from __future__ import annotations

from collections.abc import Iterable

from callflow.acoustics.spectrum import SECONDS
from callflow.acoustics.tones import RING_LEAST, RINGBACK, Signal
from callflow.events import CallAnswered, CallHungUp, CallRinging, Event

_NO_NEXT_RING = RINGBACK.on[1] + RINGBACK.off[1] + RING_LEAST + 2
"""Frames from the begin of one ring after which another one would have been heard."""

_SAME_RING = 100
"""Frames (2 s): rings that begin closer together are one, heard on both channels."""


class CallProgress:
    """Follows the call from ``start`` (seconds)."""

    def __init__(self, start: float = 0.0) -> None:
        self._start = start
        self._frame = 0
        self._rings = 0
        self._last_ring = -1000  # its first frame
        self._answered = False
        self._hung_up = False

    def feed(self, signals: Iterable[Signal], agent: list[bool], customer: list[bool]) -> list[Event]:
        """What happens to the call in the next frames; ``agent`` and ``customer``: voiced or not, per frame."""
        events: list[Event] = []
        by_frame = sorted(signals)
        if self._answered and not by_frame:
            self._frame += len(agent)
            return events
        for agent_voiced, customer_voiced in zip(agent, customer, strict=True):
            while by_frame and by_frame[0].frame == self._frame:
                events += self._signal(by_frame.pop(0))
            if not self._answered and self._is_answered(agent_voiced, customer_voiced):
                events += self._answer()
            self._frame += 1
        return events

    def _is_answered(self, agent: bool, customer: bool) -> bool:
        if not self._rings:
            return agent or customer
        return agent or self._frame - self._last_ring > _NO_NEXT_RING

    def _signal(self, signal: Signal) -> list[Event]:
        if signal.kind == "busy" and not self._hung_up:
            self._answered = self._hung_up = True
            return [CallHungUp(at=self._now())]
        if self._answered:
            return []
        if signal.kind == "cut":
            return self._answer()
        if signal.kind == "ring" and signal.began - self._last_ring > _SAME_RING:
            self._rings += 1
            self._last_ring = signal.began
            return [CallRinging(at=self._now(), ring=self._rings)]
        return []

    def _answer(self) -> list[Event]:
        self._answered = True
        return [CallAnswered(at=self._now())]

    def _now(self) -> float:
        return self._start + (self._frame + 1) * SECONDS
