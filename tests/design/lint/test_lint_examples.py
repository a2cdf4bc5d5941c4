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


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (
            "phrases: {a: {say: [这个我不清楚]}, b: {never: [这个我不清楚], better: 我来核实}}",
            ["required-and-forbidden"],
        ),
        (
            'phrases: {a: {say: ["(这个|那个)我不清楚"]}, b: {never: ["(这个|那个)我不清楚"], better: 我来核实}}',
            ["required-and-forbidden"],
        ),
        (
            "phrases: {a: {by: customer, cue: [我要投诉]}, b: {by: customer, cue: [我要投诉]}}\n"
            "situations: {one: {begins: [customer a]}, two: {begins: [customer b]}}",
            ["shared-cue"],
        ),
        (
            "phrases: {a: {by: customer, cue: [转接事业部]}, b: {by: customer, cue: [转接实业部]}}\n"
            "situations: {one: {begins: [customer a]}, two: {begins: [customer b]}}",
            ["shared-cue"],
        ),
        ("phrases: {a: {never: [没办法], better: 没办法就是没办法}}", ["better-is-taboo"]),
    ],
)
def test_one_mistake_is_one_warning(body: str, rules: list[str]) -> None:
    flow, problems = read_flow({"a.yaml": HEAD + body + "\n"}, "f")
    assert flow, problems
    assert [problem.rule for problem in lint(Plan.of(flow))] == rules


def test_a_better_wording_that_is_taboo_is_pointed_at() -> None:
    body = 'phrases:\n  a: {never: [没办法], better: "没办法"}\nrules:\n  r: {never: call.held, better: 没办法}\n'
    flow, problems = read_flow({"a.yaml": HEAD + body}, "f")
    assert flow, problems
    assert [(problem.at.line, problem.at.column) for problem in lint(Plan.of(flow))] == [(4, 30), (6, 33)]
