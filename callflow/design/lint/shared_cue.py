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

from callflow.design.lint.subject import Subject
from callflow.flow.model import Situation
from callflow.problems import Level, Problem
from callflow.texts import Text, text


def check(subject: Subject) -> Iterator[Problem]:
    owners: dict[str, Situation] = {}
    for situation in subject.flow.situations.values():
        for term in situation.begins:
            first = owners.setdefault(term.key, situation)
            if first is not situation and first.given == situation.given:
                yield Problem(situation.at, _both(term.key, situation, first), "shared-cue", Level.WARNING, (first.at,))
    yield from _wordings(subject, owners)


def _wordings(subject: Subject, owners: dict[str, Situation]) -> Iterator[Problem]:
    """Cues of one situation that are heard as those of another; where each is heard as the other, one is told of."""
    told: set[frozenset[tuple[str, str]]] = set()
    for key, situation in owners.items():
        cue = subject.phrase_of(key)
        for phrase, said, _, at in subject.sayings[cue.name] if cue else ():
            for hit in subject.book.find(said, phrase.by):
                other = owners.get(f"{phrase.by} {hit.phrase}")
                sounds = subject.book.keys(hit.said).key
                pair = frozenset({(phrase.name, sounds), (hit.phrase, sounds)})
                if other and other is not situation and pair not in told:
                    told.add(pair)
                    yield Problem(
                        at, _both(f"“{hit.said}”", situation, other), "shared-cue", Level.WARNING, (other.at,)
                    )


def _both(what: str, one: Situation, other: Situation) -> Text:
    return text(
        "{w} begins {o} and also {t} ({a}): leave it to one of them",
        "{w} 既引出 {o}，又引出 {t}（{a}）：请只留给其中之一",
        w=what, o=one.name, t=other.name, a=other.at,
    )  # fmt: skip
