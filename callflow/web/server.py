"""Listens: on this computer only, unless told otherwise."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from callflow.gate import App

OPEN_FILES = 8_192
"""Connections and files that may be open at a time where the system allows it: 1,000 machines of agents need more than
the usual 1,024. How many ask at a time is bounded by ``access``; uvicorn's own limit would count the machines, too."""
LONGEST_MESSAGE = 4_000_000
"""Bytes of a message on a socket: a flow in the studio's editor."""


def serve(
    app: App,
    listening: socket.socket,
    certificate: str | None,
    key: str | None,
    proxy: str | None,
    started: Callable[[], None],
) -> None:
    """Serve until interrupted. ``certificate`` and ``key``: PEM files, for HTTPS.

    ``proxy``: the address of one whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
    """
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=LONGEST_MESSAGE,
        lifespan="on",
        timeout_graceful_shutdown=1,
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy or [],
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    _allow_files()
    logging.getLogger("uvicorn.error").addFilter(_is_trouble)
    _Server(config, started).run([listening])


def _allow_files() -> None:
    try:
        import resource
    except ImportError:  # Windows knows no such bound
        return
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        with suppress(OSError, ValueError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def still_answering() -> bool:
    """Whether anything is still at work for who has gone: it may wait half a minute for a locked archive.

    Nothing half done is ever kept, so that there is no need to wait for it.
    """
    workers = [each for each in threading.enumerate() if each.name == "AnyIO worker thread"]
    end = time.monotonic() + 0.5  # those that rest have been told to end
    for each in workers:
        each.join(max(0.0, end - time.monotonic()))
    return any(each.is_alive() for each in workers)


def _is_trouble(record: logging.LogRecord) -> bool:
    """What uvicorn takes for a mistake of ours, and is none.

    A socket that is answered with a refusal is answered; and answers are cut off when the server is ended.
    """
    if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
        return False
    return not re.match("Cancel %s running task|.*without completing handshake", str(record.msg))


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
