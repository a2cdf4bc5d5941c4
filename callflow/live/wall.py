"""The live wall, seen from the agent's machine: what a supervisor may see of the call goes out, whispers come in.

Everything happens in a thread of its own. The session leaves its latest view and goes on; whatever becomes of the
connection, no call waits for it. JSON over a WebSocket to ``callflow serve``::

    → {"view": {"phase", "state", "length", "main", "warning", "said", "levels"}}    at most one a second
    → {"seen": "9f2c…"}                                                              the agent has read a whisper
    ← {"whisper": {"id": "9f2c…", "from": "anna", "text": "…"}}
"""

from __future__ import annotations

import json
import queue
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from callflow.archive.masking import MARK, masked
from callflow.call.hiding import MARKS, OTHER_MARKS
from callflow.errors import BadInput
from callflow.gate import is_local
from callflow.texts import Text, printable, refused, text

EVERY = 1.0
"""Seconds between two views, at least."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until it is tried again: doubled each time, and each machine's a little different."""
STEADY = 30.0
"""A connection that held so long was a good one: then it is tried again at once."""
PATIENCE = 10.0
"""Seconds after which the agent is told that the server is not reached."""
REPLACED = 4001
"""The close code by which the server says that another machine has come with our token."""
WAITING = 10
"""Whispers that wait for the session; a server that sends more than anybody reads is not listened to."""
REMEMBERED = 100
LONGEST, LONGEST_TEXT, LONGEST_NAME = 8_192, 300, 100
LONGEST_SHOWN = 200
"""Characters of each text that goes out."""
PATH = "/wall/machine"
_STEP = 0.2
_STARS = str.maketrans(dict.fromkeys((*MARKS, *OTHER_MARKS), MARK))
WHISPER = "whisper."
"""How the notice of a whisper is named on the board."""


@dataclass(frozen=True, slots=True)
class Whisper:
    """What a supervisor wants the agent to read now."""

    id: str
    who: str
    words: str

    @property
    def notice(self) -> str:
        return f"{WHISPER}{self.id}"

    @property
    def text(self) -> Text:
        return Text(f"{self.who}: {self.words}", f"{self.who}：{self.words}")


class Wall:
    """Connected while the context is open, or trying to be. ``address``: that of ``callflow serve``."""

    def __init__(self, address: str, token: str) -> None:
        self._address = socket_address(address)
        self._token = token
        self._whispers: queue.Queue[Whisper] = queue.Queue(WAITING)
        self.connected = False
        self._lost = time.monotonic()
        self._why: Text | None = None
        self._surely = False
        self._latest: Mapping[str, Any] | None = None
        self._read: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._known: deque[str] = deque(maxlen=REMEMBERED)
        self._done: deque[str] = deque(maxlen=REMEMBERED)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wall", daemon=True)

    def show(self, view: Mapping[str, Any]) -> None:
        """What the overlay shows now, digits still hidden; the latest is sent. Never waits."""
        self._latest = view

    def next_whisper(self) -> Whisper | None:
        """A whisper that has come in; ``None`` where there is none. Never waits."""
        try:
            return self._whispers.get_nowait()
        except queue.Empty:
            return None

    def dismissed(self, notice: str) -> None:
        """The agent has pressed the button of a notice; where it was a whisper, whoever sent it is told."""
        if notice.startswith(WHISPER):
            self._done.append(number := notice.removeprefix(WHISPER))
            self._read.put(number)

    @property
    def trouble(self) -> Text | None:
        """Why supervisors do not see this computer, where that is sure or has lasted a while; ``None``: they do."""
        if self.connected or (not self._surely and time.monotonic() - self._lost < PATIENCE):
            return None
        return self._why

    def __enter__(self) -> Wall:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(3.0)

    # ------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        from websockets.exceptions import ConnectionClosed, InvalidStatus

        wait = FIRST_WAIT
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._connect()
            except Exception as error:  # whatever a network can do to us: it is tried again, and no call minds
                replaced = isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code == REPLACED
                unknown = isinstance(error, InvalidStatus) and error.response.status_code == 401
                self._surely = bool(replaced or unknown)
                self._why = _REPLACED if replaced else _NO_TOKEN if unknown else _unreached(error)
            if self.connected:
                self.connected, self._lost = False, time.monotonic()
            if self._why is _REPLACED:
                return  # else both would throw each other out for ever
            wait = FIRST_WAIT if time.monotonic() - began > STEADY else min(2 * wait, LONGEST_WAIT)
            self._stop.wait(LONGEST_WAIT if self._surely else wait * random.uniform(0.5, 1.0))

    def _connect(self) -> None:
        from websockets.sync.client import connect

        with connect(
            self._address,
            additional_headers={"authorization": f"Bearer {self._token}"},
            compression=None,
            max_size=LONGEST,
            open_timeout=10.0,
            close_timeout=1.0,
            proxy=None,
        ) as line:
            self.connected = True
            self._talk(line)

    def _talk(self, line: Any) -> None:
        shown: Mapping[str, Any] | None = None
        sent = -EVERY
        while not self._stop.is_set():
            with suppress(TimeoutError):
                self._take(line.recv(_STEP))
            with suppress(queue.Empty):
                while True:
                    line.send(json.dumps({"seen": self._read.get_nowait()}))
            latest, now = self._latest, time.monotonic()
            if latest is not None and latest is not shown and now - sent >= EVERY:
                line.send(json.dumps({"view": glance(latest)}, ensure_ascii=False, separators=(",", ":")))
                shown, sent = latest, now

    def _take(self, message: str | bytes) -> None:
        """A whisper; one that comes again after the connection was lost is shown once, and told of as often."""
        whisper = read(message)
        if whisper is None:
            return
        if whisper.id in self._done:
            self._read.put(whisper.id)
        elif whisper.id not in self._known:
            with suppress(queue.Full):
                self._whispers.put_nowait(whisper)
                self._known.append(whisper.id)


def glance(view: Mapping[str, Any]) -> dict[str, Any]:
    """Of what the overlay shows what a supervisor needs to see, long numbers masked."""
    main, warnings = view["main"], view["warnings"] or view["warned"]
    now = view["at"] if view["ended"] is None else view["ended"]
    return {
        "phase": view["phase"],
        "state": view["state"]["title"] if view["state"] else None,
        "length": max(0.0, round(now - view["began"], 1)),
        "main": {"kind": main["kind"], "text": _masked(main["text"])} if main else None,
        "warning": _warning(warnings[0]) if warnings else None,
        "said": [{"speaker": said["speaker"], "text": _masked(_heard(said))} for said in view["said"]],
        "levels": view["desk"]["levels"],
    }


def _warning(warning: Mapping[str, Any]) -> dict[str, str]:
    """What was heard, in characters where only syllables were, and the better wording."""
    return {"said": _masked(warning["gloss"] or warning["said"]), "text": _masked(warning["better"])}


def _heard(said: Mapping[str, Any]) -> str:
    return f"{said['text']} ≈ {' · '.join(said['gloss'])}" if said["gloss"] else str(said["text"])


def _masked(words: str) -> str:
    return masked(words.translate(_STARS))[:LONGEST_SHOWN]


def read(message: str | bytes) -> Whisper | None:
    """A message of the server; ``None`` for what is no whisper. It is trusted no more than any other."""
    try:
        told = json.loads(message)["whisper"]
        number, who, words = told["id"], told["from"], told["text"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not all(isinstance(part, str) for part in (number, who, words)):
        return None
    if not (number.isascii() and number.isalnum() and len(number) <= 32) or not words.strip():
        return None
    return Whisper(number, printable(who)[:LONGEST_NAME].strip(), printable(words)[:LONGEST_TEXT].strip())


def _unreached(error: Exception) -> Text:
    """What it means for the agent that the server was not reached."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    status = error.response.status_code if isinstance(error, InvalidStatus) else 0
    if isinstance(error, socket.gaierror):
        why = text("there is no computer of that name", "找不到这个名字的电脑")
    elif isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message
        why = text("its certificate is not trusted here ({w})", "本机不信任它的证书（{w}）", w=said)
    elif isinstance(error, TimeoutError):
        why = text("it does not answer", "没有应答")
    elif isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        why = refused(error)
    elif isinstance(error, ConnectionClosed):
        why = text("it has closed the connection", "对方关闭了连接")
    elif status == 503:
        why = text("it has no room, or its archive is away", "看板已满，或其归档库不可用")
    elif status == 403:
        why = text("it does not go by this name (callflow serve --name)", "它不认这个名字（callflow serve --name）")
    else:
        why = text("no callflow serve answers there", "该地址没有 callflow serve 应答")
    return text(
        "Supervisors do not see this computer, the wall is not reached: {w}. It is tried again; no call minds",
        "主管看不到这台电脑，无法连接现场看板：{w}。将自动重试，不影响通话",
        w=why,
    )


_NO_TOKEN = text(
    "The supervisor's wall does not know this computer: ask for a new token", "现场看板不认识这台电脑：请申请新的令牌"
)
_REPLACED = text(
    "Another computer has come to the wall with the token of this one, and supervisors see that one; "
    "to be seen here, start callflow live again with a token of its own",
    "另一台电脑用本机的令牌接入了现场看板，主管看到的是那一台；要显示本机，请换用单独的令牌重新启动 callflow live",
)


def is_in_clear(address: str) -> bool:
    """Whether others on the network can read what goes to ``address``, the token included."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "ws") and not is_local(parts.hostname or "")


def socket_address(address: str) -> str:
    """Where ``callflow serve`` takes machines in, from the address that it prints. Raises ``BadInput``."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not host or parts.username is not None or parts.query or parts.fragment:
        raise BadInput(
            text('--wall: "{a}" is no address of callflow serve', "--wall：“{a}”不是工作台的地址", a=address[:80]),
            text("write it as https://desk.example.org:8700", "请写成 https://desk.example.org:8700"),
        )
    return f"{scheme}://{parts.netloc}{PATH}"
