"""Small flows written inline, and calls in the words of rehearsals: what comes of them is asserted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import play, script
from callflow.events import Event
from callflow.flow.model import Flow
from callflow.flow.read import read_flow

Played = Callable[[str, str], list[Event]]

HEAD = """
flow:
  title: test
  start: talk
  on: {call.held: hold.waiting, call.resumed: talk}
states:
  talk: {title: talk}
  hold: {states: {waiting: {title: waiting}, back: {title: back}}}
phrases:
  hello: {say: [您好]}
  sorry: {say: [对不起]}
  why: {say: [我去核实一下]}
  bye: {say: [谢谢您的来电]}
  rude: {never: [你问我我问谁], better: 我帮您查}
  yes: {by: customer, cue: [可以的]}
  no: {by: customer, cue: [我不同意]}
"""


def flow_of(source: str) -> Flow:
    flow, problems = read_flow({"head.yaml": HEAD, "test.yaml": source}, "test")
    assert flow is not None, "\n".join(map(str, problems))
    return flow


@pytest.fixture(scope="session")
def played() -> Played:
    """``played(sections, steps)``: all outputs of a call of these steps, on a small flow with these sections added."""
    plans: dict[str, Plan] = {}

    def run(sections: str, steps: str) -> list[Event]:
        call = flow_of(f"rehearsals: [{{name: call, call: {steps}}}]").rehearsals[0]
        if sections not in plans:
            plans[sections] = Plan.of(flow_of(sections))
        events = list(script(call.steps))
        return play([event for event in events if isinstance(event, Event)], plans[sections])

    return run


@pytest.fixture(scope="session")
def inbound() -> Plan:
    return Plan.of(flowfiles.load("inbound")[0])
