"""Drives a recording, or a journal, through the engine: the same engine that a live call runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from callflow.acoustics.listener import Listener
from callflow.audio.source import Block, Source
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import CallContext, CallHungUp, Event, Heard, Output
from callflow.review.speakers import told_apart
from callflow.speech.transcriber import Session, Transcriber

Show = Callable[[Event], None]
"""Called for every event, inputs and outputs, in the order they happen."""
Progress = Callable[[float], None]
"""Called now and then with the seconds of the recording that are done."""


def replay(
    source: Source,
    transcriber: Transcriber,
    plan: Plan,
    context: CallContext,
    call_events: Iterable[Event] | None,
    show: Show,
    progress: Progress,
    partials: bool = True,
) -> None:
    """Listen to a recording from beginning to end.

    ``call_events``: what the telephone system reported, in order; ``None`` where that has to be inferred from the
    sound. Without ``partials`` nothing provisional is told, which changes no finding. On one channel the speakers are
    told apart by what they say, and everything is told at the end.
    """
    run = _Run(Guide(plan), show)
    events: Iterable[Event] = listened(source, transcriber, call_events, progress, partials and source.separate)
    if not source.separate:
        context, events = told_apart(context, events, plan)  # what is said later tells who spoke before
    run.take([context])
    run.take(events)
    run.close()


def listened(
    source: Source,
    transcriber: Transcriber,
    call_events: Iterable[Event] | None,
    progress: Progress,
    partials: bool = True,
) -> Iterator[Event]:
    """All that becomes known of a call as its recording is listened to, in order; arguments as for ``replay``."""
    ears = _Ears(transcriber, Listener(infer_calls=call_events is None), partials)
    reported = list(call_events or ())
    end = 0.0
    for block in source:
        end = block.end
        heard = ears.listen(block)
        due = [event for event in reported if event.at <= end]
        del reported[: len(due)]
        yield from _in_order([*due, *heard])
        progress(end)
    last = ears.finish()
    if call_events is None and not ears.hung_up:
        last.append(CallHungUp(at=end))
    yield from _in_order([*last, *reported])


def rejudge(events: Iterable[Event], plan: Plan, show: Show) -> None:
    """Judge a journal again: its inputs through the engine; what the engine said then is passed over."""
    run = _Run(Guide(plan), show)
    run.take(event for event in events if not isinstance(event, Output))
    run.close()


class _Run:
    """Feeds a guide and shows everything that goes in and comes out."""

    def __init__(self, guide: Guide, show: Show) -> None:
        self._guide = guide
        self._show = show

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            self._show(event)
            for output in self._guide.feed(event):
                self._show(output)

    def close(self) -> None:
        for output in self._guide.close():
            self._show(output)


class _Ears:
    """Acoustics and one recogniser session for each channel."""

    def __init__(self, transcriber: Transcriber, listener: Listener, partials: bool) -> None:
        self._listener = listener
        self._agent: Session = transcriber.session("agent", partials)
        self._customer: Session = transcriber.session("customer", partials)
        self.hung_up = False

    def listen(self, block: Block) -> list[Event]:
        """What became known with this block."""
        sound = self._listener.feed(block)
        heard = [
            *self._agent.accept(block.agent, sound.agent_voiced),
            *self._customer.accept(block.customer, sound.customer_voiced),
        ]
        return self._with_rates([*sound.events, *heard])

    def finish(self) -> list[Event]:
        """What becomes known as the recording ends."""
        heard = [*self._agent.finish(), *self._customer.finish()]
        return self._with_rates([*self._listener.finish(), *heard])

    def _with_rates(self, events: list[Event]) -> list[Event]:
        rates: list[Event] = []
        for event in events:
            if isinstance(event, Heard) and event.final and (rate := self._listener.rate(event)):
                rates.append(rate)
            self.hung_up = self.hung_up or isinstance(event, CallHungUp)
        return events + rates


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.at)
