"""What of a flow its rehearsals bring about, and what they leave out, with its place."""

from __future__ import annotations

import pytest
from bundled import bundled_outcomes

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import rehearse
from callflow.design.rehearsed import Item, data, rehearsed, table
from callflow.flow.read import read_flow

FLOW = """
flow: {title: test, start: talk, on: {call.held: hold, call.hung_up agent: ended}}
states:
  talk: {on: {agent hello: more, after 20s: more}}
  more: {states: {inner: {}}}
  hold: {detour: true, on: {call.resumed: previous, agent sorry: previous}}
  ended: {final: true}
phrases:
  hello: {say: [您好]}
  sorry: {say: [对不起]}
  taboo: {never: [不归我管], better: 我来帮您}
rules:
  greets: {expect: agent hello, group: g}
  apologises: {after: call.resumed, expect: agent sorry, within: 5s}
  guides: {guidance: true, in: hold, expect: agent sorry}
  tone: {title: {zh: 态度, en: tone}, not_assessed: {zh: 听不出来, en: nobody can tell}}
groups: {g: {title: g, weight: 1}}
rehearsals:
  - {name: one, call: [agent: 您好, call.held, call.resumed, wait: 9s, call.hung_up agent]}
  - {phrase: taboo, fires: [这事不归我管]}
"""


def items(source: str = FLOW) -> list[Item]:
    flow, problems = read_flow({"a.yaml": source}, "a")
    assert flow is not None, problems
    plan = Plan.of(flow)
    return rehearsed([rehearse(one, plan) for one in flow.rehearsals], flow)


def still_open(found: list[Item]) -> dict[str, list[str]]:
    return {f"{item.kind} {item.name}": [one.en for one in item.open] for item in found if item.open}


def test_what_never_came_is_told() -> None:
    assert still_open(items()) == {
        "transition talk: after 20 s → more": ["never taken"],
        "transition hold: agent sorry → previous": ["never taken"],
        "phrase sorry": ["never said"],
        "rule greets": ["never missed"],
        "rule apologises": ["never met"],
    }


def test_every_part_of_the_flow_is_counted_with_its_place() -> None:
    found = items()
    assert {item.kind: sum(one.kind == item.kind for one in found) for item in found} == {
        "state": 5,
        "transition": 6,
        "phrase": 3,
        "rule": 4,
    }
    assert all(item.at.file == "a.yaml" and item.at.line for item in found)


def test_a_transition_by_hand_is_none_of_the_flows() -> None:
    by_hand = FLOW.replace(
        "[agent: 您好, call.held", "[{event: agent.action, action: situation, target: more}, call.held"
    )
    assert "transition talk: agent hello → more" in still_open(items(by_hand))


def test_the_table_counts_and_names_places() -> None:
    for language, states, unmet in (
        ("en", "states", "rule greets: never missed"),
        ("zh", "状态", "规则 greets: 从未缺失"),
    ):
        lines = table(items(), language).splitlines()
        assert lines[0].split()[:4] == [states, "5", "/", "5"]
        assert any(line.startswith(f"  a.yaml:13:3: {unmet}") for line in lines)


def test_the_data_has_every_item() -> None:
    found = data(items())
    assert (found["rule"]["rehearsed"], found["rule"]["of"]) == (2, 4)
    assert {"name": "taboo", "at": "a.yaml:11:3", "times": 1, "open": []} in found["phrase"]["items"]


@pytest.mark.parametrize("name", flowfiles.available())
def test_bundled_flows_are_rehearsed_in_every_part(name: str) -> None:
    plan, outcomes = bundled_outcomes(name)
    assert still_open(rehearsed(outcomes, plan.flow)) == {}
