"""Where our web pages are reached, and by whom. Every page that people open can send requests to this machine's ports.

What holds such a page off, whatever the application behind the gate does: the ``Host`` header, which tells of a name
that an attacker has pointed at 127.0.0.1 (DNS rebinding); and ``Origin`` with ``Sec-Fetch-Site``, which tell of
requests that another page makes. What comes back may not be framed, kept or read by others, and runs no script but our
own. A secret (the overlay's address, a session of the desk) is for the application to ask for.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from callflow.errors import CallflowError
from callflow.texts import Text, refused, text

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()",
}
_FROM_ELSEWHERE = ("cross-site", "same-site")


def new_token() -> str:
    """192 random bits, fit for an address."""
    return secrets.token_urlsafe(24)


def same(token: str, given: str) -> bool:
    """Whether ``given`` is the token; takes as long for a nearly right one as for a wrong one."""
    return hmac.compare_digest(token.encode(), given.encode("utf-8", "surrogatepass"))


def is_local(host: str) -> bool:
    """Whether only this computer can reach a server that listens on ``host``."""
    return host in ("localhost", "::1") or host.startswith("127.")


def own_hosts(
    host: str, port: int, more: Iterable[str] = (), secure: bool = False, proxy: bool = False
) -> frozenset[str]:
    """What ``Host`` may say of a server that listens on ``host``; ``more``: names of this machine, without a port.

    ``secure``: it speaks HTTPS; ``proxy``: one that does stands before it, at the usual port.
    """
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host, *(name.lower() for name in more)}
    plain = proxy or port == (443 if secure else 80)  # then browsers leave the port out
    return frozenset(f"{name.lower()}:{port}" for name in names) | (frozenset(names) if plain else frozenset())


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; ``port`` 0 takes any free one. Raises ``CallflowError`` where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows would let a second server take the port with it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        why = refused(error) if isinstance(error, OSError) else Text(str(error), str(error))
        raise CallflowError(
            text("cannot listen on {h}:{p}: {w}", "无法监听 {h}:{p}：{w}", h=host, p=port, w=why),
            text("choose another port, or an address of this computer", "请换一个端口，或使用本机的地址"),
        ) from error
    return listening


class Gate:
    """Stands before the application: lets in only what was sent to us by our own page or by no page at all.

    ``refused`` is what others are told. Answers get ``headers`` in place of their own of the same name; where the
    application sets one of ``own`` itself (a policy for a page that needs another one), its word holds.
    """

    def __init__(
        self,
        app: App,
        hosts: frozenset[str],
        refused: str,
        headers: Mapping[str, str] = HEADERS,
        own: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._refused = refused
        self._own = frozenset(name.encode() for name in own)
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not self._lets_in(scope):
            await self._refuse(scope, receive, send)
        else:
            await self._app(scope, receive, self._guarded(send))

    def _lets_in(self, scope: MutableMapping[str, Any]) -> bool:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1").lower())
        hosts, origins = headers.get("host", []), headers.get("origin", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts or len(origins) > 1:
            return False
        if any(site in _FROM_ELSEWHERE for site in headers.get("sec-fetch-site", [])):
            return False
        scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
        return not origins or origins[0] == f"{scheme}://{hosts[0]}"

    def _guarded(self, send: Send) -> Send:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._with_ours(message.get("headers", []))
            await send(message)

        return guarded

    def _with_ours(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        given = [(name.lower(), value) for name, value in given]
        chosen = {name for name, _ in given} & self._own
        ours = [(name, value) for name, value in self._headers if name not in chosen]
        replaced = {name for name, _ in ours}
        return [*((name, value) for name, value in given if name not in replaced), *ours]

    async def _refuse(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        body = self._refused.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": [*headers, *self._headers]})
        await send({"type": "http.response.body", "body": body})
