"""The flows that come with callflow, against the rehearsals beside them."""

from __future__ import annotations

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearsal_report import render
from callflow.design.rehearse import rehearse
from callflow.flow.model import Shape
from callflow.flow.reading import as_said
from callflow.flow.rehearsal import Rehearsal

PLANS = {name: Plan.of(flowfiles.load(name)[0]) for name in flowfiles.available()}
CASES = [
    pytest.param(name, rehearsal, id=f"{rehearsal.at.file.removesuffix('.rehearsals.yaml')}:{rehearsal.name}")
    for name, plan in PLANS.items()
    for rehearsal in plan.flow.rehearsals
]
FORBIDS = {Shape.ABSENCE, Shape.NOT_SUCCESSION}


@pytest.mark.parametrize(("flow", "rehearsal"), CASES)
def test_rehearsal(flow: str, rehearsal: Rehearsal) -> None:
    outcome = rehearse(rehearsal, PLANS[flow])
    assert not outcome.failures, render([outcome], "en")


@pytest.mark.parametrize("name", PLANS)
def test_every_rule_is_rehearsed_both_ways(name: str) -> None:
    flow = PLANS[name].flow
    rehearsed = {
        (one.name, one.value)
        for rehearsal in flow.rehearsals
        for one in rehearsal.expect
        if one.what == "finding" and not one.absent
    }
    scored = [rule for rule in flow.rules.values() if not rule.guidance and rule.not_assessed is None]
    wanted = {(rule.name, "met") for rule in scored}
    wanted |= {(rule.name, "violated" if rule.shape in FORBIDS else "missed") for rule in scored}
    wanted |= {(phrase.name, "violated") for phrase in flow.phrases.values() if phrase.kind == "never"}
    assert wanted - rehearsed == set()


@pytest.mark.parametrize("name", PLANS)
def test_no_line_that_the_flow_suggests_is_forbidden_by_it(name: str) -> None:
    plan = PLANS[name]
    lines = [
        as_said(wording) for phrase in plan.flow.phrases.values() if phrase.kind == "say" for wording in phrase.wordings
    ]
    lines += [phrase.better for phrase in plan.flow.phrases.values() if phrase.better]
    lines += [rule.prompt.text for rule in plan.flow.rules.values() if rule.prompt]
    lines += [prompt.text for state in plan.flow.states.values() for prompt in state.prompts]
    for line in lines:
        hits = plan.book.find(line, "agent")
        assert [hit.phrase for hit in hits if plan.flow.phrases[hit.phrase].kind == "never"] == [], line
