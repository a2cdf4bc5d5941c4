"""Two phrases that sound alike: matching goes by sound, so that nobody can tell which of them was said.

The same words in two phrases that should be said are none of this: they serve both. Nor are those that another check
tells of: words both required and forbidden, cues that begin two situations.

PASS:
    phrases:
      known: {say: [转接事业部]}
      taboo: {never: [转接实业部], better: 我帮您转接}
PASS:
    phrases:
      unit: {by: customer, cue: [转接事业部]}
      matter: {by: customer, cue: [转接实业部]}
    situations:
      to-unit: {begins: [customer unit]}
      to-matter: {begins: [customer matter]}
PASS:
    phrases:
      unit: {say: [转接事业部]}
      shop: {say: [转接门市部]}
FAIL:
    phrases:
      unit: {say: [转接事业部]}
      matter: {say: [转接实业部]}
FAIL:
    phrases:
      rude: {never: [你找别人去], better: 我来帮您}
      rude-too: {never: ["你找别人去！"], better: 我来帮您}
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.flow.model import Phrase
from callflow.problems import Level, Location, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    seen: dict[tuple[str, str], tuple[Phrase, str, Location]] = {}
    for sayings in subject.sayings.values():
        for phrase, said, key, at in sayings:
            first, words, place = seen.setdefault((phrase.by, key), (phrase, _letters(said), at))
            if first is phrase or _serves_both(first, phrase, words, said) or _told_of(first, phrase, said, subject):
                continue
            message = text(
                "“{s}” sounds like “{w}” of {o} ({a}): reword one of them, or make them one phrase",
                "“{s}”与 {o}（{a}）的“{w}”读音相同：请改写其中之一，或合为一条",
                s=said, w=words, o=first.name, a=place,
            )  # fmt: skip
            yield Problem(at, message, "sounds-alike", Level.WARNING, (place,))


def _serves_both(one: Phrase, other: Phrase, words: str, said: str) -> bool:
    """The same words in two phrases are heard as both, but for those never to be said, of which one stands."""
    return words == _letters(said) and "never" not in (one.kind, other.kind)


def _told_of(one: Phrase, other: Phrase, said: str, subject: Subject) -> bool:
    """Whether ``required_and_forbidden`` or ``shared_cue`` finds the same mistake."""
    if {one.kind, other.kind} == {"say", "never"}:
        return any(taboo in (one, other) for _, taboo in subject.forbidden(said))
    begun = [subject.flow.situations_of(phrase) for phrase in (one, other)]
    return all(begun) and begun[0] != begun[1]


def _letters(said: str) -> str:
    return "".join(char for char in said if char.isalnum())
