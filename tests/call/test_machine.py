"""Which state a call is in: transitions, states within states, detours and time-outs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import AgentAction, CallAnswered, Event, Prompt, State, Tick

Played = Callable[..., list[Event]]

FLOW = """
flow:
  title: test
  start: ringing
  on:
    call.answered: talk
    call.held: hold
    call.hung_up: ended
    customer lost: outside
phrases:
  order: {say: [您要发货]}
  quiet: {say: [请您安静]}
  lost: {by: customer, cue: [我打错了]}
states:
  ringing: {title: ringing}
  talk:
    title: talk
    on: {agent order: talk.order, after 10s: silent}
    states:
      open: {title: open, prompts: [{ask: 请问您要办什么}]}
      order: {title: order, prompts: [{remind: 登记五项信息}], on: {agent order: talk.more}}
      more: {title: more}
    prompts: [{tip: 多听少说}]
  hold:
    title: hold
    detour: true
    on: {call.resumed: previous}
    states:
      waiting: {title: waiting, on: {agent quiet: hold.quiet}}
      quiet: {title: quiet}
  silent: {title: silent, detour: true, on: {customer speaks: previous}}
  outside: {title: outside}
  ended: {title: ended, final: true}
"""


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("[call.answered]", "ringing talk.open"),
        ("[call.answered, call.answered]", "ringing talk.open"),
        ("[call.answered, agent: 您要发货。]", "ringing talk.open talk.order"),
        ("[call.answered, agent: 您要发货。, agent: 您要发货。]", "ringing talk.open talk.order talk.more"),
        ("[call.answered, customer: 您要发货。]", "ringing talk.open"),
        ("[call.answered, customer: 我打错了。]", "ringing talk.open outside"),
        ("[call.resumed]", "ringing"),
        ("[call.held, call.resumed]", "ringing hold.waiting ringing"),
        (
            "[call.answered, agent: 您要发货。, call.held, agent: 请您安静。, call.resumed]",
            "ringing talk.open talk.order hold.waiting talk.order",  # what is said on hold leads nowhere
        ),
        ("[call.answered, call.held, call.held, call.resumed]", "ringing talk.open hold.waiting talk.open"),
        ("[call.answered, wait: 12s, customer: 喂喂喂。]", "ringing talk.open silent talk.open"),
        ("[call.answered, wait: 8s, customer: 喂喂喂。, wait: 8s]", "ringing talk.open"),
        ("[call.answered, wait: 8s, customer: 喂喂喂。, wait: 12s]", "ringing talk.open silent"),
        (
            "[call.answered, wait: 8s, call.held, wait: 8s, call.resumed, wait: 8s]",
            "ringing talk.open hold.waiting talk.open",
        ),
        ("[call.answered, call.hung_up agent, call.answered, call.held]", "ringing talk.open ended"),
    ],
)
def test_the_path_of_a_call(played: Played, call: str, path: str) -> None:
    states = [output for output in played(FLOW, call) if isinstance(output, State)]
    assert " ".join(state.to for state in states) == path
    assert [state.from_ for state in states] == ["", *path.split()[:-1]]


def test_prompts_live_as_long_as_their_state(played: Played) -> None:
    prompts = [
        (output.text, output.status)
        for output in played(FLOW, "[call.answered, agent: 您要发货。, call.hung_up agent]")
        if isinstance(output, Prompt)
    ]
    assert prompts == [
        ("多听少说", "shown"),
        ("请问您要办什么", "shown"),
        ("请问您要办什么", "withdrawn"),
        ("登记五项信息", "shown"),
        ("多听少说", "withdrawn"),
        ("登记五项信息", "withdrawn"),
    ]


def test_the_agent_names_the_situation(inbound: Plan) -> None:
    guide = Guide(inbound)
    guide.feed(CallAnswered(at=0.0))
    named = guide.feed(AgentAction(at=1.0, action="situation", target="order"))
    assert [(output.to, output.because) for output in named if isinstance(output, State)] == [
        ("order.intake", "agent.action")
    ]
    assert guide.feed(AgentAction(at=2.0, action="situation", target="order")) == []
    assert guide.feed(AgentAction(at=3.0, action="situation", target="nowhere")) == []


def test_a_time_out_happens_at_its_own_time(inbound: Plan) -> None:
    guide = Guide(inbound)
    guide.feed(CallAnswered(at=5.0))
    late = next(output for output in guide.feed(Tick(at=60.0)) if isinstance(output, State))
    assert (late.to, late.at, late.because) == ("no-voice", 17.0, "after 12 s")
