"""A real call becomes a rehearsal that passes as it was recorded."""

from __future__ import annotations

import pytest
from bundled import NAMES, events

from callflow import flowfiles
from callflow.call.hiding import MARKS, Hider
from callflow.call.plan import Plan
from callflow.design.expectations import describe
from callflow.design.record import record
from callflow.design.rehearse import rehearse, script
from callflow.errors import BadInput
from callflow.events import CallAnswered, CallContext, CallHungUp, Event, Gap, Heard, Silence, Tick
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.flow.rehearsal import Rehearsal


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.of(flowfiles.load("inbound")[0])


def read_back(*written: str) -> tuple[Flow, list[Rehearsal]]:
    """The rehearsals as a person would put them beside the flow."""
    sources = flowfiles.read_sources("inbound", rehearsals=False)
    made = {f"made{number}.rehearsals.yaml": yaml for number, yaml in enumerate(written)}
    flow, problems = read_flow({**sources.texts, **made}, "inbound")
    assert flow is not None, "\n".join(map(str, problems))
    assert [problem for problem in problems if problem.at.file in made] == []
    return flow, list(flow.rehearsals)


def test_every_bundled_call_comes_back_as_it_was(plan: Plan) -> None:
    made = [record(events(name), plan, name) for name in NAMES]
    assert [one.left_out for one in made] == [()] * len(NAMES)
    flow, rehearsals = read_back(*(one.yaml for one in made))
    assert sorted(one.name for one in rehearsals) == NAMES
    again = Plan.of(flow)
    assert [failure for one in rehearsals for failure in rehearse(one, again).failures] == []
    told = {describe(one) for one in rehearsals[NAMES.index("faulty")].expect}
    assert {"finding not-my-job: violated", "state hold.waiting", "state ended"} <= told
    assert any(one.startswith("prompt ") for one in told)


SPOKEN: list[Event] = [
    CallContext(at=0.0, date="2026-10-01T09:30"),
    CallAnswered(at=1.0),
    Heard(
        at=3.0,
        speaker="agent",
        text="您好，国资商城物流事业部，请问联系电话是多少？",
        start=1.5,
        end=2.8,
        utterance="a1",
    ),
    Heard(at=6.0, speaker="customer", text="电话是13812345678。", start=3.5, end=5.8, utterance="c1"),
    Heard(at=9.0, speaker="agent", text="联系电话13812345678，对吗？", start=6.2, end=8.8, utterance="a2"),
    Heard(at=10.0, speaker="customer", text="对。", start=9.4, end=9.8, utterance="c2"),
    Silence(at=16.0, start=10.0, end=16.0),
    Heard(at=17.0, speaker="agent", text='他说"好: 可以", 行吧', start=16.1, end=16.9, utterance="a3"),
    CallHungUp(at=19.0, by="customer"),
]


MISSED: list[Event] = [
    CallAnswered(at=1.0),
    Heard(at=5.0, speaker="customer", text="你好，我想问一下", start=3.0, end=4.8, utterance="c1"),
]


@pytest.mark.parametrize("length", [30.0, 31.4])
def test_what_is_missed_while_nothing_more_happens_is_in_it(plan: Plan, length: float) -> None:
    """A call that was tried out often ends with time that passes."""
    made = record([*MISSED, Tick(at=5.0 + length)], plan, "quiet")
    assert made.left_out == ()
    flow, (rehearsal,) = read_back(made.yaml)
    assert rehearsal.steps[-1].wait == pytest.approx(length, abs=1)
    assert "finding greet-first: missed" in {describe(one) for one in rehearsal.expect}
    assert rehearse(rehearsal, Plan.of(flow)).failures == ()


def test_of_a_call_that_is_over_nothing_more_is_waited_for(plan: Plan) -> None:
    ended = [*MISSED, CallHungUp(at=9.0, by="customer"), Tick(at=40.0)]
    assert record(ended, plan, "over").yaml == record(ended[:-1], plan, "over").yaml


def test_long_numbers_become_others_the_same_throughout(plan: Plan) -> None:
    made = record(SPOKEN, plan, "numbers")
    assert "12345678" not in made.yaml
    flow, (rehearsal,) = read_back(made.yaml)
    field = next(one for one in rehearsal.expect if one.what == "field")
    assert (field.name, field.stage, len(field.value), field.value[:3]) == ("联系电话", "confirmed", 11, "138")
    assert made.yaml.count(field.value) >= 3, "told, read back and expected"
    assert rehearse(rehearsal, Plan.of(flow)).failures == ()


def test_no_number_can_be_told_from_a_rehearsal_nor_from_its_name(plan: Plan) -> None:
    """Which digit stands for which is drawn for each rehearsal."""
    made = [record(SPOKEN, plan, "2026-10-01 13812345678") for _ in range(4)]
    assert len({one.yaml for one in made}) > 1
    for one in made:
        assert "12345678" not in one.yaml
        assert "name: 2026-10-01 138" in one.yaml.replace('"', "")


def test_a_journal_with_hidden_numbers_is_as_good(plan: Plan) -> None:
    hider = Hider(MARKS, plan.sounds)
    made = record([hider.hide(event) for event in SPOKEN], plan, "hidden")
    assert not set(MARKS) & set(made.yaml)
    assert "stage: confirmed" in made.yaml


def test_words_that_mean_something_in_yaml_come_back_as_they_were(plan: Plan) -> None:
    name = 'a "name": with, signs # and {braces}'
    _, (rehearsal,) = read_back(record(SPOKEN, plan, name).yaml)
    assert rehearsal.name == name
    assert '他说"好: 可以", 行吧' in [step.said for step in rehearsal.steps]


def test_what_a_recogniser_writes_in_pinyin_is_heard_as_pinyin(plan: Plan) -> None:
    sounds = ("nín", "hǎo", "，", "zhè", "shì", "bù", "guī", "wǒ", "guǎn")
    call: list[Event] = [
        CallAnswered(at=1.0),
        Heard(at=4.0, speaker="agent", sounds=sounds, start=1.5, end=3.8, utterance="a1"),
        CallHungUp(at=9.0, by="customer"),
    ]
    made = record(call, plan, "pinyin")
    flow, (rehearsal,) = read_back(made.yaml)
    heard = next(event for event in script(rehearsal.steps) if isinstance(event, Heard))
    assert (heard.sounds, heard.text) == (sounds, "")
    assert "finding not-my-job: violated" in {describe(one) for one in rehearsal.expect}
    assert rehearse(rehearsal, Plan.of(flow)).failures == ()


def test_a_call_in_which_nothing_happens_is_no_rehearsal(plan: Plan) -> None:
    with pytest.raises(BadInput):
        record([CallContext(at=0.0), Heard(at=1.0, speaker="agent", text="……", start=0.0, end=1.0)], plan, "none")


def test_what_nobody_heard_and_what_cut_in_is_kept(plan: Plan) -> None:
    """The hold begins in the middle of what the agent says: which of it the customer hears hangs on when."""
    call: list[Event] = [
        CallContext(at=0.0, telephony="sound", separate=False),
        CallAnswered(at=1.0),
        Heard(
            at=5.0,
            speaker="customer",
            text="你们怎么搞的，货到现在还没有送到我家里",
            start=1.5,
            end=4.9,
            utterance="c1",
        ),
        Heard(at=5.1, speaker="agent", text="这事不归我管。", start=2.5, end=4.0, utterance="a1"),
        Gap(at=9.0, start=6.0, end=9.0, speaker="agent"),
        CallHungUp(at=12.0, by="customer"),
    ]
    made = record(call, plan, "cut")
    assert made.left_out == ()
    assert "{event: call.context, telephony: sound, separate: no}" in made.yaml
    assert "event: gap" in made.yaml
    flow, (rehearsal,) = read_back(made.yaml)
    assert rehearse(rehearsal, Plan.of(flow)).failures == ()
