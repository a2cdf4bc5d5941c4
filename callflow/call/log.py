"""What has happened in a call so far, as facts that rules look things up in.

A fact is anything a term of the flow language can name: a call event, a phrase that was said, a state entered, a
field that reached a stage. Facts carry the time at which they happened in the sound, which may lie before the time at
which the engine learnt of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from callflow.events import Evidence, Speaker
from callflow.flow.model import AnyOf, Expression, InOrder, Not, Term

ROUGHLY = 0.5
"""Seconds by which one thing may seem to begin before another ends that came first: recognisers' times are rough."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened from ``start`` to ``end`` (seconds), named by the key that terms use.

    ``turn_end``: for words, the end of the utterance they are part of; nobody is expected to answer before that.
    """

    key: str
    start: float
    end: float
    speaker: Speaker | None = None
    said: str = ""
    turn_end: float = 0.0

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.start, self.end, self.speaker, self.said)


class CallLog:
    """All facts of one call, by key, in the order they became known."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[Fact]] = {}

    def add(self, fact: Fact) -> None:
        self._by_key.setdefault(fact.key, []).append(fact)

    def has(self, key: str) -> bool:
        return key in self._by_key

    def between(self, key: str, lo: float, hi: float) -> Iterator[Fact]:
        """Facts of ``key`` that started from ``lo`` to ``hi``."""
        return (fact for fact in self._by_key.get(key, ()) if lo <= fact.start <= hi)

    def find(self, wanted: Expression, lo: float, hi: float, count: int = 1, closed: bool = False) -> tuple[Fact, ...]:
        """The facts from ``lo`` to ``hi`` that make ``wanted`` true, earliest first; empty where it is not (yet) true.

        ``count`` asks a plain term that many times. ``closed``: nothing more can happen in the span, so that a
        ``Not`` can be decided; a ``Not`` that holds has no facts to show and adds none.
        """
        found = self._solve(wanted, lo, hi, count, closed)
        return found if found else ()

    def holds(self, wanted: Expression, lo: float, hi: float, count: int = 1, closed: bool = False) -> bool:
        """Whether ``wanted`` is true of the span; unlike ``find`` it also tells of a bare ``Not``."""
        return self._solve(wanted, lo, hi, count, closed) is not None

    def _solve(self, wanted: Expression, lo: float, hi: float, count: int, closed: bool) -> tuple[Fact, ...] | None:
        if isinstance(wanted, Term):
            facts = tuple(self.between(wanted.key, lo, hi))
            return facts[:count] if len(facts) >= count else None
        if isinstance(wanted, Not):
            if self._solve(wanted.part, lo, hi, count, closed) is not None:
                return None
            return () if closed else None
        if isinstance(wanted, AnyOf):
            solved = (self._solve(part, lo, hi, count, closed) for part in wanted.parts)
            options = [facts for facts in solved if facts is not None]
            return min(options, key=_end) if options else None
        together: tuple[Fact, ...] = ()
        for part in wanted.parts:
            found = self._solve(part, lo, hi, count, closed)
            if found is None:
                return None
            together += found
            if isinstance(wanted, InOrder) and found:
                lo = max(max(fact.start, fact.end - ROUGHLY) for fact in found)
        return tuple(sorted(together, key=lambda fact: fact.start))


def _end(facts: tuple[Fact, ...]) -> float:
    return max((fact.end for fact in facts), default=0.0)
