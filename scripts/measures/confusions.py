"""What each recogniser really confuses, counted from everything it heard: ``tests/accuracy/confusions.json``.

The noise of the text bench is drawn from this table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from measures.alignment import Pair, halves
from measures.lines import ROOT

FILE = ROOT / "tests" / "accuracy" / "confusions.json"

METHOD = (
    "Counted from the recordings of `scripts/accuracy speech` (all voices but espeak): what was said and what was"
    " heard, both as toneless syllables, aligned with the fewest errors, near sounds standing for one another first."
    " For each engine: `said` syllables; `substituted`, `deleted`, `inserted` as parts of them; `homophones`, of the"
    " characters written wrong, the part that sounds right (null for an engine that writes none);"
    " `syllables`: for each syllable that was substituted, how often it was said and as what it was heard;"
    " `initials` and `finals`: the same for the halves of substituted syllables, right halves included, for syllables"
    " too rare to have errors of their own; `deletions`: the syllables left out; `insertions`: those added."
)


def table(pairs: Iterable[Sequence[Pair]]) -> dict[str, Any]:
    """The confusions of one engine."""
    every = [pair for line in pairs for pair in line]
    said = Counter(pair.said.sound for pair in every if pair.said)
    swapped = [(pair.said.sound, pair.heard.sound) for pair in every if pair.said and pair.heard and pair.wrong]
    total = sum(said.values())
    deleted = Counter(pair.said.sound for pair in every if pair.said and not pair.heard)
    inserted = Counter(pair.heard.sound for pair in every if pair.heard and not pair.said)
    syllables: dict[str, Any] = {}
    parts: tuple[dict[str, Counter[str]], dict[str, Counter[str]]] = ({}, {})
    for one, other in swapped:
        heard = syllables.setdefault(one, {"said": said[one], "heard": Counter()})["heard"]
        heard[other] += 1
        for half, (was, became) in zip(parts, zip(halves(one), halves(other), strict=True), strict=True):
            half.setdefault(was, Counter())[became] += 1
    return {
        "said": total,
        "substituted": round(len(swapped) / total, 4),
        "deleted": round(deleted.total() / total, 4),
        "inserted": round(inserted.total() / total, 4),
        "homophones": _homophones(every),
        "syllables": {
            name: row | {"heard": dict(row["heard"].most_common())} for name, row in sorted(syllables.items())
        },
        "initials": {name: dict(found.most_common()) for name, found in sorted(parts[0].items())},
        "finals": {name: dict(found.most_common()) for name, found in sorted(parts[1].items())},
        "deletions": dict(deleted.most_common()),
        "insertions": dict(inserted.most_common()),
    }


def write(engines: dict[str, dict[str, Any]]) -> None:
    """Write the tables, a syllable a line."""
    text = json.dumps({"method": METHOD, "engines": engines}, ensure_ascii=False, indent=1)
    FILE.write_text(_joined(text) + "\n", encoding="utf-8")


def _homophones(pairs: Iterable[Pair]) -> float | None:
    written = [(p.said, p.heard) for p in pairs if p.said and p.heard and p.heard.char and p.said.char != p.heard.char]
    same = sum(said.sound == heard.sound for said, heard in written)
    return round(same / len(written), 3) if written else None


def _joined(text: str) -> str:
    """JSON with its innermost objects on one line each."""
    out: list[str] = []
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(" "))
        if depth > 4 or (depth == 4 and line.strip().startswith("}")):
            out[-1] += line.strip() + (" " if line.endswith(",") else "")
        else:
            out.append(line)
    return "\n".join(line.rstrip() for line in out)
