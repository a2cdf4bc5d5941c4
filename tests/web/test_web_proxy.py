"""Behind a proxy that speaks HTTPS: visitors are who it says, and only it is believed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

pytest.importorskip("nicegui")
from served import FORM, PASSWORD, Answer, Browser, Served, serving


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("proxied")
    with serving(folder, "--proxy", "127.0.0.1", "--name", "desk.example.org") as server:
        yield server


def log_in(server: Served, address: str, password: str, name: str = "seer") -> Answer:
    """What the proxy hands on for somebody at ``address``, and what comes back."""
    browser = Browser(server.port)
    told = {"x_forwarded_for": address, "x_forwarded_proto": "https", "host": "desk.example.org"}
    csrf = re.findall(r'name="csrf" value="(\w+)"', browser.ask("/login", **told).text)[0]
    fields = urlencode({"name": name, "password": password, "csrf": csrf})
    sent = {**told, "content_type": FORM, "origin": "https://desk.example.org"}
    return browser.ask("/login", "POST", fields, **sent)


def test_who_guesses_shuts_out_only_his_own_address(behind: Served) -> None:
    assert [log_in(behind, "10.0.0.1", f"guess {n}").status for n in range(6)] == [403] * 5 + [429]
    answer = log_in(behind, "10.0.0.2", PASSWORD)
    assert answer.status == 303
    assert "secure" in answer.headers["set-cookie"].lower()
    assert ("10.0.0.2",) in behind.rows("SELECT address FROM audit WHERE action = 'login'")


def test_without_the_option_nobody_says_who_he_is(served: Served) -> None:
    browser = served.browser()
    csrf = re.findall(r'name="csrf" value="(\w+)"', browser.ask("/login").text)[0]
    fields = urlencode({"name": "seer", "password": PASSWORD, "csrf": csrf})
    assert browser.ask("/login", "POST", fields, content_type=FORM, x_forwarded_for="10.9.9.9").status == 303
    assert ("10.9.9.9",) not in served.rows("SELECT address FROM audit")
