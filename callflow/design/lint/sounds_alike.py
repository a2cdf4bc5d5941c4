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
    #                ^
FAIL:
    phrases:
      rude: {never: [你找别人去], better: 我来帮您}
      rude-too: {never: ["你找别人去！"], better: 我来帮您}
    #                     ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Saying, Subject
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Saying] = {}
    for sayings in subject.sayings.values():
        for one in sayings:
            first = seen.setdefault((one.phrase.by, one.key), one)
            if first.phrase is one.phrase or _serves_both(first, one) or _told_of(first, one, subject):
                continue
            message = text(
                "“{s}” sounds like “{w}” of {o} ({a}): reword one of them, or make them one phrase",
                "“{s}”与 {o}（{a}）的“{w}”读音相同：请改写其中之一，或合为一条",
                s=one.said, w=_letters(first.said), o=first.phrase.name, a=first.at,
            )  # fmt: skip
            yield Problem(one.at, message, "sounds-alike", Level.WARNING, (first.at,))


def _serves_both(one: Saying, other: Saying) -> bool:
    """The same words in two phrases are heard as both, but for those never to be said, of which one stands."""
    same = _letters(one.said) == _letters(other.said)
    return same and "never" not in (one.phrase.kind, other.phrase.kind)


def _told_of(one: Saying, other: Saying, subject: Subject) -> bool:
    """Whether ``required_and_forbidden`` or ``shared_cue`` finds the same mistake."""
    phrases = (one.phrase, other.phrase)
    if {phrase.kind for phrase in phrases} == {"say", "never"}:
        return any(taboo in phrases for _, taboo in subject.forbidden(other.said))
    begun = [subject.flow.situations_of(phrase) for phrase in phrases]
    return all(begun) and begun[0] != begun[1]


def _letters(said: str) -> str:
    return "".join(char for char in said if char.isalnum())
