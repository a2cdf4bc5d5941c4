"""Slips in real flows other than in keys: every name and choice misspelt in turn, and every line indented wrongly.

Of both a share is tried here, spread over all files of ``flows/inbound``; ``python tests/flow/test_flow_slips.py``
tries all of them and prints what came of it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from slips import slip

from callflow import flowfiles
from callflow.flow import forms
from callflow.flow.forms import Form, Shape
from callflow.flow.located_yaml import Mapping, Node, Scalar, load
from callflow.flow.names import Names
from callflow.flow.read import read_flow
from callflow.flow.shapes import SHAPES
from callflow.problems import Location

SOURCES = {path.name: path.read_text("utf-8") for path in sorted((flowfiles.flows_folder() / "inbound").glob("*.yaml"))}
NEEDED = 0.95
FREE = ("field", "value", "prompt", "promise", "by", "form", "when", "labels")
"""Keys whose value is people's own, or any text."""


def root_of(source: str, file: str = "f") -> Node | None:
    return load(source, file)[0]


# ------------------------------------------------------------------------------------------------------------ names


def names_in(node: Node, shape: Shape) -> Iterator[Scalar]:
    """Every value that names something defined elsewhere, or is one of a few words; found by the declarations."""
    if not isinstance(node, Mapping):
        return
    for key, (_, value) in node.entries.items():
        if key in shape.by_name and key not in FREE:
            yield from of_form(value, shape.by_name[key].form)


def of_form(node: Node, form: Form) -> Iterator[Scalar]:
    items = [node] if isinstance(node, (Scalar, Mapping)) else list(node.items)
    match form:
        case forms.Name() | forms.Choice() | forms.Terms():
            yield from (item for item in items if isinstance(item, Scalar))
        case forms.Expression():
            for item in items:
                yield from [item] if isinstance(item, Scalar) else names_in(item, SHAPES["expression"])
        case forms.Prompts():
            for item in items:
                yield from [item] if isinstance(item, Scalar) else names_in(item, SHAPES["prompt"])
        case forms.Targets() if isinstance(node, Mapping):
            for key, value in node.entries.values():
                yield from [key, value] if isinstance(value, Scalar) else [key]
        case forms.Entries(shape) if isinstance(node, Mapping):
            for _, value in node.entries.values():
                yield from names_in(value, SHAPES[shape])
        case forms.Items(shape):
            for item in items:
                yield from names_in(item, SHAPES[shape])
        case forms.Inside(shape):
            yield from names_in(node, SHAPES[shape])


def misspelt(word: str, turn: int) -> str:
    """The last part of a term (its name) with a slip; what is no name (``after 45s``, ``*``, ``true``) is left."""
    head, blank, name = word.rpartition(" ")
    if head == "after" or len(name) < 2 or name in ("true", "false", "speaks", "heard", "read_back"):
        return word
    return head + blank + slip(name, turn)


def name_slips(share: int) -> Counter[str]:
    """What becomes of every ``share``-th name, misspelt; many at a time, never two in a line."""
    everything = [
        (file, one) for file, source in SOURCES.items() for one in names_in(root(source, file), SHAPES["file"])
    ]
    everything = everything[::share]
    outcomes: Counter[str] = Counter()
    turn = 0
    while everything:
        turn += 1
        taken: dict[tuple[str, int], Scalar] = {}
        left = []
        for file, one in everything:
            if (file, one.at.line) in taken:
                left.append((file, one))
            else:
                taken[file, one.at.line] = one
        everything = left
        outcomes += tried(taken, turn)
    return outcomes


def root(source: str, file: str) -> Mapping:
    found = root_of(source, file)
    assert isinstance(found, Mapping)
    return found


def tried(taken: dict[tuple[str, int], Scalar], turn: int) -> Counter[str]:
    lines = {file: source.split("\n") for file, source in SOURCES.items()}
    wrong: list[tuple[Location, str, str]] = []
    known = every_name()
    outcomes: Counter[str] = Counter()
    for number, ((file, line), one) in enumerate(taken.items()):
        word = misspelt(one.value, turn + number)
        at = one.text_at
        content = lines[file][line - 1]
        if word == one.value or not content[at.column - 1 :].startswith(one.value):
            continue
        if word.rpartition(" ")[2] in known:
            outcomes["another name"] += 1  # JJ-1.1.3 for JJ-1.1.3a: nobody can tell
            continue
        lines[file][line - 1] = content[: at.column - 1] + word + content[at.column - 1 + len(one.value) :]
        wrong.append((one.at, word, one.value))
    _, problems = read_flow({file: "\n".join(rows) for file, rows in lines.items()}, "inbound")
    at_place: dict[tuple[str, int, int], list[Any]] = {}
    for problem in problems:
        at_place.setdefault((problem.at.file, problem.at.line, problem.at.column), []).append(problem)
    for place, word, meant in wrong:
        found = at_place.get((place.file, place.line, place.column), [])
        name = meant.rpartition(" ")[2]
        right = any(
            f'did you mean "{meant}"' in one.message.en or f'did you mean "{name}"' in one.message.en for one in found
        )
        outcomes["suggested" if right else "reported" if found else f"missed {place} {word}"] += 1
    return outcomes


def every_name() -> set[str]:
    names = Names.collect({file: root(source, file) for file, source in SOURCES.items()}, [])
    return {
        *names.phrases,
        *names.states,
        *names.fields,
        *names.groups,
        *names.causes,
        *names.clauses,
        *names.rules,
        *names.situations,
    }


def test_misspelt_names_are_reported_where_they_stand_with_the_one_that_was_meant() -> None:
    outcomes = name_slips(share=12)
    told = outcomes["suggested"] + outcomes["reported"]
    assert told > 200
    assert [one for one in outcomes if one.startswith("missed")] == []
    assert outcomes["suggested"] >= NEEDED * told, outcomes


# ----------------------------------------------------------------------------------------------------------- indents


def plain(node: Node | None) -> Any:
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Scalar) or node is None:
        return node.value if node else None
    return [plain(item) for item in node.items]


def indent_slips(share: int) -> Counter[str]:
    """What becomes of every ``share``-th line, indented by one or two more or less."""
    outcomes: Counter[str] = Counter()
    turn = 0
    for source in SOURCES.values():
        lines = source.split("\n")
        before = plain(root_of(source))
        known = {(one.rule, one.message.en) for one in read_flow({"f": source}, "alone")[1]}
        for row, line in enumerate(lines):
            words = line.lstrip()
            turn += 1
            if turn % share or not words or words.startswith("#"):
                continue
            for more in (-2, -1, 1, 2):
                indent = len(line) - len(words) + more
                if indent >= 0:
                    changed = "\n".join([*lines[:row], " " * indent + words, *lines[row + 1 :]])
                    outcomes[outcome(changed, row + 1, before, known)] += 1
    return outcomes


def outcome(source: str, line: int, before: Any, known: set[tuple[str, str]]) -> str:
    tree, broken = load(source, "f")
    if not broken and plain(tree) == before:
        return "the same"  # the only key of its entry may stand where it likes
    found = [one for one in read_flow({"f": source}, "alone")[1] if (one.rule, one.message.en) not in known]
    near = [one for one in found if abs(one.at.line - line) <= 1]
    if not near:
        return "elsewhere" if found else "missed"
    said = any("indentation" in one.message.en for one in near)
    return ("at the line" if any(one.at.line == line for one in near) else "next to it") + (", said" if said else "")


def test_a_wrong_indent_is_reported_where_it_is_and_called_that() -> None:
    outcomes = indent_slips(share=150)
    outcomes.pop("the same", 0)
    every = outcomes.total()
    assert every > 150
    assert outcomes["missed"] == 0
    assert outcomes["at the line, said"] + outcomes["next to it, said"] >= NEEDED * every, outcomes
    assert outcomes["at the line, said"] >= 0.9 * every, outcomes


if __name__ == "__main__":
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print("names:", dict(name_slips(step)))
    print("indents:", dict(indent_slips(step)))
