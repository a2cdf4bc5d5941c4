"""What the agent's overlay showed through a whole call, as changes of its parts: small enough to send at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callflow.call.screen import Screen
from callflow.events import Event
from callflow.flow.model import Flow

EVERY = 0.2
"""Seconds between two looks at most: nobody sees more, and a call has many events at one moment."""


def changes(events: Iterable[Event], flow: Flow) -> dict[str, list[tuple[float, Any]]]:
    """For each part of ``Screen.view`` the moments from which it was something else, and what."""
    screen = Screen(flow)
    found: dict[str, list[tuple[float, Any]]] = {}
    now, looked = 0.0, -EVERY
    waiting = False
    for event in events:
        if waiting and event.at - looked >= EVERY and event.at > now:
            _look(screen, now, found)
            looked, waiting = now, False
        screen.follow(event)
        now = max(now, event.at)
        waiting = True
    if waiting:
        _look(screen, now, found)
    return found


def _look(screen: Screen, now: float, found: dict[str, list[tuple[float, Any]]]) -> None:
    for name, value in screen.view(now).items():
        if name == "at":
            continue
        before = found.setdefault(name, [])
        if not before or before[-1][1] != value:
            before.append((round(now, 3), value))
