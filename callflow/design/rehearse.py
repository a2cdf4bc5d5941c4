"""Rehearsals: scripted calls that are played to the engine, and what came of them beside what must.

A rehearsal runs on a clock of its own, so that a minute's call takes a moment and always comes out the same. People
speak at an even pace, the recogniser hears every word, and nothing happens but what the script says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import (
    CallContext,
    Event,
    FieldValue,
    Finding,
    Heard,
    Match,
    Promise,
    Prompt,
    Situation,
    State,
    Tick,
    from_data,
)
from callflow.flow.model import ANY, Expectation, Rehearsal, Step
from callflow.problems import Location, Problem
from callflow.texts import Text, text
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
class Failure:
    """An expectation that was not met, at its place in the file."""

    at: Location
    message: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rehearsal went; it passed where there are no failures."""

    rehearsal: Rehearsal
    failures: tuple[Failure, ...]


def rehearse(rehearsal: Rehearsal, plan: Plan) -> Outcome:
    """Play a rehearsal and compare what came of it with what must and what must not."""
    events = list(script(rehearsal.steps))
    outputs = play((event for event in events if isinstance(event, Event)), plan)
    failures = [Failure(event.at, event.message) for event in events if isinstance(event, Problem)]
    failures += [failure for one in rehearsal.expect if (failure := _compare(one, outputs))]
    return Outcome(rehearsal, tuple(failures))


def play(events: Iterable[Event], plan: Plan) -> list[Event]:
    """Everything the engine says to a whole call."""
    guide = Guide(plan)
    outputs = [output for event in events for output in guide.feed(event)]
    return outputs + guide.close()


def script(steps: Iterable[Step]) -> Iterator[Event | Problem]:
    """The events of a script, each at its time; a ``Problem`` for a step that makes no event."""
    now, rings, last_ring = 0.0, 0, -RING
    steps = tuple(steps)
    if not steps or steps[0].event != "call.context":  # what is known of the call is known before it begins
        yield Tick(at=now)
    for number, step in enumerate(steps, start=1):
        if step.speaker:
            start = now + PAUSE - LAG
            end = start + SYLLABLE * sum(char.isalnum() for char in step.said)
            now = end + LAG
            yield Heard(
                at=now,
                speaker=step.speaker,
                text=step.said,
                start=start,
                end=end,
                confidence=float(confidence) if (confidence := step.values.get("confidence")) is not None else None,
                utterance=f"{step.speaker[0]}{number}",
            )
            continue
        if step.event == "call.ringing":
            now, rings = max(now, last_ring + RING), rings + 1
            last_ring = now
        start, now = now, now + step.wait
        if step.event:
            yield _happens(step, start, now, rings)
        else:
            yield Tick(at=now)


def _happens(step: Step, start: float, end: float, rings: int) -> Event | Problem:
    values: dict[str, object] = dict(step.values)
    if step.event == "call.ringing":
        values["ring"] = rings
    elif step.event.startswith("acoustic."):
        values |= {"start": start, "end": end, "speaker": values.pop("by", None)}
    event = from_data({"type": step.event, "at": end, **values}, step.at)
    if not isinstance(event, CallContext):
        return event
    context, note = with_day(event)
    return Problem(step.at, note, "date") if note else context


# ------------------------------------------------------------------------------------------------ comparing


def _compare(expected: Expectation, outputs: Sequence[Event]) -> Failure | None:
    came = [output for output in outputs if _is(expected, output)]
    if bool(came) != expected.absent:
        return None
    wanted = describe(expected)
    if expected.absent:
        times = ", ".join(f"{output.at:.1f} s{_named(output)}{_quoted(output)}" for output in came)
        return Failure(
            expected.at,
            text("must not come, but came: {w}, at {t}", "不应出现却出现了：{w}，在 {t}", w=wanted, t=times),
        )
    came_instead = _instead(expected, outputs)
    instead = " → ".join(came_instead) if expected.what == "state" else "; ".join(dict.fromkeys(came_instead))
    message = text("did not come: {w}; what came: {i}", "未出现：{w}；实际出现：{i}", w=wanted, i=instead or "—")
    return Failure(expected.at, message)


def _is(expected: Expectation, output: Event) -> bool:
    """Whether ``output`` is what ``expected`` speaks of."""
    value = expected.value

    def named(name: str) -> bool:
        return expected.name in (ANY, name)

    match expected.what, output:
        case "finding", Finding():
            return named(output.rule) and value in ("", output.verdict)
        case "prompt", Prompt(stage="confirmed"):
            return expected.name in output.text and output.status == (value or "shown")
        case "match", Match(stage="confirmed"):
            return named(output.phrase)
        case "state", State():
            return f"{output.to}.".startswith(f"{expected.name}.")
        case "situation", Situation():
            return named(output.name) and output.status == (value or "begun")
        case "promise", Promise():
            return expected.name == ANY or expected.name in output.when
        case "field", FieldValue():
            return named(output.name) and value in ("", output.value) and expected.stage in ("", output.stage)
    return False


def _instead(expected: Expectation, outputs: Sequence[Event]) -> Iterator[str]:
    """What came of the kind that was expected, in few words."""
    for output in outputs:
        match expected.what, output:
            case "finding", Finding(rule=expected.name):
                yield f"{output.verdict}{f' ({output.reason})' if output.reason else ''}{_quoted(output)}"
            case "prompt", Prompt(stage="confirmed") if output.status == "shown" or expected.name in output.text:
                yield f"“{output.text}” {output.status}"
            case "match", Match(stage="confirmed"):
                yield f"{output.phrase}{_quoted(output)}"
            case "state", State():
                yield output.to
            case "situation", Situation():
                yield f"{output.name} {output.status}"
            case "field", FieldValue(name=expected.name):
                yield f"{output.value} {output.stage}"
            case "promise", Promise():
                yield f"{output.phrase} “{output.when}”"


def _named(output: Event) -> str:
    return f" {output.rule}" if isinstance(output, Finding) else ""


def _quoted(output: Event) -> str:
    if isinstance(output, Finding):
        return "".join(f" “{evidence.said}”" for evidence in output.evidence if evidence.said)
    return f" “{output.said}”" if isinstance(output, (Match, Prompt)) and output.said else ""


def describe(expected: Expectation) -> str:
    """An expectation as it stands in the file: ``finding greet-first: met``."""
    details = " ".join(filter(None, (expected.value, expected.stage)))
    return f"{expected.what} {expected.name}" + (f": {details}" if details else "")


def render(outcomes: Iterable[Outcome], language: str) -> str:
    """Outcomes as lines for people: one a rehearsal, one a failure with its place, and a count."""
    lines: list[str] = []
    passed = total = 0
    for outcome in outcomes:
        total += 1
        passed += not outcome.failures
        lines.append(f"{'✗' if outcome.failures else '✓'} {outcome.rehearsal.name}")
        lines += [f"    {failure.at}: {failure.message.in_(language)}" for failure in outcome.failures]
    count = text("{p} of {t} rehearsals passed", "{t} 个演练，{p} 个通过", p=passed, t=total)
    return "\n".join([*lines, count.in_(language)])
