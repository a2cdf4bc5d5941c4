"""What was said against what was heard, syllable by syllable: the recogniser's own error, and what it confuses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from pypinyin import lazy_pinyin

from callflow.phrases.sounds import plain_syllable

DIGITS = str.maketrans("0123456789幺", "零一二三四五六七八九一")
_ERHUA = re.compile("(?<=[会哪这那点事])儿")
_HAN = re.compile("[\u4e00-\u9fff]+")
_INITIAL = re.compile("zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]|")


class Unit(NamedTuple):
    """A syllable without its tone, and the character it was written with; ``""`` where a recogniser writes none."""

    sound: str
    char: str = ""


class Pair(NamedTuple):
    """Said and heard; ``None`` stands for what was left out or added."""

    said: Unit | None
    heard: Unit | None

    @property
    def wrong(self) -> bool:
        """Whether another syllable was heard, or none, or one too many."""
        return self.said is None or self.heard is None or self.said.sound != self.heard.sound


def of_text(text: str) -> list[Unit]:
    """The syllables of written words, read in their context (还 as hai or huan); digits one by one."""
    chars = "".join(_HAN.findall(_ERHUA.sub("", text.translate(DIGITS))))
    return [Unit(plain_syllable(read) or read, char) for read, char in zip(lazy_pinyin(chars), chars, strict=True)]


def of_heard(utterances: Sequence[str | tuple[str, ...]]) -> list[Unit]:
    """The syllables of what a recogniser heard, characters or pinyin."""
    heard: list[Unit] = []
    for words in utterances:
        if isinstance(words, str):
            heard += of_text(words)
        else:
            heard += [Unit(plain_syllable(word) or word) for word in words if word.isalpha()]
    return [
        unit
        for before, unit in zip([Unit(""), *heard], heard, strict=False)
        if unit.sound != "er" or unit.char or before.sound not in ("hui", "na", "zhe")
    ]


def align(said: Sequence[Unit], heard: Sequence[Unit]) -> list[Pair]:
    """The likeliest correspondence: as few errors as can be, near sounds standing for one another first."""
    rows, columns = len(said) + 1, len(heard) + 1
    cost = [[float(row + column) for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        for column in range(1, columns):
            cost[row][column] = min(
                cost[row - 1][column] + 1,
                cost[row][column - 1] + 1,
                cost[row - 1][column - 1] + _difference(said[row - 1].sound, heard[column - 1].sound),
            )
    pairs: list[Pair] = []
    row, column = len(said), len(heard)
    while row or column:
        here = cost[row][column]
        one, other = said[row - 1] if row else None, heard[column - 1] if column else None
        if one and other and here == cost[row - 1][column - 1] + _difference(one.sound, other.sound):
            pairs.append(Pair(one, other))
            row, column = row - 1, column - 1
        elif one and here == cost[row - 1][column] + 1:
            pairs.append(Pair(one, None))
            row -= 1
        else:
            pairs.append(Pair(None, other))
            column -= 1
    return pairs[::-1]


def errors(pairs: Sequence[Pair]) -> tuple[int, int]:
    """How many syllables are wrong, left out or added, and how many were said."""
    return sum(pair.wrong for pair in pairs), sum(pair.said is not None for pair in pairs)


def halves(syllable: str) -> tuple[str, str]:
    """Initial (may be empty) and final."""
    match = _INITIAL.match(syllable)
    initial = match.group() if match else ""
    return initial, syllable[len(initial) :]


@cache
def _difference(one: str, other: str) -> float:
    """0 for the same syllable, a little less than two halves otherwise, so that one wrong beats one lost and one added.

    Powers of two keep the sums exact.
    """
    if one == other:
        return 0.0
    near = any(a == b for a, b in zip(halves(one), halves(other), strict=True))
    return 0.75 if near else 1.0
