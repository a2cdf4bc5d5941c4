"""What holds of the engine whatever happens in a call: the same outputs at any pace, and no prompt left hanging."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import zip_longest

from hypothesis import given, settings
from hypothesis import strategies as st

from callflow import flowfiles
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.score import score
from callflow.events import (
    SPEAKERS,
    AgentAction,
    CallAnswered,
    CallContext,
    CallHeld,
    CallHungUp,
    CallResumed,
    CallRinging,
    Event,
    Finding,
    Heard,
    Match,
    Output,
    Overlap,
    Prompt,
    Score,
    Silence,
    Tick,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    TransferStarted,
)

LINES = (
    "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？",
    "您好，我想发一批货，从上海运到北京。",
    "我想查一下我的货到哪里了。",
    "我需要帮您核实一下情况，这可能需要您等待一到两分钟，您方便在线等候吗？",
    "好的，可以。",
    "不对。",
    "对不起，让您久等了。",
    "为了更好地为您服务，请您回答如下几个问题。",
    "请问联系电话是多少？",
    "幺三八，二四六七，九零五三。",
    "联系电话幺三八，二四六七，九零八三，对吗？",
    "请问联系人是哪位？",
    "我叫王建国。",
    "联系人王建国，对吗？",
    "这个问题由专人负责处理，我帮您把电话转给专家座席好吗？",
    "这事不归我管。你问我，我问谁？你问我，我问谁？",
    "我不知道。",
    "你们怎么搞的，太慢了，我很不满意，叫你们领导来。",
    "听得到吗？",
    "请问您还需要其他帮助吗？",
    "没有了。",
    "感谢您的来电，再见！",
    "嗯",
    "，。！",
)
PROMPT_IDS = ("ringing/0", "greet-first#1", "order.intake/0", "warn:dont-know:1", "nothing")

speakers = st.sampled_from(SPEAKERS)
gaps = st.one_of(st.just(0.0), st.floats(0, 3), st.floats(3, 60)).map(lambda gap: round(gap, 3))


@st.composite
def heard(draw: st.DrawFn) -> Heard:
    line = draw(st.sampled_from(LINES))
    sounds = ("ni", "hao") if draw(st.integers(0, 9)) == 0 else ()
    length = draw(st.floats(0.1, 8))
    return Heard(at=0.0, speaker=draw(speakers), text="" if sounds else line, sounds=sounds, end=length)


moves = st.one_of(
    heard(),
    heard(),
    st.sampled_from(
        (
            CallRinging(at=0.0),
            CallAnswered(at=0.0),
            CallHeld(at=0.0),
            CallResumed(at=0.0),
            TransferStarted(at=0.0),
            TransferAnswered(at=0.0),
            TransferFailed(at=0.0),
            TransferCompleted(at=0.0),
            CallHungUp(at=0.0, by="customer"),
            CallHungUp(at=0.0, by="agent"),
            CallHungUp(at=0.0),
            Overlap(at=0.0, start=0.0, end=2.0, speaker="agent"),
            Silence(at=0.0, start=0.0, end=9.0),
            Tick(at=0.0),
            CallContext(at=0.0, telephony="sound"),
            CallContext(at=0.0, separate=False),
            AgentAction(at=0.0, action="edit", target="联系人", value="王建国"),
            AgentAction(at=0.0, action="edit", target="没有这一项", value=""),
            AgentAction(at=0.0, action="situation", target="order"),
            AgentAction(at=0.0, action="situation", target="没有这个状态"),
            *(AgentAction(at=0.0, action="tick", target=name) for name in PROMPT_IDS),
            *(AgentAction(at=0.0, action="dismiss", target=name) for name in PROMPT_IDS),
        )
    ),
)


@st.composite
def calls(draw: st.DrawFn) -> list[Event]:
    """Valid events in the order of ``at``; what they tell may be absurd."""
    now, events = 0.0, list[Event]([CallContext(at=0.0)] if draw(st.booleans()) else [])
    for number, (move, gap) in enumerate(draw(st.lists(st.tuples(moves, gaps), max_size=25))):
        now = round(now + gap, 3)
        if isinstance(move, Heard):
            length = move.end
            now = round(now + length, 3)
            move = replace(move, start=max(0.0, now - length), end=now, utterance=f"u{number}")
        elif isinstance(move, (Overlap, Silence)):
            move = replace(move, start=max(0.0, now - move.end), end=now)
        events.append(replace(move, at=now))
    return events


def play(events: list[Event]) -> list[Event]:
    guide = Guide(INBOUND)
    return [output for event in events for output in guide.feed(event)] + guide.close()


def lines(outputs: list[Event]) -> list[str]:
    return [output.to_json() for output in outputs]


def settled(outputs: list[Event]) -> list[str]:
    """The outputs that do not rest on partials."""
    return lines(
        [
            output
            for output in outputs
            if not (isinstance(output, Match) and output.stage != "confirmed")
            and not (isinstance(output, Prompt) and output.stage == "provisional")
        ]
    )


INBOUND = Plan.of(flowfiles.load()[0])

several = settings(max_examples=50, deadline=None)


@several
@given(events=calls(), data=st.data())
def test_it_does_not_matter_how_often_the_clock_ticks(events: list[Event], data: st.DataObject) -> None:
    ticked: list[Event] = []
    for event, following in zip_longest(events, events[1:]):
        ticked.append(event)
        until = following.at if following else event.at
        times = data.draw(st.lists(st.floats(event.at, until), max_size=4), label="ticks")
        ticked += [Tick(at=at) for at in sorted(times)]
    assert lines(play(ticked)) == lines(play(events))


def test_a_deadline_at_the_moment_of_a_context_is_settled_first() -> None:
    call: list[Event] = [CallResumed(at=36.0)]
    context = CallContext(at=48.0, telephony="sound")
    assert lines(play([*call, Tick(at=48.0), context])) == lines(play([*call, context]))


def followed(events: list[Event], data: st.DataObject) -> list[Event]:
    """The same call with partials before each final, some of them misheard, some of utterances that never end."""
    out: list[Event] = []
    last = 0.0
    for event in events:
        if isinstance(event, Heard) and event.text:
            cuts = data.draw(st.lists(st.integers(1, len(event.text)), max_size=5), label="cuts")
            others = data.draw(st.lists(st.sampled_from(LINES), max_size=2), label="misheard")
            texts = data.draw(st.permutations([*(event.text[:cut] for cut in sorted(cuts)), *others, *others]))
            times = sorted(data.draw(st.lists(st.floats(last, event.at), min_size=len(texts), max_size=len(texts))))
            lost = data.draw(st.sampled_from(("", "", "", " (never ends)")), label="lost")
            for at, heard_so_far in zip(times, texts, strict=True):
                out.append(replace(event, at=at, text=heard_so_far, final=False, utterance=event.utterance + lost))
        out.append(event)
        last = event.at
    return out


@several
@given(events=calls(), data=st.data())
def test_partials_change_nothing_that_counts(events: list[Event], data: st.DataObject) -> None:
    assert settled(play(followed(events, data))) == lines(play(events))


@several
@given(events=calls(), data=st.data())
def test_what_is_provisional_is_confirmed_or_taken_back(events: list[Event], data: st.DataObject) -> None:
    matches: set[tuple[str, str]] = set()
    hints: set[str] = set()
    for output in play(followed(events, data)):
        if isinstance(output, Match):
            name = (output.utterance, output.phrase)
            matches.add(name) if output.stage == "provisional" else matches.discard(name)
        elif isinstance(output, Prompt) and output.kind == "warn":
            new = output.stage == "provisional" and output.status == "shown"
            hints.add(output.id) if new else hints.discard(output.id)
    assert matches == set()
    assert hints == set()


@several
@given(events=calls())
def test_time_never_goes_back_and_every_prompt_ends_once(events: list[Event]) -> None:
    outputs = play(events)
    assert [output.at for output in outputs] == sorted(output.at for output in outputs)
    assert all(isinstance(output, Output) for output in outputs)
    on_screen: set[str] = set()
    for output in outputs:
        if isinstance(output, Prompt) and output.status == "shown":
            on_screen.add(output.id)
        elif isinstance(output, Prompt):
            assert output.id in on_screen, f"{output.status} without being shown: {output}"
            on_screen.remove(output.id)
    assert on_screen == set()


@several
@given(events=calls())
def test_findings_are_of_the_flow_and_make_the_score(events: list[Event]) -> None:
    outputs = play(events)
    rules, phrases = INBOUND.flow.rules, INBOUND.flow.phrases
    found = [output for output in outputs if isinstance(output, Finding)]
    for finding in found:
        assert finding.rule in rules or phrases[finding.rule].kind == "never"
        assert finding.rule not in rules or not rules[finding.rule].guidance
        assert all(0 <= evidence.start <= evidence.end for evidence in finding.evidence)
        assert finding.verdict != "not_assessed" or finding.reason
    times = Counter(finding.rule for finding in found)
    assert all(times[name] <= 1 for name, rule in rules.items() if rule.once)
    if not events:
        assert outputs == []
        return
    last = outputs[-1]
    assert isinstance(last, Score)
    assert last in [score(INBOUND.flow, found, last.at, heard) for heard in (True, False)]
    assert last.total is None or 0 <= last.total <= 100
    assert all(0 <= group.points <= group.of for group in last.groups.values())


@several
@given(events=calls(), more=calls())
def test_after_the_end_nothing_more_comes(events: list[Event], more: list[Event]) -> None:
    guide = Guide(INBOUND)
    for event in events:
        guide.feed(event)
    guide.close()
    assert [output for event in more for output in guide.feed(event)] == []
    assert guide.close() == []


def test_a_call_without_events_has_no_outputs() -> None:
    assert Guide(INBOUND).close() == []
