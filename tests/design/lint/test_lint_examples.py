"""Every check finds what the examples in its docstring say, and nothing in those that pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from callflow.call.plan import Plan
from callflow.design.lint import CHECKS, inspect, name_of
from callflow.design.reference import example_files, examples
from callflow.flow.read import read_flow
from callflow.problems import Location, Problem

HEAD = "flow: {start: talk, on: {call.hung_up: ended}}\nstates: {talk: {}, ended: {final: true}}\n"


def found_in(sources: dict[str, str]) -> list[Problem]:
    """All that ``callflow lint`` would say."""
    flow, problems = read_flow(sources, "f")
    return inspect(Plan.of(flow) if flow else None, problems, sources)


def marked(body: str) -> Location:
    """The place that the ``^`` of an example stands below."""
    lines = body.splitlines()
    (number,) = [number for number, line in enumerate(lines) if re.fullmatch(r"# *\^", line)]
    return Location("a.yaml", number, lines[number].index("^") + 1)


def every_example() -> Iterator[object]:
    for check in CHECKS:
        found = examples(check)
        assert {passes for passes, _ in found} == {True, False}, check.__name__
        for number, (passes, body) in enumerate(found):
            verdict = "passes" if passes else "fails"
            yield pytest.param(check, body, passes, id=f"{name_of(check)}-{number}-{verdict}")


@pytest.mark.parametrize(("check", "body", "passes"), list(every_example()))
def test_example(check: ModuleType, body: str, passes: bool) -> None:
    found = found_in(example_files(body))
    mine = [problem for problem in found if problem.rule == name_of(check)]
    assert bool(mine) != passes, found
    assert len(mine) <= 1, "one mistake is told once"
    assert {problem.level for problem in found} <= {"warning", "info"} or check.__name__.endswith("unknown_clause")
    assert [problem.at for problem in mine] == ([] if passes else [marked(body)])
    for problem in mine:
        assert re.search("[一-鿿]", problem.message.zh)
        for at in problem.related:
            assert at.file == "a.yaml"
            assert at.line


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
    found = [
        one.rule
        for one in found_in({"a.yaml": HEAD + body + "\n"})
        if one.rule not in ("unused-phrase", "loose-phrase")
    ]
    assert found == rules


def test_a_better_wording_that_is_taboo_is_pointed_at() -> None:
    body = 'phrases:\n  a: {never: [没办法], better: "没办法"}\nrules:\n  r: {never: call.held, better: 没办法}\n'
    found = [one for one in found_in({"a.yaml": HEAD + body}) if one.rule == "better-is-taboo"]
    assert [(problem.at.line, problem.at.column) for problem in found] == [(4, 30), (6, 33)]
    assert [at.line for problem in found for at in problem.related] == [4, 4]
