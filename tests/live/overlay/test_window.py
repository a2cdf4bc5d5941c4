"""The window on top: asked for as such, and told in words where it cannot be.

pywebview needs a desktop, which tests do not have: its two calls are stood in for here, and nothing more is claimed.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from callflow.errors import CallflowError
from callflow.live import window


def test_without_pywebview_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "find_spec", lambda name: None)
    assert not window.available()
    with pytest.raises(CallflowError) as told:
        window.show_window("http://127.0.0.1:1/t/")
    assert "pip install pywebview" in told.value.in_("zh")


class NoScreen(Exception):
    pass


def stand_in(monkeypatch: pytest.MonkeyPatch, start: Any) -> list[Any]:
    opened: list[Any] = []
    fake = SimpleNamespace(
        create_window=lambda *where, **how: opened.append((where, how)),
        start=start,
        errors=SimpleNamespace(WebViewException=NoScreen),
    )
    monkeypatch.setattr(window, "find_spec", lambda name: fake)
    monkeypatch.setitem(sys.modules, "webview", fake)
    return opened


def test_the_window_stays_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = stand_in(monkeypatch, lambda: None)
    window.show_window("http://127.0.0.1:1/t/")
    ((_, url), how) = opened[0]
    assert url == "http://127.0.0.1:1/t/"
    assert how["on_top"] is True
    assert (how["width"], how["height"]) == (360, 480)


def test_without_a_screen_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise NoScreen("no GTK, no Qt")

    stand_in(monkeypatch, fail)
    with pytest.raises(CallflowError, match="no GTK, no Qt") as told:
        window.show_window("http://127.0.0.1:1/t/")
    assert "http://127.0.0.1:1/t/" in told.value.in_("en")
