"""Writes callflow/design/lint/syllables.txt: how often syllables, and pairs of them, come in ordinary service talk.

``callflow lint`` estimates from it how often a phrase would be heard by accident. It is counted in the development
sentences (tests/accuracy/development), never in the test set. Run it after these were changed:
``.venv/bin/python scripts/make_syllables.py``.
"""

from __future__ import annotations

import itertools
from collections import Counter

from measures.false_alarms import sentences
from measures.lines import ROOT

from callflow.phrases.sounds import Sounds

TARGET = ROOT / "callflow" / "design" / "lint" / "syllables.txt"
LEAST = 3
"""Pairs that come less often say nothing of ordinary talk."""


def table() -> str:
    """The file's content: a comment, clauses and syllables in all, each syllable, each pair."""
    sounds = Sounds(())
    single: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    clauses = 0
    for said in (said for trade in sentences("development").values() for said in trade):
        keys = sounds.of_text(said)
        names = sounds.names(keys.key)
        clauses += 1 + sum(keys.breaks_at(place) for place in range(1, len(names)))
        single.update(names)
        pairs.update(
            f"{one} {other}"
            for place, (one, other) in enumerate(itertools.pairwise(names), start=1)
            if not keys.breaks_at(place)
        )
    counts = [*single.most_common(), *((pair, n) for pair, n in pairs.most_common() if n >= LEAST)]
    lines = [f"{name} {n}" for name, n in sorted(counts, key=lambda one: (" " in one[0], -one[1], one[0]))]
    head = "# Syllables and pairs of syllables in ordinary service talk; written by scripts/make_syllables.py."
    return "\n".join([head, f"clauses {clauses}", *lines]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(table(), encoding="utf-8")
    print(TARGET)
