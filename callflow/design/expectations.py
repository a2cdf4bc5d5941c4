"""What a rehearsal expects beside what came of it: whether it came, and if not, what came instead and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from callflow.call.plan import Plan
from callflow.design.explain_text import VERDICTS
from callflow.events import (
    CallHungUp,
    Event,
    FieldValue,
    Finding,
    Heard,
    Match,
    Output,
    Promise,
    Prompt,
    Situation,
    State,
)
from callflow.flow.model import Rule
from callflow.flow.rehearsal import ANY, Expectation, Step
from callflow.phrases.explain import explain
from callflow.problems import Location
from callflow.texts import Text, text

MOST_TOLD = 6
"""Moments that a failure tells of, at most: the first ones."""
MOST_LIKE = 2
"""Prompts like the one that did not come."""
MOST_EXPLAINED = 12
"""Utterances in which a phrase that did not come is looked for once more: that takes its time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a rehearsal, its step in the script (``None``: it is none of it), and what came of it."""

    event: Event
    step: Step | None
    outputs: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that was not met, at its place in the file; ``details``: what happened, a line each."""

    at: Location
    message: Text
    details: tuple[Text, ...] = ()


def compare(expected: Expectation, moments: Sequence[Moment], plan: Plan) -> Failure | None:
    """What is wrong where ``expected`` did not come, or came though it must not."""
    if not fails(expected, moments):
        return None
    came = [(moment, output) for moment in moments for output in moment.outputs if is_(expected, output)]
    wanted = describe(expected)
    if expected.absent:
        times = ", ".join(f"{output.at:.1f} s{_named(output)}{_quoted(output)}" for _, output in came)
        message = text("must not come, but came: {w}, at {t}", "不应出现却出现了：{w}，在 {t}", w=wanted, t=times)
        return Failure(expected.at, message, tuple(_told(came)))
    instead = [(moment, output) for moment in moments for output in moment.outputs if _akin(expected, output)]
    words = [_instead(output) for _, output in instead]
    joined = " → ".join(words) if expected.what == "state" else _listed(list(dict.fromkeys(words)))
    message = text("did not come: {w}; what came: {i}", "未出现：{w}；实际出现：{i}", w=wanted, i=joined or "—")
    return Failure(expected.at, message, tuple(_nearest(expected, instead, moments, plan)))


def fails(expected: Expectation, moments: Iterable[Moment]) -> bool:
    """Whether what must come did not, or what must not did."""
    return any(is_(expected, output) for moment in moments for output in moment.outputs) == expected.absent


def describe(expected: Expectation) -> str:
    """An expectation as it stands in the file: ``finding greet-first: met``."""
    value = f"from {expected.value}" if expected.what == "state" and expected.value else expected.value
    details = " ".join(filter(None, (value, expected.stage)))
    return f"{expected.what} {expected.name}" + (f": {details}" if details else "")


def is_(expected: Expectation, output: Event) -> bool:
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
            came_from = not value or f"{output.from_}.".startswith(f"{value}.")
            return f"{output.to}.".startswith(f"{expected.name}.") and came_from
        case "situation", Situation():
            return named(output.name) and output.status == (value or "begun")
        case "promise", Promise():
            return expected.name == ANY or expected.name in output.when
        case "field", FieldValue():
            return named(output.name) and value in ("", output.value) and expected.stage in ("", output.stage)
    return False


# ------------------------------------------------------------------------------------------------ what came instead


def _akin(expected: Expectation, output: Event) -> bool:
    """Whether ``output`` is of the kind that was expected."""
    match expected.what, output:
        case "finding", Finding(rule=expected.name):
            return True
        case "prompt", Prompt(stage="confirmed"):
            return output.status == "shown" or expected.name in output.text
        case ("match", Match(stage="confirmed")) | ("field", FieldValue(name=expected.name)):
            return True
        case ("state", State()) | ("situation", Situation()) | ("promise", Promise()):
            return True
    return False


def _instead(output: Event) -> str:
    match output:
        case Finding():
            return f"{output.verdict}{f' ({output.reason})' if output.reason else ''}{_quoted(output)}"
        case Prompt():
            return f"“{output.text}” {output.status}"
        case Match():
            return f"{output.phrase}{_quoted(output)}"
        case State():
            return output.to
        case Situation():
            return f"{output.name} {output.status}"
        case FieldValue():
            return f"{output.value} {output.stage}"
        case Promise():
            return f"{output.phrase} “{output.when}”"
    return ""


def _listed(words: list[str]) -> str:
    """The first few, so that one still finds the line."""
    return "; ".join(words if len(words) <= MOST_TOLD else [*words[:MOST_TOLD], f"… +{len(words) - MOST_TOLD}"])


def _named(output: Event) -> str:
    return f" {output.rule}" if isinstance(output, Finding) else ""


def _quoted(output: Event) -> str:
    if isinstance(output, Finding):
        return "".join(f" “{evidence.said}”" for evidence in output.evidence if evidence.said)
    return f" “{output.said}”" if isinstance(output, (Match, Prompt)) and output.said else ""


def _told(came: Sequence[tuple[Moment, Event]]) -> Iterator[Text]:
    """A line for each thing that came: when, at which step of the script, what."""
    for moment, output in came[:MOST_TOLD]:
        what = f"{output.type}{_named(output)} {_instead(output)}"
        step = _step(moment)
        yield Text(f"{output.at:5.1f} s  {step.en}  ← {what}", f"{output.at:5.1f} 秒  {step.zh}  ← {what}")
    if len(came) > MOST_TOLD:
        yield text("… and {n} more", "……另有 {n} 处", n=len(came) - MOST_TOLD)


def _step(moment: Moment) -> Text:
    """A step as it stands in the script, with its place."""
    step = moment.step
    if step is None:
        return text("the end of the call", "通话结束时") if moment.event.at else text("the beginning", "通话开始时")
    place = f" ({step.at})"
    if step.speaker:
        return Text(f"{step.speaker}: {step.said}{place}", f"{step.speaker}: {step.said}{place}")
    what = " ".join([step.event, *map(str, step.values.values())]) if step.event else f"wait: {step.wait:g}s"
    return Text(f"{what}{place}", f"{what}{place}")


def _nearest(
    expected: Expectation, instead: Sequence[tuple[Moment, Event]], moments: Sequence[Moment], plan: Plan
) -> Iterator[Text]:
    """What came nearest to something that did not come, with its moment."""
    if expected.what == "match" or expected.name in plan.flow.phrases:
        yield from _nearly_said(expected.name, moments, plan)
    elif expected.what == "finding" and not instead and (rule := plan.flow.rules.get(expected.name)):
        yield from _never_began(rule, moments)
    elif expected.what == "prompt":
        texts = dict(enumerate(output.text for _, output in instead if isinstance(output, Prompt)))
        like = process.extract(expected.name, texts, scorer=fuzz.partial_ratio, limit=MOST_LIKE, score_cutoff=40)
        yield from _told([instead[number] for _, _, number in like])
    else:
        yield from _told(instead)


def _nearly_said(name: str, moments: Sequence[Moment], plan: Plan) -> Iterator[Text]:
    """The words that came nearest to a phrase, and why they are not it."""
    phrase = plan.flow.phrases.get(name)
    if phrase is None:
        return
    heard = [(m, m.event) for m in moments if isinstance(m.event, Heard) and m.event.speaker == phrase.by]
    near = [
        (one, moment)
        for moment, event in heard[:MOST_EXPLAINED]
        for one in explain(plan.book, plan.flow.slots, event.text, phrase.by, {name})
        if event.text
    ]
    for one, moment in sorted(near, key=lambda pair: -pair[0].score)[:1]:
        step, why = _step(moment), VERDICTS[one.verdict]
        score = f"{one.score:.2f} < {one.least:.2f}" if one.verdict == "different" else f"{one.score:.2f}"
        en = f"nearest: {step.en}: “{one.said}” for “{one.wording}” ({score}): {why.en}"
        yield Text(en, f"最接近：{step.zh}：“{one.said}”，短语为“{one.wording}”（{score}）：{why.zh}")
    if not heard:
        yield text("{s} says nothing here", "{s} 在这里没有说话", s=phrase.by)


def _never_began(rule: Rule, moments: Sequence[Moment]) -> Iterator[Text]:
    """What a rule that was never judged waits for."""
    keys = [term.key for term in rule.trigger] if rule.trigger else [f"state {state}" for state in rule.states]
    came = [key for key in keys if key in happened(moments)]
    waits = " / ".join(keys)
    if keys and not came:
        yield text(
            "the rule begins with {w} ({at}), which did not happen", "该规则由 {w} 引发（{at}），而它没有发生",
            w=waits, at=rule.at,
        )  # fmt: skip
    elif rule.guidance:
        yield text(
            "the rule is guidance ({at}): it prompts and is never a finding", "该规则只作提示（{at}），不产生结论",
            at=rule.at,
        )  # fmt: skip
    elif keys:
        yield text("the rule ({at}) began, with {w}, and was waived", "该规则（{at}）由 {w} 引发，随后被豁免",
                   at=rule.at, w=" / ".join(came))  # fmt: skip


def happened(moments: Iterable[Moment]) -> set[str]:
    """The terms that came true, as far as what was told and what came of it shows them."""
    keys: set[str] = set()
    for moment in moments:
        event = moment.event
        keys.add(event.type)
        if isinstance(event, CallHungUp) and event.by:
            keys.add(f"{event.type} {event.by}")
        if isinstance(event, Heard):
            keys.add(f"{event.speaker} speaks")
        for output in moment.outputs:
            keys.update(_keys(output))
    return keys


def _keys(output: Event) -> Iterator[str]:
    assert isinstance(output, Output)
    match output:
        case Match(stage="confirmed"):
            yield f"{output.speaker} {output.phrase}"
        case State():
            parts = output.to.split(".")
            yield from (f"state {'.'.join(parts[:n])}" for n in range(1, len(parts) + 1))
            yield output.because
        case Situation(status="begun"):
            yield f"situation {output.name}"
            yield output.because
        case FieldValue():
            yield f"field {output.name} {output.stage}"
