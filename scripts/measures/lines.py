"""The guides' lines as an agent says them: what both accuracy benches measure recall with.

Every ``say`` and ``taboo`` text of the clauses becomes one line or, where it leaves a choice, several: gaps filled with
sample values, something ordinary said around it. Values and surroundings are drawn from ``tests/accuracy/lines.yaml``
by a seed and the line's own id, so that a line stays as it is when others come or go.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
CLAUSES = ROOT / "flows" / "inbound" / "clauses.yaml"
SAMPLES = ROOT / "tests" / "accuracy" / "lines.yaml"
KINDS = ("say", "taboo")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the guides in its surroundings.

    ``id`` is the clause's with the number of the text, and of its choice where there are several: ``GT-3a/6.2``.
    ``text`` is the guide's wording with its gaps filled, ``before`` and ``after`` what is said around it.
    """

    id: str
    clause: str
    kind: str
    when: str
    text: str
    before: str = ""
    after: str = ""

    @property
    def said(self) -> str:
        """All that is said in one breath."""
        stop = "" if not self.after or self.text[-1] in "。！？!?" else "。"
        return f"{self.before}{self.text}{stop}{self.after}"


def lines(seed: int = 1) -> list[Line]:
    """All lines, in the guides' order; another ``seed`` fills and surrounds them otherwise."""
    return [
        _line(name, clause, f"{name}/{number}{choice}", text, seed)
        for name, clause in _clauses().items()
        if clause["kind"] in KINDS
        for number, written in enumerate(clause.get("text", ()), 1)
        for choice, text in _choices(written)
    ]


def _line(name: str, clause: Mapping[str, Any], number: str, text: str, seed: int) -> Line:
    draw = random.Random(f"{seed} {number}")
    samples = _samples()
    text = _filled(text, draw, name)
    around, alone = samples["around"][clause["kind"]], name in samples["alone"]
    before, after = draw.choice(around["before"]), draw.choice(around["after"])
    if alone or text.startswith(tuple(samples["opening"])):
        before = ""
    if alone or text.rstrip("。！").endswith(tuple(samples["ending"])):
        after = ""
    return Line(number, name, clause["kind"], clause.get("when", "any"), text, before, after)


def _choices(text: str) -> Iterator[tuple[str, str]]:
    """The text with each of its choices, and the number of the choice (empty where there is none)."""
    for written, choices in _samples()["choices"].items():
        if written in text:
            yield from ((f".{i}", text.replace(written, choice)) for i, choice in enumerate(choices, 1))
            return
    yield "", text


def _filled(text: str, draw: random.Random, clause: str) -> str:
    fills: dict[str, list[str]] = _samples()["fills"]
    for gap in sorted(fills, key=len, reverse=True):
        while gap in text:
            text = text.replace(gap, draw.choice(fills[gap]), 1)
    if left := set(text) & set("*/()（）X"):
        raise ValueError(f'{clause}: nothing in {SAMPLES.name} fills "{min(left)}" in: {text}')
    return text


@cache
def _clauses() -> dict[str, dict[str, Any]]:
    return dict(read(CLAUSES)["clauses"])


@cache
def _samples() -> dict[str, Any]:
    return dict(read(SAMPLES))


def read(file: Path) -> Any:
    """What a YAML file holds."""
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))
