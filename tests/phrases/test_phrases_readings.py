"""The tables of readings against pypinyin, which they were made from."""

from __future__ import annotations

import re
from pathlib import Path

from pypinyin import lazy_pinyin
from pypinyin.phrases_dict import phrases_dict

from callflow.phrases.readings import in_context, reading
from callflow.phrases.sounds import SYLLABLES, plain_syllable

FLOWS = Path(__file__).parents[2] / "flows"
HAN = re.compile("[\u3400-\u9fff]{2,8}")


def test_characters() -> None:
    assert [reading(char) for char in "你好重行了幺嗯A，"] == ["ni", "hao", "zhong", "xing", "le", "yi", "en", "", ""]
    assert {reading(chr(point)) for point in range(0x4E00, 0x9FA6)} <= {*SYLLABLES, ""}


def test_words_read_as_they_are_spoken() -> None:
    assert in_context("重复") == ["chong", "fu"]
    assert in_context("银行的重量") == ["yin", "hang", "de", "zhong", "liang"]
    assert in_context("走人行道") == ["zou", "ren", "xing", "dao"]
    assert in_context("a座3楼") == ["A", "zuo", "3", "lou"]


def test_every_word_of_pypinyin() -> None:
    wrong = [
        word
        for word, reads in phrases_dict.items()
        if HAN.fullmatch(word)
        and len(word) == len(reads)
        and all(plain := [plain_syllable(one[0]) for one in reads])
        and in_context(word) != plain
    ]
    assert wrong == []


def test_flows_read_as_pypinyin_reads_them() -> None:
    """Sentences are cut into words otherwise than there, so a few may differ; they must stay few."""
    runs = {
        run
        for file in FLOWS.glob("**/*.yaml")
        for run in re.findall("[\u3400-\u9fff]+", file.read_text(encoding="utf-8"))
    }
    differ = [run for run in runs if in_context(run) != list(map(plain_syllable, lazy_pinyin(run)))]
    assert len(differ) <= len(runs) / 100, differ
