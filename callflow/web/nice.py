"""NiceGUI pages in the same frame as all others, and behind the same checks.

NiceGUI writes scripts into its page and compiles templates in the browser, so its pages cannot have the strict policy
of ours: they may use ``eval``, but only scripts that carry the page's nonce or are files of this server. The nonce is
written into NiceGUI's own template, never into what a page shows. To NiceGUI whoever knows the number of a page may act
on it: here a socket reaches the pages of its own session only.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import nicegui.client
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from jinja2 import BaseLoader, Environment
from nicegui import Client, core, ui
from starlette.exceptions import HTTPException as StarletteHTTPException

from callflow.archive.viewers import Role
from callflow.gate import App, Message, Receive, Send
from callflow.texts import Text
from callflow.web.access import visitor_of
from callflow.web.pages import Pages
from callflow.web.visitor import EVERYBODY, Visitor

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
Build = Callable[[Visitor, Request], Any]
"""Builds a page with NiceGUI's elements; may be a coroutine. A ``Response`` that it returns takes the page's place."""


def attach(app: FastAPI, refused: Callable[..., Any]) -> None:
    """Serve NiceGUI behind ``app``. Once in a process: NiceGUI is one application, whoever uses it.

    ``refused`` answers where there is nothing, or nothing for this visitor: NiceGUI would print the address and make a
    page of its own.
    """
    for kind in (404, StarletteHTTPException):
        core.app.add_exception_handler(kind, refused)
    environment = nicegui.client.templates.env
    if not isinstance(environment.loader, _WithNonces):
        assert environment.loader is not None
        environment.loader = _WithNonces(environment.loader)
        environment.cache.clear() if environment.cache is not None else None
    for name, handler in core.sio.handlers["/"].items():
        if name != "disconnect" and not hasattr(handler, "__wrapped__"):
            core.sio.on(name, (_connecting if name == "connect" else _on_own_page)(handler))
    core.app.config.socket_io_js_transports = ["websocket"]
    ui.run_with(
        app,
        title="callflow",
        favicon=None,
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )


def page(
    pages: Pages, path: str, title: Text, roles: Sequence[Role] = EVERYBODY, here: str = ""
) -> Callable[[Build], Build]:
    """A decorator: the function builds the page at ``path``, which belongs to the section ``here``."""

    def register(build: Build) -> Build:
        @ui.page(path)
        async def shown(request: Request) -> Any:
            visitor = visitor_of(request)
            if visitor.user.role not in roles:
                raise HTTPException(403)
            _OWNERS[ui.context.client] = visitor.csrf
            head, bar = pages.frame(request, here or path)
            ui.page_title(f"{title.in_(visitor.language)} · callflow")
            ui.add_head_html(str(head))
            ui.dark_mode({"auto": None, "light": False, "dark": True}[visitor.look.theme])
            lang = "zh-CN" if visitor.language == "zh" else "en"
            ui.query("html").props(f"data-theme={visitor.look.theme} lang={lang}")
            ui.html(str(bar), sanitize=False)  # every value in it was escaped by its template
            with ui.element("main").props("id=main tabindex=-1"):
                built = build(visitor, request)
                answer = await built if inspect.isawaitable(built) else built
            return answer if isinstance(answer, Response) else None

        return build

    return register


def guarded(app: App) -> App:
    """``app``, with NiceGUI's policy on the pages that NiceGUI makes."""

    async def outer(scope: Any, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                if any(name.lower() == b"x-nicegui-content" for name, _ in headers):
                    policy = POLICY.format(nonce=scope["state"]["nonce"]).encode()
                    message["headers"] = [*headers, (b"content-security-policy", policy)]
            await send(message)

        await app(scope, receive, sending if scope["type"] == "http" else send)

    return outer


_OWNERS: WeakKeyDictionary[Client, str] = WeakKeyDictionary()
"""Of each page of NiceGUI's that is open the token of the session that it was made for."""


def _is_own(sid: str, told: object) -> bool:
    """Whether the page that a socket's message names belongs to the session of the socket."""
    client = Client.instances.get(str(told.get("client_id"))) if isinstance(told, Mapping) else None
    visitor = core.sio.get_environ(sid)["asgi.scope"]["state"]["visitor"]
    return client is not None and _OWNERS.get(client) == visitor.csrf


def _on_own_page(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler of a socket's messages, each of which names the page it is for."""

    @wraps(handler)
    async def own(sid: str, *told: Any) -> Any:
        if not told or not _is_own(sid, told[0]):
            return False
        result = handler(sid, *told)
        return await result if inspect.isawaitable(result) else result

    return own


def _connecting(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A socket may name its page at once, in its address."""

    @wraps(handler)
    async def connecting(sid: str, environ: Mapping[str, Any], *more: Any) -> Any:
        asked = dict(reversed(parse_qsl(environ.get("QUERY_STRING", ""))))  # of several the first counts, as there
        if "implicit_handshake" in asked:
            whole = asked.keys() >= {"tab_id", "document_id"} and asked.get("next_message_id", "0").isdecimal()
            if not whole or not _is_own(sid, asked):
                return False  # not connected
        return await handler(sid, environ, *more)

    return connecting


class _WithNonces(BaseLoader):
    """Loads templates and gives every script written in them the nonce of the request."""

    def __init__(self, loader: BaseLoader) -> None:
        self._loader = loader

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, name, current = self._loader.get_source(environment, template)
        return re.sub(r"<script\b", '<script nonce="{{ request.state.nonce }}"', source), name, current
