"""What is spoken for the accuracy bench, by which voice, and where the sound of it lies.

Nothing here makes sound or hears it: the environment of the voices and the project's own both read this list.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from measures.lines import ROOT, lines

OUT = ROOT / "out" / "accuracy"
SETTINGS = ROOT / "tests" / "accuracy" / "voices.yaml"
INNOCENT = ROOT / "tests" / "design" / "innocent.yaml"
SYLLABLES_ONLY = "abcdefghijklmnopqrstuvwxyz "


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words of an agent and the voice that says them. ``name`` is a line's id, or ``innocent/12``."""

    name: str
    voice: str
    text: str

    @property
    def sound(self) -> Path:
        """Its recording; other words or another voice make another file."""
        made = hashlib.sha256(f"{self.text} {settings()['voices'][self.voice]} {settings()['line']}".encode())
        return OUT / "sound" / self.voice / f"{self.name.replace('/', '_')}-{made.hexdigest()[:10]}.wav"

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
        *(
            Spoken(f"innocent/{i}", voice, text)
            for voice in ordinary["voices"]
            for i, text in enumerate(innocent(ordinary["sentences"]), 1)
        ),
    ]


def innocent(count: int) -> list[str]:
    """``count`` ordinary sentences, drawn once and for all."""
    groups: Mapping[str, list[str]] = YAML(typ="safe").load(INNOCENT.read_text(encoding="utf-8"))
    sentences = [text for group in groups.values() for text in group if set(text) - set(SYLLABLES_ONLY)]
    return random.Random(1).sample(sentences, min(count, len(sentences)))


@cache
def settings() -> dict[str, Any]:
    """Voices and line, as ``voices.yaml`` has them."""
    return dict(YAML(typ="safe").load(SETTINGS.read_text(encoding="utf-8")))
