"""Situations: what begins and ends them, what they show, and what they lead to (``situations.yaml``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from callflow.call.plan import Plan
from callflow.design.rehearse import play, script
from callflow.events import Event, Finding, Prompt, Situation, State
from callflow.flow.read import read_flow

DATA: dict[str, Any] = YAML(typ="safe").load((Path(__file__).parent / "situations.yaml").read_text("utf-8"))


def plan_with(steps: Any) -> Plan:
    """The flow of the cases, with one call as its rehearsal."""
    call = json.dumps({"rehearsals": [{"name": "case", "call": steps}]}, ensure_ascii=False)
    flow, problems = read_flow({"flow.yaml": DATA["flow"], "case.yaml": call}, "test")
    assert flow is not None, problems
    return Plan.of(flow)


def comings_and_goings(outputs: Iterable[Event]) -> Iterator[str]:
    """Each prompt when it is shown and when it ends; not when only its deadline changes."""
    on_screen: set[str] = set()
    for output in outputs:
        if isinstance(output, Prompt):
            if output.status != "shown" or output.id not in on_screen:
                yield f"{output.text} {output.status}"
            (on_screen.add if output.status == "shown" else on_screen.discard)(output.id)


@pytest.mark.parametrize("case", DATA["cases"], ids=[case["name"] for case in DATA["cases"]])
def test_case(case: dict[str, Any]) -> None:
    plan = plan_with(case["call"])
    events = [event for event in script(plan.flow.rehearsals[0].steps) if isinstance(event, Event)]
    outputs = play(events, plan)
    if "situations" in case:
        came = [f"{o.name} {o.status} {o.because}" for o in outputs if isinstance(o, Situation)]
        assert len(came) == len(case["situations"]), came
        assert all(map(str.startswith, came, case["situations"])), came
    if "prompts" in case:
        assert list(comings_and_goings(outputs)) == case["prompts"]
    if "findings" in case:
        found = [f"{o.rule} {o.verdict}" for o in outputs if isinstance(o, Finding)]
        assert [one for one in found if one != "no-slip met"] == case["findings"]
    if "states" in case:
        assert [output.to for output in outputs if isinstance(output, State)] == case["states"]
