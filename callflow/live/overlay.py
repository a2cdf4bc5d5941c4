"""The overlay as the session knows it: something to show snapshots on, and actions that come back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import uvicorn
from fastapi import APIRouter

from callflow.errors import CallflowError
from callflow.gate import Gate, listen, new_token, own_hosts
from callflow.live.actions import LONGEST_MESSAGE
from callflow.live.server import REFUSED, Hub, Painted, application
from callflow.texts import text

LOCAL = "127.0.0.1"
START_TIME, STOP_TIME = 10.0, 5.0
"""Seconds that the server may take to start and to stop."""


class Overlay:
    """A web server in a thread of its own, running while the context is open::

        with Overlay() as overlay:
            print(overlay.url)
            overlay.show(screen.view(now))
            action = overlay.actions.get_nowait()

    ``port`` 0 takes any free one, an empty ``token`` a new one. ``hosts``: further names by which this machine is
    reached, where ``host`` is not 127.0.0.1. ``routers``: what else is served (the webhook).
    Raises ``CallflowError`` where the port is taken.
    """

    def __init__(
        self,
        host: str = LOCAL,
        port: int = 0,
        token: str = "",
        hosts: Iterable[str] = (),
        routers: Iterable[APIRouter] = (),
    ) -> None:
        self.token = token or new_token()
        self._host, self._port = host, port
        self._hosts = tuple(hosts)
        self._hub = Hub()
        self._app = application(self._hub, self.token, routers)
        self.actions = self._hub.actions
        """what the agent does in any of the pages, in order"""

    @property
    def url(self) -> str:
        """The address of the page; whoever has it can use the overlay."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/{self.token}/"

    @property
    def pages(self) -> int:
        """How many overlays are open."""
        return self._hub.pages

    @property
    def painted(self) -> list[Painted]:
        """The last snapshots that pages had on the screen, and when: for measuring."""
        return self._hub.painted

    @property
    def latest(self) -> str:
        """What is shown, as JSON: ``{"number": …, "view": …}``; "" before the first snapshot."""
        return self._hub.latest

    def show(self, view: Mapping[str, Any]) -> int:
        """Show ``view`` in every overlay, from any thread, without waiting; returns the number of the snapshot."""
        return self._hub.show(view)

    def __enter__(self) -> Overlay:
        listening = listen(self._host, self._port)
        self._port = listening.getsockname()[1]
        gate = Gate(self._app, own_hosts(self._host, self._port, self._hosts), REFUSED)
        self._server = uvicorn.Server(
            uvicorn.Config(
                gate,
                ws="websockets-sansio",
                ws_max_size=LONGEST_MESSAGE,
                ws_per_message_deflate=False,
                lifespan="off",
                limit_concurrency=64,
                timeout_graceful_shutdown=1,
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="overlay", daemon=True)
        self._thread.start()
        self._await_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_TIME)

    def _await_start(self) -> None:
        started = threading.Event()
        for _ in range(round(START_TIME / 0.01)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            started.wait(0.01)
        raise CallflowError(text("the overlay's server did not start", "浮窗服务未能启动"))
