"""Mishearing, made up from what the two recognisers really confuse (``tests/accuracy/confusions.json``).

Each character (or syllable) is misheard with the same chance, and how, is drawn in the shares that were counted: left
out, one added behind it, written with another character of the same sound (text only), or heard as another syllable.
What a syllable is heard as follows the counts of that syllable, and of its initial and its final where there are few.
Punctuation stays where it is: recognisers set it by pauses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from callflow.phrases.readings import in_context, reading
from callflow.phrases.sounds import SYLLABLES
from measures.lines import ROOT

CONFUSIONS = ROOT / "tests" / "accuracy" / "confusions.json"
RATES = (0.0, 0.1, 0.2, 0.3, 0.4)
ENOUGH = 4
"""From so many errors of a syllable on its own counts are believed as much as those of its halves."""
_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Noise:
    """One recogniser's way of mishearing; ``homophones``: the part of wrong characters that sound right."""

    substituted: float
    deleted: float
    inserted: float
    homophones: float
    syllables: Mapping[str, Counts]
    initials: Mapping[str, Counts]
    finals: Mapping[str, Counts]
    insertions: Counts

    @staticmethod
    def of(engine: str) -> Noise:
        """That of an engine in ``confusions.json``."""
        table: Mapping[str, Any] = _tables()[engine]
        return Noise(
            table["substituted"],
            table["deleted"],
            table["inserted"],
            table["homophones"] or 0.0,
            {syllable: row["heard"] for syllable, row in table["syllables"].items()},
            table["initials"],
            table["finals"],
            table["insertions"],
        )

    def text(self, words: str, rate: float, seed: str) -> str:
        """``words`` as heard with ``rate`` of the characters wrong; the same ``seed`` hears the same."""
        draw = Random(f"{seed} {rate} {words}")
        same = self.substituted * self.homophones / (1.0 - self.homophones)
        out: list[str] = []
        for char, sound in zip(words, in_context(words), strict=True):
            if not char.isalnum() or draw.random() >= rate:
                out.append(char)
                continue
            kind = self._kind(draw, same)
            if kind == "same":
                out.append(_character(sound, draw, char))
            elif kind == "other":
                out.append(_character(self.misheard(sound, draw), draw))
            elif kind == "added":
                out.append(char + _character(_drawn(self.insertions, draw), draw))
        return "".join(out)

    def sounds(self, syllables: Sequence[str], rate: float, seed: str) -> list[str]:
        """``syllables`` as heard with ``rate`` of them wrong."""
        draw = Random(f"{seed} {rate} {' '.join(syllables)}")
        out: list[str] = []
        for sound in syllables:
            kind = self._kind(draw, 0.0) if draw.random() < rate else ""
            if kind != "deleted":
                out.append(self.misheard(sound, draw) if kind == "other" else sound)
            if kind == "added":
                out.append(_drawn(self.insertions, draw))
        return out

    def misheard(self, sound: str, draw: Random) -> str:
        """Another syllable that ``sound`` is heard as."""
        known = self.syllables.get(sound, {})
        errors = sum(known.values())
        if known and draw.random() < errors / (errors + ENOUGH):
            return _drawn(known, draw)
        initial, final = _halves(sound)
        for _ in range(50):
            near = _drawn(self.initials.get(initial, {initial: 1}), draw) + _drawn(
                self.finals.get(final, {final: 1}), draw
            )
            if near != sound and near in _SYLLABLES:
                return near
        return draw.choice([one for one in SYLLABLES if one != sound and set(_halves(one)) & {initial, final}] or ["a"])

    def _kind(self, draw: Random, same: float) -> str:
        shares = {"same": same, "other": self.substituted, "deleted": self.deleted, "added": self.inserted}
        return draw.choices(list(shares), list(shares.values()))[0]


def syllables(words: str) -> list[str]:
    """``words`` as a recogniser of syllables gives them when it errs in nothing: no punctuation."""
    return [sound for char, sound in zip(words, in_context(words), strict=True) if char.isalnum()]


def forms(engine: str, words: str, rate: float, seed: str) -> str | list[str]:
    """``words`` misheard in the form of ``engine``: whisper writes characters, zipformer syllables."""
    noise = engines()[engine]
    return noise.text(words, rate, seed) if engine == "whisper" else noise.sounds(syllables(words), rate, seed)


@cache
def engines() -> dict[str, Noise]:
    """The noise of each recogniser."""
    return {name: Noise.of(name) for name in _tables()}


@cache
def _tables() -> dict[str, Any]:
    return dict(json.loads(CONFUSIONS.read_text(encoding="utf-8"))["engines"])


def _drawn(counts: Counts, draw: Random) -> str:
    return draw.choices(list(counts), list(counts.values()))[0]


def _halves(syllable: str) -> tuple[str, str]:
    initial = next((one for one in _INITIALS if syllable.startswith(one)), "")
    return initial, syllable[len(initial) :]


def _character(sound: str, draw: Random, but: str = "") -> str:
    """A common character of that sound, another one than ``but`` where there is one."""
    chars = _characters().get(sound, "")
    return draw.choice([char for char in chars if char != but] or [but or "噢"])


@cache
def _characters() -> dict[str, str]:
    """The 3,755 common characters (level 1 of GB 2312) by their sound."""
    found: dict[str, str] = {}
    for char in _common():
        found[reading(char)] = found.get(reading(char), "") + char
    return found


def _common() -> Iterator[str]:
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            char = bytes([row, cell]).decode("gb2312", "ignore")
            if char:
                yield char


_SYLLABLES = frozenset(SYLLABLES)
