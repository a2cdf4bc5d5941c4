"""The overlay, running, and pages of it in headless Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the Python package fastapi is not installed")
pytest.importorskip("uvicorn", reason="the Python package uvicorn is not installed")

from overlay_pages import SIZES

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.live.overlay import Overlay


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.of(flowfiles.load("inbound")[0])


@pytest.fixture(scope="module")
def overlay() -> Iterator[Overlay]:
    with Overlay() as running:
        yield running


@pytest.fixture
def open_page(browser: Any, overlay: Overlay) -> Iterator[Callable[..., Any]]:
    """Opens overlays; at the end nothing may have been complained of, asked elsewhere, or popped up."""
    complaints: list[str] = []
    asked: list[str] = []
    contexts = []

    def open_(size: str = "small", language: str = "zh", **options: Any) -> Any:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{overlay.url}#{language}")
        return page

    while not overlay.actions.empty():
        overlay.actions.get_nowait()
    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((overlay.url, overlay.url.replace("http:", "ws:")))] == []


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    return open_page()
