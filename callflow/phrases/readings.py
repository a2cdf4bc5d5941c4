"""How Han characters read: one by one, and in context.

The tables are pypinyin's, boiled down (``scripts/make_readings.py``): its import would take longer than all else that
a call needs to begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from operator import add

from callflow.phrases import reading_data


def reading(char: str) -> str:
    """The commonest reading of a Han character as a plain syllable; ``""`` for any other character."""
    return _characters().get(char, "")


def in_context(words: str) -> list[str]:
    """One syllable for each character, read in context: 重复 chong fu, 重量 zhong liang.

    What has no reading stands for itself, letters in upper case.
    """
    words = words.upper()
    one_by_one = _characters()
    out = [one_by_one.get(char, char) for char in words]
    for at, reads in words_within(words):
        out[at : at + len(reads)] = reads
    return out


def words_within(text: str) -> list[tuple[int, list[str]]]:
    """Where ``text`` has words that read otherwise than their characters one by one, and how they read."""
    known, sizes = _words(), _sizes()
    found: list[tuple[int, list[str]]] = []
    end = 0
    for at, pair in enumerate(map(add, text, text[1:])):
        for size in sizes[pair] if pair in sizes and at >= end else ():
            if reads := known.get(text[at : at + size]):
                found.append((at, reads))
                end = at + size
                break
    return found


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
