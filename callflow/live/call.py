"""One live call: its clock, its engine, its screen and its journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from callflow.audio.source import Block
from callflow.call.guide import Guide
from callflow.call.hiding import Hider
from callflow.call.plan import Plan
from callflow.call.screen.desk import Desk, LastCall
from callflow.call.screen.screen import Screen
from callflow.events import Acoustic, CallContext, CallRinging, Event, Gap, Heard, Output, Score, Tick, Word, parse
from callflow.live.record import CallRecord
from callflow.problems import Location
from callflow.telephony.life import Status, after
from callflow.telephony.source import CALL_EVENTS

LINE_EVENTS = frozenset(event.type for event in CALL_EVENTS)
"""What happens on the line."""
_HERE = Location("live")


class LiveCall:
    """A call that began at ``began`` (seconds of the source's clock).

    The engine is fed exactly what the journal says, so that the journal judged again says the same. ``hider`` is
    ``None`` where numbers are kept; ``record`` where nothing is. ``others`` hides the numbers that are kept
    from whoever looks on.
    """

    def __init__(
        self, plan: Plan, began: float, hider: Hider | None, record: CallRecord | None, others: Hider | None = None
    ) -> None:
        self.began = began
        self.record = record
        self.now = 0.0
        self.id = ""
        """the telephone system's name for it; "" where any will do"""
        self.status = Status.NONE
        """where it is, as far as the telephone goes"""
        self.judged = False
        """it has its score"""
        self.rings = 0
        self.context = CallContext(at=0.0)
        self.reported = False
        """whether anybody but the sound has told what happens on the line"""
        self.streams = 0
        """how often listening to it has begun"""
        self.screen = Screen(plan.flow)
        self._others = (others, Screen(plan.flow)) if others else None
        self._hider = hider
        self._guide = Guide(plan)

    @property
    def over(self) -> bool:
        """Whether somebody has hung up."""
        return self.status is Status.OVER

    def can(self, event: Event) -> bool:
        """Whether ``event`` can happen now: where two tell of the same call, each thing happens once."""
        if isinstance(event, CallRinging) and self.status is Status.RINGING:
            return event.ring > self.rings
        return event.type not in LINE_EVENTS or after(self.status, event) is not None

    def feed(self, event: Event) -> Event:
        """Take in an event; one that is late is stamped up to the present. Returns it as it was judged."""
        event = replace(event, at=max(event.at, self.now))
        if self._hider:
            event = self._hider.hide(event)
        read = parse(event.to_json(), _HERE)
        event = read if isinstance(read, Event) else event
        self.now = event.at
        self.rings = event.ring if isinstance(event, CallRinging) else self.rings
        if event.type in LINE_EVENTS:
            self.status = after(self.status, event) or self.status
        self._keep([event, *self._guide.feed(event)])
        return event

    def hear(self, block: Block) -> None:
        """Keep the sound, where that was asked for. ``block`` is on the source's clock."""
        if self.record:
            self.record.hear(block.at - self.began, block)

    def tick(self, at: float) -> bool:
        """Let time go on to ``at``; returns whether something fell due. Ticks change nothing and are not journalled."""
        self.now = max(self.now, round(at, 3))
        fell_due = self._guide.feed(Tick(at=self.now))
        self._keep(fell_due)
        return bool(fell_due)

    def restore(self, events: Sequence[Event]) -> None:
        """Take in what an unfinished journal has, and write what the engine says beyond what it said then."""
        said: list[Event] = []
        for event in events:
            if not isinstance(event, Output):
                self._remember(event)
                said += [event, *self._guide.feed(event)]
        self.now = max((event.at for event in events), default=0.0)
        said += self._guide.feed(Tick(at=self.now))  # deadlines had fallen due until then
        known = sum(isinstance(event, Output) for event in events)
        for event in said:
            self._follow(event)
        for event in [event for event in said if isinstance(event, Output)][known:]:
            if self.record and not self.judged:
                self.record.write(event)
        self.judged = any(isinstance(event, Score) for event in events)

    def _remember(self, event: Event) -> None:
        if event.type in LINE_EVENTS:
            self.status = after(self.status, event) or self.status
        if isinstance(event, CallRinging):
            self.rings = event.ring
        elif isinstance(event, CallContext):
            self.context = event
        elif isinstance(event, Heard):
            self.streams = max(self.streams, 1 + int(event.utterance.partition(".")[2] or 0))

    def close(self) -> LastCall | None:
        """Everything has been heard: the last findings, the score, the journal's name. Returns how it went."""
        if not self.judged:
            self._keep(self._guide.close())
            self.judged = True
        if self.record:
            self.record.finish()
        return self.screen.result()

    def cut_off(self) -> None:
        """Nothing more will be known of it: it ends where it stopped."""
        if not self.judged:
            self.feed(Gap(at=self.now, start=self.now, end=self.now))
        self.close()

    def view(self, desk: Desk) -> dict[str, Any]:
        """What the overlay shows now, numbers included."""
        view = self.screen.view(self.now, desk)
        named = view.pop("named")  # the flow's own names, the greater part of the view
        return {**(_told(view, self._hider) if self._hider else view), "named": named}

    def hidden_view(self, desk: Desk) -> dict[str, Any]:
        """The same for others to see: marks stand for the digits of numbers."""
        screen = self._others[1] if self._others else self.screen
        return screen.view(self.now, desk)

    def _keep(self, events: Iterable[Event]) -> None:
        for event in events:
            if self.record:
                self.record.write(event)
            self._follow(event)

    def _follow(self, event: Event) -> None:
        self.screen.follow(event)
        if self._others:
            hider, screen = self._others
            screen.follow(hider.hide(event))


def _told(value: Any, hider: Hider) -> Any:
    if isinstance(value, str):
        return hider.shown(value)
    if isinstance(value, dict):
        return {key: _told(item, hider) for key, item in value.items()}
    return [_told(item, hider) for item in value] if isinstance(value, list) else value


def shifted(event: Event, by: float) -> Event:
    """``event`` on a clock that is ``by`` seconds ahead; nothing is earlier than 0 on it."""
    changed: dict[str, Any] = {"at": max(0.0, event.at + by)}
    if isinstance(event, (Acoustic, Heard, Gap)):
        changed |= {"start": max(0.0, event.start + by), "end": max(0.0, event.end + by)}
    if isinstance(event, Heard) and event.words:
        changed["words"] = tuple(Word(w.text, max(0.0, w.start + by), max(0.0, w.end + by)) for w in event.words)
    return replace(event, **changed)
