"""The overlay's web application: the page, and a socket that carries snapshots out and actions in."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.resources import files
from queue import Full, Queue
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse, Response

from callflow.gate import same
from callflow.live.actions import Action, NotOurs, Receipt, read

MOST_PAGES = 8
"""Overlays open at a time; a tab that was forgotten somewhere is no reason to refuse the next."""
MOST_ACTIONS = 100
"""Actions that wait for the session; were it to hang, more would not help."""
MOST_PAINTED = 1000
BURST, PER_SECOND = 30, 10
"""Actions that a page may send at once, and in the long run: faster than anybody presses keys."""
REFUSE, TOO_MANY = 1008, 1013
"""WebSocket close codes: policy violation, try again later."""
REFUSED = (
    "这个地址不对，请打开 callflow live 显示的地址。\n"
    "This is not the right address. Open the one that callflow live has printed.\n"
)
STATIC = {
    "overlay.css": "text/css; charset=utf-8",
    "overlay.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Painted(NamedTuple):
    """Page ``page`` had snapshot ``number`` on the screen; ``at``: when we learned of it (``time.monotonic``)."""

    number: int
    at: float
    page: int


class Hub:
    """The latest snapshot, and the pages that it goes to.

    A page is sent the next snapshot only after it has said that it got the one before. A slow one therefore skips what
    has been overtaken and still gets the last, and nothing piles up for it here or in the network.
    """

    def __init__(self) -> None:
        self.actions: Queue[Action] = Queue(MOST_ACTIONS)
        self._painted: deque[Painted] = deque(maxlen=MOST_PAINTED)
        self._lock = threading.Lock()
        self._latest = 0, ""
        self._pages: set[_Page] = set()
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def pages(self) -> int:
        """How many overlays are open."""
        return len(self._pages)

    @property
    def painted(self) -> list[Painted]:
        """The last snapshots that pages had on the screen, in order."""
        with self._lock:
            return list(self._painted)

    @property
    def latest(self) -> str:
        """The latest snapshot as it is sent: ``{"number": …, "view": …}``; "" before the first."""
        with self._lock:
            return self._latest[1]

    def show(self, view: Mapping[str, Any]) -> int:
        """Send ``view`` to all pages, from any thread, without waiting. Returns the number of the snapshot."""
        text = json.dumps(view, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        with self._lock:
            number = self._latest[0] + 1
            self._latest = number, f'{{"number":{number},"view":{text}}}'
        if self._loop:
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._wake)
        return number

    def _wake(self) -> None:
        for page in self._pages:
            page.news.set()

    async def serve(self, socket: WebSocket) -> None:
        """Talk to one page until it goes, or sends what our page would never send."""
        await socket.accept()
        if len(self._pages) >= MOST_PAGES:
            await socket.close(TOO_MANY, "too many overlays are open")
            return
        self._loop = asyncio.get_running_loop()
        self._count += 1
        page = _Page(socket, self._count)
        self._pages.add(page)
        sending = asyncio.create_task(self._send(page))
        try:
            await self._receive(page)
        finally:
            self._pages.discard(page)
            sending.cancel()

    async def _send(self, page: _Page) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # gone in the meantime
            while True:
                await page.news.wait()
                page.news.clear()
                number, text = self._latest
                if page.got == page.sent < number:
                    page.sent = number
                    await page.socket.send_text(text)

    async def _receive(self, page: _Page) -> None:
        while True:
            message = await page.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                told = read(message.get("text") or "")
                if isinstance(told, Receipt):
                    self._take_receipt(page, told)
                elif page.may_act():
                    with suppress(Full):
                        self.actions.put_nowait(told)
                else:
                    raise NotOurs("too many actions")
            except NotOurs as wrong:
                await page.socket.close(REFUSE, str(wrong))
                return

    def _take_receipt(self, page: _Page, told: Receipt) -> None:
        """Each snapshot is acknowledged once each way, so receipts can be no flood."""
        if told.kind == "got" and told.number == page.sent > page.got:
            page.got = told.number
            page.news.set()
        elif told.kind == "painted" and page.painted < told.number <= page.got:
            page.painted = told.number
            with self._lock:
                self._painted.append(Painted(told.number, time.monotonic(), page.number))
        else:
            raise NotOurs("a receipt for what was not sent")


class _Page:
    """One open overlay: which snapshots it was ``sent``, has ``got`` and ``painted``; ``news``: look again."""

    def __init__(self, socket: WebSocket, number: int) -> None:
        self.socket = socket
        self.number = number
        self.sent = self.got = self.painted = 0
        self.news = asyncio.Event()
        self.news.set()
        self._credit = float(BURST)
        self._checked = time.monotonic()

    def may_act(self) -> bool:
        """Whether one more action is within the rate."""
        now = time.monotonic()
        self._credit = min(BURST, self._credit + (now - self._checked) * PER_SECOND)
        self._checked = now
        if self._credit < 1:
            return False
        self._credit -= 1
        return True


def application(hub: Hub, token: str, routers: Iterable[APIRouter] = ()) -> FastAPI:
    """The page under ``/TOKEN/``, its socket, and what else is to be served (each router guards itself)."""
    routers = list(routers)
    # FastAPI's own pages of documentation fetch their scripts from the network; the description alone does not.
    described = "/openapi.json" if routers else None
    app = FastAPI(title="callflow live", docs_url=None, redoc_url=None, openapi_url=described, redirect_slashes=False)
    for router in routers:
        app.include_router(router)
    static = files("callflow.live") / "static"
    page = (static / "overlay.html").read_bytes()
    parts = {name: (static / name).read_bytes() for name in STATIC}

    @app.get("/{given}/", include_in_schema=False)
    async def overlay(given: str) -> Response:
        return Response(page, media_type="text/html; charset=utf-8") if same(token, given) else refused()

    @app.get("/{given}/{name}", include_in_schema=False)
    async def part(given: str, name: str) -> Response:
        if not same(token, given) or name not in parts:
            return refused()
        return Response(parts[name], media_type=STATIC[name])

    @app.get("/", include_in_schema=False)
    @app.get("/{given}", include_in_schema=False)
    async def nothing() -> Response:
        return refused()

    @app.websocket("/{given}/socket")
    async def socket(given: str, socket: WebSocket) -> None:
        # A browser always says where a socket is opened from; the gate has seen that it is from here.
        if not same(token, given) or "origin" not in socket.headers:
            await socket.close(REFUSE)
        else:
            await hub.serve(socket)

    return app


def refused() -> Response:
    return PlainTextResponse(REFUSED, status_code=403)
