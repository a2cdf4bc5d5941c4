"""A cue that belongs to two situations: both begin, and the agent is told two things at once.

PASS:
    phrases:
      suggests: {by: customer, cue: [我有个建议]}
      praises: {by: customer, cue: [你们服务真好]}
    situations:
      suggestion: {begins: [customer suggests]}
      praise: {begins: [customer praises]}
FAIL:
    phrases:
      suggests: {by: customer, cue: [我有个建议, 我要投诉你们]}
      complains: {by: customer, cue: [我要投诉]}
    situations:
      suggestion: {begins: [customer suggests]}
      complaint: {begins: [customer complains]}
FAIL:
    phrases:
      suggests: {by: customer, cue: [我有个建议]}
    situations:
      suggestion: {begins: [customer suggests]}
      idea: {begins: [customer suggests]}
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.call.plan import Plan
from callflow.design.lint.wordings import sayings
from callflow.flow.model import Situation
from callflow.problems import Level, Problem
from callflow.texts import Text, text


def check(plan: Plan) -> Iterator[Problem]:
    owners: dict[str, Situation] = {}
    for situation in plan.flow.situations.values():
        for term in situation.begins:
            first = owners.setdefault(term.key, situation)
            if first is not situation and first.given == situation.given:
                yield Problem(situation.at, _both(term.key, situation, first), "shared-cue", Level.WARNING)
    yield from _wordings(plan, owners)


def _wordings(plan: Plan, owners: dict[str, Situation]) -> Iterator[Problem]:
    """Cues of one situation that are heard as those of another; where each is heard as the other, one is told of."""
    told: set[frozenset[tuple[str, str]]] = set()
    for key, situation in owners.items():
        speaker, _, name = key.partition(" ")
        phrase = plan.flow.phrases.get(name)
        if phrase is None or speaker != phrase.by:
            continue
        for said, at in sayings(phrase, plan):
            for hit in plan.book.find(said, phrase.by):
                other = owners.get(f"{speaker} {hit.phrase}")
                pair = frozenset({(name, plan.book.keys(hit.said).key), (hit.phrase, plan.book.keys(hit.said).key)})
                if other and other is not situation and pair not in told:
                    told.add(pair)
                    yield Problem(at, _both(f"“{hit.said}”", situation, other), "shared-cue", Level.WARNING)


def _both(what: str, one: Situation, other: Situation) -> Text:
    return text(
        "{w} begins {o} and also {t} ({a}): leave it to one of them",
        "{w} 既引出 {o}，又引出 {t}（{a}）：请只留给其中之一",
        w=what, o=one.name, t=other.name, a=other.at,
    )  # fmt: skip
