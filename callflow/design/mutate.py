"""Mutation: each rule, phrase and transition of a flow is taken out in turn, and some rehearsal must notice.

What nobody notices, nobody has rehearsed: it could break tomorrow without a failing rehearsal. A rehearsal is a witness
of what is taken out where it passes with it and fails without; the first one found is enough. The likely ones are
played first, so that hardly any part of a well rehearsed flow needs more than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from callflow.call.machine import FlowMachine
from callflow.call.plan import Plan
from callflow.call.rule_index import RuleIndex
from callflow.design.rehearse import Outcome, passes
from callflow.design.rehearsed import named
from callflow.design.taken import taken, transitions
from callflow.events import Finding, Match, Speaker, State
from callflow.flow.model import Flow, Rule, Transition
from callflow.flow.rehearsal import Rehearsal
from callflow.phrases.book import Book, Heard, Hit
from callflow.problems import Location

Kind = Literal["rule", "phrase", "transition"]
KINDS: tuple[Kind, ...] = ("rule", "phrase", "transition")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One part of a flow that was taken out. ``noticed``: the rehearsal that failed for it; ``""``: none did.

    ``plays``: how many rehearsals were played to find out.
    """

    kind: Kind
    name: str
    at: Location
    noticed: str
    plays: int


def mutate(plan: Plan, outcomes: Sequence[Outcome], kinds: Iterable[Kind] = KINDS) -> Iterator[Mutant]:
    """Take out each rule, phrase and transition in turn. ``outcomes``: of the whole flow; those that failed anyway
    are no witnesses."""
    passed = [outcome for outcome in outcomes if not outcome.failures]
    bench = replace(plan, book=Remembered(plan.book, {}))
    makers: Mapping[Kind, Callable[[Plan, Sequence[Outcome]], Iterator[Mutant]]] = {
        "rule": _rules,
        "phrase": _phrases,
        "transition": _transitions,
    }
    for kind in kinds:
        yield from makers[kind](bench, passed)


def _rules(plan: Plan, outcomes: Sequence[Outcome]) -> Iterator[Mutant]:
    played = [outcome for outcome in outcomes if outcome.moments]  # no rule can touch a line by itself
    for rule in plan.flow.rules.values():
        rules = {name: other for name, other in plan.flow.rules.items() if name != rule.name}
        flow = replace(plan.flow, rules=rules)
        without = replace(plan, flow=flow, index=RuleIndex.of(flow))
        ordered = sorted(played, key=lambda outcome: not _asks_for(outcome.rehearsal, rule))
        yield Mutant("rule", rule.name, rule.at, *_witness(without, ordered))


def _asks_for(rehearsal: Rehearsal, rule: Rule) -> bool:
    """Whether a rehearsal names a rule, or a prompt of it."""
    words = [*([rule.prompt.text] if rule.prompt else []), *([rule.better] if rule.better else [])]
    return any(
        one.name == rule.name or (one.what == "prompt" and any(one.name in word for word in words))
        for one in rehearsal.expect
        if not one.absent
    )


def _phrases(plan: Plan, outcomes: Sequence[Outcome]) -> Iterator[Mutant]:
    """A phrase is taken out as if the agent or customer had never said it; others may be heard in its place."""
    said: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for name in _said(outcome):
            said.setdefault(name, []).append(outcome)
    assert isinstance(plan.book, Remembered)
    for phrase in plan.flow.phrases.values():
        without = replace(plan, book=plan.book.deaf_to(phrase.name))
        yield Mutant("phrase", phrase.name, phrase.at, *_witness(without, said.get(phrase.name, ())))


def _said(outcome: Outcome) -> set[str]:
    """The phrases that were said in a rehearsal, as far as they can make a difference to it."""
    found = {one.name for one in outcome.rehearsal.expect if one.what == "match" and not one.absent}
    for moment in outcome.moments:
        found |= {output.phrase for output in moment.outputs if isinstance(output, Match)}
        found |= {output.rule for output in moment.outputs if isinstance(output, Finding)}
    return found


def _transitions(plan: Plan, outcomes: Sequence[Outcome]) -> Iterator[Mutant]:
    took: dict[Location, list[Outcome]] = {}
    for outcome in outcomes:
        steps = [output for moment in outcome.moments for output in moment.outputs if isinstance(output, State)]
        for at in {found[1].at for step in steps if (found := taken(step, plan.flow))}:
            took.setdefault(at, []).append(outcome)
    for place, transition in transitions(plan.flow):
        witnesses = took.get(transition.at, ())
        if not witnesses:  # nobody goes there: the machine need not be built anew for that
            yield Mutant("transition", named(place, transition), transition.at, "", 0)
            continue
        flow = _without(plan.flow, place, transition)
        without = replace(plan, flow=flow, machine=FlowMachine(flow))
        yield Mutant("transition", named(place, transition), transition.at, *_witness(without, witnesses))


def _without(flow: Flow, place: str, gone: Transition) -> Flow:
    if not place:
        return replace(flow, transitions=tuple(one for one in flow.transitions if one is not gone))
    state = flow.states[place]
    kept = tuple(one for one in state.transitions if one is not gone)
    return replace(flow, states={**flow.states, place: replace(state, transitions=kept)})


def _witness(without: Plan, outcomes: Iterable[Outcome]) -> tuple[str, int]:
    """The first rehearsal that fails, and how many were played."""
    plays = 0
    for plays, outcome in enumerate(outcomes, start=1):
        if not passes(outcome.rehearsal, without):
            return outcome.rehearsal.name, plays
    return "", plays


class Remembered(Book):
    """A phrase book that looks up each utterance only once, and is deaf to some phrases. It shares all else with
    ``book``: what the thousands of plays of a flow hear are the same few thousand sentences."""

    def __init__(self, book: Book, known: dict[tuple[object, ...], list[Hit]], deaf: frozenset[str] = frozenset()):
        self.__dict__.update(book.__dict__)
        self._book = book
        self._known = known
        self._deaf = deaf

    def deaf_to(self, name: str) -> Remembered:
        return Remembered(self._book, self._known, frozenset({name}))

    def find(self, heard: Heard, speaker: Speaker, *, complete: bool = True) -> list[Hit]:
        keys = self.keys(heard)
        known = keys.source, speaker, complete
        hits = self._known.get(known)
        if hits is None:
            hits = self._known[known] = self._book.find(keys, speaker, complete=complete)
        return [hit for hit in hits if hit.phrase not in self._deaf] if self._deaf else list(hits)
