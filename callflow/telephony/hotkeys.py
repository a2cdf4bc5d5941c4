"""Keys that work while another window has the focus (through pynput): for telephones that tell a computer nothing, and
as a second way for all others.

What a key means depends on where the call is, and ``meant`` says it; ``Hotkeys`` listens.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from callflow.errors import TelephonyError, install
from callflow.events import (
    CallAnswered,
    CallHeld,
    CallHungUp,
    CallResumed,
    Event,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    TransferStarted,
)
from callflow.telephony.life import Status, after
from callflow.telephony.source import Inbox, Phone, Pressed, Reported, Signal
from callflow.texts import text

KEYS: Mapping[str, str] = {
    "f2": "answer",
    "f3": "hold",
    "f4": "transfer",
    "f6": "situation",
    "f7": "tick",
    "f8": "dismiss",
    "f9": "hang_up",
}
"""Which key does what; the same as in the overlay."""
SCREEN = ("situation", "tick", "dismiss")
ACTIONS = (*KEYS.values(),)
_REPEAT = 0.25
"""Seconds within which a key that comes again is one that is held down."""


def meant(action: str, status: Status, asked: bool = False) -> Event | None:
    """What has happened when the agent says ``action`` of a call in ``status``; ``None`` where it means nothing.

    ``hold`` is also the way back, from a hold or from a transfer. ``transfer`` goes on from step to step: begun,
    answered (``asked``: this has been said), handed over.
    """
    match action, status:
        case "answer", Status.NONE | Status.RINGING:
            return CallAnswered(at=0.0)
        case "hold", Status.TALKING:
            return CallHeld(at=0.0)
        case "hold", Status.HELD:
            return CallResumed(at=0.0)
        case "hold", Status.TRANSFERRING:
            return TransferFailed(at=0.0, reason="taken back")
        case "transfer", Status.TALKING | Status.HELD:
            return TransferStarted(at=0.0)
        case "transfer", Status.TRANSFERRING:
            return TransferCompleted(at=0.0) if asked else TransferAnswered(at=0.0)
        case "hang_up", Status.RINGING | Status.TALKING | Status.HELD | Status.TRANSFERRING | Status.TRANSFERRED:
            return CallHungUp(at=0.0)  # by whom a key does not say
    return None


class Hotkeys(Inbox):
    """A ``CallEvents`` source: ``Reported`` for the call, ``Pressed`` for the screen.

    With a ``phone`` the keys tell it what to do and report nothing themselves: the telephone reports what came of it.
    ``transfer_to``: whom a transfer asks first. ``follow`` tells the keys what other sources have reported.
    """

    def __init__(self, keys: Mapping[str, str] = KEYS, phone: Phone | None = None, transfer_to: str = "") -> None:
        super().__init__()
        self._keys, self._phone, self._transfer_to = keys, phone, transfer_to
        self._lock = threading.Lock()
        self._status, self._asked = Status.NONE, False
        self._call, self._calls = "", 0
        self._last: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._listener: Any = None

    def __enter__(self) -> Self:
        keyboard = _keyboard()
        self._listener = keyboard.Listener(on_press=self._pressed, on_release=self._released)
        self._listener.daemon = True
        self._listener.start()
        self._listener.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.stop()
        self.close()

    def follow(self, signal: Signal) -> None:
        """Another source has reported ``signal``; the keys go on from there."""
        if isinstance(signal, Reported):
            with self._lock:
                self._call = signal.call
                self._go(signal.event)

    def press(self, action: str, now: float) -> None:
        """The agent has said ``action``, with a key or in the overlay.

        A key pressed in the overlay comes from both; what comes twice within ``_REPEAT`` is one.
        """
        with self._lock:
            said, self._said = self._said.get(action, -_REPEAT), {**self._said, action: now}
        if now - said < _REPEAT:
            return
        if action in SCREEN:
            self.put(Pressed(action, now))
            return
        with self._lock:
            event = meant(action, self._status, self._asked)
            if event is None:
                return
            if self._phone is not None:
                self._command(self._phone, event)
                return
            if self._status is Status.NONE:
                self._calls += 1
                self._call = f"keys-{self._calls}"
            self._go(event)
            self.put(Reported(event, self._call, now))

    def _go(self, event: Event) -> None:
        then = after(self._status, event)
        if then is None:
            return
        self._status = Status.NONE if then is Status.OVER else then
        self._asked = isinstance(event, TransferAnswered)

    def _command(self, phone: Phone, event: Event) -> None:
        """Have the telephone do what the key means."""
        match event:
            case CallAnswered():
                phone.answer()
            case CallHeld():
                phone.hold()
            case CallResumed():
                phone.resume()
            case TransferStarted():
                self._consult(phone)
            case TransferAnswered() | TransferCompleted():
                phone.hand_over()
            case TransferFailed():
                phone.take_back()
            case CallHungUp():
                phone.hang_up()

    def _consult(self, phone: Phone) -> None:
        if self._transfer_to:
            phone.consult(self._transfer_to)
        else:
            self.notice("hotkeys", text("Nobody is set to transfer to", "未设置转接对象"))

    def _pressed(self, key: Any, injected: bool = False) -> None:
        """On pynput's thread, for every key that is pressed anywhere: only ours are looked at, none is kept."""
        now = time.monotonic()
        action = self._keys.get(getattr(key, "name", None) or getattr(key, "char", None) or "")
        if action and now - self._last.get(action, -_REPEAT) >= _REPEAT:
            self.press(action, now)
        if action:
            self._last[action] = now

    def _released(self, key: Any, injected: bool = False) -> None:
        """A key that is held down comes as pressed and released again and again."""
        if action := self._keys.get(getattr(key, "name", None) or getattr(key, "char", None) or ""):
            self._last[action] = time.monotonic()


def _keyboard() -> Any:
    """pynput's keyboard; raises ``TelephonyError`` where there is none that can be listened to."""
    if importlib.util.find_spec("pynput") is None:
        raise TelephonyError(
            text("hotkeys are not installed", "未安装热键支持"),
            install("hotkeys"),
        )
    try:
        return importlib.import_module("pynput.keyboard")
    except Exception as error:  # without a display pynput raises what its backend does, at the import
        raise TelephonyError(
            text("hotkeys need a desktop to listen to ({e})", "热键需要桌面环境（{e}）", e=type(error).__name__),
            text(
                "use the keys in the overlay instead; on Linux an X11 session (DISPLAY) is wanted",
                "请改用浮窗内的按键；Linux 上需要 X11 会话（DISPLAY）",
            ),
        ) from None
