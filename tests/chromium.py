"""A real headless Chromium, and pages of ``callflow serve`` open in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from served import Served

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--autoplay-policy=no-user-gesture-required"]


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's Browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    if PROGRAM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield browser
        browser.close()


def until(page: Any, condition: str | Callable[[], Any]) -> None:
    """Wait for something in the page. The driver's own waiting uses ``eval``, which the page forbids, as it should."""
    for _ in range(900):
        if page.evaluate(condition) if isinstance(condition, str) else condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {condition}")


@contextmanager
def pages(browser: Any, served: Served, *, allowed: Collection[str] = ()) -> Iterator[Callable[..., Any]]:
    """Opens pages as somebody; at the end nothing may have been asked elsewhere, or complained of, but with words that
    are ``allowed`` by then."""
    complaints: list[str] = []
    asked: list[str] = []
    contexts = []

    def open_(path: str, user: str = "admin", look: str = "zh.light", width: int = 1280, height: int = 720) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        cookies = {**served.browser(user).cookies, "callflow-look": look}
        context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"{dialog.type}: {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [one for one in complaints if not any(words in one for words in allowed)] == []
    ours = (served.url, served.url.replace("http:", "ws:"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(ours)] == []
