"""A real call as a rehearsal: what was said and what happened as steps, what came of it as expectations.

The call is judged anew by the flow as it is now. Times are left out where the pace of rehearsals brings about the same;
where it does not, steps get the times they had. Long numbers become others, drawn anew for each rehearsal and the same
ones throughout it, so that what is read back rightly or wrongly still is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from random import SystemRandom
from typing import Any

from callflow.call.hiding import HEAD, LONG, Hider, around_dates
from callflow.call.manner import STRETCH
from callflow.call.plan import Plan
from callflow.design.expectations import describe, fails
from callflow.design.rehearse import LAG, PAUSE, RING, in_pinyin, perform, play, staging
from callflow.errors import BadInput
from callflow.events import (
    SPEAKERS,
    Acoustic,
    CallContext,
    CallHeld,
    CallHungUp,
    CallRinging,
    Event,
    FieldValue,
    Finding,
    Gap,
    Heard,
    Loudness,
    Output,
    Overlap,
    Promise,
    Prompt,
    Rate,
    Silence,
    Situation,
    State,
    Tick,
    TransferStarted,
)
from callflow.flow.rehearsal import ANY, Expectation, Step
from callflow.flow.yaml_edits import written
from callflow.phrases.sounds import HIDDEN
from callflow.problems import Location
from callflow.texts import Text, text

_NAMES = ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu")
_MARKS = str.maketrans({mark: str(number % 10) for number, mark in enumerate(HIDDEN)})
_TOLD = ("to", "reason", "by", "action", "target", "value", "date", "telephony")
"""Details of events that a step can have."""
_HERE = Location("")


@dataclass(frozen=True, slots=True)
class Pace:
    """How closely a script keeps to the times of the call: pauses from ``least`` seconds on are kept, to a multiple of
    ``unit``; ``exact``: also how long words take and what cuts in; ``sound``: how somebody speaks from moment to
    moment, otherwise only on the whole."""

    least: float
    unit: float
    exact: bool = False
    sound: bool = False


PACES = (
    Pace(2.0, 1.0),
    Pace(0.5, 0.5),
    Pace(0.5, 0.5, exact=True),
    Pace(0.1, 0.1, exact=True),
    Pace(0.05, 0.01, exact=True, sound=True),
)
"""From the most readable script to the most faithful; the first one that comes out as the call did is taken."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rehearsal as YAML; ``left_out``: what came of the call and does not come of the rehearsal."""

    yaml: str
    left_out: tuple[Text, ...]


def record(events: Iterable[Event], plan: Plan, name: str) -> Recorded:
    """A rehearsal that passes, of a journal's events (its outputs are passed over).

    Raises ``BadInput`` where nothing happens in it.
    """
    digits = "".join(SystemRandom().sample("0123456789", 10))  # what 0 to 9 become, and nobody can undo
    happened = [event for event in events if not isinstance(event, Output)]
    inputs = list(_without_numbers(happened, plan, digits))
    over = any(isinstance(event, CallHungUp) for event in inputs)
    rest = [event for event in happened[-1:] if isinstance(event, Tick) and not over]
    expected = list(dict.fromkeys(_expectations(play([*inputs, *rest], plan))))
    steps: list[Step] = []
    missed: list[Expectation] = expected
    for pace in PACES:
        tried = list(_steps(inputs if pace.sound else _on_the_whole(inputs), pace))
        tried += [step for event in rest if tried for step in _until(event.at, tried, pace)]
        staged = [(step, event) for step, event in staging(tried) if isinstance(event, Event)]
        moments = perform(staged, plan)
        failing = [one for one in expected if fails(one, moments)]
        if not steps or len(failing) < len(missed):
            steps, missed = tried, failing
        if not missed:
            break
    if not steps:
        raise BadInput(text("nothing happens in this call", "这通电话里没有内容"))
    kept = [one for one in expected if one not in missed]
    told = text("left out, as a script's even pace does not bring it about: {w}", "未写入（按演练的节奏不会出现）：{w}")
    left = tuple(Text(told.en.format(w=describe(one)), told.zh.format(w=describe(one))) for one in missed)
    return Recorded(_yaml(_without_number(name, digits), steps, kept), left)


# ------------------------------------------------------------------------------------------------ numbers


def _without_number(name: str, digits: str) -> str:
    """A name without what may be a telephone number: journals are often called after one."""
    others = str.maketrans("0123456789", digits)
    numbers = re.compile(rf"\d{{{LONG},}}")
    return around_dates(name, lambda part: numbers.sub(lambda it: it[0][:HEAD] + it[0][HEAD:].translate(others), part))


def _without_numbers(events: Iterable[Event], plan: Plan, digits: str) -> Iterator[Event]:
    """The events that a script can have, with other digits in long numbers."""
    hider = Hider(digits, plan.sounds, tail=False)
    for event in events:
        if isinstance(event, Tick) or (isinstance(event, Heard) and not event.final):
            continue
        hidden = hider.hide(_shown(event))
        if isinstance(hidden, Heard):
            hidden = replace(hidden, words=(), sounds=tuple(_syllable(item) for item in hidden.sounds))
        yield hidden


def _shown(event: Event) -> Event:
    """Marks that stand for hidden digits become digits."""
    if isinstance(event, Heard):
        sounds = tuple(item.translate(_MARKS) for item in event.sounds)
        return replace(event, text=event.text.translate(_MARKS), sounds=sounds)
    written = {f.name: value for f in fields(event) if isinstance(value := getattr(event, f.name), str)}
    shown: dict[str, Any] = {key: value.translate(_MARKS) for key, value in written.items()}
    return replace(event, **shown)


def _syllable(item: str) -> str:
    return _NAMES[int(item)] if len(item) == 1 and item in "0123456789" else item


# ------------------------------------------------------------------------------------------------ steps


def _on_the_whole(events: Sequence[Event]) -> list[Event]:
    """The events with one rate and one loudness of each speaker, while the customer hears them, in the place of
    all of them."""
    kept = [event for event in events if not isinstance(event, (Rate, Loudness))]
    away = (CallHeld, TransferStarted, CallHungUp)  # from then on the customer does not hear it
    place = next((n for n, event in enumerate(kept) if isinstance(event, away)), len(kept))
    now = kept[place - 1].at if place else 0.0
    means: list[Event] = []
    for cls, key in ((Rate, "per_minute"), (Loudness, "dbfs")) if now > STRETCH + 1 else ():
        for speaker in SPEAKERS:
            told = [event for event in events if isinstance(event, cls) and event.speaker == speaker]
            length = sum(event.end - event.start for event in told)
            if length >= STRETCH:
                mean = sum(float(getattr(event, key)) * (event.end - event.start) for event in told) / length
                changes: dict[str, Any] = {"at": now, "start": now - STRETCH - 1, "end": now, key: round(mean)}
                means.append(replace(told[-1], **changes))
    return [*kept[:place], *means, *kept[place:]]


def _steps(events: Sequence[Event], pace: Pace) -> Iterator[Step]:
    """The script of a call. ``now`` is the clock that the steps so far would have come to."""
    now, last_ring = 0.0, -RING
    for number, event in enumerate(events):
        step = _step(event, pace)
        if step is None or (number and isinstance(event, CallContext)):
            continue
        begins = event.start if isinstance(event, (Heard, Acoustic, Gap)) else event.at
        due = now + (PAUSE - LAG if step.speaker else 0.0)
        if isinstance(event, CallRinging):
            due = now = max(now, last_ring + RING)
            last_ring = now
        pause = round((begins - due) / pace.unit) * pace.unit
        if pause >= pace.least:
            yield Step(_HERE, wait=round(pause, 2))
            now += pause
        elif -pause >= pace.least and (step.speaker or step.wait) and (pace.exact or _measured(event)):
            step = replace(step, values={**step.values, "sooner": round(-pause, 2)})
        yield step
        now = _after(step, now)


def _until(at: float, steps: Sequence[Step], pace: Pace) -> Iterator[Step]:
    """The time that passes after the last thing that happens: what is missed by then is seen by nothing else."""
    now = [event.at for _, event in staging(steps) if isinstance(event, Event)][-1]
    pause = round((at - now) / pace.unit) * pace.unit
    if pause >= pace.least:
        yield Step(_HERE, wait=round(pause, 2))


def _after(step: Step, now: float) -> float:
    """The clock after a step that begins at ``now``."""
    lead = Step(_HERE, wait=now) if now else None
    last = [event for _, event in staging([one for one in (lead, step) if one])][-1]
    return last.at if isinstance(last, Event) else now


def _step(event: Event, pace: Pace) -> Step | None:
    """An event as a step, all but its time; ``None`` for one that a script does without."""
    if isinstance(event, Heard):
        said = event.text or " ".join(event.sounds)
        if not any(map(str.isalnum, said)) or not (event.text or in_pinyin(said)):
            return None
        values = {"confidence": round(event.confidence, 2)} if event.confidence is not None else {}
        step = Step(_HERE, speaker=event.speaker, said=said, values=values)
        length = round(event.end - event.start, 1)
        usual = _after(step, 0.0) - PAUSE
        return replace(step, wait=length) if pace.exact and length > 0 and abs(length - usual) >= pace.least else step
    if isinstance(event, Acoustic) and not isinstance(event, (Silence, Overlap, Rate, Loudness)):
        return None
    told = {key: value for key in _TOLD if (value := getattr(event, key, "")) not in ("", None)}
    if isinstance(event, CallContext):
        told = _of_context(event)
        if not told:
            return None
    if isinstance(event, (Acoustic, Gap)):
        figures = {key: getattr(event, key) for key in ("per_minute", "dbfs") if hasattr(event, key)}
        by = {"by": event.speaker} if event.speaker else {}
        return Step(_HERE, event=event.type, values={**by, **figures}, wait=max(0.1, round(event.end - event.start, 1)))
    return Step(_HERE, event=event.type, values=told)


def _measured(event: Event) -> bool:
    return isinstance(event, (Rate, Loudness))


def _of_context(context: CallContext) -> dict[str, str]:
    """What is known of a call beforehand, and not as in every rehearsal."""
    told: dict[str, str] = {}
    if context.date or context.day:
        told["date" if context.date else "day"] = context.date or context.day
    if context.telephony != "events":
        told["telephony"] = context.telephony
    if not context.separate:
        told["separate"] = "no"
    return told


# ------------------------------------------------------------------------------------------------ expectations


def _expectations(outputs: Sequence[Event]) -> Iterator[Expectation]:
    """What a rehearsal of the call should expect: where it went, what was prompted, found and captured."""

    def every(kind: str) -> list[Event]:
        return [output for output in outputs if output.type == kind]

    yield from (Expectation("state", one.to, _HERE) for one in every("state") if isinstance(one, State))
    for one in every("situation"):
        if isinstance(one, Situation) and one.status == "begun":
            yield Expectation("situation", one.name, _HERE)
    prompts = [one for one in every("prompt") if isinstance(one, Prompt) and one.kind not in ("tip", "remind")]
    done = {one.text for one in prompts if one.status == "done" and one.stage == "confirmed"}
    yield from (Expectation("prompt", one.text, _HERE, "done" if one.text in done else "") for one in prompts)
    for one in every("finding"):
        if isinstance(one, Finding) and one.verdict != "not_assessed":
            yield Expectation("finding", one.rule, _HERE, one.verdict)
    last = {one.name: one for one in every("field") if isinstance(one, FieldValue)}
    yield from (Expectation("field", one.name, _HERE, one.value, one.stage) for one in last.values())
    for one in every("promise"):
        if isinstance(one, Promise) and one.when:
            yield Expectation("promise", one.when, _HERE)
    if not any(isinstance(one, Finding) and one.verdict == "violated" for one in outputs):
        yield Expectation("finding", ANY, _HERE, "violated", absent=True)


# ------------------------------------------------------------------------------------------------ YAML


_KEYS = {"field": ("value", "stage"), "finding": ("verdict",), "prompt": ("status",), "situation": ("value",)}


def _yaml(name: str, steps: Iterable[Step], expected: Iterable[Expectation]) -> str:
    lines = ["rehearsals:", f"  - name: {written(name)}", "    call:"]
    lines += [f"      - {_written(step)}" for step in steps]
    kept = list(expected)
    for key, absent in (("expect", False), ("never", True)):
        of = [one for one in kept if one.absent is absent]
        lines += [f"    {key}:"] if of else []
        lines += [f"      - {_expected(one)}" for one in of]
    return "\n".join(lines) + "\n"


def _written(step: Step) -> str:
    if not step.speaker and not step.event:
        return f"wait: {step.wait:g}s"
    values = {key: _value(key, value) for key, value in step.values.items()}
    length = {"for": f"{step.wait:g}s"} if step.wait else {}
    if step.speaker:
        parts = {step.speaker: written(step.said), **length, **values}
        return _mapping(parts) if len(parts) > 1 else f"{step.speaker}: {parts[step.speaker]}"
    if not values and not length:
        return step.event
    if list(values) == ["by"] and step.event == "call.hung_up":
        return f"{step.event} {values['by']}"
    return _mapping({"event": step.event, **values, **length})


def _value(key: str, value: str | float) -> str:
    if isinstance(value, str):
        return value if key == "separate" else written(value)
    return f"{value:g}s" if key == "sooner" else f"{round(value, 2):g}"


def _expected(one: Expectation) -> str:
    details = dict(zip(_KEYS.get(one.what, ()), (one.value, one.stage), strict=False))
    return _mapping({one.what: written(one.name), **{key: written(value) for key, value in details.items() if value}})


def _mapping(parts: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"
