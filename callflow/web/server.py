"""Listens: on this computer only, unless told otherwise."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable

import uvicorn

from callflow.gate import App

MOST_AT_ONCE = 400
"""Connections at a time; what comes beyond is told to try again."""
LONGEST_MESSAGE = 4_000_000
"""Bytes of a message on a socket: a flow in the studio's editor."""


def is_local(host: str) -> bool:
    """Whether only this computer can reach a server that listens on ``host``."""
    return host in ("localhost", "::1") or host.startswith("127.")


def serve(
    app: App, listening: socket.socket, certificate: str | None, key: str | None, started: Callable[[], None]
) -> None:
    """Serve until interrupted. ``certificate`` and ``key``: PEM files, for HTTPS."""
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=LONGEST_MESSAGE,
        lifespan="on",
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=1,
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_a_fault)
    _Server(config, started).run([listening])


def still_answering() -> bool:
    """Whether anything is still at work for who has gone: it may wait half a minute for a locked archive.

    Nothing half done is ever kept, so that there is no need to wait for it.
    """
    workers = [each for each in threading.enumerate() if each.name == "AnyIO worker thread"]
    for each in workers:
        each.join(0.2)
    return any(each.is_alive() for each in workers)


def _is_a_fault(record: logging.LogRecord) -> bool:
    """That answers were cut off because the server is ended is none, and not worth a traceback each."""
    cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and not str(record.msg).startswith("Cancel %s running task")


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
