"""How Han characters read: one by one, and in context.

The tables are pypinyin's, boiled down (``scripts/make_readings.py``): its import would take longer than all else that
a call needs to begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from callflow.phrases import reading_data


def reading(char: str) -> str:
    """The commonest reading of a Han character as a plain syllable; ``""`` for any other character."""
    return _characters().get(char, "")


def in_context(words: str) -> list[str]:
    """One syllable for each character, read in context: 重复 chong fu, 重量 zhong liang.

    What has no reading stands for itself, letters in upper case.
    """
    words = words.upper()
    known, one_by_one = _words(), _characters()
    out: list[str] = []
    while len(out) < len(words):
        at = len(out)
        for size in _sizes().get(words[at : at + 2], ()):
            if reads := known.get(words[at : at + size]):
                out += reads
                break
        else:
            out.append(one_by_one.get(words[at], words[at]))
    return out


@cache
def _characters() -> dict[str, str]:
    return {char: name for name, chars in _items(reading_data.CHARACTERS) for char in chars}


@cache
def _words() -> dict[str, list[str]]:
    return {word: reads for word, *reads in _items(reading_data.WORDS)}


@cache
def _sizes() -> dict[str, tuple[int, ...]]:
    """For each beginning of two characters the lengths of the words that begin so, the longest first."""
    sizes: dict[str, set[int]] = {}
    for word in _words():
        sizes.setdefault(word[:2], set()).add(len(word))
    return {start: tuple(sorted(lengths, reverse=True)) for start, lengths in sizes.items()}


def _items(table: str) -> Iterator[list[str]]:
    return (item.split() for line in table.splitlines() for item in line.split(";"))
