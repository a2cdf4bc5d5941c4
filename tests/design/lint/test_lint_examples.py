"""Every check finds what the examples in its docstring say, and nothing in those that pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from types import ModuleType

import pytest

from callflow.call.plan import Plan
from callflow.design.lint import CHECKS, lint
from callflow.flow.read import read_flow

HEAD = "flow: {start: talk}\nstates: {talk: {}}\n"


def examples() -> Iterator[object]:
    for check in CHECKS:
        found = re.findall(r"^(PASS|FAIL):\n((?:    .*\n)+)", check.__doc__ or "", re.MULTILINE)
        assert {verdict for verdict, _ in found} == {"PASS", "FAIL"}, check.__name__
        for number, (verdict, body) in enumerate(found):
            yield pytest.param(check, dedent(body), verdict == "PASS", id=f"{rule(check)}-{verdict}-{number}")


def rule(check: ModuleType) -> str:
    return check.__name__.rpartition(".")[2].replace("_", "-")


@pytest.mark.parametrize(("check", "body", "passes"), list(examples()))
def test_example(check: ModuleType, body: str, passes: bool) -> None:
    flow, problems = read_flow({"a.yaml": HEAD + body}, "f")
    assert flow, problems
    found = [problem for problem in lint(Plan.of(flow)) if problem.rule == rule(check)]
    assert bool(found) != passes
    for problem in found:
        assert problem.at.line
        assert problem.at.column
        assert re.search(r"a\.yaml:\d+:\d+", problem.message.en), "the other place is named"
        assert re.search(r"a\.yaml:\d+:\d+", problem.message.zh)
