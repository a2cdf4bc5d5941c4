"""A wording as the matcher wants it: stretches of sounds with gaps between them, and where one was found."""

from __future__ import annotations

from typing import NamedTuple

from callflow.flow.model import PhraseKind


class Literal(NamedTuple):
    """An unbroken stretch of sounds, how many errors it may have, and the same in halves (see ``Sounds.halves``).

    ``most``: the most that they may cost; -1 for as much as there are errors.
    """

    key: str
    errors: int
    halves: str
    most: float = -1.0

    def allows(self, cost: float) -> bool:
        """Whether it may differ so much."""
        return cost <= (self.errors if self.most < 0 else self.most)


class Line(NamedTuple):
    """One way to say something: ``literals`` with ``gaps`` (least, most syllables) between them.

    ``owner`` is whatever number the caller knows it by. ``least_score`` as in ``policy``. ``lead`` and ``trail`` are
    the longest slots before and after it, which take no part in matching.
    """

    owner: int
    kind: PhraseKind
    literals: tuple[Literal, ...]
    gaps: tuple[tuple[int, int], ...]
    least_score: float
    length: int
    """Its syllables, gaps not counted."""
    anchor: int
    """Which literal to search for first: the longest."""
    lead: int = 0
    trail: int = 0
    clauses: tuple[int, ...] = ()
    """Before which of its syllables a new clause begins: 3 in 没法查！没办法."""

    @classmethod
    def of(
        cls,
        owner: int,
        kind: PhraseKind,
        literals: tuple[Literal, ...],
        gaps: tuple[tuple[int, int], ...],
        least_score: float,
        outer: tuple[int, int] = (0, 0),
        clauses: tuple[int, ...] = (),
    ) -> Line:
        """A line with its length and anchor; ``outer``: ``lead`` and ``trail``."""
        sizes = [len(literal.key) for literal in literals]
        return cls(owner, kind, literals, gaps, least_score, sum(sizes), sizes.index(max(sizes)), *outer, clauses)


class Found(NamedTuple):
    """A line in a key: the span there, and the errors it took, near sounds counted half."""

    line: Line
    start: int
    end: int
    cost: float

    @property
    def score(self) -> float:
        """1 for sound for sound, less for every error, 0 at worst."""
        return max(0.0, 1.0 - self.cost / self.line.length)
