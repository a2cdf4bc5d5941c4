"""Finding many lines of sounds in a key at once, each with a few errors: seed, filter, weigh.

1. *Seed.* A line that may have k errors is cut into k + 1 pieces; however the errors fall, one piece stays whole (the
   pigeonhole principle; Baeza-Yates and Perleberg, "Fast and practical approximate string matching", 1996). One
   Aho-Corasick automaton finds all pieces of all lines in a single pass.
2. *Filter.* Around a piece there must be room for its line, and all but k of the line's syllables in their order:
   the longest common subsequence, which RapidFuzz computes bit-parallel.
3. *Weigh.* From the piece the match is grown to both sides, to wherever it costs least. Here a syllable is two
   symbols, initial and final, so that a near sound is half an error.

A line that must be exact is a single piece: exact search is the case k = 0 of the same pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import ahocorasick
from rapidfuzz.distance import LCSseq, Levenshtein

from callflow.phrases.sounds import Sounds

_common = LCSseq.similarity
_distance = Levenshtein.distance


@dataclass(frozen=True, slots=True)
class Literal:
    """An unbroken stretch of sounds, how many errors it may have, and the same in halves (see ``Sounds.halves``)."""

    key: str
    errors: int
    halves: str


@dataclass(frozen=True, slots=True)
class Line:
    """One way to say something: ``literals`` with ``gaps`` (least, most syllables) between them.

    ``owner`` is whatever number the caller knows it by. ``least_score`` as in ``policy``. ``lead`` and ``trail`` are
    the longest slots before and after it, which take no part in matching.
    """

    owner: int
    literals: tuple[Literal, ...]
    gaps: tuple[tuple[int, int], ...]
    least_score: float
    lead: int = 0
    trail: int = 0

    @property
    def length(self) -> int:
        """Its syllables, gaps not counted."""
        return sum(len(literal.key) for literal in self.literals)

    @property
    def anchor(self) -> int:
        """The literal to search for first: the longest."""
        return max(range(len(self.literals)), key=lambda i: len(self.literals[i].key))


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


class _Seed(NamedTuple):
    """A piece as the automaton hands it back: where it lies in the anchor of its line."""

    line: Line
    key: str
    length: int
    last: int
    errors: int
    first: int


class Matcher:
    """Finds ``lines`` in keys. Immutable."""

    def __init__(self, lines: Iterable[Line], sounds: Sounds) -> None:
        self._sounds = sounds
        seeds: dict[str, list[_Seed]] = {}
        for line in lines:
            literal = line.literals[line.anchor]
            for first, end in _pieces(len(literal.key), literal.errors + 1):
                seed = _Seed(line, literal.key, len(literal.key), end - 1, literal.errors, first)
                seeds.setdefault(literal.key[first:end], []).append(seed)
        self._automaton: Any = ahocorasick.Automaton()
        for piece, group in seeds.items():
            self._automaton.add_word(piece, tuple(group))
        self._empty = not seeds
        self._automaton.make_automaton()

    def find(self, key: str) -> list[Found]:
        """Every line that is in ``key`` well enough, the best place of each where several overlap only slightly."""
        best: dict[tuple[int, int], Found] = {}
        for seed, start in self._candidates(key):
            found = self._weigh(key, seed, start)
            if found is not None and found.score >= found.line.least_score:
                place = (id(found.line), found.start)
                if place not in best or found.cost < best[place].cost:
                    best[place] = found
        return list(best.values())

    def _candidates(self, key: str) -> Iterator[tuple[_Seed, int]]:
        """Seeds in ``key`` whose surroundings hold enough of their line, with the place where it should begin."""
        if self._empty:
            return
        size = len(key)
        for end, seeds in self._automaton.iter(key):
            for seed in seeds:
                _, wanted, length, last, errors, _ = seed
                start = end - last
                if start < -errors or start + length > size + errors:
                    continue
                if errors:
                    low = start - errors
                    window = key[low if low > 0 else 0 : start + length + errors]
                    if not _common(wanted, window, score_cutoff=length - errors):
                        continue
                yield seed, start

    def _weigh(self, key: str, seed: _Seed, start: int) -> Found | None:
        """Grow a candidate from its piece to its best span, then look for the other literals around it."""
        line, slack = seed.line, seed.errors
        anchor = line.literals[line.anchor]
        first, end = start + seed.first, start + seed.last + 1
        cost = 0.0
        if slack:
            low = max(0, start - slack)
            before = self._sounds.halves(key[low:first])
            after = self._sounds.halves(key[end : start + seed.length + slack])
            left, taken_before = _grow(anchor.halves[: 2 * seed.first], before, slack, backward=True)
            right, taken_after = _grow(anchor.halves[2 * seed.last + 2 :], after, slack, backward=False)
            cost, first, end = left + right, first - taken_before, end + taken_after
            if cost > slack:
                return None
        if len(line.literals) == 1:
            return Found(line, first, end, cost)
        return self._with_others(key, line, first, end, cost)

    def _with_others(self, key: str, line: Line, start: int, end: int, cost: float) -> Found | None:
        """The anchor of ``line`` is at ``start`` to ``end``: find the literals after and before it, gap by gap."""
        for i in range(line.anchor + 1, len(line.literals)):
            least, most = line.gaps[i - 1]
            place = self._place(key, line.literals[i], end + least, end + most)
            if place is None:
                return None
            cost, end = cost + place[0], place[2]
        for i in range(line.anchor - 1, -1, -1):
            least, most = line.gaps[i]
            literal = line.literals[i]
            length = len(literal.key)
            place = self._place(key, literal, start - most - length, start - least - length, start - least)
            if place is None:
                return None
            cost, start = cost + place[0], place[1]
        return Found(line, start, end, cost)

    def _place(
        self, key: str, literal: Literal, low: int, high: int, limit: int | None = None
    ) -> tuple[float, int, int] | None:
        """Cost and span of the best place of ``literal`` that begins from ``low`` to ``high`` and ends by ``limit``."""
        length = len(literal.key)
        low = max(low, 0)
        at = key.find(literal.key, low, high + length)
        if at >= 0:
            return 0.0, at, at + length
        best: tuple[float, int, int] | None = None
        for size in range(length - 1, length + 2) if literal.errors else ():
            for start in range(low, high + 1 + length - size if limit else high + 1):
                end = start + size
                if end > len(key) or (limit is not None and end > limit):
                    break
                heard = self._sounds.halves(key[start:end])
                cost = _distance(literal.halves, heard, score_cutoff=2 * literal.errors) / 2
                if cost <= literal.errors and (best is None or cost < best[0]):
                    best = cost, start, end
        return best


def _pieces(length: int, count: int) -> Iterator[tuple[int, int]]:
    """``length`` cut into ``count`` spans, as even as can be."""
    for i in range(count):
        yield length * i // count, length * (i + 1) // count


def _grow(wanted: str, heard: str, slack: int, *, backward: bool) -> tuple[float, int]:
    """How ``wanted`` is best met by the beginning (or, ``backward``, the end) of ``heard``; both in halves.

    Returns the cost and how many syllables of ``heard`` were taken. Of equal costs the one that is as long as what
    was wanted is best: a wrong syllable at the edge belongs to what was said.
    """
    size = len(wanted) // 2
    if not size:
        return 0.0, 0
    room = len(heard) // 2
    best = (float("inf"), 0, 0)
    for taken in range(max(0, size - slack), min(room, size + slack) + 1):
        part = heard[len(heard) - 2 * taken :] if backward else heard[: 2 * taken]
        best = min(best, (_distance(wanted, part) / 2, abs(taken - size), taken))
    return best[0], best[2]
