"""The innocent sentences are a test set for false alarms: enough of them, all different, well formed.

Nothing here asks what the engine makes of a line: `scripts/accuracy` measures that.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("innocent")
SECTORS = ("banking", "logistics", "orders", "retail", "support", "utilities")
ENOUGH = 560  # sentences a sector, so more than 3,000 in all


def sentences(sector: str) -> list[str]:
    """The lines of one sector, without their line ends; UnicodeDecodeError where the file is not UTF-8."""
    return (FOLDER / f"{sector}.txt").read_bytes().decode("utf-8").removesuffix("\n").split("\n")


def bare(sentence: str) -> str:
    """What is heard of a sentence: no punctuation, so that two lines that sound the same count as one."""
    return re.sub(r"\W", "", sentence)


def test_no_sector_is_missing_or_unlisted() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(SECTORS)


@pytest.mark.parametrize("sector", SECTORS)
def test_a_sector_has_enough_sentences(sector: str) -> None:
    assert len(sentences(sector)) >= ENOUGH


@pytest.mark.parametrize("sector", SECTORS)
def test_lines_are_plain_text_of_a_spoken_length(sector: str) -> None:
    wrong = [line for line in sentences(sector) if not 5 <= len(line) <= 40 or line != line.strip()]
    assert wrong == []
    assert not any(mark in line for line in sentences(sector) for mark in "\r\t\ufeff\ufffd,?!;")


def test_no_sentence_comes_twice() -> None:
    counts = Counter(bare(line) for sector in SECTORS for line in sentences(sector))
    assert [line for line, count in counts.items() if count > 1] == []
