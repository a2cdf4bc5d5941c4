"""What is searched for: the pieces that a transcript and a query are cut into. Pure.

There are no words to look up in Mandarin without guessing where they begin, so every pair of neighbouring
characters is a token, and every character once more on its own: 您好吗 gives 您好, 好吗 and 您, 好, 吗. A query of
three characters or more is the phrase of its pairs, which is exact; pairs are so much rarer than characters that a
phrase of the commonest ones costs little. Syllables go the same way (``nin_hao``). Punctuation does not count:
recognisers set it as they like. Between the pairs of two lines stands ``BREAK``: what one said and another went on with
is no phrase.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

JOINT = "_"
BREAK = "_"
"""A token that no query asks for."""
MAX_SYLLABLE = 12
MAX_QUERY = 60
"""Characters or syllables of a query that are looked for; what is longer is cut."""


def text_tokens(lines: str) -> list[str]:
    """The tokens of a transcript, a line for each utterance: pairs in their order, then each character once."""
    return _tokens((_characters(line) for line in lines.split("\n")), "")


def sound_tokens(lines: str) -> list[str]:
    """The same of syllables with a space between."""
    return _tokens((_syllables(line) for line in lines.split("\n")), JOINT)


def text_phrases(query: str) -> list[list[str]]:
    """The phrases that a query asks for, all of them, as tokens that follow one another: one for each word of it."""
    return [phrase for word in query.split() if (phrase := _phrase(_characters(word)[:MAX_QUERY], ""))]


def sound_phrases(query: str) -> list[list[str]]:
    """The phrase of a query of syllables with a space between."""
    phrase = _phrase(_syllables(query)[:MAX_QUERY], JOINT)
    return [phrase] if phrase else []


def _tokens(lines: Iterable[Sequence[str]], joint: str) -> list[str]:
    pairs: list[str] = []
    single: dict[str, None] = {}
    for line in lines:
        if pairs and pairs[-1] != BREAK:
            pairs.append(BREAK)
        pairs += [f"{a}{joint}{b}" for a, b in pairwise(line)]
        single.update(dict.fromkeys(line))
    return [*pairs, *single]


def _phrase(items: Sequence[str], joint: str) -> list[str]:
    if len(items) == 1:
        return [items[0]]
    return [f"{a}{joint}{b}" for a, b in pairwise(items)]


def _characters(text: str) -> list[str]:
    return [char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum()]


def _syllables(text: str) -> list[str]:
    return [letters for syllable in text.split() if (letters := "".join(_characters(syllable))[:MAX_SYLLABLE])]
