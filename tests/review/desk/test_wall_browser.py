"""The live page in a real browser: when the session ends, and in a browser that is some years old."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from served import Served
from websockets.sync.client import connect

VIEW: dict[str, Any] = {
    "phase": "talking", "state": None, "length": 12.5, "main": None, "warning": None,
    "said": [{"speaker": "customer", "text": "我要投诉"}], "levels": {},
}  # fmt: skip


KEPT = "const Real = WebSocket; window.WebSocket = function (url) { return (window.line = new Real(url)); }"


@pytest.mark.parametrize("lost", [False, True])
def test_the_page_leads_to_the_log_in_when_the_session_is_over(served: Served, browser: Any, lost: bool) -> None:
    """Whether the server can say so to the socket, or the connection was lost before."""
    boss, context = served.browser("admin", fresh=True), browser.new_context()
    context.add_cookies([{"name": "callflow", "value": boss.cookies["callflow"], "url": served.url}])
    context.add_init_script("delete Map.groupBy")  # Chrome 109, the last one for Windows 7, has none
    context.add_init_script(KEPT)
    address = f"ws://127.0.0.1:{served.port}/wall/machine"
    with connect(address, additional_headers={"authorization": f"Bearer {served.wall_token()}"}) as line:
        line.send(json.dumps({"view": VIEW}))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{served.url}/wall")
        page.locator(".call .said", has_text="我要投诉").wait_for()
        if lost:
            context.clear_cookies()
            page.evaluate("window.line.close()")
        else:
            served.change("DELETE FROM sessions WHERE token = ?", sha256(boss.cookies["callflow"].encode()).hexdigest())
        page.wait_for_url("**/login?next=/wall")
        assert page.locator("text=我要投诉").count() == 0
    context.close()
