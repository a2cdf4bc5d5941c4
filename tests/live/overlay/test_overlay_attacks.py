"""The overlay's server, attacked as any web page, program or name server may attack it; and what it survives."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from email.message import Message
from queue import Empty
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

pytest.importorskip("fastapi", reason="the Python package fastapi is not installed")
pytest.importorskip("uvicorn", reason="the Python package uvicorn is not installed")
websockets = pytest.importorskip("websockets.sync.client", reason="the Python package websockets is not installed")

from fastapi import APIRouter  # noqa: E402
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402

from callflow.errors import CallflowError  # noqa: E402
from callflow.gate import own_hosts  # noqa: E402
from callflow.live.actions import LONGEST_MESSAGE, Action, NotOurs, Receipt, read  # noqa: E402
from callflow.live.overlay import Overlay  # noqa: E402
from callflow.live.server import BURST, MOST_PAGES  # noqa: E402


@pytest.fixture(scope="module")
def overlay() -> Iterator[Overlay]:
    with Overlay() as running:
        yield running


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


class Target:
    """Where the overlay listens, taken from the address that people are given."""

    def __init__(self, overlay: Overlay) -> None:
        address = urlsplit(overlay.url)
        self.host, self.port, self.path = address.hostname or "", address.port or 0, address.path
        self.own = f"{self.host}:{self.port}"
        self.origin = f"http://{self.own}"

    def get(self, path: str | None = None, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=10)) as connection:
            connection.request(method, self.path if path is None else path, headers=named)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def connect(self, path: str | None = None, origin: str | None = "own", **headers: str) -> Any:
        return websockets.connect(
            f"ws://{self.own}{path or f'{self.path}socket'}",
            origin=self.origin if origin == "own" else origin,
            additional_headers=headers,
            proxy=None,
            open_timeout=10,
        )


@pytest.fixture
def target(overlay: Overlay) -> Target:
    return Target(overlay)


def received(page: Any) -> Any:
    """The next snapshot, which is acknowledged as our page does."""
    snapshot = json.loads(page.recv(timeout=10))
    page.send(json.dumps({"got": snapshot["number"]}))
    return snapshot


def no_action(overlay: Overlay) -> bool:
    try:
        return overlay.actions.get(timeout=0.05) is None
    except Empty:
        return True


def closed_with(page: Any) -> int:
    """The code with which the server closes, whatever it sends before."""
    try:
        while True:
            page.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


# ------------------------------------------------------------------------------------------------ who gets in


def test_the_page_is_served_to_whoever_has_its_address(target: Target) -> None:
    answer = target.get()
    assert answer.status == 200
    assert b"overlay.js" in answer.body
    for part in ("overlay.js", "overlay.css", "words.js", "icon.svg"):
        assert target.get(target.path + part).status == 200


def test_it_listens_on_this_machine_only(overlay: Overlay) -> None:
    assert urlsplit(overlay.url).hostname == "127.0.0.1"


def test_every_overlay_has_a_token_of_its_own_that_nobody_guesses(overlay: Overlay) -> None:
    tokens = {Overlay().token for _ in range(20)} | {overlay.token}
    assert len(tokens) == 21
    assert all(len(token) >= 32 for token in tokens)


@pytest.mark.parametrize("path", ["/", "//", "/wrong/", "/wrong/overlay.js", "/openapi.json", "/docs", "/static/"])
def test_without_the_token_nothing_is_told(target: Target, overlay: Overlay, path: str) -> None:
    answer = target.get(path)
    body = answer.body.decode()
    assert answer.status in (403, 404)
    assert overlay.token not in body + str(answer.headers)
    assert "script" not in body


def test_a_token_that_is_nearly_right_is_wrong(target: Target, overlay: Overlay) -> None:
    for near in (overlay.token[:-1], overlay.token + "A", overlay.token.swapcase()):
        assert target.get(f"/{near}/").status == 403


@pytest.mark.parametrize("name", ["../server.py", "..%2fserver.py", "a/../../overlay.py", "%2e%2e/x", "x.js"])
def test_only_its_own_parts_are_served(target: Target, name: str) -> None:
    assert target.get(target.path + name).status in (403, 404)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}", ""])
def test_a_name_that_was_pointed_here_gets_nothing(target: Target, host: str) -> None:
    """DNS rebinding: the page of an attacker whose name now resolves to 127.0.0.1."""
    answer = target.get(Host=host.format(port=target.port))
    assert answer.status in (400, 403)
    assert b"overlay.js" not in answer.body
    with pytest.raises(InvalidStatus):
        target.connect(Host=host.format(port=target.port))


def test_two_hosts_are_one_too_many(target: Target) -> None:
    with socket.create_connection((target.host, target.port), timeout=10) as line:
        line.sendall(f"GET {target.path} HTTP/1.1\r\nHost: {target.own}\r\nHost: evil.example\r\n\r\n".encode())
        assert line.recv(100).split()[1] in (b"400", b"403")


def test_localhost_is_this_machine_too(target: Target) -> None:
    assert target.get(Host=f"localhost:{target.port}").status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://localhost:{port}"]
)
def test_another_page_gets_neither_page_nor_socket(target: Target, origin: str) -> None:
    origin = origin.format(port=target.port)
    assert target.get(Origin=origin).status == 403
    with pytest.raises(InvalidStatus):
        target.connect(origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_fetches_for_another_page_is_refused(target: Target, site: str) -> None:
    assert target.get(f"{target.path}overlay.js", Sec_Fetch_Site=site).status == 403
    assert target.get(f"{target.path}overlay.js", Sec_Fetch_Site="same-origin").status == 200


def test_a_socket_says_where_it_comes_from_and_has_the_token(target: Target) -> None:
    with pytest.raises(InvalidStatus):
        target.connect(origin=None)
    with pytest.raises(InvalidStatus):
        target.connect("/wrong/socket")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_posted_and_no_other_origin_is_let_in(target: Target, method: str) -> None:
    answer = target.get(method=method, Origin="http://evil.example", Access_Control_Request_Method="GET")
    assert answer.status == 403
    answer = target.get(method=method)
    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", [None, "/wrong/", "/nowhere"])
def test_every_answer_forbids_what_no_page_needs(target: Target, path: str | None) -> None:
    headers = target.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_the_page_has_no_script_or_style_in_it(target: Target) -> None:
    page = target.get().body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:|https?://", page)
    code = target.get(f"{target.path}overlay.js").body.decode()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\.focus\(", code
    )


def test_names_of_this_machine() -> None:
    assert "desk7:8080" in own_hosts("0.0.0.0", 8080, ["Desk7"])
    assert "[::1]:8080" in own_hosts("::1", 8080)
    assert "localhost" in own_hosts("127.0.0.1", 80)


# ------------------------------------------------------------------------------------------------ what is sent


def test_an_action_reaches_the_session(target: Target, overlay: Overlay) -> None:
    with target.connect() as page:
        page.send('{"action":"edit","target":"联系人","value":" 王建国 "}')
        assert overlay.actions.get(timeout=10) == Action("edit", "联系人", "王建国")


BAD = [
    "", "{", "null", "[]", "7", '"tick"', "{}", "[" * 2000, '{"action":"tick"}',
    '{"action":"shut_down","target":"","value":""}',
    '{"action":["tick"],"target":"","value":""}',
    '{"action":"tick","target":7,"value":""}',
    '{"action":"tick","target":"","value":null}',
    '{"action":"tick","target":"","value":"","more":1}',
    '{"action":"tick","target":"' + "x" * 201 + '","value":""}',
    '{"action":"edit","target":"f","value":"' + "x" * 501 + '"}',
    '{"got":true}', '{"got":1.0}', '{"got":"1"}', '{"painted":null}', '{"got":1,"painted":1}', '{"got":NaN}',
]  # fmt: skip


@pytest.mark.parametrize("message", BAD, ids=range(len(BAD)))
def test_what_our_page_would_never_send_ends_the_connection(target: Target, overlay: Overlay, message: str) -> None:
    with pytest.raises(NotOurs):
        read(message)
    with target.connect() as page:
        page.send(message)
        assert closed_with(page) == 1008
    assert no_action(overlay)


def test_binary_messages_end_the_connection(target: Target) -> None:
    with target.connect() as page:
        page.send(b"\x00\xff")
        assert closed_with(page) == 1008


def test_a_huge_message_ends_the_connection_unread(target: Target, overlay: Overlay) -> None:
    with target.connect() as page:
        page.send("x" * (LONGEST_MESSAGE + 1))
        assert closed_with(page) == 1009
    assert no_action(overlay)


def test_a_flood_of_actions_ends_the_connection_and_others_go_on(target: Target, overlay: Overlay) -> None:
    with target.connect() as quiet:
        with target.connect() as page:
            with suppress(ConnectionClosed):
                for _ in range(20 * BURST):
                    page.send('{"action":"dismiss","target":"x","value":""}')
            assert closed_with(page) == 1008
        count = 0
        while not no_action(overlay):
            count += 1
        assert count <= 2 * BURST
        quiet.send('{"action":"hold","target":"","value":""}')
        assert overlay.actions.get(timeout=10) == Action("hold")


def test_receipts_for_what_was_never_sent_end_the_connection(target: Target) -> None:
    for message in ('{"got":999999}', '{"painted":999999}'):
        with target.connect() as page:
            page.send(message)
            assert closed_with(page) == 1008


def test_too_many_pages_are_told_so(target: Target, overlay: Overlay) -> None:
    until(lambda: overlay.pages == 0)
    with ExitStack() as pages:
        for _ in range(MOST_PAGES):
            pages.enter_context(target.connect())
        until(lambda: overlay.pages == MOST_PAGES)
        with target.connect() as one_more:
            assert closed_with(one_more) == 1013
    until(lambda: overlay.pages == 0)


def test_what_is_typed_comes_on_one_line_without_signs_that_steer() -> None:
    told = read(json.dumps({"action": "edit", "target": "f", "value": "a\u202eb\x1b[31m\nc"}))
    assert told == Action("edit", "f", "a\ufffdb\ufffd[31m c")
    assert read('{"got":3}') == Receipt("got", 3)


# ------------------------------------------------------------------------------------------------ slow, gone, back


def until(condition: Any) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("never came true")


def test_a_slow_page_skips_what_was_overtaken_and_never_the_last(target: Target, overlay: Overlay) -> None:
    first = overlay.show({"at": 0})
    with target.connect() as page:
        assert json.loads(page.recv(timeout=10)) == {"number": first, "view": {"at": 0}}
        for at in range(1, 500):
            last = overlay.show({"at": at})
        with pytest.raises(TimeoutError):
            page.recv(timeout=0.2)  # nothing more is sent, so nothing piles up
        page.send(json.dumps({"got": first}))
        assert json.loads(page.recv(timeout=10)) == {"number": last, "view": {"at": 499}}


def test_showing_never_waits_for_a_page_that_does_not_read(target: Target, overlay: Overlay) -> None:
    with target.connect():
        threads = [
            threading.Thread(target=lambda: [overlay.show({"x": "长" * 1000}) for _ in range(200)]) for _ in "123"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)


def test_who_comes_late_or_comes_back_sees_the_present(target: Target, overlay: Overlay) -> None:
    overlay.show({"at": 1})
    with target.connect() as page, target.connect() as other:
        assert received(page)["view"] == received(other)["view"] == {"at": 1}
        overlay.show({"at": 2})
        assert received(page)["view"] == received(other)["view"] == {"at": 2}
    overlay.show({"at": 3})
    with target.connect() as page:
        assert received(page)["view"] == {"at": 3}


def test_what_was_painted_is_told_with_the_time(target: Target, overlay: Overlay) -> None:
    number = overlay.show({"at": 1})
    with target.connect() as page:
        received(page)
        page.send(json.dumps({"painted": number}))
        until(lambda: overlay.painted and overlay.painted[-1].number == number)
        assert overlay.painted[-1].at <= time.monotonic()


def test_actions_that_nobody_fetches_do_not_pile_up(target: Target) -> None:
    with Overlay() as stuck:
        page_of = Target(stuck)
        for _ in range(8):
            with page_of.connect() as page:
                for _ in range(BURST - 1):
                    page.send('{"action":"hold","target":"","value":""}')
        until(lambda: stuck.actions.full())
        assert stuck.actions.qsize() == 100


def test_it_ends_with_pages_open_and_starts_again_on_the_same_port() -> None:
    with ExitStack() as pages:
        with Overlay(token="same") as first:
            page = pages.enter_context(Target(first).connect())
            port = urlsplit(first.url).port or 0
        assert closed_with(page) in (0, 1001, 1012)
    first.show({"at": 9})  # after the end: nobody is there, and nothing breaks
    with Overlay(port=port, token="same") as again:
        assert again.url == first.url
        assert Target(again).get().status == 200


def test_a_port_that_is_taken_is_told_in_words(overlay: Overlay) -> None:
    port = urlsplit(overlay.url).port or 0
    with pytest.raises(CallflowError, match=str(port)), Overlay(port=port):
        pass


def test_other_routers_are_served_and_described_behind_the_same_gate() -> None:
    router = APIRouter()

    @router.post("/calls/{call}/events")
    def take(call: str) -> dict[str, str]:
        return {"call": call}

    with Overlay(routers=[router]) as overlay:
        target = Target(overlay)
        assert json.loads(target.get("/calls/7/events", method="POST").body) == {"call": "7"}
        assert target.get("/calls/7/events", method="POST", Host="evil.example").status == 403
        described = json.loads(target.get("/openapi.json").body)
        assert list(described["paths"]) == ["/calls/{call}/events"]
