"""Nothing of the desk or the studio is reached without a session, and nothing is changed without its CSRF token.

``Access`` stands between the ``Gate`` (which sees to where a request comes from) and the application: it finds the
visitor, bounds what may be sent, and ends the sockets of a session when the session ends. Pages behind it find the
visitor in ``request.state``.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from callflow.archive.tables import User
from callflow.errors import CallflowError
from callflow.gate import App, Message, Receive, Send
from callflow.texts import Text, text
from callflow.web.accounts import Accounts
from callflow.web.visitor import Look, Visitor, cookies, csrf_of

SESSION_COOKIE, LOOK_COOKIE = "callflow", "callflow-look"
PUBLIC, ASSETS = ("/login", "/favicon.ico"), "/static/"
"""What is served without a session: it tells nothing of any call. The log-in page guards itself."""
SOCKETS = "/_nicegui_ws/"
SAFE = ("GET", "HEAD")
MOST_SENT = 1_000_000
"""Bytes of a request; addresses in ``uploads`` have a bound of their own."""
FORM = "application/x-www-form-urlencoded"
FRESH = 2.0
"""Seconds for which a session that was looked up is taken for alive; one that is ended here ends at once."""
CLOSED, LATER = 1008, 1013
"""WebSocket close codes: policy violation, try again later."""
MOST_REQUESTS, MOST_SOCKETS = 400, 1_000
"""Requests under way, and open pages with a socket; what comes beyond is told to try again. Machines of agents count
as neither: the wall has a bound of its own for them, and their number must not keep people out."""

BUSY = text("too many are asking at once: try again in a moment", "同时访问的人过多，请稍后再试")
NEED_LOGIN = text("log in first", "请先登录")
FORGED = text("the page is out of date: load it again", "页面已过期，请刷新后再试")
TOO_LARGE = text("too large", "内容过大")


class Access:
    """An ASGI application before the application. ``uploads``: bytes allowed by the beginning of the address.

    ``machines``: addresses of sockets for programs of ours that have no session and show a token of their own.
    """

    def __init__(
        self, app: App, accounts: Accounts, uploads: Mapping[str, int], machines: Collection[str] = ()
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._uploads = uploads
        self._machines = machines
        self._known: dict[str, tuple[float, User]] = {}
        self._under_way = {"http": 0, "websocket": 0}

    def forget(self, token: str) -> None:
        """A session was ended: look it up again at its next use."""
        self._known.pop(token, None)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket") or self._is_machine(scope):
            await self._app(scope, receive, send)
        elif self._under_way[kind] >= (MOST_REQUESTS if kind == "http" else MOST_SOCKETS):
            await _broken(CallflowError(BUSY), scope)(scope, receive, send)
        else:
            self._under_way[kind] += 1
            try:
                await self._let_in(scope, receive, send)
            finally:
                self._under_way[kind] -= 1

    def _is_machine(self, scope: Any) -> bool:
        """Browsers say where a socket was opened from; what says nothing is no browser."""
        path, headers = scope["path"], Headers(scope=scope)
        return scope["type"] == "websocket" and path in self._machines and "origin" not in headers

    async def _let_in(self, scope: Any, receive: Receive, send: Send) -> None:
        token = cookies(Headers(scope=scope)).get(SESSION_COOKIE, "")
        try:
            visitor = await self._visitor(scope, token)
        except CallflowError as error:  # the archive cannot be asked
            await _broken(error, scope)(scope, receive, send)
            return
        scope.setdefault("state", {})
        scope["state"]["visitor"] = visitor
        scope["state"]["nonce"] = secrets.token_urlsafe(16)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, token, visitor)
        else:
            await self._http(scope, receive, send, visitor)

    async def _visitor(self, scope: Any, token: str) -> Visitor | None:
        user = await self._user(token)
        if user is None:
            return None
        look = Look.of(cookies(Headers(scope=scope)).get(LOOK_COOKIE, ""), user.language)
        return Visitor(user, look, csrf_of(token), (scope.get("client") or ("",))[0])

    async def _user(self, token: str, using: bool = True) -> User | None:
        if not token or len(token) > 200:
            return None
        until, user = self._known.get(token, (0.0, None))
        if time.monotonic() < until:
            return user
        user = await to_thread.run_sync(self._accounts.user, token, using)
        if len(self._known) > 10_000:
            self._known.clear()
        if user is not None:
            self._known[token] = time.monotonic() + FRESH, user
        else:
            self._known.pop(token, None)
        return user

    # -------------------------------------------------------------------------------------------- http

    async def _http(self, scope: Any, receive: Receive, send: Send, visitor: Visitor | None) -> None:
        path = scope["path"]
        public = path in PUBLIC or path.startswith(ASSETS)
        if path.startswith(SOCKETS):  # by socket only: its HTTP transport could carry no CSRF token
            await PlainTextResponse("not found", 404)(scope, receive, send)
            return
        if visitor is None and not public:
            await _unknown(scope)(scope, receive, send)
            return
        body = _Bounded(receive, next((most for at, most in self._uploads.items() if path.startswith(at)), MOST_SENT))
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > body.most:
            await _refusal(scope, visitor, TOO_LARGE, 413)(scope, receive, send)
            return
        if visitor and not public and scope["method"] not in SAFE and not await _is_ours(scope, body, visitor):
            await _refusal(scope, visitor, FORGED, 403)(scope, receive, send)
            return
        await self._app(scope, body, send)

    # -------------------------------------------------------------------------------------------- sockets

    async def _socket(self, scope: Any, receive: Receive, send: Send, token: str, visitor: Visitor | None) -> None:
        """A socket lives as long as its session, and does not keep it alive: an open page is no use of it.

        With each message the visitor is who the user is by then: somebody may be given another team meanwhile.
        """
        if visitor is None or "origin" not in Headers(scope=scope):  # the gate has seen where it was opened from
            await _close(scope, receive, send)
            return

        async def guarded() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            code = CLOSED
            try:
                if user := await self._user(token, using=False):
                    scope["state"]["visitor"] = replace(visitor, user=user)
                    return message
            except CallflowError:  # nobody can be recognised now
                code = LATER
            await send({"type": "websocket.close", "code": code})
            return {"type": "websocket.disconnect", "code": code}

        await self._app(scope, guarded, send)


class _Bounded:
    """``receive`` that counts what comes and takes no more than ``most`` bytes, whatever the headers promised."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self.most = most
        self._so_far = 0
        self._kept: list[Message] = []

    async def __call__(self) -> Message:
        return self._kept.pop(0) if self._kept else await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._so_far += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self._so_far > self.most else message

    async def whole(self) -> bytes:
        """All of the body; it can be read once more by the application."""
        kept = [await self._next()]
        while kept[-1].get("more_body"):
            kept.append(await self._next())
        self._kept = kept
        return b"".join(message.get("body", b"") for message in kept)


async def _is_ours(scope: Any, body: _Bounded, visitor: Visitor) -> bool:
    """Whether a request that changes something carries its session's token: in a header, or as a field of a form."""
    headers = Headers(scope=scope)
    given = headers.get("x-csrf-token", "")
    if not given and headers.get("content-type", "").partition(";")[0].strip() == FORM:
        with suppress(ValueError):  # of more fields than any form of ours has
            fields = parse_qs((await body.whole()).decode("utf-8", "replace"), max_num_fields=100)
            given = fields.get("csrf", [""])[0]
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), visitor.csrf.encode())


def _unknown(scope: Any) -> Response:
    """Nobody is logged in: a page leads to the log-in and back, a program is told."""
    headers = Headers(scope=scope)
    if scope["method"] in SAFE and "text/html" in headers.get("accept", "") and not for_program(scope):
        asked = scope["path"] + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
        return RedirectResponse("/login" + (f"?next={quote(asked)}" if asked != "/" else ""), 303)
    return _refusal(scope, None, NEED_LOGIN, 401)


def _refusal(scope: Any, visitor: Visitor | None, why: Text, status: int) -> Response:
    language = (visitor.look if visitor else Look.of(cookies(Headers(scope=scope)).get(LOOK_COOKIE, ""), "en")).language
    if for_program(scope):
        return JSONResponse({"detail": why.in_(language)}, status)
    return PlainTextResponse(why.in_(language) + "\n", status)


def _broken(error: CallflowError, scope: Any) -> App:
    """Answers while nobody can be let in; to a socket, too, which a page tries again."""
    if scope["type"] != "websocket" and for_program(scope):
        return JSONResponse({"detail": error.in_("en")}, 503)
    return PlainTextResponse(f"{error.in_('zh')}\n{error.in_('en')}\n", 503)


async def _close(scope: Any, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": CLOSED})


def for_program(scope: Any) -> bool:
    """Whether the answer is for a program, or a script of ours: JSON, whatever comes of it."""
    return bool(scope["path"].startswith("/api/")) or Headers(scope=scope).get("accept", "") == "application/json"


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Who asks, behind ``Access``: also as a dependency of FastAPI."""
    visitor = connection.state.visitor
    assert isinstance(visitor, Visitor)
    return visitor


def local(address: str) -> str:
    """``address`` where it is a page of ours, else the first page: a log-in must not lead to somebody else's site."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ours and "\\" not in address else "/"
