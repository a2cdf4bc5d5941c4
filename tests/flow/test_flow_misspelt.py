"""Every key of every section, misspelt in turn in real flows, is reported where it stands with the key that was meant.

The keys are found by walking the files; what a person may name freely (phrases, states, variables …) and what is
checked as a term (the left sides of ``on``) is told apart by where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slips import slip

from callflow import flowfiles
from callflow.flow.located_yaml import Mapping, Node, Scalar, Sequence, load
from callflow.flow.read import read_flow
from callflow.problems import Location, Problem

FLOWS = flowfiles.flows_folder()
EVERY_KEY = Path(__file__).parent / "every_key.yaml"
SOURCES = {path.relative_to(FLOWS).as_posix(): path.read_text("utf-8") for path in sorted(FLOWS.rglob("*.yaml"))}
SOURCES[EVERY_KEY.name] = EVERY_KEY.read_text("utf-8")
NAMED = {
    *("phrases", "rules", "groups", "causes", "clauses", "slots", "fields", "states", "situations"),
    *("variables", "on"),
}
"""Sections in which the keys are names of people's own."""
ENTRY_LISTS = {"rehearsals"}

Key = tuple[str, Scalar]
"""The entry of the file that a key belongs to, and the key."""


def keys_of(node: Node, entry: str = "", parent: str = "") -> Iterator[Key]:
    """Every key that the language defines, with the phrase, rule, rehearsal … that it stands in."""
    if isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from keys_of(item, f"{parent}/{number}" if parent in ENTRY_LISTS else entry, "")
    if isinstance(node, Mapping):
        for key, value in node.entries.values():
            if parent not in NAMED:
                yield entry, key
            inside = f"{parent}/{key.value}" if parent in NAMED and "states" not in entry else entry
            yield from keys_of(value, inside or key.value, "" if parent in NAMED else key.value)


def rounds(source: str) -> list[list[Scalar]]:
    """All keys of a file in rounds of one key for each entry, so that one slip cannot hide another."""
    root, problems = load(source, "file")
    assert root is not None
    assert problems == []
    by_entry: dict[str, list[Scalar]] = {}
    for entry, key in keys_of(root):
        by_entry.setdefault(entry, []).append(key)
    sections = by_entry.pop("")  # a misspelt section hides what is in it: a round of their own
    longest = max(map(len, by_entry.values()))
    return [sections, *([keys[turn] for keys in by_entry.values() if turn < len(keys)] for turn in range(longest))]


def misspelt(source: str, keys: list[Scalar], turn: int) -> tuple[str, list[tuple[Location, str, str]]]:
    """``source`` with these keys misspelt; where each now stands, what is written there, and what was meant."""
    lines = source.split("\n")
    wrong: list[tuple[Location, str, str]] = []
    moved: dict[int, int] = {}
    for number, key in enumerate(sorted(keys, key=lambda key: key.at)):
        word = slip(key.value, turn + number)
        line, column = key.at.line, key.at.column + moved.get(key.at.line, 0)
        content = lines[line - 1]
        assert content[column - 1 :].startswith(key.value)
        lines[line - 1] = content[: column - 1] + word + content[column - 1 + len(key.value) :]
        moved[line] = moved.get(line, 0) + len(word) - len(key.value)
        wrong.append((Location(key.at.file, line, column), word, key.value))
    return "\n".join(lines), wrong


def judged(file: str) -> Iterator[tuple[Location, str, str, list[Problem]]]:
    """Each misspelt key of a file with the Problems at its place."""
    for turn, keys in enumerate(rounds(SOURCES[file])):
        source, wrong = misspelt(SOURCES[file], keys, turn)
        _, problems = read_flow({file: source}, "alone")  # names of other files are unknown then; keys are not
        at_place: dict[tuple[int, int], list[Problem]] = {}
        for problem in problems:
            at_place.setdefault((problem.at.line, problem.at.column), []).append(problem)
        for place, word, meant in wrong:
            yield place, word, meant, at_place.get((place.line, place.column), [])


def test_the_flows_themselves_have_no_problems() -> None:
    flows: dict[str, dict[str, str]] = {}
    for name, source in SOURCES.items():
        flows.setdefault(name.rpartition("/")[0], {})[name] = source
    assert {"inbound", ""} <= set(flows)
    for folder, sources in flows.items():
        flow, problems = read_flow(sources, folder)
        assert problems == []
        assert flow is not None


def test_one_flow_uses_every_key_of_the_language() -> None:
    """So that the test below leaves none out."""
    used = {name: {key.value for turn in rounds(source) for key in turn} for name, source in SOURCES.items()}
    assert set.union(*used.values()) == used[EVERY_KEY.name]


@pytest.mark.parametrize("file", SOURCES)
def test_every_misspelt_key_is_reported_where_it_stands(file: str) -> None:
    count = 0
    suggested = 0
    for place, word, meant, problems in judged(file):
        count += 1
        unknown = [problem for problem in problems if problem.rule == "unknown-key"]
        assert len(unknown) == 1, (str(place), word, meant, problems)
        assert f'"{word}"' in unknown[0].message.en
        suggested += (
            f'did you mean "{meant}"' in unknown[0].message.en and f"是否想写“{meant}”" in unknown[0].message.zh
        )
    assert count > 0
    assert suggested >= 0.95 * count, (suggested, count)
