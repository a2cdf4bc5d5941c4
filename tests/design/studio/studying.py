"""Somebody in the studio, by HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from served import Answer, Browser, Served

JSON = "application/json"


@dataclass
class Designer:
    """Asks and sends as the page does."""

    browser: Browser
    flow: str
    csrf: str

    @classmethod
    def of(cls, served: Served, user: str = "admin", flow: str = "logistics") -> Designer:
        browser = served.browser(user)
        return cls(browser, flow, browser.csrf)

    def ask(self, path: str, **values: str) -> Answer:
        return self.browser.ask(f"/api/studio/{path}?{urlencode({'flow': self.flow, **values})}")

    def send(self, path: str, **values: Any) -> Answer:
        body = json.dumps({"flow": self.flow, **values})
        return self.browser.ask(f"/api/studio/{path}", "POST", body, content_type=JSON, x_csrf_token=self.csrf)

    def told(self) -> Any:
        return json.loads(self.ask("told").body)

    @property
    def state(self) -> Any:
        return self.told()["state"]

    def text(self, file: str) -> str:
        return str(json.loads(self.ask("file", file=file).body)["text"])

    def write(self, file: str, text: str | None) -> Any:
        answer = self.send("write", file=file, text=text, revision=self.state["revision"])
        assert answer.status == 200, answer.text
        return json.loads(answer.body)

    def publish(self, why: str = "why not", **values: Any) -> Answer:
        return self.send("publish", why=why, **values)

    def until_done(self) -> Any:
        end = time.monotonic() + 60
        while not (told := self.told()).get("done"):
            assert time.monotonic() < end
            time.sleep(0.1)
        return told

    def clean(self) -> None:
        """The draft is as the folder again."""
        state = self.state
        for file in state["changed"]:
            assert self.send("settle", file=file, choice="theirs").status == 200
