"""Call events from Asterisk over its REST Interface (ARI): JSON over a WebSocket, which only listens.

The pure half, ``facts_of``, reads the events; ``RestInterface`` connects.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from callflow.errors import TelephonyError, install
from callflow.telephony.asterisk import Fact
from callflow.telephony.link import Link
from callflow.texts import text

_CONNECT = 10.0
_LONGEST = 1_000_000
"""Bytes of one event; Asterisk's are a few thousand."""


def facts_of(event: Any) -> Iterator[Fact]:
    """What one event of ARI says about channels; nothing for those that say nothing, or are no events."""
    if not isinstance(event, dict):
        return
    id, name, state, to = _channel(event.get("channel"))
    match event.get("type"):
        case "ChannelCreated" | "ChannelStateChange" | "StasisStart":
            yield Fact("channel", id, name, state, to=to)
        case "Dial":
            yield Fact("joined", _channel(event.get("caller"))[0], other=_channel(event.get("peer"))[0])
        case "ChannelEnteredBridge":
            members = _part(event, "bridge").get("channels")
            for other in members if isinstance(members, list) else ():
                yield Fact("joined", id, other=str(other))
        case "ChannelHold":
            yield Fact("hold", id)
        case "ChannelUnhold":
            yield Fact("unhold", id)
        case "ChannelHangupRequest" if not event.get("soft"):
            yield Fact("asked", id)
        case "ChannelDestroyed":
            yield Fact("gone", id, why=str(event.get("cause_txt", "")))
        case "BridgeBlindTransfer":
            yield Fact("blind", id, to=str(event.get("exten", "")), why=_why(event))
        case "BridgeAttendedTransfer":
            first, second = (_channel(event.get(f"transferer_{leg}_leg"))[0] for leg in ("first", "second"))
            number = str(_part(_part(event, "transfer_target"), "caller").get("number", ""))
            yield Fact("attended", first, other=second, to=number, why=_why(event))


def _channel(value: Any) -> tuple[str, str, str, str]:
    """Id, name, state and dialled number of a channel."""
    if not isinstance(value, dict):
        return "", "", "", ""
    to = _part(value, "dialplan").get("exten", "")
    return str(value.get("id", "")), str(value.get("name", "")), str(value.get("state", "")), str(to)


def _part(value: dict[str, Any], name: str) -> dict[str, Any]:
    """The object ``name`` in another; an empty one where it is missing or something else."""
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def _why(event: dict[str, Any]) -> str:
    result = str(event.get("result", ""))
    return "" if result == "Success" else result or "failed"


class RestInterface(Link):
    """A ``CallEvents`` source that follows ``endpoint`` through ARI; ``user`` may be a read-only one.

    ``url``: where Asterisk's HTTP server is, ``http://host:8088`` (``https`` for TLS).
    """

    def __init__(self, endpoint: str, user: str, password: str, url: str = "http://127.0.0.1:8088") -> None:
        super().__init__("Asterisk ARI", url.rstrip("/"), endpoint)
        self._headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        self._user = user
        # Asterisk gives an application's events to whoever connected last by its name, so each has a name of its own.
        self._application = f"callflow-{secrets.token_hex(4)}"

    def connect(self) -> _Session:
        if importlib.util.find_spec("websockets") is None:
            raise TelephonyError(
                text("ARI needs the package websockets", "ARI 需要 websockets 软件包"),
                install("live"),
            )
        from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
        from websockets.sync.client import connect

        scheme, _, rest = self.where.partition("://")
        address = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ari/events"
        try:
            opening = connect(
                f"{address}?app={self._application}&subscribeAll=true",
                additional_headers=self._headers,
                open_timeout=_CONNECT,
                max_size=_LONGEST,
                proxy=None,
            )
            return _Session(opening, self._channels)
        except InvalidStatus as error:
            raise self._refused(error.response.status_code) from None
        except (InvalidHandshake, InvalidURI, EOFError) as error:
            raise ConnectionError(str(error) or "no WebSocket") from None

    def _refused(self, status: int) -> TelephonyError | OSError:
        if status in (401, 403):
            return TelephonyError(
                text("Asterisk at {w} refuses {u}", "{w} 的 Asterisk 拒绝了 {u}", w=self.where, u=self._user),
                text("check user and password in ari.conf", "请核对 ari.conf 中的用户和密码"),
            )
        if status == 404:
            return TelephonyError(
                text("at {w} there is no ARI", "{w} 没有 ARI 接口", w=self.where),
                text("set enabled=yes in http.conf and ari.conf", "请在 http.conf 和 ari.conf 中设置 enabled=yes"),
            )
        return ConnectionError(f"HTTP {status}")

    def _channels(self) -> list[Fact]:
        """All channels there are now, so that nothing is missed between two connections."""
        request = urllib.request.Request(f"{self.where}/ari/channels", headers=self._headers)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=_CONNECT) as answer:
            channels = json.loads(answer.read(_LONGEST))
        found = [_channel(channel) for channel in channels] if isinstance(channels, list) else []
        facts = [Fact("channel", id, name, state, to=to) for id, name, state, to in found]
        return [Fact("alive", ids=frozenset(id for id, *_ in found)), *facts]


class _Session:
    """An open connection: a ``link.Connection``."""

    def __init__(self, opening: Any, channels: Any) -> None:
        self._open = ExitStack()
        self._socket = self._open.enter_context(opening)
        try:
            self._early: list[Fact] = channels()
        except (OSError, ValueError, RecursionError) as error:
            self.close()
            raise ConnectionError(str(error)) from None

    def receive(self, timeout: float) -> list[Fact]:
        from websockets.exceptions import ConnectionClosed

        early, self._early = self._early, []
        if early:
            return early
        try:
            return list(facts_of(json.loads(self._socket.recv(max(timeout, 0.01)))))
        except TimeoutError:
            return []
        except (ValueError, RecursionError):  # not JSON: nothing we could use
            return []
        except ConnectionClosed as error:
            raise ConnectionError(str(error)) from None

    def close(self) -> None:
        self._open.close()
