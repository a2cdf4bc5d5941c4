"""The studio's page in a browser: opening it as somebody, writing in it."""

from __future__ import annotations

from typing import Any

from served import Served


class Windows:
    """Opens pages, each in a browser of its own. At the end nothing may have been complained of but what was expected."""

    def __init__(self, browser: Any, served: Served) -> None:
        self._browser, self._served = browser, served
        self._contexts: list[Any] = []
        self._expected: tuple[str, ...] = ()
        self.complaints: list[str] = []
        self.asked: list[str] = []

    def __call__(
        self, path: str, user: str = "admin", look: str = "zh.light", width: int = 1280, height: int = 720
    ) -> Any:
        context = self._browser.new_context(viewport={"width": width, "height": height})
        self._contexts.append(context)
        self.log_in(context, {**self._served.browser(user).cookies, "callflow-look": look})
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(self._served.url + path)
        page.wait_for_selector("body[data-ready]" if "/studio/" in path else ".flow")
        return page

    def log_in(self, context: Any, cookies: dict[str, str]) -> None:
        """Whoever has these cookies is who looks at the pages of a context."""
        context.add_cookies(
            [{"name": name, "value": value, "url": self._served.url} for name, value in cookies.items()]
        )

    def expect(self, *words: str) -> None:
        """Complaints with these words are what the test is about."""
        self._expected += words

    def close(self) -> None:
        """Close all of them, and look what was said and asked."""
        for context in self._contexts:
            context.close()
        assert [one for one in self.complaints if not any(words in one for words in self._expected)] == []
        ours = (self._served.url, self._served.url.replace("http:", "ws:"), "data:", "blob:")
        assert [url for url in self.asked if not url.startswith(ours)] == []


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
