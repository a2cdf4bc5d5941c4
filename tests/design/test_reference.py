"""The pages that are made from the code are up to date, and every example of the flow language does what it says."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from make_docs import DOCS, pages
from make_syllables import TARGET, table

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import rehearse
from callflow.flow import located_yaml
from callflow.flow.forms import Entries
from callflow.flow.located_yaml import Mapping, Node, Scalar
from callflow.flow.read import read_flow
from callflow.flow.shapes import FILE, SHAPES

BLOCKS = [
    pytest.param(
        found[1], id=f"line {(DOCS / 'flow-language.md').read_text('utf-8').count(chr(10), 0, found.start()) + 1}"
    )
    for found in re.finditer(r"```yaml\n(.*?)```", (DOCS / "flow-language.md").read_text("utf-8"), re.DOTALL)
]


@pytest.mark.parametrize("path", list(pages()), ids=lambda path: path.name)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == pages()[path], "run scripts/make_docs.py"


def test_the_statistics_of_talk_are_up_to_date() -> None:
    assert TARGET.read_text("utf-8") == table(), "run scripts/make_syllables.py"


def test_every_key_is_in_the_page() -> None:
    page = (DOCS / "flow-language.md").read_text("utf-8")
    assert "<!-- keys:" not in page
    for shape in SHAPES.values():
        for key in shape.keys:
            assert re.search(rf"(?<![\w-]){re.escape(key.name)}[:`]", page), f"{key.name} of {shape.says.en}"


def written(node: Node) -> Any:
    """The tree as JSON, which is YAML: all texts in quotes but what must have none."""
    if isinstance(node, Mapping):
        return {key: written(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Scalar):
        bare = not node.quoted and re.fullmatch(r"true|false|[0-9]+(\.[0-9]+)?", node.value)
        return json.loads(node.value) if bare else node.value
    return [written(item) for item in node.items]


@cache
def _inbound() -> str:
    merged: dict[str, Any] = {}
    for path in sorted((flowfiles.flows_folder() / "inbound").glob("*.yaml")):
        root = located_yaml.load(path.read_text("utf-8"), path.name)[0]
        assert isinstance(root, Mapping)
        for section, content in written(root).items() if not path.name.endswith(flowfiles.REHEARSALS) else ():
            merged.setdefault(section, {}).update(content)
    return json.dumps(merged)


def inbound() -> dict[str, Any]:
    """The inbound flow without its rehearsals, in one; to be changed at will."""
    return cast(dict[str, Any], json.loads(_inbound()))


def rest_of_flow(block: str) -> str:
    """The inbound flow without its rehearsals and without what the example defines itself."""
    own = located_yaml.load(block, "example.yaml")[0]
    assert isinstance(own, Mapping)
    merged = inbound()
    for section, (_, content) in own.entries.items():
        if section == "flow":
            del merged[section]
        elif section in merged and isinstance(content, Mapping):
            merged[section] = {name: one for name, one in merged[section].items() if name not in content.entries}
    return json.dumps(merged, ensure_ascii=False)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_reads_without_a_problem_and_plays(block: str) -> None:
    flow, problems = read_flow({"example.yaml": block, "rest.yaml": rest_of_flow(block)}, "example")
    assert [problem for problem in problems if problem.at.file == "example.yaml"] == []
    assert flow, problems
    if flow.rehearsals:
        plan = Plan.of(flow)
        assert [failure for one in flow.rehearsals for failure in rehearse(one, plan).failures] == []


def test_there_are_examples_of_every_section() -> None:
    shown = "\n".join(str(block.values[0]) for block in BLOCKS)
    for key in FILE.keys:
        if isinstance(key.form, Entries):
            assert re.search(rf"^{key.name}:", shown, re.MULTILINE), key.name
