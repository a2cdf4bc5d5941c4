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
    #                                       ^
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
    # ^
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from callflow.design.lint.subject import Subject
from callflow.events import SPEAKERS, Speaker
from callflow.flow.model import Phrase, Situation
from callflow.phrases.lines import Found
from callflow.phrases.matcher import Matcher
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
    phrases = list(enumerate(subject.book.phrases))
    cues = {speaker: _cues(subject, owners, speaker) for speaker in SPEAKERS}
    for key, situation in owners.items():
        cue = subject.phrase_of(key)
        is_other = partial(_is_other, {n for n, phrase in phrases if _owner(owners, phrase) is situation})
        for phrase, said, sounds, at in subject.sayings[cue.name] if cue else ():
            if not cues[phrase.by].find(sounds, is_other):
                continue
            for hit in subject.book.find(said, phrase.by):
                other = owners.get(f"{phrase.by} {hit.phrase}")
                heard = subject.book.keys(hit.said).key
                pair = frozenset({(phrase.name, heard), (hit.phrase, heard)})
                if other and other is not situation and pair not in told:
                    told.add(pair)
                    yield Problem(
                        at, _both(f"“{hit.said}”", situation, other), "shared-cue", Level.WARNING, (other.at,)
                    )


def _cues(subject: Subject, owners: Mapping[str, Situation], speaker: Speaker) -> Matcher:
    """The cues of all situations by themselves: where none of another one is near, the book need not be asked."""
    phrases = subject.book.phrases
    lines = (line for line in subject.book.lines(speaker) if _owner(owners, phrases[line.owner]))
    return Matcher(lines, subject.plan.sounds)


def _is_other(own: Collection[int], found: Found) -> bool:
    return found.line.owner not in own


def _owner(owners: Mapping[str, Situation], phrase: Phrase) -> Situation | None:
    return owners.get(f"{phrase.by} {phrase.name}")


def _both(what: str, one: Situation, other: Situation) -> Text:
    return text(
        "{w} begins {o} and also {t} ({a}): leave it to one of them",
        "{w} 既引出 {o}，又引出 {t}（{a}）：请只留给其中之一",
        w=what, o=one.name, t=other.name, a=other.at,
    )  # fmt: skip
