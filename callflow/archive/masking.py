"""Long numbers (identity, card, telephone) masked in what people read: the first three signs stay, and the last two."""

from __future__ import annotations

import re

LONG = 7
"""So many digits in a row, spoken, written or spelt in pinyin, are such a number; amounts and years are shorter."""
HEAD, TAIL = 3, 2
MASK = "*"

_DIGIT = r"[0-9０-９零〇一二两三四五六七八九幺Xxα-υ]"
_GAP = r"[ \-－—.·,，、]{0,2}"
_SYLLABLE = r"(?:l[iī]ng|líng|y[iīíì]|[eè]r|s[aā]n|s[iì]|w[uǔ]|li[uù]|q[iī]|b[aā]|ji[uǔ]|y[aā]o|li[aǎ]ng)[0-5]?"
_NUMBER = re.compile(rf"{_DIGIT}(?:{_GAP}{_DIGIT}){{{LONG - 1},}}")
_PAUSE = r"(?: *[，,、])? +"
_SPELT = re.compile(rf"(?<![^\W_]){_SYLLABLE}(?:{_PAUSE}{_SYLLABLE}){{{LONG - 1},}}(?![^\W_])")
_IS_SYLLABLE = re.compile(r"[^\W_]+")
_IS_DIGIT = re.compile(_DIGIT)


def masked(words: str) -> str:
    """``words`` with the middle of every long number as asterisks; as long as before, unless it is pinyin."""
    return _SPELT.sub(_spelt, _NUMBER.sub(_number, words))


def _number(found: re.Match[str]) -> str:
    signs = list(found.group())
    places = [place for place, sign in enumerate(signs) if _IS_DIGIT.match(sign)]
    for place in places[HEAD:-TAIL]:
        signs[place] = MASK
    return "".join(signs)


def _spelt(found: re.Match[str]) -> str:
    written = found.group()
    places = [syllable.span() for syllable in _IS_SYLLABLE.finditer(written)]
    for start, end in reversed(places[HEAD:-TAIL]):
        written = written[:start] + MASK + written[end:]
    return written
