"""Call events from any telephone system that can send an HTTP request or hold a WebSocket open.

``read`` and ``Calls`` are pure: bytes in, events or problems out. ``router`` serves them; who mounts it decides where.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

from fastapi import APIRouter, Request, Security, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from callflow import events
from callflow.events import CallRinging, Event
from callflow.json_fields import shown
from callflow.problems import Location, Problem, did_you_mean
from callflow.telephony import life
from callflow.telephony.life import Rings, Status, after, may_come
from callflow.telephony.source import CALL_EVENTS, Reported
from callflow.texts import Text, text

LARGEST = 4096
"""Bytes of one event; a long one has a hundred."""
SLOWEST = 5.0
"""Seconds that a sender may take over one event."""
BURST, PER_SECOND = 50, 20
"""Events that are taken at once, and in the long run; a call has a dozen."""
REFUSALS, REFUSALS_PER_SECOND = 20, 1
"""The same for requests without the right token."""
LONGEST = 200
"""Characters of ``to``, ``reason`` and ``id``."""
MOST_CALLS, MOST_IDS = 200, 2000
"""Calls, and ids of events, that are remembered."""
MOST_RINGS = 60
_A_MOMENT = 0.01

_BEARER = HTTPBearer(auto_error=False, description="The webhook's own token, as callflow live prints it.")
_CALL = re.compile(r"[A-Za-z0-9._@:+-]{1,128}")
_KINDS = {cls.type: cls for cls in CALL_EVENTS}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event was not taken: the HTTP ``status``, the ``field`` at fault, what is wrong, what is allowed there."""

    status: int
    field: str
    why: Text
    allowed: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        out: dict[str, Any] = {"field": self.field, **self.why.both()}
        return {"problem": out | ({"allowed": list(self.allowed)} if self.allowed else {})}


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it was sent; ``id`` is the sender's own name for it, ``""`` where it has none."""

    event: Event
    id: str = ""
    numbered: bool = True


def read(body: bytes, also: tuple[str, ...] = ()) -> Sent | Refusal:
    """One event from JSON; keys in ``also`` are somebody else's business."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        place = f"body:{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "body"
        return Refusal(422, place, text("not JSON in UTF-8", "不是 UTF-8 编码的 JSON"))
    if not isinstance(data, dict):
        return Refusal(422, "body", text("expected an object", "应为对象"))
    kind = data.get("type")
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None or not isinstance(kind, str):
        return _unknown("type", kind, tuple(_KINDS)) if "type" in data else _lacks("type", tuple(_KINDS))
    known = tuple(f.name for f in fields(cls) if f.name not in ("at", "extra"))
    for key, value in data.items():
        if key in ("type", *also):
            continue
        if key not in (*known, "id"):
            return _unknown(key, key, ("type", "id", *known))
        if refusal := _unfit(kind, key, value):
            return refusal
    event = events.from_data({"at": 0.0, "type": kind} | {k: data[k] for k in known if k in data}, Location("body"))
    assert not isinstance(event, Problem)
    return Sent(event, data.get("id", ""), "ring" in data or cls is not CallRinging)


def _unfit(kind: str, key: str, value: Any) -> Refusal | None:
    """What is wrong with one field."""
    where = f"body.{key}"
    if isinstance(value, str) and len(value) > LONGEST:
        return Refusal(422, where, text("longer than {n} characters", "超过 {n} 个字符", n=LONGEST))
    if key == "id":
        return None if isinstance(value, str) and value else Refusal(422, where, text("expected words", "应为非空文字"))
    if key == "ring" and (value == 0 or isinstance(value, bool)):
        return Refusal(422, where, text("rings are counted from 1", "振铃次数从 1 开始"))
    problem = events.from_data({"type": kind, "at": 0.0, key: value}, Location(where))
    return Refusal(422, where, problem.message) if isinstance(problem, Problem) else None


def _unknown(field: str, name: Any, allowed: tuple[str, ...]) -> Refusal:
    near = did_you_mean(shown(name), allowed)
    why = Text(f'"{shown(name)}" is not known here{near.en}', f"此处没有“{shown(name)}”{near.zh}")
    return Refusal(422, f"body.{shown(field)}", why, allowed)


def _lacks(field: str, allowed: tuple[str, ...] = ()) -> Refusal:
    return Refusal(422, f"body.{field}", text("is missing", "缺少此字段"), allowed)


class Calls:
    """Where each call is, so that an event that cannot be is refused, and one that is sent twice is taken once."""

    def __init__(self) -> None:
        self._status: OrderedDict[str, Status] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], Event] = OrderedDict()

    def status(self, call: str) -> Status:
        return self._status.get(call, Status.NONE)

    def take(self, call: str, sent: Sent) -> Refusal | bool:
        """Whether ``sent`` is new (``False``: it has been taken before); a ``Refusal`` where it cannot be."""
        if not _CALL.fullmatch(call):
            return Refusal(
                422, "call", text("1 to 128 of letters, digits, . _ @ : + -", "1 到 128 个字母、数字或 . _ @ : + -")
            )
        name = call, sent.id
        if sent.id and (before := self._seen.get(name)):
            if before == sent.event:
                return False
            return Refusal(409, "body.id", text("was another event's id", "该 id 已用于另一事件"))
        status = self.status(call)
        then = after(status, sent.event)
        if then is None:
            return self._cannot(call, status, sent.event)
        self._status[call] = then
        self._status.move_to_end(call)
        if sent.id:
            self._seen[name] = sent.event
        for memory, most in ((self._status, MOST_CALLS), (self._seen, MOST_IDS)):
            while len(memory) > most:
                memory.popitem(last=False)
        return True

    def _cannot(self, call: str, status: Status, event: Event) -> Refusal:
        allowed = tuple(may_come(status))
        if status is Status.NONE:
            why = text(
                'no call "{c}" is known: it begins with call.ringing or call.answered',
                "没有通话“{c}”：应以 call.ringing 或 call.answered 开始",
                c=call,
            )
            return Refusal(404, "call", why, allowed)
        why = text("{e} cannot follow: the call is {s}", "此时不能有 {e}：通话状态为 {s}", e=event.type, s=status.value)
        return Refusal(409, "body.type", why, allowed)


class Allowance:
    """How much may come: ``burst`` at once, ``per_second`` in the long run."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._since = burst, time.monotonic()

    def one(self) -> bool:
        """Whether one more may come."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._since) * self._per_second)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


TOO_MANY = Refusal(429, "", text("too many, wait a second", "请求过多，请稍候"))
NOT_YOU = Refusal(401, "header.Authorization", text("the token is missing or wrong", "令牌缺失或错误"))
TOO_LARGE = Refusal(413, "body", text("larger than {n} bytes", "超过 {n} 字节", n=LARGEST))
TOO_SLOW = Refusal(408, "body", text("took too long to come", "接收超时"))


class _Desk:
    """Takes events in, on the server's event loop."""

    def __init__(self, sink: Callable[[Reported], None], token: str) -> None:
        self.sink = sink
        self._token = f"Bearer {token}".encode()
        self._calls, self._rings = Calls(), Rings()
        self._allowance = Allowance(BURST, PER_SECOND)
        self._refusals = Allowance(REFUSALS, REFUSALS_PER_SECOND)
        self._ringing: set[asyncio.Task[None]] = set()

    def admit(self, authorization: str) -> Refusal | None:
        """Whether the sender knows the token, and does not send too much."""
        if not hmac.compare_digest(self._token, authorization.encode("utf-8", "surrogatepass")):
            return NOT_YOU if self._refusals.one() else TOO_MANY
        return None if self._allowance.one() else TOO_MANY

    def take(self, call: str, sent: Sent | Refusal) -> Refusal | bool:
        new = sent if isinstance(sent, Refusal) else self._calls.take(call, sent)
        if new is not True:
            return new
        assert isinstance(sent, Sent)
        if not isinstance(sent.event, CallRinging):
            self._rings.stop(call)
        if sent.numbered:
            self.sink(Reported(sent.event, call, time.monotonic()))
        else:
            self._ring(call)
        return True

    def _ring(self, call: str) -> None:
        """The sender only says that it rings: count by the clock until something else happens."""
        task = asyncio.get_running_loop().create_task(self._ring_on(call))
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)
        self._tell(self._rings.begin(call, time.monotonic()))

    async def _ring_on(self, call: str) -> None:
        end = time.monotonic() + MOST_RINGS * life.RING
        while (now := time.monotonic()) < end and self._calls.status(call) is Status.RINGING:
            wait = self._rings.wait(now)
            if wait is None:
                break
            await asyncio.sleep(max(_A_MOMENT, wait))  # the loop may wake a millisecond early: then once more
            self._tell(self._rings.due(time.monotonic()))
        self._rings.stop(call)

    def _tell(self, rings: list[Reported]) -> None:
        for ring in rings:
            self.sink(ring)


def router(sink: Callable[[Reported], None], token: str) -> APIRouter:
    """``POST /calls/{call}/events`` and the WebSocket ``/calls/events``; ``sink`` gets each event once, in order."""
    if not token:
        raise ValueError("a webhook without a token would be open to everybody")
    desk = _Desk(sink, token)
    routes = APIRouter(tags=["calls"])

    @routes.post(
        "/calls/{call}/events",
        status_code=202,
        summary="Report what happened to a call",
        description=_DESCRIPTION,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _schema()}}}},
        responses=_RESPONSES,
    )
    async def report(
        call: str, request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> JSONResponse:
        if refusal := desk.admit(request.headers.get("authorization", "")):
            return _answer(refusal)
        body = await _body(request)
        return _answer(desk.take(call, read(body) if isinstance(body, bytes) else body))

    @routes.websocket("/calls/events")
    async def follow(socket: WebSocket) -> None:
        if desk.admit(socket.headers.get("authorization", "")):
            await socket.close(1008)
            return
        await socket.accept()
        try:
            while True:
                message = (await socket.receive_text()).encode("utf-8", "surrogatepass")
                outcome = _one(desk, message, socket.headers.get("authorization", ""))
                await socket.send_json(_outcome(outcome))
                if outcome in (TOO_MANY, TOO_LARGE):
                    await socket.close(1008)
                    return
        except (WebSocketDisconnect, KeyError):  # gone, or sent bytes where text was wanted
            return

    return routes


def _one(desk: _Desk, message: bytes, authorization: str) -> Refusal | bool:
    """One event from the WebSocket: as in a request, with the call in ``call``."""
    if refusal := desk.admit(authorization):
        return refusal
    if len(message) > LARGEST:
        return TOO_LARGE
    sent = read(message, also=("call",))
    if isinstance(sent, Refusal):
        return sent
    call = json.loads(message).get("call")
    return desk.take(call, sent) if isinstance(call, str) else _lacks("call")


async def _body(request: Request) -> bytes | Refusal:
    """The body, as long as it is neither large nor slow, whatever its header says of its length."""
    body = b""
    try:
        async with asyncio.timeout(SLOWEST):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    return body


def _outcome(outcome: Refusal | bool) -> dict[str, Any]:
    return outcome.body() if isinstance(outcome, Refusal) else {"accepted": True, "replayed": not outcome}


def _answer(outcome: Refusal | bool) -> JSONResponse:
    if not isinstance(outcome, Refusal):
        return JSONResponse(_outcome(outcome), 202 if outcome else 200)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}.get(outcome.status, {})
    if outcome.status in (408, 413):
        headers["Connection"] = "close"  # what is still to come of the body is not read
    return JSONResponse(_outcome(outcome), outcome.status, headers)


_DESCRIPTION = (
    "One event a request. Events take their time from their arrival. Of a call that only rings, send `call.ringing` "
    "once, without `ring`: the rings are then counted by the clock, one every 5 seconds. With an `id` of its own an "
    "event may be sent again safely: it is taken once."
)
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "This `id` has been taken before; nothing happened."},
    202: {"description": "Taken."},
    401: {"description": "The token is missing or wrong."},
    404: {"description": "The call is not known, and this event does not begin one."},
    408: {"description": "The body took longer than 5 seconds to come."},
    409: {"description": "The event cannot happen to the call where it is, or its `id` was another event's."},
    413: {"description": f"The body is larger than {LARGEST} bytes."},
    422: {"description": "The body is not such an event; `problem.field` says where, `problem.allowed` what may be."},
    429: {"description": "Too many requests."},
}


def _schema() -> dict[str, Any]:
    """JSON Schema of the body: one object for each type of event."""
    shapes = {
        "ring": {"type": "integer", "minimum": 1},
        "by": {"enum": ["agent", "customer", None]},
        "to": {"type": "string", "maxLength": LONGEST},
        "reason": {"type": "string", "maxLength": LONGEST},
    }
    return {
        "oneOf": [
            {
                "type": "object",
                "title": cls.type,
                "required": ["type"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": cls.type},
                    "id": {"type": "string", "minLength": 1, "maxLength": LONGEST},
                    **{f.name: shapes[f.name] for f in fields(cls) if f.name in shapes},
                },
            }
            for cls in CALL_EVENTS
        ]
    }
