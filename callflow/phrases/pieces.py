"""Pieces of lines: what must be heard sound for sound for a line to be there, and what else must then be near.

A line that may have k errors is cut into k + 1 pieces, of which one stays whole (see ``matcher``). Thousands of lines
share their pieces; what a piece is part of is worked out when it is first heard, as most never are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, reduce
from itertools import pairwise
from operator import and_
from typing import NamedTuple

from callflow.phrases.lines import Line, Literal

Bits = Callable[[str], int]
"""The syllables of a key as a set of bits (``Sounds.bits``)."""


class Seed(NamedTuple):
    """Where a piece lies in an anchor: syllables ``first`` to ``last`` of ``key``, which may have ``errors``.

    ``sounds``: its syllables as a set of bits. ``lines``: all that have this anchor.
    """

    key: str
    halves: str
    sounds: int
    length: int
    errors: int
    first: int
    last: int
    lines: tuple[Wanted, ...]


class Wanted(NamedTuple):
    """A line, the most that it may cost, and what must be heard of it: all of ``sounds``, a set of bits, but so many
    ``errors``."""

    line: Line
    most: float
    sounds: int
    errors: int

    @classmethod
    def of(cls, line: Line, bits: Bits) -> Wanted:
        """What ``line`` needs."""
        sounds = errors = 0
        for literal in line.literals:
            sounds |= bits(literal.key)
            errors += literal.errors
        return cls(line, (1.0 - line.least_score) * line.length, sounds, errors)


class Block(NamedTuple):
    """The piece and its neighbours, ``last`` the place of its last syllable there; and all seeds that share it.

    So many ``errors`` leave one of its pieces whole. ``name``, which is ``key`` and where it is cut, is shared by the
    blocks of its other pieces. Of ``sounds``, a set of bits, no more than ``lacking`` may be absent from what was
    heard: of the whole line where there is one seed, else of the block.
    """

    sounds: int
    lacking: int
    name: str
    key: str
    last: int
    length: int
    errors: int
    seeds: tuple[Seed, ...]


class Near:
    """The blocks that a piece is part of, by what else of them must be near it.

    ``after``: those whose next piece has one error at most, by either of the two syllables that come next. ``before``:
    those whose piece before has, by either of the two syllables before it. ``apart``: those of three of which the first
    is whole as well, by its last syllable, which is one of the ``reach`` before this piece. ``other``: all else.
    """

    __slots__ = ("after", "apart", "before", "length", "other", "reach")

    def __init__(self, length: int) -> None:
        self.length = length
        self.after: dict[str, list[Block]] = {}
        self.before: dict[str, list[Block]] = {}
        self.apart: dict[str, list[Block]] = {}
        self.other: list[Block] = []
        self.reach = 0

    def add(self, block: Block, cuts: tuple[int, ...]) -> None:
        """File ``block``, cut at ``cuts``, under the syllables that it can be told by.

        Where three pieces have two errors between them, a whole one has a neighbour with one error at most; or else the
        first and the last are whole and both errors lie between. A neighbour of one syllable that may be wrong tells
        nothing; but beside a middle piece one of the two is either right or longer.
        """
        end = block.last + 1
        start = end - self.length
        bounds = (0, *cuts, len(block.key))
        before = [first for first in bounds if first < start]
        after = [last for last in bounds if last > end]
        beside = [start - before[-1]] if before else []
        beside += [after[0] - end] if after else []
        if not cuts or max(beside) < 2:
            self.other.append(block)
            return
        if after:
            _file(self.after, block.key[end : min(end + 2, after[0])], block)
        if before:
            _file(self.before, block.key[max(start - 2, before[-1]) : start], block)
        if len(before) == 2:
            _file(self.apart, block.key[before[1] - 1], block)
            self.reach = max(self.reach, start - before[1] + block.errors)


def _file(blocks: dict[str, list[Block]], sounds: str, block: Block) -> None:
    for sound in set(sounds):
        blocks.setdefault(sound, []).append(block)


class Piece:
    """A stretch of sounds, and the numbers of the lines that it is a piece of."""

    __slots__ = ("_bits", "_key", "_lines", "_numbers", "near")

    def __init__(self, key: str, numbers: Sequence[int], lines: Sequence[Line], bits: Bits) -> None:
        self._bits = bits
        self._key = key
        self._numbers = numbers
        self._lines = lines
        self.near: Near | None = None
        """what it is part of, once that has been asked for"""

    def make(self) -> Near:
        """Work out what it is part of. Two threads may do so at once; they come to the same."""
        near = Near(len(self._key))
        for block, cuts in self._blocks():
            near.add(block, cuts)
        self.near = near
        return near

    def _blocks(self) -> Iterator[tuple[Block, tuple[int, ...]]]:
        anchors: dict[tuple[str, int], list[Wanted]] = {}
        for line in map(self._lines.__getitem__, self._numbers):
            anchor = line.literals[line.anchor]
            anchors.setdefault((anchor.key, anchor.errors), []).append(Wanted.of(line, self._bits))
        seeds: dict[tuple[str, tuple[int, ...], int, int], list[Seed]] = {}
        for (key, errors), lines in anchors.items():
            halves, sounds = lines[0].line.literals[lines[0].line.anchor].halves, self._bits(key)
            for place in places(len(key), errors):
                if key[place.first : place.end] == self._key:
                    whole = key[place.start : place.stop]
                    seed = Seed(key, halves, sounds, len(key), errors, place.first, place.end - 1, tuple(lines))
                    name = (whole, place.cuts, place.end - 1 - place.start, place.errors)
                    seeds.setdefault(name, []).append(seed)
        for (whole, cuts, last, most), shared in seeds.items():
            sounds, lacking = self._bits(whole), most
            if len(shared) == 1:
                sounds = reduce(and_, (line.sounds for line in shared[0].lines))
                lacking = max(line.errors for line in shared[0].lines)
            yield Block(sounds, lacking, f"{whole}{cuts}", whole, last, len(whole), most, tuple(shared)), cuts


def numbers_by_piece(lines: Sequence[Line]) -> dict[str, list[int]]:
    """The pieces of all lines, each with the numbers of the lines that have it."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for piece in set(pieces(line.literals[line.anchor])):
            found.setdefault(piece, []).append(number)
    return found


def pieces(literal: Literal) -> list[str]:
    """The stretches of ``literal`` of which one, at least, must be heard sound for sound."""
    return [literal.key[place.first : place.end] for place in places(len(literal.key), literal.errors)]


class Place(NamedTuple):
    """A piece at syllables ``first`` up to ``end``, in a block at ``start`` up to ``stop`` with so many ``errors``.

    ``cuts``: where the pieces of the block meet, counted from its start; none where they overlap.
    """

    start: int
    stop: int
    first: int
    end: int
    cuts: tuple[int, ...]
    errors: int


@cache
def places(length: int, errors: int) -> tuple[Place, ...]:
    """``length`` syllables cut into ``errors`` + 1 pieces as even as can be, in blocks of two, the last of three.

    Five with two errors would have a piece of one syllable, which is heard everywhere. Their pieces are all pairs of
    neighbours instead; what has none of them (the second and the fourth wrong) is given up.
    """
    if (length, errors) == (5, 2):
        return tuple(Place(0, 5, first, first + 2, (), errors) for first in range(4))
    count = errors + 1
    bounds = [length * i // count for i in range(count + 1)]
    last = max(0, count // 2 - 1) * 2
    blocks = [*(bounds[i : i + 3] for i in range(0, last, 2)), bounds[last:]]
    return tuple(
        Place(block[0], block[-1], first, end, tuple(cut - block[0] for cut in block[1:-1]), len(block) - 2)
        for block in blocks
        for first, end in pairwise(block)
    )
