"""Two phrases that sound alike: matching goes by sound, so that nobody can tell which of them was said.

The same words in two phrases that should be said are none of this: they serve both.

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

from callflow.call.plan import Plan
from callflow.design.lint.wordings import sayings
from callflow.flow.model import Phrase
from callflow.problems import Level, Location, Problem
from callflow.texts import text


def check(plan: Plan) -> Iterator[Problem]:
    seen: dict[tuple[str, str], tuple[Phrase, str, Location]] = {}
    for phrase in plan.flow.phrases.values():
        for said, at in sayings(phrase, plan):
            key = plan.book.keys(said).key
            first, words, place = seen.setdefault((phrase.by, key), (phrase, _letters(said), at))
            if first is phrase or _serves_both(first, phrase, words, said):
                continue
            message = text(
                "“{s}” sounds like “{w}” of {o} ({a}): reword one of them, or make them one phrase",
                "“{s}”与 {o}（{a}）的“{w}”读音相同：请改写其中之一，或合为一条",
                s=said, w=words, o=first.name, a=place,
            )  # fmt: skip
            yield Problem(at, message, "sounds-alike", Level.WARNING)


def _serves_both(one: Phrase, other: Phrase, words: str, said: str) -> bool:
    """The same words in two phrases are heard as both, but for those never to be said, of which one stands."""
    return words == _letters(said) and "never" not in (one.kind, other.kind)


def _letters(said: str) -> str:
    return "".join(char for char in said if char.isalnum())
