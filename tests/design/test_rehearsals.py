"""The flows that come with callflow, against the rehearsals beside them; and the rehearsing itself."""

from __future__ import annotations

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import rehearse, render
from callflow.flow.model import Rehearsal

PLANS = {name: Plan.of(flowfiles.load(name)[0]) for name in flowfiles.available()}
CASES = [
    pytest.param(name, rehearsal, id=f"{rehearsal.at.file.removesuffix('.rehearsals.yaml')}:{rehearsal.name}")
    for name, plan in PLANS.items()
    for rehearsal in plan.flow.rehearsals
]


@pytest.mark.parametrize(("flow", "rehearsal"), CASES)
def test_rehearsal(flow: str, rehearsal: Rehearsal) -> None:
    outcome = rehearse(rehearsal, PLANS[flow])
    assert not outcome.failures, render([outcome], "en")
