"""Overlays open in a real browser: what the tests of ``live/overlay`` ask of them."""

from __future__ import annotations

from queue import Empty
from typing import Any

from chromium import until

from callflow.live.actions import Action
from callflow.live.overlay import Overlay

SIZES = {"small": (360, 480), "docked": (480, 720), "page": (1280, 720)}


def show(overlay: Overlay, page: Any, view: Any) -> None:
    """Show ``view`` and wait until this page, or one that is open with it, has painted it."""
    number = overlay.show(view)
    until(page, lambda: any(painted.number == number for painted in overlay.painted))


def action(overlay: Overlay) -> Action | None:
    try:
        return overlay.actions.get(timeout=2)
    except Empty:
        return None


def words(page: Any, selector: str) -> str:
    return str(page.locator(selector).inner_text()).strip()
