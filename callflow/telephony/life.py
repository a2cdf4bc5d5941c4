"""The life of a call as telephony knows it, and the cadence of a ring: pure, the time is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from callflow.events import CallRinging, Event
from callflow.telephony.source import Reported

RING = 5.0
"""Seconds from one ring to the next: 1 s of tone, 4 s of silence, as in China's networks."""


class Status(StrEnum):
    """Where a call is."""

    NONE = "none"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    TRANSFERRING = "transferring"
    TRANSFERRED = "transferred"
    OVER = "over"


_LIVE = (Status.TALKING, Status.HELD, Status.TRANSFERRING, Status.TRANSFERRED)
_NEXT: dict[str, tuple[tuple[Status, ...], Status | None]] = {
    # event: (where it may happen, where the call is afterwards; None: where it was)
    "call.ringing": ((Status.NONE, Status.RINGING), Status.RINGING),
    "call.answered": ((Status.NONE, Status.RINGING), Status.TALKING),
    "call.held": ((Status.TALKING,), Status.HELD),
    "call.resumed": ((Status.HELD,), Status.TALKING),
    "call.transfer_started": ((Status.TALKING, Status.HELD), Status.TRANSFERRING),
    "call.transfer_answered": ((Status.TRANSFERRING,), None),
    "call.transfer_completed": ((Status.TRANSFERRING,), Status.TRANSFERRED),
    "call.transfer_failed": ((Status.TRANSFERRING,), Status.TALKING),
    "call.hung_up": ((Status.RINGING, *_LIVE), Status.OVER),
}


def after(status: Status, event: Event) -> Status | None:
    """Where a call in ``status`` is after ``event``; ``None`` where ``event`` cannot happen there."""
    places, then = _NEXT[event.type]
    return (then or status) if status in places else None


def may_come(status: Status) -> list[str]:
    """The types of the events that can happen to a call in ``status``."""
    return [kind for kind, (places, _) in _NEXT.items() if status in places]


@dataclass(slots=True)
class Rings:
    """Counts the rings of calls of which a source only says that they are ringing."""

    _since: dict[str, float] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)

    def begin(self, call: str, now: float) -> list[Reported]:
        """``call`` rings: its first ring, unless it was ringing already."""
        self._since.setdefault(call, now)
        return self.due(now)

    def stop(self, call: str) -> None:
        """``call`` rings no more."""
        self._since.pop(call, None)
        self._told.pop(call, None)

    def due(self, now: float) -> list[Reported]:
        """The rings up to ``now`` that have not been told, each at the time it began."""
        rings = []
        for call, since in self._since.items():
            for ring in range(self._told.get(call, 0), int((now - since) / RING + 1e-6) + 1):
                rings.append(Reported(CallRinging(at=0.0, ring=ring + 1), call, since + ring * RING))
                self._told[call] = ring + 1
        return sorted(rings, key=lambda reported: reported.monotonic)

    def wait(self, now: float) -> float | None:
        """Seconds until the next ring; ``None`` while nothing rings."""
        return min((since + self._told[call] * RING - now for call, since in self._since.items()), default=None)
