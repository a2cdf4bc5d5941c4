"""Rehearsals: scripted calls that are played to the engine, and what came of them beside what must.

A rehearsal runs on a clock of its own, so that a minute's call takes a moment and always comes out the same. People
speak at an even pace, the recogniser hears every word, and nothing happens but what the script says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.design.expectations import Failure, Moment, compare, fails
from callflow.events import CallContext, Event, Heard, Speaker, Tick, from_data
from callflow.flow.rehearsal import Rehearsal, Step
from callflow.phrases.sounds import plain_syllable
from callflow.problems import Problem
from callflow.workdays import with_day

SYLLABLE = 0.22
"""Seconds that a character takes to say."""
LAG = 0.2
"""Seconds from the end of an utterance until its final comes."""
PAUSE = 0.6
"""Seconds from the end of one turn to the beginning of the next."""
RING = 5.0
"""Seconds from one ring to the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rehearsal went; it passed where there are no failures.

    ``moments``: what came of it, step by step; none of a line that was only looked up in the phrase book.
    """

    rehearsal: Rehearsal
    failures: tuple[Failure, ...]
    moments: tuple[Moment, ...] = ()


def rehearse(rehearsal: Rehearsal, plan: Plan) -> Outcome:
    """Play a rehearsal and compare what came of it with what must and what must not."""
    if _by_the_book(rehearsal, plan):
        return Outcome(rehearsal, ())
    staged = list(staging(rehearsal.steps))
    wrong = [Failure(event.at, event.message) for _, event in staged if isinstance(event, Problem)]
    moments = perform(((step, event) for step, event in staged if isinstance(event, Event)), plan)
    failures = [failure for one in rehearsal.expect if (failure := compare(one, moments, plan))]
    return Outcome(rehearsal, (*wrong, *failures), moments)


def passes(rehearsal: Rehearsal, plan: Plan) -> bool:
    """Whether a rehearsal passes, for those who need not know why not: that takes much longer to find out."""
    by_the_book = _by_the_book(rehearsal, plan)
    if by_the_book is not None:
        return by_the_book
    staged = list(staging(rehearsal.steps))
    moments = perform(((step, event) for step, event in staged if isinstance(event, Event)), plan)
    return len(staged) == len(moments) - 1 and not any(fails(one, moments) for one in rehearsal.expect)


def _by_the_book(rehearsal: Rehearsal, plan: Plan) -> bool | None:
    """Whether a line of one phrase comes out right, by the phrase book alone; ``None``: that cannot tell.

    Such a line is matched where the book finds it, and the finding of a forbidden phrase follows from its match. Who
    has thousands of them need not play as many calls. One that does not pass is played, as that tells more.
    """
    if not rehearsal.of or rehearsal.of in plan.flow.rules:
        return None
    found = any(
        hit.phrase == rehearsal.of
        for step in rehearsal.steps
        if step.speaker
        for hit in plan.book.find(in_pinyin(step.said) or step.said, step.speaker)
    )
    return all(one.name == rehearsal.of and found != one.absent for one in rehearsal.expect)


def perform(staged: Iterable[tuple[Step | None, Event]], plan: Plan) -> tuple[Moment, ...]:
    """Everything the engine says to a whole call, by what it was told."""
    guide = Guide(plan)
    moments = [Moment(event, step, tuple(guide.feed(event))) for step, event in staged]
    end = Tick(at=guide.now)
    return (*moments, Moment(end, None, tuple(guide.close())))


def play(events: Iterable[Event], plan: Plan) -> list[Event]:
    """Everything the engine says to a whole call."""
    return [output for moment in perform(((None, event) for event in events), plan) for output in moment.outputs]


def script(steps: Iterable[Step]) -> Iterator[Event | Problem]:
    """The events of a script, each at its time; a ``Problem`` for a step that makes no event."""
    return (event for _, event in staging(tuple(steps)))


def staging(steps: Sequence[Step]) -> Iterator[tuple[Step | None, Event | Problem]]:
    """The events of a script as ``script`` makes them, each with its step."""
    now, rings, last_ring = 0.0, 0, -RING
    if not steps or steps[0].event != "call.context":  # what is known of the call is known before it begins
        yield None, Tick(at=now)
    for number, step in enumerate(steps, start=1):
        if step.speaker:
            heard = _spoken(step, step.speaker, number, now)
            now = heard.at
            yield step, heard
            continue
        if step.event == "call.ringing":
            now, rings = max(now, last_ring + RING), rings + 1
            last_ring = now
        start = max(0.0, now - _sooner(step))
        now = max(now, start + step.wait)
        yield step, _happens(step, start, start + step.wait, now, rings) if step.event else Tick(at=now)


def _sooner(step: Step) -> float:
    return float(step.values.get("sooner", 0.0))


def _spoken(step: Step, speaker: Speaker, number: int, now: float) -> Heard:
    """Somebody speaks, after a pause or ``sooner``: then perhaps while what was before still goes on."""
    syllables = in_pinyin(step.said)
    start = max(0.0, now + PAUSE - LAG - _sooner(step))
    size = sum(map(bool, map(plain_syllable, syllables))) if syllables else sum(c.isalnum() for c in step.said)
    end = start + (step.wait or SYLLABLE * size)
    confidence = step.values.get("confidence")
    return Heard(
        at=max(now, end + LAG),
        speaker=speaker,
        text="" if syllables else step.said,
        sounds=syllables,
        start=start,
        end=end,
        confidence=None if confidence is None else float(confidence),
        utterance=f"{speaker[0]}{number}",
    )


def in_pinyin(said: str) -> tuple[str, ...]:
    """The syllables of words that are written in pinyin, as some recognisers hear them; none of others.

    They stand apart and in small letters, punctuation too: ``nin hao ， wang xian sheng``.
    """
    items = tuple(said.split())
    spelt = [item for item in items if any(map(str.isalnum, item))]
    return items if spelt and said == said.lower() and all(map(plain_syllable, spelt)) else ()


def _happens(step: Step, start: float, end: float, at: float, rings: int) -> Event | Problem:
    values: dict[str, object] = {key: value for key, value in step.values.items() if key != "sooner"}
    if step.event == "call.ringing":
        values["ring"] = rings
    elif step.event.startswith("acoustic.") or step.event == "gap":
        values |= {"start": start, "end": end, "speaker": values.pop("by", None)}
    elif "separate" in values:
        values["separate"] = values["separate"] != "no"
    event = from_data({"type": step.event, "at": at, **values}, step.at)
    if not isinstance(event, CallContext):
        return event
    context, note = with_day(event)
    return Problem(step.at, note, "date") if note else context
