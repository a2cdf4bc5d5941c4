"""Everything that tells what happens on the line: telephone systems, the keys and the buttons of the overlay."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from callflow.events import Event
from callflow.telephony.source import CallEvents, Reported, Signal


class Keys(CallEvents, Protocol):
    """What the agent says of the call, with a key or in the overlay (``telephony.hotkeys``)."""

    def press(self, action: str, now: float) -> None: ...

    def follow(self, signal: Signal) -> None: ...


class Lines:
    """Several sources as one. ``keys`` are told what has happened, so that the next key means the right thing."""

    def __init__(self, sources: Sequence[CallEvents] = (), keys: Keys | None = None) -> None:
        self._sources = (*sources, *([keys] if keys else []))
        self._keys = keys

    def waiting(self) -> list[Signal]:
        """What has been reported since the last time, by each source in order, the keys last."""
        return [signal for source in self._sources for signal in source.waiting()]

    def accepted(self, event: Event, call: str) -> None:
        """``event`` has happened to the call that is on, whoever told of it: the keys go on from there."""
        if self._keys:
            self._keys.follow(Reported(event, call, time.monotonic()))

    def press(self, action: str) -> None:
        """The agent pressed a button of the overlay."""
        if self._keys:
            self._keys.press(action, time.monotonic())
