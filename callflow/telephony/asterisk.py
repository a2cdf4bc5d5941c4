"""What Asterisk's two interfaces tell, reduced to the same few facts, and one agent's calls made of them. Pure.

An endpoint has one channel for each call it is in: ``PJSIP/1001-0000002a``. A second channel that the agent opens while
the first is up is the consultation before a transfer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from callflow.events import (
    CallAnswered,
    CallHeld,
    CallHungUp,
    CallResumed,
    Event,
    Speaker,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    TransferStarted,
)
from callflow.telephony.life import Rings, Status, after
from callflow.telephony.source import Reported

RINGING, DIALLING, UP = "Ringing", "Ring", "Up"
"""States of a channel: the endpoint rings; the endpoint has dialled; answered."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that Asterisk said.

    ``channel``: channel ``id`` (``name``) is in ``state``; what it dialled is ``to``. ``joined``: channels ``id`` and
    ``other`` belong to one call. ``asked``: ``id`` asked to hang up. ``gone``: ``id`` is no more, ``why``. ``blind``,
    ``attended``: a transfer by ``id`` (and its second channel ``other``) to ``to``, which succeeded unless ``why``.
    ``alive``: the channels that exist, ``ids``, after a connection was made anew.
    """

    kind: Literal["channel", "joined", "hold", "unhold", "asked", "gone", "blind", "attended", "alive"]
    id: str = ""
    name: str = ""
    state: str = ""
    other: str = ""
    to: str = ""
    why: str = ""
    ids: frozenset[str] = frozenset()


class Extension:
    """Follows one agent's endpoint: ``PJSIP/1001``, or ``1001`` of whatever technology."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._rings = Rings()
        self._main = self._second = ""
        self._status = Status.NONE
        self._by: Speaker | None = None
        self._theirs: set[str] = set()
        self._waiting: dict[str, Fact] = {}  # channels of further calls that knock meanwhile
        self._past: set[str] = set()  # channels of ours that have no more to tell

    def take(self, fact: Fact, now: float) -> list[Reported]:
        """What ``fact`` means for the agent's call, at ``now`` on the monotonic clock."""
        return list(self._about(fact, now))

    def due(self, now: float) -> list[Reported]:
        """The rings since the last time."""
        return self._rings.due(now)

    def wait(self, now: float) -> float | None:
        """Seconds until ``due`` has something to say."""
        return self._rings.wait(now)

    def _about(self, fact: Fact, now: float) -> Iterator[Reported]:
        if fact.kind == "channel" and self._is_ours(fact.name):
            yield from self._channel(fact, now)
        elif fact.kind == "joined":
            self._join(fact.id, fact.other)
        elif fact.kind == "asked":
            self._asked(fact.id)
        elif fact.kind == "gone":
            yield from self._gone(fact, now)
        elif fact.kind == "alive":
            for id in sorted({self._main, self._second, *self._waiting} - fact.ids - {""}):
                yield from self._gone(Fact("gone", id, why="lost"), now)
        elif fact.kind in ("blind", "attended") and self._main and self._main in (fact.id, fact.other):
            yield from self._transfer(fact, now)
        elif fact.kind in ("hold", "unhold") and fact.id == self._main:
            yield from self._tell(CallHeld(at=0.0) if fact.kind == "hold" else CallResumed(at=0.0), now)

    def _is_ours(self, name: str) -> bool:
        """Whether the channel ``PJSIP/1001-0000002a`` is one of the endpoint's."""
        endpoint = name.rpartition("-")[0]
        return self.endpoint in (endpoint, endpoint.partition("/")[2])

    def _tell(self, event: Event, now: float) -> Iterator[Reported]:
        """Report ``event`` where it can happen: Asterisk ends a hold that never was before it transfers a call."""
        if (then := after(self._status, event)) is not None:
            self._status = then
            yield Reported(event, self._main, now)

    def _channel(self, fact: Fact, now: float) -> Iterator[Reported]:
        if fact.id in self._past:
            return
        if not self._main:
            self._main, self._by, self._theirs = fact.id, None, set()
        if fact.id == self._main:
            if fact.state == RINGING and self._status is Status.NONE:
                self._status = Status.RINGING
                yield from self._rings.begin(self._main, now)
            elif fact.state == UP:
                self._rings.stop(self._main)
                yield from self._tell(CallAnswered(at=0.0), now)
        elif fact.id == self._second:
            if fact.state == UP:
                yield from self._tell(TransferAnswered(at=0.0), now)
        elif fact.state == DIALLING and not self._second and self._status in (Status.TALKING, Status.HELD):
            self._second = fact.id
            yield from self._tell(TransferStarted(at=0.0, to=fact.to), now)
        elif self._main:
            self._waiting[fact.id] = fact

    def _join(self, one: str, other: str) -> None:
        if self._main in (one, other):
            self._theirs |= {one, other} - {self._main, self._second}

    def _asked(self, id: str) -> None:
        if self._by is None and self._main:
            self._by = "agent" if id == self._main else "customer" if id in self._theirs else None

    def _transfer(self, fact: Fact, now: float) -> Iterator[Reported]:
        """A transfer is over; where the agent did it with keys of the exchange, it is only now that we hear of it."""
        if self._status is not Status.TRANSFERRING:
            yield from self._tell(TransferStarted(at=0.0, to=fact.to), now)
        outcome = TransferFailed(at=0.0, reason=fact.why) if fact.why else TransferCompleted(at=0.0)
        yield from self._tell(outcome, now)
        if not fact.why:
            self._by = None  # nobody hung up: the call goes on without us

    def _gone(self, fact: Fact, now: float) -> Iterator[Reported]:
        self._waiting.pop(fact.id, None)
        if fact.id == self._second:
            self._second = ""
            yield from self._tell(TransferFailed(at=0.0, reason=fact.why), now)
        elif fact.id == self._main:
            self._rings.stop(self._main)
            handed_over = self._status is Status.TRANSFERRED
            yield from self._tell(CallHungUp(at=0.0, by=None if handed_over else self._by), now)
            if self._second:
                self._past.add(self._second)  # whoever was consulted is still on the line, without a caller
            self._main = self._second = ""
            self._status = Status.NONE
            for knocking in [self._waiting.pop(id) for id in list(self._waiting)]:
                yield from self._channel(knocking, now)
        self._past.discard(fact.id)
