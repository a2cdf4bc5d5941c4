"""What the checks share: every wording of a flow as it is said, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from callflow.call.plan import Plan
from callflow.flow.model import Phrase, Slot
from callflow.phrases.book import Hit
from callflow.phrases.template import Pattern, expand
from callflow.problems import Location

_FILLER = "某某"
"""Stands for a slot; a slot that asks for more gets it several times."""


def sayings(phrase: Phrase, plan: Plan) -> Iterator[tuple[str, Location]]:
    """Every way to say ``phrase``, with the place of its template."""
    for wording in phrase.wordings:
        for pattern in expand(wording, plan.flow.slots):
            yield _said(pattern), phrase.places.get(wording, phrase.at)


def forbidden(said: str, plan: Plan) -> Iterator[tuple[Hit, Phrase]]:
    """What the agent may not say of ``said``: each phrase that forbids some of it, with its first hit."""
    told: set[str] = set()
    for hit in plan.book.find(said, "agent"):
        phrase = plan.flow.phrases[hit.phrase]
        if phrase.kind == "never" and phrase.name not in told:
            told.add(phrase.name)
            yield hit, phrase


def _said(pattern: Pattern) -> str:
    return "".join(_filler(part) if isinstance(part, Slot) else part for part in pattern)


def _filler(slot: Slot) -> str:
    """Just as many syllables as the slot needs, so that nothing else is in the way."""
    return (_FILLER * slot.least)[: max(1, slot.least)]
