"""The JSON Schema takes every flow that reads, and refuses what a schema can see to be wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from callflow import flowfiles
from callflow.design.schema import schema
from callflow.flow import located_yaml
from callflow.flow.located_yaml import Mapping, Node, Scalar
from callflow.flow.read import read_flow

VALIDATOR = Draft202012Validator(schema())
TESTS = Path(__file__).parent.parent / "flow"
FLOWS = [*sorted(flowfiles.flows_folder().rglob("*.yaml")), TESTS / "every_key.yaml"]
CASES = sorted((TESTS / "cases").glob("*.yaml"))
MARK = re.compile(r"^#(?: *\^|<) (?P<rule>[a-z-]+): ")
SEEN = {"unknown-key", "wrong-kind", "wrong-choice", "wrong-number", "missing-key"}
"""Rules of the reader that are about the shape of one place; the rest hangs on names, or on several keys together."""
UNSEEN = {
    ("slots", "upside", "most"): "hangs on least",
    ("fields", "单号", "most"): "hangs on least",
    ("rules", "r9", "count"): "hangs on never",
    ("phrases", "promises", "promise"): "to an editor yes and 'yes' are the same",
}


def plain(node: Node) -> Any:
    """The tree as an editor's YAML reader has it: what is not quoted may be a number, a yes or no, or nothing."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if not isinstance(node, Scalar):
        return [plain(item) for item in node.items]
    if node.quoted:
        return node.value
    if re.fullmatch(r"[-+]?[0-9]+", node.value):
        return int(node.value)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", node.value):
        return float(node.value)
    return {"true": True, "false": False, "null": None, "~": None, "": None}.get(node.value, node.value)


def tree(path: Path) -> Node:
    root, problems = located_yaml.load(path.read_text("utf-8"), path.name)
    assert root is not None
    assert not [one for one in problems if one.rule not in ("yaml-duplicate", "yaml-indent")], problems
    return root


def places(node: Node) -> dict[tuple[int, int], tuple[str | int, ...]]:
    """The path of every key and value, by where it stands."""
    found: dict[tuple[int, int], tuple[str | int, ...]] = {}

    def walk(node: Node, path: tuple[str | int, ...]) -> None:
        found.setdefault((node.at.line, node.at.column), path)
        if isinstance(node, Mapping):
            for key, (name, value) in node.entries.items():
                found[name.at.line, name.at.column] = (*path, key)
                walk(value, (*path, key))
        elif not isinstance(node, Scalar):
            for number, item in enumerate(node.items):
                walk(item, (*path, number))

    walk(node, ())
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_schema_is_one(language: str) -> None:
    made = schema(language)
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_everything_is_described_in_both_languages() -> None:
    def described(made: Any) -> list[str]:
        if isinstance(made, list):
            return [one for item in made for one in described(item)]
        if not isinstance(made, dict):
            return []
        own = []
        for name, value in made.get("properties", {}).items():
            assert value["description"], name
            own.append(value["description"])
        return own + [one for value in made.values() for one in described(value)]

    en, zh = described(schema("en")), described(schema("zh"))
    assert len(en) == len(zh) > 100
    assert all(re.search("[一-鿿]", one) for one in zh)
    assert not any(re.search("[一-鿿]", one) for one in en)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_that_reads_is_valid(path: Path) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(plain(tree(path)))]
    assert errors == []


def wrong_shapes() -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in CASES if any(rule in SEEN for _, rule in marks(path))]


def marks(path: Path) -> list[tuple[tuple[int, int], str]]:
    found, line = [], 0
    for number, content in enumerate(path.read_text("utf-8").splitlines(), 1):
        if mark := MARK.match(content):
            found.append(((line, 1 if content.startswith("#<") else content.index("^") + 1), mark["rule"]))
        else:
            line = number
    return found


@pytest.mark.parametrize("path", wrong_shapes())
def test_a_wrong_shape_is_refused_where_it_is(path: Path) -> None:
    """Each mistake that the reader tells of is in a part (an entry, a section) that the schema refuses as well."""
    root = tree(path)
    wrong = {tuple(error.absolute_path)[:2] for error in VALIDATOR.iter_errors(plain(root))}
    wrong |= {(one,) for error in VALIDATOR.iter_errors(plain(root)) for one in unexpected(error.message)}
    where = places(root)
    missed = [
        (place, rule, where[place])
        for place, rule in marks(path)
        if rule in SEEN
        and place in where
        and where[place] not in UNSEEN
        and not any(where[place][: len(one)] == one for one in wrong if one)
    ]
    assert missed == []


def unexpected(message: str) -> list[str]:
    """The keys that a message calls too many."""
    return re.findall(r"'([^']*)'", message.partition("(")[2]) if "unexpected" in message else []


READ_ALIKE = """\
flow: {start: talk}
states: {talk: {title: 通话}}
phrases:
  hello: {say: SAY}
rules:
  r: {after: call.ringing, expect: agent hello, within: WITHIN}
"""


@pytest.mark.parametrize(
    ("say", "within", "reads"),
    [
        ("您好", "5s", True),
        ("您好", "2 Min", True),
        ("您好", "3 RINGS", True),
        ("您好", "0.5 S", True),
        ("您好", "5", True),
        ("您好", "0s", False),
        ("您好", "0.0 min", False),
        ("您好", "0", False),
        ("您好", "2 hours", False),
        ("[]", "5s", False),
        ('" "', "5s", False),
        ('[您好, ""]', "5s", False),
    ],
)
def test_reader_and_schema_agree(say: str, within: str, reads: bool) -> None:
    source = READ_ALIKE.replace("SAY", say).replace("WITHIN", within)
    flow, _ = read_flow({"a.yaml": source}, "f")
    root, _ = located_yaml.load(source, "a.yaml")
    assert root
    assert (flow is not None) == reads
    assert VALIDATOR.is_valid(plain(root)) == reads
