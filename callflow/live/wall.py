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
from callflow.texts import Text, printable, text

EVERY = 1.0
"""Seconds between two views, at least."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until it is tried again: doubled each time, and each machine's a little different."""
STEADY = 30.0
"""A connection that held so long was a good one: then it is tried again at once."""
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
        self.refused = False
        """the server does not know our token"""
        self.connected = False
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
        wait = FIRST_WAIT
        while not self._stop.is_set():
            began = time.monotonic()
            with suppress(Exception):  # whatever a network can do to us: it is tried again, and no call minds
                self._connect()
            self.connected = False
            wait = FIRST_WAIT if time.monotonic() - began > STEADY else min(2 * wait, LONGEST_WAIT)
            self._stop.wait(LONGEST_WAIT if self.refused else wait * random.uniform(0.5, 1.0))

    def _connect(self) -> None:
        from websockets.exceptions import InvalidStatus
        from websockets.sync.client import connect

        try:
            with connect(
                self._address,
                additional_headers={"authorization": f"Bearer {self._token}"},
                compression=None,
                max_size=LONGEST,
                open_timeout=10.0,
                close_timeout=1.0,
                proxy=None,
            ) as line:
                self.refused, self.connected = False, True
                self._talk(line)
        except InvalidStatus as error:
            self.refused = error.response.status_code in (401, 403)

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
