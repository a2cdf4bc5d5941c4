"""The lines of ``cases.yaml``: what must be found in which words, and what must stay silent."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from callflow.flow.model import Phrase, Slot
from callflow.phrases.book import Book
from callflow.problems import Location

GROUPS: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("cases.yaml"))
LINES = [
    pytest.param(group, line, id=f"{group['group']}: {line.get('text') or line['sounds']}")
    for group in GROUPS
    for line in group["lines"]
]


def book_of(group: dict[str, Any]) -> Book:
    phrases = [
        Phrase(
            name=name,
            kind=spec["kind"],
            wordings=tuple(spec["say"]),
            at=Location("cases.yaml"),
            by=spec.get("by", "agent"),
            unless=tuple(spec.get("unless", ())),
            boundary=spec.get("boundary", "anywhere"),
        )
        for name, spec in group["phrases"].items()
    ]
    slots = {name: Slot(name, *length) for name, length in group.get("slots", {}).items()}
    return Book(phrases, slots)


@pytest.mark.parametrize(("group", "line"), LINES)
def test_case(group: dict[str, Any], line: dict[str, Any]) -> None:
    heard = line.get("text") or line["sounds"].split()
    hits = book_of(group).find(heard, line.get("speaker", "agent"))
    assert {hit.phrase: hit.said for hit in hits} == line.get("hits", {})
    assert len(hits) == len(line.get("hits", {}))
