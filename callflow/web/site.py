"""``Site``: the shell put together. Desk and studio add their pages to it.

::

    site = Site(accounts)
    site.section(Section("/calls", text("Calls", "通话"), place=10))      # an entry of the navigation
    site.add("callflow.review.desk")                                     # its folders templates/ and static/
    site.app.include_router(router)                                      # pages made of templates, and JSON under /api
    @site.nice("/agents", text("Agents", "坐席"), LEADERS)                # a page made of NiceGUI's elements
    def agents(visitor: Visitor, request: Request) -> None: ...

A page made of templates is ``site.pages.page(request, "calls.html.j2", values, here="/calls")``. Whoever asks is
``visitor_of(request)``; what a page may do only for some is ``site.require(visitor, roles)``.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import HTTPConnection

from callflow import __version__
from callflow.archive.viewers import NotSeen, Role
from callflow.errors import CallflowError
from callflow.gate import HEADERS, App, Gate
from callflow.texts import Text, text
from callflow.web import login, nice
from callflow.web.access import BUSY, TOO_LARGE, Access, for_program, visitor_of
from callflow.web.accounts import Accounts
from callflow.web.pages import Pages, Section, read_static
from callflow.web.visitor import EVERYBODY, Visitor

REFUSED = (
    "这个地址不对，请打开 callflow serve 显示的地址。\n"
    "This is not the right address. Open the one that callflow serve has printed.\n"
)
OURS = {**HEADERS, "referrer-policy": "same-origin"}
"""A form that sends no referrer would send no origin either."""
FORBIDDEN = text("this is not for your role", "您没有权限查看")
NOT_THERE = text("there is nothing here", "没有这个页面")
LOOK_AGAIN = text("is the address right?", "请检查地址")
FAILED = 1011
"""WebSocket close code: something went wrong here."""
BAD = text("this address cannot be understood", "无法理解这个地址")
BAD_SENT = text("what was sent cannot be understood", "无法理解所发送的内容")
REFUSALS: Mapping[int, Text] = {
    405: text("this cannot be done here", "这里不能这样操作"),
    413: TOO_LARGE,
    422: BAD_SENT,
    429: BUSY,
}
"""What is said of a status where nothing else is."""
WRONG: Mapping[str, str] = {
    "missing": "缺少",
    "extra_forbidden": "没有这一项",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字",
    "string_too_long": "太长",
    "string_too_short": "太短",
    "string_pattern_mismatch": "格式不对",
    "literal_error": "不是可用的值",
    "enum": "不是可用的值",
    "greater_than_equal": "太小",
    "less_than_equal": "太大",
    "date_parsing": "应为日期，如 2026-11-01",
    "date_from_datetime_parsing": "应为日期，如 2026-11-01",
    "json_invalid": "不是 JSON",
    "model_attributes_type": "应为 JSON 对象",
}
"""What pydantic finds wrong, by the names that it has for it; in English it has words of its own."""


class Site:
    """The web application of ``callflow serve``. ``secure``: it is reached by HTTPS."""

    def __init__(self, accounts: Accounts, secure: bool = False) -> None:
        self.accounts = accounts
        self.uploads: dict[str, int] = {}
        """bytes that may be sent to addresses that begin so, where it is more than usual"""
        self.machines: set[str] = set()
        """addresses of sockets for programs that show a token of their own; each guards itself"""
        # FastAPI's own pages of documentation fetch their scripts from the network; the description alone does not.
        self.app = FastAPI(
            title="callflow", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
        )
        self.pages = Pages()
        self._static: dict[str, dict[str, bytes]] = {}
        self._secure = secure
        self._access = Access(nice.guarded(self.app), accounts, self.uploads, self.machines)
        self.app.include_router(login.router(accounts, self.pages, self._access, secure))
        self.app.get("/static/{package}/{name}", include_in_schema=False)(self._asset)
        self.app.get("/", include_in_schema=False)(self._first)
        self.app.get("/favicon.ico", include_in_schema=False)(lambda: RedirectResponse("/static/web/icon.svg", 301))
        self._answers: Mapping[type[Exception], Any] = {
            CallflowError: _for_pages(self._explained),
            StarletteHTTPException: _for_pages(self._refused),
            RequestValidationError: _for_pages(self._invalid),
        }
        for kind, answer in self._answers.items():
            self.app.add_exception_handler(kind, answer)
        self._serve_static("web", "callflow.web")

    def section(self, section: Section) -> None:
        """Add an entry to the navigation."""
        self.pages.sections = sorted([*self.pages.sections, section], key=lambda each: each.place)

    def add(self, package: str) -> None:
        """Serve ``package``'s templates and, under ``/static/`` and its last name, what is in its folder ``static``."""
        self.pages.add(package)
        self._serve_static(package.rpartition(".")[2], package)

    def nice(
        self, path: str, title: Text, roles: Sequence[Role] = EVERYBODY, here: str = ""
    ) -> Callable[[nice.Build], nice.Build]:
        """A decorator for a function that builds a page of NiceGUI's elements: ``build(visitor, request)``."""
        return nice.page(self.pages, path, title, roles, here)

    def require(self, visitor: Visitor, roles: Sequence[Role]) -> None:
        """Raises what becomes a page that says so where ``visitor`` has none of ``roles``."""
        if visitor.user.role not in roles:
            raise HTTPException(403, FORBIDDEN.in_(visitor.language))

    def finished(self, hosts: frozenset[str]) -> App:
        """The whole as an ASGI application. ``hosts``: what a request may call this server. Add no pages after it."""
        nice.attach(self.app, self._answers[StarletteHTTPException])
        own = ("content-security-policy", "cache-control", "x-frame-options")
        return Gate(self._access, hosts, REFUSED, OURS, own)

    # -------------------------------------------------------------------------------------------- answers

    def _serve_static(self, name: str, package: str) -> None:
        self._static[name] = read_static(package)

    async def _asset(self, package: str, name: str) -> Response:
        content = self._static.get(package, {}).get(name)
        if content is None:
            raise HTTPException(404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(content, media_type=kind, headers={"cache-control": "public, max-age=300"})

    async def _first(self, request: Request) -> Response:
        """The first page is the first that the visitor may open."""
        role = visitor_of(request).user.role
        path = next((section.path for section in self.pages.sections if role in section.roles), None)
        return RedirectResponse(path, 303) if path else self._message(request, NOT_THERE, 404)

    async def _explained(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, CallflowError)
        return self._message(request, error.message, 404 if isinstance(error, NotSeen) else 503, error.hint)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        status = error.status_code
        if status == 404:
            return self._message(request, NOT_THERE, 404, LOOK_AGAIN)
        if status == 403:
            return self._message(request, FORBIDDEN, 403)
        said = str(error.detail)
        plain = said == HTTPStatus(status).phrase  # nobody has said more
        return self._message(request, REFUSALS.get(status, BAD) if plain else Text(said, said), status)

    async def _invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        wrong = error.errors()[:5]
        places = [".".join(map(str, each["loc"])) for each in wrong]
        english = [f"{place}: {each['msg']}" for place, each in zip(places, wrong, strict=True)]
        chinese = [
            f"{place}：{WRONG.get(each['type'], '不符合要求')}" for place, each in zip(places, wrong, strict=True)
        ]
        sent = any(each["loc"][:1] == ("body",) for each in wrong)
        return self._message(request, BAD_SENT if sent else BAD, 422, Text("; ".join(english), "；".join(chinese)))

    def _message(self, request: Request, message: Text, status: int, hint: Text | None = None) -> Response:
        language = request.state.visitor.language if request.state.visitor else "en"
        if request.url.path == "/api" or for_program(request.scope):
            detail = [message.in_(language), hint.in_(language) if hint else ""]
            return JSONResponse({"detail": " — ".join(filter(None, detail))}, status)
        return self.pages.message(request, message, hint, status)


def _for_pages(answer: Callable[[Request, Exception], Awaitable[Response]]) -> Callable[..., Any]:
    """An answer to what went wrong: requests get it, a socket is closed, as it could not read it."""

    async def handled(asked: HTTPConnection, error: Exception) -> Response | None:
        if isinstance(asked, Request):
            return await answer(asked, error)
        assert isinstance(asked, WebSocket)
        with suppress(Exception):  # closed before, or gone
            await asked.close(FAILED)
        return None

    return handled
