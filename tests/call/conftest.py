"""Small flows written inline, and calls in the words of rehearsals: what comes of them is asserted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import play, script
from callflow.events import CallContext, Event
from callflow.flow.model import Flow
from callflow.flow.read import read_flow


class Played(Protocol):
    """All outputs of a call of these steps; ``HEAD`` goes before ``sections`` that are no flow of their own."""

    def __call__(self, sections: str, steps: str, context: CallContext | None = None) -> list[Event]: ...


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
    files = {"test.yaml": source} if "\nflow:" in source else {"head.yaml": HEAD, "test.yaml": source}
    flow, problems = read_flow(files, "test")
    assert flow is not None, "\n".join(map(str, problems))
    return flow


@pytest.fixture(scope="session")
def read() -> Callable[[str], Flow]:
    """The flow of sections in YAML, with ``HEAD`` before them."""
    return flow_of


@pytest.fixture(scope="session")
def played() -> Played:
    plans: dict[str, Plan] = {}

    def run(sections: str, steps: str, context: CallContext | None = None) -> list[Event]:
        call = flow_of(f"rehearsals: [{{name: call, call: {steps}}}]").rehearsals[0]
        if sections not in plans:
            plans[sections] = Plan.of(flow_of(sections))
        events = [event for event in script(call.steps) if isinstance(event, Event)]
        return play([context, *events] if context else events, plans[sections])

    return run


@pytest.fixture(scope="session")
def inbound() -> Plan:
    return Plan.of(flowfiles.load("inbound")[0])


@pytest.fixture(scope="session")
def inbound_flow(inbound: Plan) -> Flow:
    return inbound.flow
