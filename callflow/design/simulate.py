"""Events as JSON lines in, outputs as JSON lines out: the engine for tests, other programs and other languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from callflow.call.actions import Actions
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import CallContext, Event, Output, parse
from callflow.journal import MAX_LINE, back_in_time
from callflow.problems import Level, Location, Problem
from callflow.texts import text
from callflow.workdays import with_day


def simulate(
    lines: Iterable[bytes], plan: Plan, say: Callable[[str], None], complain: Callable[[Problem], None]
) -> bool:
    """Feed every line to the engine and ``say`` each output; returns whether all lines were good.

    A line that is no event, or goes back in time, is a Problem and left out; the call goes on without it. An action
    of the agent's on something that is not there is a warning.
    Outputs among the lines are passed over, so that a journal can be fed as it is.
    """
    guide, actions = Guide(plan), Actions(plan.flow)
    clean, last = True, 0.0
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(b'{"type":"journal"'):
            continue
        event = _event(line, Location("stdin", number), last)
        if isinstance(event, Problem):
            clean = False
            complain(event)
        elif not isinstance(event, Output):
            last = event.at
            if isinstance(event, CallContext):
                event, note = with_day(event)
                if note:
                    complain(Problem(Location("stdin", number), note, "date", Level.WARNING))
            if problem := actions.follow(event, Location("stdin", number)):
                complain(problem)
            for output in guide.feed(event):
                actions.follow(output, Location("stdin", number))
                say(output.to_json())
    for output in guide.close():
        say(output.to_json())
    return clean


def _event(line: bytes, at: Location, last: float) -> Event | Problem:
    if len(line) > MAX_LINE:
        return Problem(at, text("longer than {n} bytes", "超过 {n} 字节", n=MAX_LINE), "event-size")
    event = parse(line, at)
    if isinstance(event, Event) and event.at < last and not isinstance(event, Output):
        return back_in_time(at, event.at, last)
    return event
