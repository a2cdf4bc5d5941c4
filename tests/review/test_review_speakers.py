"""Who speaks where both are on one channel: the bundled calls, their words given, without their speakers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bundled import NAMES, events, expected, findings, invented

from callflow import plans
from callflow.call import speakers as judged_by
from callflow.call.plan import Plan
from callflow.events import CallContext, Event, Heard, Loudness, Word
from callflow.review import speakers
from callflow.review.replay import rejudge


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plans.load()[0]


def one_channel(name: str) -> list[Event]:
    """A call as one channel would give it: every word the agent's."""
    return [
        replace(event, speaker="agent") if isinstance(event, Heard) else event
        for event in events(name)
        if event.type == "heard" or event.type.startswith("call.")
        if not isinstance(event, CallContext)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sure_is_right_and_nobody_is_blamed_for_the_others_words(name: str, plan: Plan) -> None:
    context, told = speakers.told_apart(CallContext(at=0.0, separate=False), one_channel(name), plan)
    right = {event.start: event.speaker for event in events(name) if isinstance(event, Heard)}
    said = [event for event in told if isinstance(event, Heard)]
    sure = [heard for heard in said if judged_by.sure_of(heard)]
    wrong = [heard.text for heard in sure if heard.start in right and right[heard.start] != heard.speaker]
    assert len(wrong) <= 1, wrong
    assert len(sure) >= len(said) * 0.3
    out: list[Event] = []
    rejudge([context, *told], plan, out.append)
    assert len(invented(expected(name), out)) <= 1


def test_a_call_of_which_nothing_is_typical_is_not_judged_by_who_spoke(plan: Plan) -> None:
    heard = [
        Heard(at=n * 5.0 + 2, speaker="agent", text="啊这样子哦", start=n * 5.0, end=n * 5.0 + 1.5, utterance=f"a{n}")
        for n in range(1, 8)
    ]
    context, told = speakers.told_apart(CallContext(at=0.0, separate=False), heard, plan)
    assert not judged_by.known(context)
    out: list[Event] = []
    rejudge([context, *told], plan, out.append)
    assert findings(out, "missed", "violated") == []


def test_an_utterance_in_which_both_speak_is_cut_between_them(plan: Plan) -> None:
    said = "您好，很高兴为您服务，请问有什么可以帮到您？你们怎么搞的，我要投诉你们！"
    heard = Heard(at=12.0, speaker="agent", text=said, start=1.0, end=11.0, utterance="a1")
    parts = speakers.label([heard], plan)
    assert [part.speaker for part in parts] == ["agent", "customer"]
    assert "".join(part.text for part in parts) == said
    assert parts[0].start == 1.0
    assert parts[0].end == parts[1].start
    assert [part.utterance for part in parts] == ["a1", "c2"]


def test_syllables_are_cut_at_pauses_with_the_times_of_their_words(plan: Plan) -> None:
    agents, customers = "nin hao hen gao xing wei nin fu wu ，", "ni men zen me gao de wo yao tou su ni men"
    spoken = [*agents.split(), *customers.split()]
    times = [n * 0.25 + (1.0 if n > 9 else 0.0) for n in range(len(spoken))]
    words = tuple(Word(syllable, at, at + 0.2) for syllable, at in zip(spoken, times, strict=True))
    heard = Heard(at=9, speaker="agent", sounds=tuple(spoken), start=0.0, end=times[-1] + 0.2, words=words)
    agent, customer = speakers.label([heard], plan)
    assert (agent.speaker, agent.sounds[-1], customer.speaker) == ("agent", "wu", "customer")
    assert (agent.words[-1].text, customer.words[0]) == ("wu", words[10])
    assert customer.start == times[10]


def test_the_sound_of_one_channel_is_nobodys_in_particular(plan: Plan) -> None:
    loud = Loudness(at=3.0, start=1.0, end=3.0, speaker="agent", dbfs=-10.0)
    partial = Heard(at=2.0, speaker="agent", text="您", final=False, start=1.0, end=2.0, utterance="a1")
    context, told = speakers.told_apart(CallContext(at=0.0, separate=False), [partial, loud], plan)
    assert told == [replace(loud, speaker=None)]
    assert context.told_apart == 0.0
