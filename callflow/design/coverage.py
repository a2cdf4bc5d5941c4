"""Which clause of the guides is served by what in a flow: its phrases, rules, prompts, rehearsals and states.

A clause is served by what cites it in ``refs``; and a rehearsal serves it that expects something which cites it. What a
clause needs follows from its kind (``NEEDS``). Of a line to say or never to say every wording of the guide is tried on
the phrase book, and of a line never to say near misses are asked for, so that a citation alone proves nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from callflow.call.plan import Plan
from callflow.flow.model import Clause, Flow, Phrase
from callflow.flow.rehearsal import Expectation, Rehearsal
from callflow.problems import Location
from callflow.texts import Text, text

Column = Literal["phrase", "rule", "prompt", "rehearsal", "state"]
COLUMNS: tuple[Column, ...] = ("phrase", "rule", "prompt", "rehearsal", "state")

NEEDS: dict[str, tuple[tuple[Column, ...], ...]] = {
    "say": (("phrase",), ("prompt",), ("rehearsal",), ("state",)),
    "taboo": (("phrase",), ("prompt",), ("rehearsal",)),
    "step": (("rule",), ("prompt",), ("rehearsal",)),
    "conduct": (("rule", "phrase"), ("rehearsal",)),
    "tip": (("prompt",), ("rehearsal",), ("state",)),
    "out": (),
}
"""For each kind of clause what must serve it: one of each group. A clause that is ``out`` of a call needs nothing."""

NEAR_MISSES = 2
"""Lines on which a phrase never to be said must stay ``silent``, at least. That it does not come in a call about
something else shows nothing."""

COLUMN_TITLES: dict[Column, Text] = {
    "phrase": text("phrase", "短语"),
    "rule": text("rule", "规则"),
    "prompt": text("prompt", "提示"),
    "rehearsal": text("rehearsal", "演练"),
    "state": text("state", "状态"),
}

_FILLERS = ("三天", "王", "北京")
"""What may stand where a guide leaves a gap (``***``, ``XX``): a time, a name, a place."""


@dataclass(frozen=True, slots=True)
class Row:
    """One clause: the places that serve it, by column, and what is still open."""

    clause: Clause
    served: Mapping[Column, tuple[Location, ...]]
    open: tuple[Text, ...] = ()


def coverage(plan: Plan) -> list[Row]:
    """A row for each clause of the flow, in the order of its catalogue; the flow must have its rehearsals."""
    serving = _Serving.of(plan.flow)
    return [serving.row(clause, plan) for clause in plan.flow.clauses.values()]


@dataclass(slots=True)
class _Serving:
    """What serves each clause, collected once for all of them."""

    places: dict[str, dict[Column, list[Location]]] = field(default_factory=dict)
    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    fired: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)

    @staticmethod
    def of(flow: Flow) -> _Serving:
        serving = _Serving()
        for phrase in flow.phrases.values():
            serving.add(phrase.refs, "phrase", phrase.at)
            for ref in phrase.refs:
                serving.phrases.setdefault(ref, []).append(phrase)
            if phrase.kind == "never":  # its warning, with the better wording
                serving.add(phrase.refs, "prompt", phrase.at)
        for rule in flow.rules.values():
            serving.add(rule.refs, "rule", rule.at)
            if rule.better:  # likewise
                serving.add(rule.refs, "prompt", rule.at)
            if rule.prompt:
                serving.add((*rule.refs, *rule.prompt.refs), "prompt", rule.prompt.at)
        for place in flow.places:
            serving.add(place.refs, "state", place.at)
            for prompt in place.prompts:
                serving.add(prompt.refs, "prompt", prompt.at)
                serving.add(prompt.refs, "state", place.at)
        for rehearsal in flow.rehearsals:
            serving.rehearsed(rehearsal, flow)
        return serving

    def add(self, refs: Iterable[str], column: Column, at: Location) -> None:
        for ref in dict.fromkeys(refs):
            self.places.setdefault(ref, {}).setdefault(column, []).append(at)

    def rehearsed(self, rehearsal: Rehearsal, flow: Flow) -> None:
        """Note the clauses that a rehearsal proves, and how often each phrase must and must not come."""
        proven: dict[str, None] = {}
        for one in rehearsal.expect:
            proven.update(dict.fromkeys(() if one.absent else _proven(one, flow)))
        said = [one for one in rehearsal.expect if one.what in ("match", "finding")]
        self.fired.update({one.name for one in said if not one.absent})
        self.silent.update({one.name for one in said if one.absent and one.name == rehearsal.of})
        self.add(proven, "rehearsal", rehearsal.at)

    def row(self, clause: Clause, plan: Plan) -> Row:
        places = self.places.get(clause.id, {})
        missing = [_either(group) for group in NEEDS[clause.kind] if not any(places.get(column) for column in group)]
        if clause.kind in ("say", "taboo"):
            missing += [
                text("no phrase of it hears “{w}”", "没有短语能听出“{w}”", w=line)
                for line in clause.text
                if not _heard(line, clause, plan)
            ]
        if clause.kind == "taboo":
            missing += self._unproven(clause)
        return Row(clause, {column: tuple(places.get(column, ())) for column in COLUMNS}, tuple(missing))

    def _unproven(self, clause: Clause) -> Iterator[Text]:
        for phrase in self.phrases.get(clause.id, ()):
            if phrase.kind != "never":
                continue
            if not self.fired[phrase.name]:
                yield text("{p} is never rehearsed", "{p} 没有演练", p=phrase.name)
            if (misses := self.silent[phrase.name]) < NEAR_MISSES:
                yield text(
                    "{p} has {n} near misses, and needs {m}", "{p} 只有 {n} 个近似句，至少要 {m} 个",
                    p=phrase.name, n=misses, m=NEAR_MISSES,
                )  # fmt: skip


def _proven(one: Expectation, flow: Flow) -> Iterator[str]:
    """The clauses of whatever an expectation names."""
    match one.what:
        case "finding" | "match":
            for named in (flow.rules.get(one.name), flow.phrases.get(one.name)):
                yield from named.refs if named else ()
        case "prompt":
            for spec in flow.prompts():
                yield from spec.refs if one.name in spec.text else ()
            for phrase in flow.phrases.values():
                yield from phrase.refs if phrase.better and one.name in phrase.better else ()
        case "state":
            state = flow.states.get(one.name)
            yield from state.refs if state else ()
        case "situation":
            situation = flow.situations.get(one.name)
            yield from situation.refs if situation else ()
        case "field":
            spec_ = flow.fields.get(one.name)
            yield from spec_.refs if spec_ else ()


def _either(group: tuple[Column, ...]) -> Text:
    names = [COLUMN_TITLES[column] for column in group]
    return Text("no " + " or ".join(name.en for name in names), "没有" + "或".join(name.zh for name in names))


def _heard(line: str, clause: Clause, plan: Plan) -> bool:
    """Whether the agent's saying ``line`` hits a phrase that cites the clause."""
    return any(
        clause.id in plan.flow.phrases[hit.phrase].refs
        for filler in _FILLERS
        for hit in plan.book.find(as_spoken(line, filler), "agent")
    )


def as_spoken(line: str, filler: str) -> str:
    """A guide's line as somebody says it: gaps filled, first alternatives (先生/小姐), no remarks in brackets."""
    line = re.sub(r"[(（][^)）]*[)）]", "", line)
    line = re.sub(r"/(小姐|女士)|/[^，。！？、]*", "", line)
    return re.sub(r"\*+|XX+|……", filler, line)
