"""What is taken out of a flow is noticed by a rehearsal, or told of."""

from __future__ import annotations

import pytest
from bundled import bundled_outcomes

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.mutate import Kind, Remembered, mutate
from callflow.design.rehearsal_report import mutants_text
from callflow.design.rehearse import rehearse
from callflow.flow.read import read_flow

FLOW = """
flow: {title: test, start: talk, on: {call.held: hold}}
states:
  talk: {on: {agent hello: more, agent sorry: more}}
  more: {}
  hold: {}
phrases:
  hello: {say: [您好]}
  sorry: {say: [对不起]}
  taboo: {never: [不归我管], better: 我来帮您}
rules:
  greets: {expect: agent hello}
  apologises: {expect: agent sorry}
  reminds: {guidance: true, in: more, expect: agent sorry, prompt: {remind: 请致歉}}
rehearsals:
  - name: one
    call: [agent: 您好, call.held]
    expect: [{finding: greets, verdict: met}, {state: more}, {prompt: 请致歉}]
  - {name: two, call: [agent: 对不起], never: [{finding: greets, verdict: met}, {match: hello}]}
  - {name: fails, call: [agent: 对不起], expect: [{finding: apologises, verdict: missed}]}
  - {phrase: taboo, fires: [这事不归我管], silent: [归我管]}
"""


def unnoticed(source: str, *kinds: Kind) -> dict[str, str]:
    flow, problems = read_flow({"a.yaml": source}, "a")
    assert flow is not None, problems
    plan = Plan.of(flow)
    mutants = mutate(plan, [rehearse(one, plan) for one in flow.rehearsals], kinds or ("rule", "phrase", "transition"))
    return {mutant.name: str(mutant.at) for mutant in mutants if not mutant.noticed}


def test_what_no_rehearsal_notices_is_told_with_its_place() -> None:
    assert unnoticed(FLOW) == {
        "apologises": "a.yaml:13:3",  # a rehearsal that fails anyway is no witness
        "sorry": "a.yaml:9:3",
        "talk: agent sorry → more": "a.yaml:4:34",
        "*: call.held → hold": "a.yaml:2:39",
    }


def test_a_rehearsal_that_names_it_makes_it_noticed() -> None:
    better = FLOW.replace(
        "never: [{finding: greets", "expect: [{finding: apologises}, {state: more}], never: [{finding: greets"
    )
    better = better.replace("{prompt: 请致歉}]", "{prompt: 请致歉}, {state: hold, from: more}]")
    assert unnoticed(better) == {}


def test_where_the_call_came_from_is_part_of_an_expectation() -> None:
    wrong = FLOW.replace("{prompt: 请致歉}]", "{prompt: 请致歉}, {state: hold, from: talk}]")
    flow, _ = read_flow({"a.yaml": wrong}, "a")
    assert flow is not None
    (failure,) = rehearse(flow.rehearsals[0], Plan.of(flow)).failures
    assert "did not come: state hold: from talk" in failure.message.en


def test_the_report_names_and_counts() -> None:
    flow, _ = read_flow({"a.yaml": FLOW}, "a")
    assert flow is not None
    plan = Plan.of(flow)
    mutants = list(mutate(plan, [rehearse(one, plan) for one in flow.rehearsals], ["rule"]))
    told = mutants_text(mutants, 0.5, "en")
    assert "a.yaml:13:3: rule apologises" in told
    assert told.endswith("2 of 3 mutants noticed (4 plays, 0.5 s)")


def test_a_book_that_remembers_says_the_same_and_may_be_deaf() -> None:
    flow, _ = read_flow({"a.yaml": FLOW}, "a")
    assert flow is not None
    plan = Plan.of(flow)
    book = Remembered(plan.book, {})
    for _ in range(2):
        assert book.find("您好，对不起", "agent") == plan.book.find("您好，对不起", "agent")
    assert [hit.phrase for hit in book.deaf_to("hello").find("您好，对不起", "agent")] == ["sorry"]


@pytest.mark.parametrize("name", flowfiles.available())
def test_nothing_can_be_taken_out_of_a_bundled_flow_unnoticed(name: str) -> None:
    mutants = list(mutate(*bundled_outcomes(name)))
    assert [f"{mutant.at}: {mutant.kind} {mutant.name}" for mutant in mutants if not mutant.noticed] == []
