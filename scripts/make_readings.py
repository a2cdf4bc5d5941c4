"""Writes callflow/phrases/reading_data.py: how Han characters read, taken from pypinyin's tables.

pypinyin takes a quarter of a second to import, more than all else that a flow needs to start, and its tables know
tones and 47,000 words of which callflow needs the few that read otherwise than their characters one by one. So they
are boiled down once, here, and a test compares the result with pypinyin. Run it again when pypinyin is updated.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from pypinyin.constants import PINYIN_DICT
from pypinyin.phrases_dict import phrases_dict

from callflow.phrases.sounds import plain_syllable

TARGET = Path(__file__).resolve().parent.parent / "callflow/phrases/reading_data.py"
LONGEST = 8
HAN = re.compile(f"[\u3400-\u9fff]{{2,{LONGEST}}}")
READ_AS = {"幺": "yi", "著": "zhe", "乾": "gan", "麽": "me", "査": "cha", "柵": "zha", "幀": "zhen", "鉆": "zuan",
           "綉": "xiu", "纖": "xian", "嗯": "en", "呣": "en", "诶": "ei", "欸": "ei", "誒": "ei"}  # fmt: skip
"""Characters whose first reading in the table is not the one spoken on the telephone: 幺 is the 一 of numbers, and
traditional characters sound as their simplified forms."""


def characters() -> dict[str, str]:
    """Each Han character of the basic plane with its commonest reading, without tone."""
    found = {}
    for point, written in sorted(PINYIN_DICT.items()):
        if 0x3400 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF:
            name = READ_AS.get(chr(point)) or plain_syllable(written.partition(",")[0])
            if name:
                found[chr(point)] = name
    return found


def words(one_by_one: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """The words that read otherwise than what is already known of their parts; shorter ones first."""
    kept: dict[str, tuple[str, ...]] = {}
    for word in sorted(filter(HAN.fullmatch, phrases_dict), key=lambda word: (len(word), word)):
        reads = tuple(plain_syllable(syllable[0]) for syllable in phrases_dict[word])
        if len(reads) == len(word) and all(reads) and reads != _in_parts(word, kept, one_by_one):
            kept[word] = reads
    return kept


def _in_parts(word: str, known: dict[str, tuple[str, ...]], one_by_one: dict[str, str]) -> tuple[str, ...]:
    """``word`` read as ``callflow.phrases.readings`` reads it: the longest known word at each place."""
    out: list[str] = []
    while len(out) < len(word):
        rest = word[len(out) :]
        longest = next((rest[:n] for n in range(len(rest), 1, -1) if rest[:n] in known), "")
        out += known[longest] if longest else (one_by_one.get(rest[0], ""),)
    return tuple(out)


def render() -> str:
    one_by_one = characters()
    by_sound: dict[str, list[str]] = defaultdict(list)
    for char, name in one_by_one.items():
        by_sound[name].append(char)
    lines = ['"""Written by scripts/make_readings.py from the tables of pypinyin (MIT); see ``readings``."""', "",
             "# ruff: noqa: E501", "", 'CHARACTERS = """\\']  # fmt: skip
    lines += _packed([f"{name} {''.join(chars)}" for name, chars in sorted(by_sound.items())])
    lines += [
        '"""',
        '"""Syllables with the characters whose commonest reading they are, between semicolons or line ends."""',
        "",
        'WORDS = """\\',
    ]
    lines += _packed([f"{word} {' '.join(reads)}" for word, reads in words(one_by_one).items()])
    lines += [
        '"""',
        '"""Words that read otherwise than their characters one by one, between semicolons or line ends."""',
        "",
    ]
    return "\n".join(lines)


def _packed(items: list[str], to_a_line: int = 20) -> list[str]:
    return [";".join(items[i : i + to_a_line]) for i in range(0, len(items), to_a_line)]


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
