"""What of a flow its rehearsals bring about: states, transitions, phrases and rules; and what they leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from callflow.call.machine import trigger
from callflow.design.rehearse import Outcome
from callflow.design.taken import around, taken, transitions
from callflow.events import Event, Finding, Match, Prompt, State
from callflow.flow.model import FORBIDS, Flow, Rule, Transition
from callflow.problems import Location
from callflow.texts import Text, text

Kind = Literal["state", "transition", "phrase", "rule"]
TITLES: Mapping[Kind, Text] = {
    "state": text("states", "状态"),
    "transition": text("transitions", "转移"),
    "phrase": text("phrases", "短语"),
    "rule": text("rules", "规则"),
}
KINDS: Mapping[Kind, Text] = {
    "state": text("state", "状态"),
    "transition": text("transition", "转移"),
    "phrase": text("phrase", "短语"),
    "rule": text("rule", "规则"),
}
_NEVER: Mapping[str, Text] = {
    "entered": text("never entered", "从未进入"),
    "taken": text("never taken", "从未发生"),
    "said": text("never said", "从未说到"),
    "shown": text("its prompt is never shown", "提示从未出现"),
    "met": text("never met", "从未做到"),
    "missed": text("never missed", "从未缺失"),
    "violated": text("never violated", "从未违反"),
    "not_assessed": text("never told of", "从未提及"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One state, transition, phrase or rule. ``times``: in how many ways of it; ``open``: what never came of it."""

    kind: Kind
    name: str
    at: Location
    times: int
    open: tuple[Text, ...]


def rehearsed(outcomes: Iterable[Outcome], flow: Flow) -> list[Item]:
    """What came of each part of the flow, in its order, over all rehearsals.

    A rule has to come out both ways, met and not; guidance has to prompt. Of a phrase that is rehearsed line by line a
    line that it fires on counts.
    """
    seen = _Seen()
    for outcome in outcomes:
        seen.add(outcome, flow)
    items = [_item("state", name, state.at, seen.count("entered", name)) for name, state in flow.states.items()]
    items += [
        _item("transition", named(place, transition), transition.at, seen.count("taken", str(transition.at)))
        for place, transition in transitions(flow)
    ]
    items += [_item("phrase", name, phrase.at, seen.count("said", name)) for name, phrase in flow.phrases.items()]
    items += [
        _item("rule", rule.name, rule.at, *(seen.count(way, rule.name) for way in _ways(rule)))
        for rule in flow.rules.values()
    ]
    return items


def named(place: str, transition: Transition) -> str:
    """A transition in words: ``hold.waiting: call.resumed → hold.back``."""
    return f"{place or '*'}: {trigger(transition)} → {transition.target}"


def _ways(rule: Rule) -> tuple[str, ...]:
    """The ways in which a rule can come out."""
    if rule.not_assessed:
        return ("not_assessed",)
    if rule.guidance:
        return ("shown",)
    return ("met", "violated" if rule.shape in FORBIDS else "missed")


def _item(kind: Kind, name: str, at: Location, *counts: tuple[str, int]) -> Item:
    open_ = tuple(_NEVER[way] for way, times in counts if not times)
    return Item(kind, name, at, sum(times for _, times in counts), open_)


class _Seen:
    """What came of all rehearsals, counted."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, way: str, name: str) -> tuple[str, int]:
        return way, self._counts[way, name]

    def add(self, outcome: Outcome, flow: Flow) -> None:
        if not outcome.moments and any(one.what == "match" and not one.absent for one in outcome.rehearsal.expect):
            self._counts["said", outcome.rehearsal.of] += 1
        for moment in outcome.moments:
            for output in moment.outputs:
                for key in _brought(output, flow):
                    self._counts[key] += 1


def _brought(output: Event, flow: Flow) -> Iterator[tuple[str, str]]:
    match output:
        case State():
            yield from (("entered", name) for name in around(output.to))
            if step := taken(output, flow):
                yield "taken", str(step[1].at)
        case Match(stage="confirmed"):
            yield "said", output.phrase
        case Finding():
            yield output.verdict, output.rule
        case Prompt(status="shown", stage="confirmed"):
            yield from (("shown", rule) for rule in _prompting(output, flow))


def _prompting(prompt: Prompt, flow: Flow) -> Iterator[str]:
    """The rules that may have asked for a prompt: the one that did, or any with the same words."""
    for rule in flow.rules.values():
        same = rule.prompt and (rule.prompt.kind, rule.prompt.text) == (prompt.kind, prompt.text)
        if rule.guidance and (same or prompt.id.startswith((f"{rule.name}#", f"warn:{rule.name}#"))):
            yield rule.name


def table(items: Iterable[Item], language: str) -> str:
    """How much of each kind is rehearsed, and what is not, with its place."""
    kept = list(items)
    lines = []
    for kind, title in TITLES.items():
        of = [item for item in kept if item.kind == kind]
        done = sum(not item.open for item in of)
        share = f"{100 * done / len(of):5.1f} %" if of else "    —"
        lines.append(f"{title.in_(language):　<12}{done:5} / {len(of):<5} {share}".replace("　", " "))
    left = [item for item in kept if item.open]
    if left:
        lines += ["", text("not rehearsed:", "未演练：").in_(language)]
    for item in left:
        why = text(", ", "，").in_(language).join(one.in_(language) for one in item.open)
        lines.append(f"  {item.at}: {KINDS[item.kind].in_(language)} {item.name}: {why}")
    return "\n".join(lines)


def data(items: Iterable[Item]) -> dict[str, Any]:
    """The same for programs, with every item."""
    kept = list(items)
    return {
        kind: {
            "rehearsed": sum(item.kind == kind and not item.open for item in kept),
            "of": sum(item.kind == kind for item in kept),
            "items": [
                {"name": item.name, "at": str(item.at), "times": item.times, "open": [one.both() for one in item.open]}
                for item in kept
                if item.kind == kind
            ],
        }
        for kind in TITLES
    }
