"""The studio's page in a browser: opening it as somebody, writing in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Windows:
    """Opens pages of the studio. At the end nothing may have been complained of but what was expected."""

    open: Callable[..., Any]
    allowed: list[str] = field(default_factory=list)

    def __call__(self, path: str, **how: Any) -> Any:
        page = self.open(path, **how)
        page.wait_for_selector("body[data-ready]" if "/studio/" in path else ".flow")
        return page

    def expect(self, *words: str) -> None:
        """Complaints with these words are what the test is about."""
        self.allowed += words


def put(page: Any, old: str, new: str) -> None:
    """Write as somebody at the keyboard would: in the editor's own document."""
    page.evaluate(
        """([old, text]) => {
            const view = studio.editor.view, at = view.state.doc.toString().indexOf(old);
            if (at < 0) throw new Error("not there: " + old);
            view.dispatch({ changes: { from: at, to: at + old.length, insert: text }, selection: { anchor: at } });
        }""",
        [old, new],
    )


def saved(page: Any) -> None:
    """Wait until the server has what was written."""
    page.wait_for_function("!studio.writing.busy && document.getElementById('saved').textContent !== '…'")
