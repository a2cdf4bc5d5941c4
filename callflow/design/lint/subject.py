"""A flow as the checks look at it: what several of them ask for is found once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from callflow.call.plan import Plan
from callflow.design.lint.ways import Ways
from callflow.flow.model import Flow, Phrase, Slot
from callflow.phrases.book import Book, Hit
from callflow.phrases.matcher import Matcher
from callflow.phrases.template import Pattern, expand
from callflow.problems import Location

_FILLER = "某某"
"""Stands for a slot; a slot that asks for more gets it several times."""


class Saying(NamedTuple):
    """One way to say a phrase, as words and as sounds, and the place of its template."""

    phrase: Phrase
    said: str
    key: str
    at: Location


class Subject:
    """The flow that is checked."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @property
    def flow(self) -> Flow:
        return self.plan.flow

    @property
    def book(self) -> Book:
        return self.plan.book

    @cached_property
    def ways(self) -> Ways:
        return Ways(self.flow, self.plan.machine)

    @cached_property
    def sayings(self) -> dict[str, list[Saying]]:
        """Every way to say each phrase, by its name."""
        return {phrase.name: list(self._sayings(phrase)) for phrase in self.flow.phrases.values()}

    def _sayings(self, phrase: Phrase) -> Iterator[Saying]:
        for wording in phrase.wordings:
            for pattern in expand(wording, self.flow.slots):
                said = _said(pattern)
                yield Saying(phrase, said, self.book.keys(said).key, phrase.places.get(wording, phrase.at))

    @cached_property
    def _taboos(self) -> Matcher:
        """The agent's taboos by themselves: where none of them is near, the whole book need not be asked."""
        return Matcher((line for line in self.book.lines("agent") if line.kind == "never"), self.plan.sounds)

    def forbidden(self, said: str) -> Iterator[tuple[Hit, Phrase]]:
        """What the agent may not say of ``said``: each phrase that forbids some of it, with its first hit."""
        keys = self.book.keys(said)
        if not self._taboos.find(keys.key):
            return
        told: set[str] = set()
        for hit in self.book.find(keys, "agent"):
            phrase = self.flow.phrases[hit.phrase]
            if phrase.kind == "never" and phrase.name not in told:
                told.add(phrase.name)
                yield hit, phrase

    def phrase_of(self, key: str) -> Phrase | None:
        """The phrase that a term such as ``agent greeting`` speaks of."""
        speaker, _, name = key.partition(" ")
        phrase = self.flow.phrases.get(name)
        return phrase if phrase and speaker == phrase.by else None


def _said(pattern: Pattern) -> str:
    return "".join(_filler(part) if isinstance(part, Slot) else part for part in pattern)


def _filler(slot: Slot) -> str:
    """Just as many syllables as the slot needs, so that nothing else is in the way."""
    return (_FILLER * slot.least)[: max(1, slot.least)]
