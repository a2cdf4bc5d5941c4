"""What is spoken for the accuracy bench, by which voice, and where the sound of it lies.

Nothing here makes sound or hears it: the environment of the voices and the project's own both read this list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from measures.lines import ROOT, lines

OUT = ROOT / "out" / "accuracy"
SETTINGS = ROOT / "tests" / "accuracy" / "voices.yaml"
NEAR_MISSES = ROOT / "tests" / "design" / "innocent.yaml"
TRADES = ROOT / "tests" / "accuracy" / "innocent"
SYLLABLES_ONLY = "abcdefghijklmnopqrstuvwxyz "


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words of an agent and the voice that says them. ``name`` is a line's id, or ``innocent/`` with a hash."""

    name: str
    voice: str
    text: str

    @property
    def sound(self) -> Path:
        """Its recording; other words or another voice make another file."""
        made = _hash(f"{self.text} {settings()['voices'][self.voice]} {settings()['line']}")
        return OUT / "sound" / self.voice / f"{self.name.replace('/', '_')}-{made[:10]}.wav"

    @property
    def innocent(self) -> bool:
        """Whether nothing that must not be said is in it."""
        return self.name.startswith("innocent/")


def spoken() -> list[Spoken]:
    """Everything that is to be spoken, voice by voice, ordinary sentences last."""
    said = [(line.id, line.said) for line in lines()]
    ordinary = settings()["innocent"]
    return [
        *(Spoken(name, voice, text) for voice in settings()["voices"] for name, text in said),
        *(Spoken(f"innocent/{_hash(text)[:8]}", voice, text) for voice in ordinary["voices"] for text in innocent()),
    ]


def innocent() -> list[str]:
    """Ordinary sentences: all near misses of the phrase tests, and of each trade's file those with the least hash."""
    groups: Mapping[str, list[str]] = YAML(typ="safe").load(NEAR_MISSES.read_text(encoding="utf-8"))
    near = [text for group in groups.values() for text in group if set(text) - set(SYLLABLES_ONLY)]
    files = [file.read_text(encoding="utf-8").split() for file in sorted(TRADES.glob("*.txt"))]
    few = settings()["innocent"]["of_each_trade"]
    return near + [text for file in files for text in sorted(file, key=_hash)[:few]]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def settings() -> dict[str, Any]:
    """Voices and line, as ``voices.yaml`` has them."""
    return dict(YAML(typ="safe").load(SETTINGS.read_text(encoding="utf-8")))
