"""How many may ask at once: what comes beyond is told to try again. What goes wrong in a socket closes it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

pytest.importorskip("nicegui")
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from callflow.errors import CallflowError
from callflow.texts import text
from callflow.web import access, site
from callflow.web.access import Access
from callflow.web.accounts import Accounts


def test_what_comes_beyond_the_bound_is_told_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST_REQUESTS", 2)
    assert asyncio.run(_asked()) == (503, 200)


async def _asked() -> tuple[int, int]:
    """What is answered to a third request while two are under way, and to one after them."""
    free = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await free.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    shell = Access(slow, cast(Accounts, None), {}, ("/machine",))  # without a cookie nobody is looked up

    async def ask(kind: str, path: str) -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {"type": kind, "path": path, "method": "GET", "headers": [], "query_string": b""}
        await shell(scope, receive, send)
        return int(sent[0].get("status", 0))

    others = [asyncio.create_task(ask(*each)) for each in [("websocket", "/machine")] * 5 + [("http", "/login")] * 2]
    await asyncio.sleep(0)
    beyond = await ask("http", "/login")
    free.set()
    await asyncio.gather(*others)
    return beyond, await ask("http", "/login")


@pytest.mark.parametrize("accepted", [False, True])
def test_what_goes_wrong_in_a_socket_closes_it(accepted: bool) -> None:
    """It is not answered as a request is, which no socket can read."""
    app = FastAPI()

    async def told(request: Request, error: Exception) -> Response:
        return PlainTextResponse("for people", 503)

    app.add_exception_handler(CallflowError, site._for_pages(told))

    @app.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        if accepted:
            await socket.accept()
        raise CallflowError(text("broken", "坏了"))

    @app.get("/page")
    def page() -> None:
        raise CallflowError(text("broken", "坏了"))

    with TestClient(app) as client:
        assert client.get("/page").text == "for people"
        with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/socket") as line:
            line.receive_text()
        assert closed.value.code == 1011
