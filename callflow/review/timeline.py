"""What went on in a call: states, stretches, moments, and what was shown when: for ``Story``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from callflow import events as ev
from callflow.flow.model import Flow
from callflow.review.words import CALL_EVENTS
from callflow.texts import Text

SpanKind = Literal["ring", "hold", "silence", "overlap", "transfer"]


@dataclass(frozen=True, slots=True)
class Band:
    """The call was in the state ``name`` from ``start`` to ``end``."""

    name: str
    title: Text
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted: ringing, a hold, a silence, both speaking at once."""

    kind: SpanKind
    start: float
    end: float
    speaker: ev.Speaker | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened on the line, or came up in the call (``situation``); ``note``: what the event adds."""

    kind: str
    at: float
    title: Text
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One prompt from the moment it was shown until it ended (or the call did)."""

    kind: str
    text: str
    start: float
    end: float
    status: str
    said: str = ""
    refs: tuple[str, ...] = ()


def bands(states: Sequence[ev.State], flow: Flow, end: float) -> tuple[Band, ...]:
    """One after the other; the last until ``end``."""
    found: list[Band] = []
    if states and states[0].from_:
        found.append(_band(states[0].from_, 0.0, states[0].at, flow))
    for state, until in zip(states, [*(later.at for later in states[1:]), end], strict=False):
        found.append(_band(state.to, state.at, until, flow))
    return tuple(band for band in found if band.end > band.start)


def _band(name: str, start: float, end: float, flow: Flow) -> Band:
    spec = flow.states.get(name)
    return Band(name, spec.title if spec else Text(name, name), start, end)


_OPENS: Mapping[str, SpanKind] = {"call.ringing": "ring", "call.held": "hold", "call.transfer_started": "transfer"}
_CLOSES = {
    "ring": ("call.answered",),
    "hold": ("call.resumed",),
    "transfer": ("call.transfer_completed", "call.transfer_failed"),
}


def spans(events: Iterable[ev.Event], end: float) -> tuple[Span, ...]:
    """Stretches of the call; what is still open when the caller hangs up ends there."""
    found: list[Span] = []
    open_: dict[SpanKind, float] = {}
    for event in events:
        opened = _OPENS.get(event.type)
        if opened:
            open_.setdefault(opened, event.at)
        for kind in [kind for kind in open_ if event.type in (*_CLOSES[kind], "call.hung_up")]:
            found.append(Span(kind, open_.pop(kind), event.at))
        if isinstance(event, ev.Silence) and event.speaker is None:
            found.append(Span("silence", event.start, event.end))
        elif isinstance(event, ev.Overlap):
            found.append(Span("overlap", event.start, event.end, event.speaker))
    found.extend(Span(kind, start, end) for kind, start in open_.items())
    return tuple(sorted((span for span in found if span.end > span.start), key=lambda span: (span.start, span.end)))


def moments(events: Iterable[ev.Event], flow: Flow) -> tuple[Moment, ...]:
    """Call events and situations that began."""
    found: list[Moment] = []
    for event in events:
        if isinstance(event, ev.Situation) and event.status == "begun":
            spec = flow.situations.get(event.name)
            title = spec.title if spec else Text(event.name, event.name)
            found.append(Moment(event.type, event.at, title))
        elif event.type in CALL_EVENTS:
            found.append(Moment(event.type, event.at, CALL_EVENTS[event.type], _note(event)))
    return tuple(found)


def _note(event: ev.Event) -> str:
    if isinstance(event, ev.CallRinging):
        return str(event.ring)
    return str(getattr(event, "to", "") or getattr(event, "reason", "") or getattr(event, "by", "") or "")


def prompts(events: Iterable[ev.Prompt], end: float) -> tuple[Shown, ...]:
    """One value for each prompt id; one that a partial raised and the final took back was never worth a line."""
    latest: dict[str, Shown] = {}
    provisional: set[str] = set()
    for event in events:
        before = latest.get(event.id)
        if event.status == "shown":
            (provisional.add if event.stage == "provisional" else provisional.discard)(event.id)
        elif event.status == "withdrawn" and event.id in provisional:
            latest.pop(event.id, None)
            continue
        latest[event.id] = Shown(
            event.kind,
            event.text,
            before.start if before else event.at,
            end if event.status == "shown" else event.at,
            event.status,
            event.said,
            event.refs,
        )
    return tuple(sorted(latest.values(), key=lambda shown: shown.start))
