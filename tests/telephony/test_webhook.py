"""The webhook on a real server on this computer, used as meant and attacked."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

pytest.importorskip("fastapi", reason="the extra live is not installed")
pytest.importorskip("uvicorn", reason="the extra live is not installed")
pytest.importorskip("websockets", reason="the extra live is not installed")

import fastapi
import uvicorn
from live.sip_call import until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from callflow.events import CallAnswered, CallHungUp, CallRinging, TransferStarted
from callflow.live.overlay import Overlay
from callflow.telephony import webhook
from callflow.telephony.source import CALL_EVENTS, Reported

TOKEN = "a-token-of-its-own"
REFUSED: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("webhook.yaml"))


class Hook:
    """The webhook, and what it has handed on."""

    def __init__(self, port: int, reported: list[Reported]) -> None:
        self.port, self.reported = port, reported

    def post(
        self, body: Any, call: str = "7", token: str | None = TOKEN, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status and the decoded answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        auth = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        line.request("POST", f"/calls/{call}/events", data, auth | (headers or {}))
        answer = line.getresponse()
        content = answer.read()
        line.close()
        ours = answer.getheader("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(content) if ours else None

    def raw(self, *pieces: bytes) -> bytes:
        """Bytes on the wire; what comes back until the server is done."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as line:
            for piece in pieces:
                line.sendall(piece)
            got = b""
            while data := line.recv(65_536):
                got += data
                if b"\r\n\r\n" in got:
                    break
            return got

    @property
    def events(self) -> list[Any]:
        return [reported.event for reported in self.reported]


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(webhook, "SLOWEST", 0.5)
    reported: list[Reported] = []
    app = fastapi.FastAPI()
    app.include_router(webhook.router(reported.append, TOKEN))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, lambda: "the server does not start")
    yield Hook(server.servers[0].sockets[0].getsockname()[1], reported)
    server.should_exit = True
    thread.join()


def test_a_call(hook: Hook) -> None:
    for body in (
        {"type": "call.ringing", "ring": 1},
        {"type": "call.ringing", "ring": 2},
        {"type": "call.answered"},
        {"type": "call.transfer_started", "to": "专家座席"},
        {"type": "call.transfer_completed"},
        {"type": "call.hung_up", "by": "customer"},
    ):
        assert hook.post(body) == (202, {"accepted": True, "replayed": False})
    assert hook.events[:4] == [
        *(CallRinging(at=0.0, ring=1), CallRinging(at=0.0, ring=2), CallAnswered(at=0.0)),
        TransferStarted(at=0.0, to="专家座席"),
    ]
    assert hook.events[-1] == CallHungUp(at=0.0, by="customer")
    assert {reported.call for reported in hook.reported} == {"7"}
    times = [reported.monotonic for reported in hook.reported]
    assert times == sorted(times)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["send"][:40])
def test_what_is_refused_is_told_where_and_why(hook: Hook, case: dict[str, Any]) -> None:
    status, answer = hook.post(case["send"].encode())
    assert (status, answer["problem"]["field"]) == (case["status"], case["field"])
    assert case["says"] in answer["problem"]["en"]
    assert answer["problem"]["zh"]
    assert hook.events == []


def test_the_token(hook: Hook) -> None:
    ring = {"type": "call.ringing"}
    for token in (None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
        assert hook.post(ring, token=token)[0] == 401
    assert hook.post(ring, token=None, headers={"Authorization": TOKEN})[0] == 401
    assert hook.post(ring, token=None, headers={"Authorization": f"Basic {TOKEN}"})[0] == 401
    odd = b"POST /calls/7/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\nContent-Length: 2\r\n\r\n{}"
    assert hook.raw(odd).startswith(b"HTTP/1.1 401")
    assert hook.events == []
    with pytest.raises(ValueError, match="token"):
        webhook.router(lambda _: None, "")


def test_guessing_the_token_is_slow(hook: Hook) -> None:
    statuses = [hook.post({}, token="guess")[0] for _ in range(40)]
    assert statuses[0] == 401
    assert 429 in statuses
    assert hook.post({"type": "call.ringing"})[0] == 202  # who knows it is not kept out


def test_a_large_body(hook: Hook) -> None:
    assert hook.post(b" " * 1_000_000)[0] == 413
    head = f"POST /calls/7/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
    assert hook.raw(chunked, b"1000\r\n" + b" " * 4096 + b"\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n").startswith(
        b"HTTP/1.1 413"
    )
    long = {"type": "call.transfer_started", "to": "x" * 201}
    assert hook.post(long)[1]["problem"]["field"] == "body.to"
    deep = hook.post(b"[" * 4000)
    assert deep[0] == 422
    assert hook.events == []


def test_a_slow_body(hook: Hook) -> None:
    head = f"POST /calls/7/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n"
    assert hook.raw(head.encode(), b'{"type"').startswith(b"HTTP/1.1 408")


def test_a_flood(hook: Hook) -> None:
    statuses = [hook.post({"type": "call.ringing", "ring": n + 1})[0] for n in range(200)]
    assert 429 in statuses
    assert len(hook.events) == statuses.count(202)
    assert set(statuses) == {202, 429}


def test_out_of_order(hook: Hook) -> None:
    hook.post({"type": "call.answered"})
    status, answer = hook.post({"type": "call.resumed"})
    assert (status, answer["problem"]["field"]) == (409, "body.type")
    assert answer["problem"]["allowed"] == ["call.held", "call.transfer_started", "call.hung_up"]
    hook.post({"type": "call.hung_up"})
    assert hook.post({"type": "call.held"})[0] == 409
    assert hook.post({"type": "call.ringing"})[0] == 409
    assert len(hook.events) == 2


def test_an_event_sent_twice_counts_once(hook: Hook) -> None:
    hook.post({"type": "call.answered"})
    held = {"type": "call.held", "id": "e-1"}
    assert hook.post(held) == (202, {"accepted": True, "replayed": False})
    hook.post({"type": "call.resumed", "id": "e-2"})
    assert hook.post(held) == (200, {"accepted": True, "replayed": True})
    status, answer = hook.post({"type": "call.hung_up", "id": "e-1"})
    assert (status, answer["problem"]["field"]) == (409, "body.id")
    assert len(hook.events) == 3


@pytest.mark.parametrize("call", ["x" * 129, "a%20b", "%00", "%e4%bd%a0", "a%0d%0ab"])
def test_a_call_with_an_impossible_name(hook: Hook, call: str) -> None:
    status, answer = hook.post({"type": "call.ringing"}, call)
    assert (status, answer["problem"]["field"]) == (422, "call")


def test_rings_are_counted_where_the_sender_does_not(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callflow.telephony.life.RING", 0.2)
    hook.post({"type": "call.ringing"})
    until(lambda: len(hook.events) == 3, lambda: f"{hook.events}")
    hook.post({"type": "call.answered"})
    assert hook.events[:3] == [CallRinging(at=0.0, ring=n) for n in (1, 2, 3)]
    assert hook.events[-1] == CallAnswered(at=0.0)


def test_rings_are_counted_though_the_loop_wakes_too_early(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """uvloop wakes up to a millisecond early; here a hundred times too early, and then as it should."""
    sleep, early = asyncio.sleep, iter(range(100))

    async def woken(seconds: float) -> None:
        await sleep(seconds if next(early, None) is None else 0)

    monkeypatch.setattr("callflow.telephony.life.RING", 0.2)
    monkeypatch.setattr(asyncio, "sleep", woken)
    hook.post({"type": "call.ringing"})
    until(lambda: len(hook.events) == 3, lambda: f"{hook.events}")


def test_memory_is_bounded() -> None:
    calls = webhook.Calls()
    for n in range(5000):
        assert calls.take(f"c{n}", webhook.Sent(CallRinging(at=0.0), id=f"i{n}")) is True
    assert len(calls._status) == webhook.MOST_CALLS
    assert len(calls._seen) == webhook.MOST_IDS


def test_it_describes_itself(hook: Hook) -> None:
    line = http.client.HTTPConnection("127.0.0.1", hook.port)
    line.request("GET", "/openapi.json")
    description = json.loads(line.getresponse().read())
    line.close()
    post = description["paths"]["/calls/{call}/events"]["post"]
    shapes = post["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert [shape["title"] for shape in shapes] == [cls.type for cls in CALL_EVENTS]
    assert shapes[0]["properties"].keys() == {"type", "id", "ring"}
    assert {"202", "401", "409", "413", "422", "429"} <= post["responses"].keys()
    assert post["security"]


def test_it_is_served_beside_the_overlay() -> None:
    reported: list[Reported] = []
    with Overlay(routers=[webhook.router(reported.append, TOKEN)]) as overlay:
        port = int(overlay.url.split(":")[2].split("/")[0])
        beside = Hook(port, reported)
        assert beside.post({"type": "call.ringing"})[0] == 202
        assert beside.post({"type": "call.answered"}, token="wrong")[0] == 401
        with connect(
            f"ws://127.0.0.1:{port}/calls/events", additional_headers={"Authorization": f"Bearer {TOKEN}"}
        ) as line:
            line.send('{"call": "7", "type": "call.answered"}')
            assert json.loads(line.recv(10))["accepted"]
        from_a_page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert beside.post({"type": "call.held"}, headers=from_a_page)[0] == 403
    assert beside.events == [CallRinging(at=0.0), CallAnswered(at=0.0)]


def test_a_socket(hook: Hook) -> None:
    address = f"ws://127.0.0.1:{hook.port}/calls/events"
    key = {"Authorization": f"Bearer {TOKEN}"}
    with connect(address, additional_headers=key) as line:

        def send(message: Any) -> Any:
            line.send(json.dumps(message))
            return json.loads(line.recv(10))

        assert send({"call": "9", "type": "call.answered"}) == {"accepted": True, "replayed": False}
        assert send({"type": "call.held"})["problem"]["field"] == "body.call"
        assert send({"call": 9, "type": "call.held"})["problem"]["field"] == "body.call"
        assert send({"call": "9", "type": "call.hold"})["problem"]["field"] == "body.type"
        assert send([])["problem"]["field"] == "body"
        assert send({"call": "9", "type": "call.hung_up"})["accepted"]
    assert hook.events == [CallAnswered(at=0.0), CallHungUp(at=0.0)]
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        with pytest.raises(InvalidStatus), connect(address, additional_headers=headers):
            pass
    with connect(address, additional_headers=key) as line:
        line.send("x" * 5000)
        assert "larger" in json.loads(line.recv(10))["problem"]["en"]
        with pytest.raises(ConnectionClosed):
            line.recv(10)
    with connect(address, additional_headers=key) as line:
        line.send(b"\x00\x01")
        with pytest.raises(ConnectionClosed):
            line.recv(10)
    with connect(address, additional_headers=key) as line, pytest.raises(ConnectionClosed):
        flood(line)


def flood(line: ClientConnection) -> None:
    for _ in range(200):
        line.send('{"call": "9", "type": "call.answered"}')
        line.recv(10)
