"""What every telephony source gives: the ``call.*`` events of an agent's calls, as they happen.

A source knows no audio clock. It says what happened at which monotonic time; the session stamps ``at``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from callflow.events import (
    CallAnswered,
    CallHeld,
    CallHungUp,
    CallResumed,
    CallRinging,
    Event,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    TransferStarted,
)
from callflow.texts import Text

CALL_EVENTS: tuple[type[Event], ...] = (
    CallRinging,
    CallAnswered,
    CallHeld,
    CallResumed,
    TransferStarted,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    CallHungUp,
)
"""What a source may report."""


@dataclass(frozen=True, slots=True)
class Reported:
    """``event`` happened to the call named ``call`` at ``monotonic`` (seconds of ``time.monotonic()``).

    ``event.at`` is 0 and means nothing until ``stamped``.
    """

    event: Event
    call: str
    monotonic: float

    def stamped(self, at: float) -> Event:
        """The event at ``at`` seconds on the call's audio clock."""
        return replace(self.event, at=at)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key for the screen was pressed: ``"dismiss"``, ``"tick"`` or ``"situation"``."""

    name: str
    monotonic: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the agent should read: the source is in trouble, or has recovered (``over``).

    ``about`` names the matter; a later notice of the same matter takes the place of the earlier.
    """

    about: str
    message: Text
    monotonic: float
    over: bool = False


Signal = Reported | Pressed | Notice


class CallEvents(Protocol):
    """A source: context-managed; an iterator that waits for the next signal; safe to use from several threads.

    ``__enter__`` raises ``TelephonyError`` where the source cannot work at all (an extra is not installed, a password
    is wrong). What goes wrong later is a ``Notice``, and the source goes on trying. ``__exit__`` ends the iteration.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Signal]: ...

    def __next__(self) -> Signal: ...

    def waiting(self) -> list[Signal]:
        """All signals not yet taken, oldest first, without waiting for more."""
        ...


@runtime_checkable
class Phone(Protocol):
    """A telephone that can be told what to do with the one call it has; every method returns at once and never raises.

    What came of it is reported as events, or as a ``Notice`` where it failed.
    """

    def answer(self) -> None: ...

    def hold(self) -> None: ...

    def resume(self) -> None: ...

    def transfer(self, to: str) -> None:
        """Hand the caller to ``to`` without asking there first."""
        ...

    def consult(self, to: str) -> None:
        """Hold the caller and call ``to``; ``hand_over`` joins the two, ``take_back`` returns to the caller."""
        ...

    def hand_over(self) -> None: ...

    def take_back(self) -> None: ...

    def hang_up(self) -> None: ...


class Inbox:
    """The half of a source that all share: signals come in on any thread and wait until they are taken.

    By itself it is the source of whatever is ``put`` into it: ``webhook.router(inbox.put, token)``.
    """

    def __init__(self) -> None:
        self._signals: SimpleQueue[Signal | None] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def report(self, event: Event, call: str) -> None:
        """Hand on that ``event`` has happened, now."""
        self.put(Reported(event, call, time.monotonic()))

    def notice(self, about: str, message: Text, *, over: bool = False) -> None:
        """Hand on something the agent should read."""
        self.put(Notice(about, message, time.monotonic(), over))

    def put(self, *signals: Signal) -> None:
        for signal in signals:
            self._signals.put(signal)

    def close(self) -> None:
        """No more will come: whoever waits is let go once everything has been taken."""
        self._signals.put(None)

    def waiting(self) -> list[Signal]:
        taken: list[Signal] = []
        while True:
            try:
                signal = self._signals.get_nowait()
            except Empty:
                return taken
            if signal is None:
                self._signals.put(None)  # the end stays for whoever asks next
                return taken
            taken.append(signal)

    def __iter__(self) -> Iterator[Signal]:
        return self

    def __next__(self) -> Signal:
        signal = self._signals.get()
        if signal is None:
            self._signals.put(None)
            raise StopIteration
        return signal
