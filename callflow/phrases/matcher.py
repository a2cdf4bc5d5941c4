"""Finding many lines of sounds in a key at once, each with a few errors: seed, filter, weigh.

1. *Seed.* A line that may have k errors is cut into k + 1 pieces; however the errors fall, one piece stays whole (the
   pigeonhole principle; Baeza-Yates and Perleberg, "Fast and practical approximate string matching", 1996). One
   Aho-Corasick automaton finds all pieces of all lines in a single pass.
2. *Filter.* Neighbouring pieces make a block of two (of three where their number is odd); by the same principle some
   block has fewer errors than pieces (hierarchical verification; Navarro and Baeza-Yates, "Very fast and simple
   approximate string matching", 1999). So next to the whole piece of a pair, the other has one error at most, and
   one of its two nearer syllables is at one of the two nearer places: most pairs are never looked at. A block is
   looked at once, however many lines share it; then the line around it. Either must be there, in its order, but for
   its errors: the longest common subsequence, which RapidFuzz computes bit-parallel.
3. *Weigh.* From the piece the match is grown to both sides, to wherever it costs least. Here a syllable is two
   symbols, initial and final, so that a near sound is half an error. The most promising lines go first, and those
   that cannot be better than another wording of the same phrase are left (branch and bound).

A line that must be exact is a single piece: exact search is the case k = 0 of the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import ahocorasick
from rapidfuzz.distance import LCSseq, Levenshtein

from callflow.flow.model import PhraseKind
from callflow.phrases.slips import Slips
from callflow.phrases.sounds import Sounds

MOST_OF_IT = 0.75
"""Share of a line that must lie in an exact one for it to be no more than a mishearing of that."""

_common = LCSseq.similarity
_distance = Levenshtein.distance


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


Span = TypeVar("Span", "Found", "_Candidate")


class _Seed(NamedTuple):
    """Where a piece lies in the anchor of a line: syllables ``first`` to ``last``.

    What is asked of the anchor is here as well (``most``: what the line may cost): most seeds are only looked at to be
    put away.
    """

    line: Line
    key: str
    halves: str
    errors: int
    most: float
    first: int
    last: int


class _Block(NamedTuple):
    """The piece and its neighbours, ``last`` the place of its last syllable there; and all seeds that share it.

    ``cuts`` tell blocks apart that have the same ``key`` but other pieces.
    """

    key: str
    cuts: tuple[int, ...]
    last: int
    seeds: tuple[_Seed, ...]

    @property
    def errors(self) -> int:
        """How many errors leave one of its pieces whole."""
        return len(self.cuts)


class _Candidate(NamedTuple):
    """A line that may be in a key, at about ``start`` to ``end``, and the best ``score`` that it can come to."""

    line: Line
    start: int
    end: int
    score: float
    seed: _Seed


class _Piece:
    """What the automaton knows of a piece: the blocks it is part of, by what else of them must be near.

    ``after``: those whose next piece has one error at most, by either of the two syllables that come next. ``before``:
    those whose piece before has, by either of the two syllables before it. ``apart``: those of three of which the first
    is whole as well, by its last syllable, which is one of the ``reach`` before this piece. ``other``: all else.
    """

    __slots__ = ("after", "apart", "before", "length", "other", "reach")

    def __init__(self, length: int) -> None:
        self.length = length
        self.after: dict[str, list[_Block]] = {}
        self.before: dict[str, list[_Block]] = {}
        self.apart: dict[str, list[_Block]] = {}
        self.other: list[_Block] = []
        self.reach = 0

    def add(self, block: _Block) -> None:
        """File ``block`` under the syllables that it can be told by.

        Where three pieces have two errors between them, a whole one has a neighbour with one error at most; or else the
        first and the last are whole and both errors lie between. A neighbour of one syllable that may be wrong tells
        nothing; but beside a middle piece one of the two is either right or longer.
        """
        end = block.last + 1
        start = end - self.length
        bounds = (0, *block.cuts, len(block.key))
        before = [first for first in bounds if first < start]
        after = [last for last in bounds if last > end]
        beside = [start - before[-1]] if before else []
        beside += [after[0] - end] if after else []
        if not block.errors or max(beside) < 2:
            self.other.append(block)
            return
        if after:
            _file(self.after, block.key[end : min(end + 2, after[0])], block)
        if before:
            _file(self.before, block.key[max(start - 2, before[-1]) : start], block)
        if len(before) == 2:
            _file(self.apart, block.key[before[1] - 1], block)
            self.reach = max(self.reach, start - before[1] + block.errors)


def _file(blocks: dict[str, list[_Block]], sounds: str, block: _Block) -> None:
    for sound in set(sounds):
        blocks.setdefault(sound, []).append(block)


class Matcher:
    """Finds ``lines`` in keys. Nothing about it changes once it is prepared."""

    def __init__(self, lines: Iterable[Line], sounds: Sounds) -> None:
        self._lines = tuple(lines)
        self._sounds = sounds
        self._slips = Slips(sounds)
        self._automaton: Any = None

    def prepare(self) -> None:
        """Make what searching needs; done at the first search where nobody asked for it before."""
        automaton = ahocorasick.Automaton()
        pieces: dict[str, _Piece] = {}
        for (piece, block, cuts, last), seeds in _seeds(self._lines).items():
            pieces.setdefault(piece, _Piece(len(piece))).add(_Block(block, cuts, last, tuple(seeds)))
        for piece, found in pieces.items():
            automaton.add_word(piece, found)
        automaton.make_automaton()
        self._empty = not pieces
        self._automaton = automaton

    def __reduce__(self) -> tuple[type[Matcher], tuple[tuple[Line, ...], Sounds]]:
        """Pickled as its lines: to make the automaton is quicker than to unpickle all that hangs on it."""
        return Matcher, (self._lines, self._sounds)

    def find(self, key: str, counts: Callable[[Found], bool] | None = None) -> list[Found]:
        """Every line that is in ``key`` well enough, at the best end for each place where it begins.

        With ``counts``, only those that it says count; and lines that such a one outdoes are not looked at.
        """
        out: list[Found] = []
        for group in overlapping(self._candidates(key)):
            group.sort(key=lambda candidate: (-candidate.score, -candidate.line.length, candidate.start))
            best: dict[tuple[int, int], Found] = {}
            for candidate in group:
                if counts and any(_outdoes(found, candidate) for found in best.values()):
                    continue
                found = self._weigh(key, candidate)
                if found is None or found.score < found.line.least_score or (counts and not counts(found)):
                    continue
                place = (id(found.line), found.start)
                if place not in best or found.cost < best[place].cost:
                    best[place] = found
            out += best.values()
        return out

    def _candidates(self, key: str) -> Iterator[_Candidate]:
        """Lines that ``key`` has enough syllables of around one of their pieces."""
        if self._automaton is None:
            self.prepare()
        if self._empty:
            return
        size = len(key)
        halves = self._sounds.halves(key)
        seen: set[tuple[str, tuple[int, ...], int]] = set()  # blocks found by one piece; the others say the same
        for end, blocks in self._blocks_near(key):
            for block, cuts, last, seeds in blocks:
                start, errors = end - last, len(cuts)
                if start < -errors or start + len(block) > size + errors:
                    continue
                if errors:
                    if not _has(key, block, start, errors) or (block, cuts, start) in seen:
                        continue
                    seen.add((block, cuts, start))
                for seed in seeds:
                    line, wanted, anchor, errors, most, _, last = seed
                    start = end - last
                    length = len(wanted)
                    cost = 0.0
                    if errors:
                        if length > len(block) and not _has(key, wanted, start, errors):
                            continue
                        low = start - errors if start > errors else 0
                        cost = length - _common(anchor, halves[2 * low : 2 * (start + length + errors)]) / 2
                    if cost <= most and (not line.gaps or _others_are_in(key, line)):
                        yield _Candidate(line, start, start + length, 1.0 - cost / line.length, seed)

    def _blocks_near(self, key: str) -> Iterator[tuple[int, list[_Block]]]:
        """For each piece in ``key`` the place of its last syllable and the blocks of which more is there."""
        padded = key + "\0\0"  # asked for by the places after the end and, as they are negative, before the beginning
        for end, piece in self._automaton.iter(key):
            if piece.other:
                yield end, piece.other
            if after := piece.after:
                if (sound := padded[end + 1]) in after:
                    yield end, after[sound]
                if (sound := padded[end + 2]) in after:
                    yield end, after[sound]
            if before := piece.before:
                start = end - piece.length
                if (sound := padded[start]) in before:
                    yield end, before[sound]
                if (sound := padded[start - 1]) in before:
                    yield end, before[sound]
                if apart := piece.apart:
                    for sound in key[max(0, start - piece.reach) : start + 1]:
                        if sound in apart:
                            yield end, apart[sound]

    def _weigh(self, key: str, candidate: _Candidate) -> Found | None:
        """Grow a candidate from its piece to its best span, then look for the other literals around it."""
        line, first, end, _, seed = candidate
        anchor = line.literals[line.anchor]
        cost = 0.0
        if first < 0 or not key.startswith(anchor.key, first):
            slack = seed.errors
            low, start = max(0, first - slack), first + seed.first
            before = self._sounds.halves(key[low:start])
            after = self._sounds.halves(key[first + seed.last + 1 : end + slack])
            left, taken_before = _grow(anchor.halves[: 2 * seed.first], before, slack, backward=True)
            right, taken_after = _grow(anchor.halves[2 * seed.last + 2 :], after, slack, backward=False)
            cost, first, end = left + right, start - taken_before, first + seed.last + 1 + taken_after
            if not anchor.allows(cost):
                return None
        found = Found(line, first, end, cost)
        if line.gaps:
            with_others = self._with_others(key, found)
            if with_others is None:
                return None
            found = with_others
        if not found.cost:
            return found
        weighed = self._slips.cost(line, key[found.start : found.end], found.cost)
        return None if weighed is None else found._replace(cost=weighed)

    def _with_others(self, key: str, found: Found) -> Found | None:
        """The anchor of a line was found: find the literals after and before it, gap by gap."""
        line, start, end, cost = found
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
                if literal.allows(cost) and (best is None or cost < best[0]):
                    best = cost, start, end
        return best


def overlapping(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """``spans`` in groups, from left to right, so that only spans of the same group overlap."""
    group: list[Span] = []
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        if group and span.start >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span.end)
    if group:
        yield group


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


def _seeds(lines: Iterable[Line]) -> dict[tuple[str, str, tuple[int, ...], int], list[_Seed]]:
    """The seeds of all lines, by their piece and the first three fields of their block."""
    seeds: dict[tuple[str, str, tuple[int, ...], int], list[_Seed]] = {}
    for line in lines:
        anchor = line.literals[line.anchor]
        most = (1.0 - line.least_score) * line.length
        for block in _blocks(len(anchor.key), anchor.errors):
            start = block[0][0]
            whole = anchor.key[start : block[-1][1]]
            cuts = tuple(first - start for first, _ in block[1:])
            for first, end in block:
                name = (anchor.key[first:end], whole, cuts, end - 1 - start)
                seeds.setdefault(name, []).append(
                    _Seed(line, anchor.key, anchor.halves, anchor.errors, most, first, end - 1)
                )
    return seeds


def pieces(literal: Literal) -> list[str]:
    """The stretches of ``literal`` of which one, at least, must be heard sound for sound."""
    blocks = _blocks(len(literal.key), literal.errors)
    return [literal.key[first:end] for block in blocks for first, end in block]


def _blocks(length: int, errors: int) -> Iterator[list[tuple[int, int]]]:
    """``length`` syllables cut into ``errors`` + 1 pieces as even as can be, in blocks of two, the last of three."""
    count = errors + 1
    pieces = [(length * i // count, length * (i + 1) // count) for i in range(count)]
    last = max(0, count // 2 - 1) * 2
    for i in range(0, last, 2):
        yield pieces[i : i + 2]
    yield pieces[last:]


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

    Returns the cost and how many syllables of ``heard`` were taken. Of equal costs the one that is as long as what
    was wanted is best: a wrong syllable at the edge belongs to what was said.
    """
    size = len(wanted) // 2
    room = len(heard) // 2
    best = (float(size), 0, 0)  # nothing taken
    for taken in sorted(range(max(0, size - slack), min(room, size + slack) + 1), key=lambda n: abs(n - size)):
        longer = abs(taken - size)
        if longer >= best[0]:  # costs as much for its length alone
            break
        part = heard[len(heard) - 2 * taken :] if backward else heard[: 2 * taken]
        best = min(best, (_distance(wanted, part) / 2, longer, taken))
    return best[0], best[2]
