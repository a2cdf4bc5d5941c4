"""When the customer was on the line, and could hear what was said."""

from __future__ import annotations

from math import inf

from callflow.events import CallHeld, CallHungUp, CallResumed, Event, TransferFailed, TransferStarted


class Presence:
    """Follows holds, transfers and the hang-up of one call. Words are judged by when they were said, as the final that
    brings them may come when the customer has long been put on hold."""

    def __init__(self) -> None:
        self._reasons: set[str] = set()
        self._away: list[tuple[float, float]] = []
        self.hung_up_at = inf

    @property
    def on_hold(self) -> bool:
        """Whether the customer is on hold."""
        return "hold" in self._reasons

    def follow(self, event: Event) -> None:
        """Take in a call event."""
        before = bool(self._reasons)
        if isinstance(event, CallHeld):
            self._reasons.add("hold")
        elif isinstance(event, TransferStarted):
            self._reasons.add("transfer")
        elif isinstance(event, (CallResumed, TransferFailed)):
            # Whoever is spoken with again neither waits nor is being transferred.
            self._reasons.clear()
        elif isinstance(event, CallHungUp):
            self.hung_up_at = min(self.hung_up_at, event.at)
        if self._reasons and not before:
            self._away.append((event.at, inf))
        elif before and not self._reasons:
            self._away[-1] = (self._away[-1][0], event.at)

    def hears(self, at: float) -> bool:
        """Whether the customer could hear what was said at ``at``."""
        return at < self.hung_up_at and not any(since <= at < until for since, until in self._away)
