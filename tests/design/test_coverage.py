"""What serves a clause, and what is said to be missing."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from callflow.call.plan import Plan
from callflow.design import coverage_table
from callflow.design.coverage import Row, as_spoken, coverage
from callflow.flow.read import read_flow

CLAUSES = """
clauses:
  A-1: {kind: say, when: hold, text: [对不起，让您久等了]}
  A-2: {kind: taboo, when: any, text: [这事不归我管]}
  A-3: {kind: step, when: hold, need: ask for consent}
  A-4: {kind: tip, when: hold, need: smile}
  A-5: {kind: conduct, when: any, need: do not interrupt}
  A-6: {kind: out, need: dress}
"""
SERVED = """
flow: {start: talk, on: {call.resumed: hold}}
phrases:
  sorry: {refs: [A-1], say: [让您久等了]}
  mine: {refs: [A-2], never: [这事不归我管], better: 我来处理, unless: ["是不是{x}这事不归我管", 客户说这事不归我管]}
slots: {x: {least: 0, most: 4}}
rules:
  consent: {refs: [A-3], after: call.resumed, expect: agent sorry, within: 5s}
  interrupt: {refs: [A-5], not_assessed: {zh: 无法判断, en: cannot be told}}
states:
  talk: {}
  hold: {refs: [A-4], prompts: [sorry, {tip: 微笑, refs: [A-4]}]}
rehearsals:
  - name: hold
    call: [call.answered, call.resumed, {agent: 让您久等了}]
    expect: [{match: sorry}, {finding: consent}, {prompt: 微笑}]
  - {name: end, call: [call.answered], expect: [{finding: interrupt}]}
  - {phrase: mine, fires: [这事不归我管], silent: [是不是说这事不归我管, 客户说这事不归我管]}
"""


def rows(flow: str) -> dict[str, Row]:
    read, problems = read_flow({"clauses.yaml": CLAUSES, "flow.yaml": flow}, "f")
    assert read, problems
    return {row.clause.id: row for row in coverage(Plan.of(read))}


def missing(flow: str) -> dict[str, list[str]]:
    return {name: [one.en for one in row.open] for name, row in rows(flow).items() if row.open}


def test_all_is_served_and_each_place_is_named() -> None:
    assert missing(SERVED) == {}
    served = rows(SERVED)["A-1"].served
    assert {column: [at.line for at in places] for column, places in served.items()} == {
        "phrase": [4], "rule": [], "prompt": [8, 12], "rehearsal": [14], "state": [12],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cut", "instead", "clause", "what"),
    [
        ("refs: [A-1], say", "say", "A-1", "no phrase"),
        ("say: [让您久等了]", "say: [请稍等]", "A-1", "no phrase of it hears “对不起，让您久等了”"),
        ("prompts: [sorry, ", "prompts: [", "A-1", "no state"),
        ("[{match: sorry}, {finding: consent}, {prompt: 微笑}]", "[{state: hold}]", "A-3", "no rehearsal"),
        ("never: [这事不归我管]", "never: [你找别人吧]", "A-2", "no phrase of it hears “这事不归我管”"),
        ("fires: [这事不归我管], ", "", "A-2", "mine is never rehearsed"),
        ("silent: [是不是说这事不归我管, ", "silent: [", "A-2", "mine has 1 near misses, and needs 2"),
        ("refs: [A-3], after", "after", "A-3", "no rule"),
        ("{tip: 微笑, refs: [A-4]}", "{tip: 微笑}", "A-4", "no prompt"),
        ("refs: [A-5], not", "not", "A-5", "no rule or phrase"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(cut: str, instead: str, clause: str, what: str) -> None:
    assert cut in SERVED
    assert what in missing(SERVED.replace(cut, instead, 1))[clause]


@pytest.mark.parametrize(
    ("line", "spoken"),
    [
        ("先生/小姐，请您使用文明语言", "先生，请您使用文明语言"),
        ("请我上司***先生/小姐跟你谈谈好吗？", "请我上司王先生跟你谈谈好吗？"),
        ("***先生(小姐)，让您久等了", "王先生，让您久等了"),
        ("你找XX地方问去！", "你找王地方问去！"),
        ("祝您周末愉快/***节快乐，再见！", "祝您周末愉快，再见！"),
    ],
)
def test_a_line_of_the_guides_as_it_is_spoken(line: str, spoken: str) -> None:
    assert as_spoken(line, "王") == spoken


def table(width: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width)
    console.print(coverage_table.shown(list(rows(SERVED).values()), "en", console), soft_wrap=True)
    return out.getvalue()


@pytest.mark.parametrize("width", [200, 90, 60, 30])
def test_every_clause_is_shown_with_its_places_whole(width: int) -> None:
    shown = table(width)
    for row in rows(SERVED).values():
        assert row.clause.id in shown
        for place in (places[0] for places in row.served.values() if places):
            name = place.file.removesuffix(".yaml")
            assert re.search(rf"\b{name}(\.yaml)?:{place.line}\b", shown)
    assert ("clause" in shown.splitlines()[0]) == (width >= 90)
    if width >= 60:
        assert max(map(len, shown.splitlines())) <= width


def test_a_call_about_something_else_is_no_near_miss() -> None:
    call = "  - {name: other, call: [call.answered, {agent: 您好}], never: [{match: mine}]}\n"
    assert "silent: [是不是说这事不归我管, " in SERVED
    flow = SERVED.replace("silent: [是不是说这事不归我管, ", "silent: [", 1) + call
    assert missing(flow) == {"A-2": ["mine has 1 near misses, and needs 2"]}
