"""Finding many lines of sounds in a key at once, each with a few errors: seed, filter, weigh.

1. *Seed.* A line that may have k errors is cut into k + 1 pieces; however the errors fall, one piece stays whole (the
   pigeonhole principle; Baeza-Yates and Perleberg, "Fast and practical approximate string matching", 1996). One
   Aho-Corasick automaton finds all pieces of all lines in a single pass.
2. *Filter.* Neighbouring pieces make a block of two (of three where their number is odd); by the same principle some
   block has fewer errors than pieces (hierarchical verification; Navarro and Baeza-Yates, "Very fast and simple
   approximate string matching", 1999). So next to the whole piece of a pair, the other has one error at most, and
   one of its two nearer syllables is at one of the two nearer places (see ``pieces``, also for three): most blocks are
   never looked at. Of a line of which more syllables are nowhere in the sentence than it may have errors, no block is
   looked at either; as sets of bits that is told at once. A block is looked at once, however many lines share it; then
   the line around it. Either must be there, in its order, but for its errors: the longest common subsequence, which
   RapidFuzz computes bit-parallel.
3. *Weigh.* From the piece the match is grown to both sides, to wherever it costs least. Here a syllable is two
   symbols, initial and final, so that a near sound is half an error. The most promising lines go first, and those
   that cannot be better than another wording of the same phrase are left (branch and bound).

A line that must be exact is a single piece: exact search is the case k = 0 of the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import ahocorasick
from rapidfuzz.distance import LCSseq, Levenshtein

from callflow.phrases.lines import Found, Line, Literal
from callflow.phrases.pieces import Block, Piece, Seed, numbers_by_piece
from callflow.phrases.slips import Slips
from callflow.phrases.sounds import Sounds

MOST_OF_IT = 0.75
"""Share of a line that must lie in an exact one for it to be no more than a mishearing of that."""

SENTENCE = 64
"""Syllables. A longer stretch has something of every line: it is not asked for what it lacks."""

_start = attrgetter("start")
_common = LCSseq.similarity
_distance = Levenshtein.distance


Span = TypeVar("Span", Found, "_Candidate")


class _Candidate(NamedTuple):
    """A line that may be in a key, at about ``start`` to ``end``, and the best ``score`` that it can come to."""

    line: Line
    start: int
    end: int
    score: float
    seed: Seed


class _Halves:
    """The halves of a long key, worked out only where they are looked at."""

    def __init__(self, key: str, sounds: Sounds) -> None:
        self._key = key
        self._sounds = sounds

    def __getitem__(self, part: slice) -> str:
        return self._sounds.halves(self._key[part.start // 2 : part.stop // 2])


class Matcher:
    """Finds ``lines`` in keys. Immutable as far as anybody can tell; threads may share it.

    ``pieces`` as ``numbers_by_piece`` gives them, where they are known.
    """

    def __init__(
        self, lines: Iterable[Line], sounds: Sounds, pieces: Mapping[str, Sequence[int]] | None = None
    ) -> None:
        self._lines = self.lines = tuple(lines)
        self._sounds = sounds
        self._slips = Slips(sounds)
        self._pieces = numbers_by_piece(self._lines) if pieces is None else pieces
        self._automaton: Any = ahocorasick.Automaton()
        for piece, numbers in self._pieces.items():
            self._automaton.add_word(piece, Piece(piece, numbers, self._lines, sounds.bits))
        self._automaton.make_automaton()

    def __reduce__(self) -> tuple[type[Matcher], tuple[tuple[Line, ...], Sounds, Mapping[str, Sequence[int]]]]:
        """Pickled as what it is made from: to make the automaton is quicker than to unpickle it."""
        return Matcher, (self._lines, self._sounds, self._pieces)

    def find(self, key: str, counts: Callable[[Found], bool] | None = None) -> list[Found]:
        """Every line that is in ``key`` well enough, at the best end for each place where it begins.

        With ``counts``, only those that it says count; and lines that such a one outdoes are not looked at.
        """
        out: list[Found] = []
        halves = self._sounds.halves(key) if len(key) <= SENTENCE else _Halves(key, self._sounds)
        for group in overlapping(self._candidates(key, halves)):
            if len(group) > 1:
                group.sort(key=_promise)
            best: dict[tuple[int, int], Found] = {}
            for candidate in group:
                if counts and best and _is_outdone(candidate, best.values()):
                    continue
                found = self._weigh(key, halves, candidate)
                if found is None or (found.cost and found.score < found.line.least_score):
                    continue
                if counts and not counts(found):
                    continue
                place = (id(found.line), found.start)
                if place not in best or found.cost < best[place].cost:
                    best[place] = found
            out += best.values()
        return out

    def _candidates(self, key: str, halves: _Halves | str) -> list[_Candidate]:
        """Lines that ``key`` has enough syllables of around one of their pieces."""
        candidates: list[_Candidate] = []
        if not self._lines:
            return candidates
        size = len(key)
        absent = ~self._sounds.bits(key) if size <= SENTENCE else 0
        seen: set[tuple[str, int]] = set()  # blocks found by one piece; the others say the same
        for end, blocks in self._blocks_near(key):
            for sounds, lacking, name, block, last, length, errors, seeds in blocks:
                if absent and (sounds & absent).bit_count() > lacking:
                    continue
                start = end - last
                if errors:
                    if (name, start) in seen or start < -errors or start + length > size + errors:
                        continue
                    if not _has(key, block, start, errors):
                        continue
                    seen.add((name, start))
                for seed in seeds:
                    known = seed.length == length
                    if known or not absent or (seed.sounds & absent).bit_count() <= seed.errors:
                        self._of_seed(key, halves, absent, seed, end - seed.last, known, candidates)
        return candidates

    def _of_seed(
        self, key: str, halves: _Halves | str, absent: int, seed: Seed, start: int, known: bool, out: list[_Candidate]
    ) -> None:
        """Append the lines of a seed whose anchor would begin at ``start``, where ``key`` has enough of them.

        ``known``: enough of the anchor is known to be there.
        """
        wanted, anchor, _, length, errors, _, _, lines = seed
        cost = 0.0
        if errors:
            if not known and not _has(key, wanted, start, errors):
                return
            low = start - errors if start > errors else 0
            cost = length - _common(anchor, halves[2 * low : 2 * (start + length + errors)]) / 2
        for line, most, sounds, missing in lines:
            if cost <= most and (
                not line.gaps or ((sounds & absent).bit_count() <= missing and _others_are_in(key, line))
            ):
                out.append(_Candidate(line, start, start + length, 1.0 - cost / line.length, seed))

    def _blocks_near(self, key: str) -> Iterator[tuple[int, Sequence[Block]]]:
        """For each piece in ``key`` the place of its last syllable and the blocks of which more is there."""
        padded = key + "\0\0"  # asked for by the places after the end and, as they are negative, before the beginning
        for end, piece in self._automaton.iter(key):
            near = piece.near or piece.make()
            if near.other:
                yield end, near.other
            if after := near.after:
                if (sound := padded[end + 1]) in after:
                    yield end, after[sound]
                if (sound := padded[end + 2]) in after:
                    yield end, after[sound]
            if before := near.before:
                start = end - near.length
                if (sound := padded[start]) in before:
                    yield end, before[sound]
                if (sound := padded[start - 1]) in before:
                    yield end, before[sound]
                if apart := near.apart:
                    for sound in key[max(0, start - near.reach) : start + 1]:
                        if sound in apart:
                            yield end, apart[sound]

    def _weigh(self, key: str, halves: _Halves | str, candidate: _Candidate) -> Found | None:
        """Grow a candidate from its piece to its best span, then look for the other literals around it."""
        line, first, end, _, seed = candidate
        cost = 0.0
        if first < 0 or not key.startswith(seed.key, first):
            anchor = line.literals[line.anchor]
            slack = seed.errors
            low, start = max(0, first - slack), first + seed.first
            before = halves[2 * low : 2 * start]
            after = halves[2 * (first + seed.last + 1) : 2 * (end + slack)]
            left, taken_before = _grow(anchor.halves[: 2 * seed.first], before, slack, backward=True)
            right, taken_after = _grow(anchor.halves[2 * seed.last + 2 :], after, slack, backward=False)
            cost, first, end = left + right, start - taken_before, first + seed.last + 1 + taken_after
            if not anchor.allows(cost):
                return None
        found = Found(line, first, end, cost)
        if line.gaps:
            with_others = self._with_others(key, halves, found)
            if with_others is None:
                return None
            found = with_others
        if not found.cost:
            return found
        weighed = self._slips.cost(line, key[found.start : found.end], found.cost)
        return None if weighed is None else found._replace(cost=weighed)

    def _with_others(self, key: str, halves: _Halves | str, found: Found) -> Found | None:
        """The anchor of a line was found: find the literals after and before it, gap by gap."""
        line, start, end, cost = found
        for i in range(line.anchor + 1, len(line.literals)):
            least, most = line.gaps[i - 1]
            place = self._place(key, halves, line.literals[i], end + least, end + most)
            if place is None:
                return None
            cost, end = cost + place[0], place[2]
        for i in range(line.anchor - 1, -1, -1):
            least, most = line.gaps[i]
            literal = line.literals[i]
            length = len(literal.key)
            place = self._place(key, halves, literal, start - most - length, start - least - length, start - least)
            if place is None:
                return None
            cost, start = cost + place[0], place[1]
        return Found(line, start, end, cost)

    def _place(
        self, key: str, halves: _Halves | str, literal: Literal, low: int, high: int, limit: int | None = None
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
                cost = _distance(literal.halves, halves[2 * start : 2 * end], score_cutoff=2 * literal.errors) / 2
                if literal.allows(cost) and (best is None or cost < best[0]):
                    best = cost, start, end
        return best


def overlapping(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """``spans`` in groups, from left to right, so that only spans of the same group overlap."""
    group: list[Span] = []
    end = 0
    for span in sorted(spans, key=_start):
        if group and span.start >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span.end)
    if group:
        yield group


def _promise(candidate: _Candidate) -> tuple[float, int, int]:
    """The most promising candidates come first by this."""
    return -candidate.score, -candidate.line.length, candidate.start


def _is_outdone(candidate: _Candidate, founds: Iterable[Found]) -> bool:
    """Whether one of ``founds`` outdoes ``candidate``."""
    for found in founds:  # noqa: SIM110 (quicker than any() with a generator, and asked of every candidate)
        if _outdoes(found, candidate):
            return True
    return False


def _outdoes(found: Found, candidate: _Candidate) -> bool:
    """Whether ``candidate`` can at best be a poorer or shorter wording of what was ``found`` in its place, or, of the
    same kind, an inexact one over most of what was found exactly."""
    line, other = found.line, candidate.line
    shared = min(found.end, candidate.end) - max(found.start, candidate.start)
    if shared <= 0:
        return False
    if line.owner == other.owner:
        return (found.score, line.length) >= (candidate.score, other.length)
    inexact = found.cost == 0 and candidate.score < 1
    return inexact and line.kind == other.kind and shared >= MOST_OF_IT * (candidate.end - candidate.start)


def _has(key: str, wanted: str, start: int, errors: int) -> int:
    """How many syllables of ``wanted`` are in ``key`` around ``start``, in order; 0 where more than ``errors`` lack."""
    length = len(wanted)
    low = start - errors
    window = key[low if low > 0 else 0 : start + length + errors]
    return int(_common(wanted, window, score_cutoff=length - errors))


def _others_are_in(key: str, line: Line) -> bool:
    """Whether ``key`` has enough of all literals of ``line`` but its anchor, wherever they are."""
    for number, (wanted, errors, _, _) in enumerate(line.literals):
        if number == line.anchor or wanted in key:
            continue
        least = len(wanted) - errors
        if not errors or _common(wanted, key, score_cutoff=least) < least:
            return False
    return True


def _grow(wanted: str, heard: str, slack: int, *, backward: bool) -> tuple[float, int]:
    """How ``wanted`` is best met by the beginning (or, ``backward``, the end) of ``heard``; both in halves.

    Returns the cost and how many syllables of ``heard`` were taken. Of equal costs the one that has the outer syllable
    of what was wanted is best (我也不… for 我不…), then the one that is as long: a wrong syllable at the edge belongs
    to what was said.
    """
    size = len(wanted) // 2
    room = len(heard) // 2
    outer = wanted[:2] if backward else wanted[-2:]
    best = (float(size), True, 0, 0)  # nothing taken
    for taken in _nearest_first(size, max(0, size - slack), min(room, size + slack)):
        longer = abs(taken - size)
        if longer > best[0]:  # costs more for its length alone
            break
        part = heard[len(heard) - 2 * taken :] if backward else heard[: 2 * taken]
        there = (part[:2] if backward else part[-2:]) == outer
        best = min(best, (_distance(wanted, part) / 2, not there, longer, taken))
    return best[0], best[3]


@cache
def _nearest_first(size: int, low: int, high: int) -> tuple[int, ...]:
    """``low`` to ``high``, those nearest to ``size`` first."""
    return tuple(sorted(range(low, high + 1), key=lambda n: abs(n - size)))
