"""Rehearsing: the times of a script, and what a failure tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from callflow.call.plan import Plan
from callflow.design.rehearsal_report import render
from callflow.design.rehearse import rehearse, script
from callflow.events import CallHungUp, CallRinging, Event, Heard, Overlap, Tick
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.problems import Problem

FLOW = """
flow: {title: test, start: talk, on: {call.held: hold}}
states:
  talk: {title: talk, prompts: [hello]}
  hold: {title: hold}
phrases:
  hello: {say: [您好]}
  ask: {say: [请问联系人是哪位]}
fields: {联系人: {kind: name, asked_by: ask}}
rules:
  greets: {expect: agent hello}
rehearsals:
  - name: call
    call: [agent: 您好。, agent: 请问联系人是哪位？, customer: 王建国。, call.held]
"""


def flow_of(expectations: str) -> Flow:
    flow, problems = read_flow({"test.yaml": FLOW + expectations}, "test")
    assert flow is not None, "\n".join(map(str, problems))
    return flow


def events_of(steps: str) -> list[Event | Problem]:
    source = FLOW.split("rehearsals:")[0] + f"rehearsals: [{{name: call, call: {steps}}}]"
    flow, problems = read_flow({"test.yaml": source}, "test")
    assert flow is not None, "\n".join(map(str, problems))
    return list(script(flow.rehearsals[0].steps))


def test_speech_takes_its_time() -> None:
    events = [event for event in events_of("[agent: 您好，王先生。, customer: 您好。]") if isinstance(event, Heard)]
    first, second = events
    assert first.end - first.start == pytest.approx(5 * 0.22), "punctuation takes none"
    assert second.start - first.end == pytest.approx(0.6)
    assert first.end < first.at < second.start
    assert [event.speaker for event in events] == ["agent", "customer"]
    assert first.utterance != second.utterance


def test_rings_are_counted_and_five_seconds_apart() -> None:
    rings = [
        event
        for event in events_of("[call.ringing, call.ringing, wait: 2s, call.ringing]")
        if isinstance(event, CallRinging)
    ]
    assert [(ring.at, ring.ring) for ring in rings] == [(0.0, 1), (5.0, 2), (10.0, 3)]


def test_events_in_short_and_in_full() -> None:
    in_full = "{event: call.hung_up, by: customer}, {event: acoustic.overlap, by: agent, for: 2s}"
    events = events_of(f"[wait: 3s, call.hung_up agent, {in_full}]")
    assert events[1] == Tick(at=3.0)
    assert events[2:4] == [CallHungUp(at=3.0, by="agent"), CallHungUp(at=3.0, by="customer")]
    assert events[4] == Overlap(at=5.0, start=3.0, end=5.0, speaker="agent")


QUICK = """
phrases:
  taboo: {never: [不归我管], better: 我来帮您, unless: [不归我管吗]}
  agrees: {by: customer, cue: [可以的]}
rehearsals:
  - phrase: taboo
    fires: [这事不归我管, %s]
    silent: [您是问归不归我管吗？, {customer: 这事不归我管}, %s]
  - phrase: agrees
    fires: [可以的。, %s]
    silent: [{agent: 可以的}, %s]
"""


def quick(*lines: str) -> list[tuple[str, bool]]:
    flow, problems = read_flow({"test.yaml": FLOW.split("rehearsals:")[0] + "\n", "quick.yaml": QUICK % lines}, "test")
    assert flow is not None, "\n".join(map(str, problems))
    plan = Plan.of(flow)
    return [(one.name, not rehearse(one, plan).failures) for one in flow.rehearsals]


def test_each_line_of_a_quick_rehearsal_is_a_rehearsal_by_itself() -> None:
    assert quick("归我管的", "您好", "行", "不行") == [
        ("taboo: agent 这事不归我管", True),
        ("taboo: agent 归我管的", False),
        ("taboo: agent 您是问归不归我管吗？", True),
        ("taboo: customer 这事不归我管", True),
        ("taboo: agent 您好", True),
        ("agrees: customer 可以的。", True),
        ("agrees: customer 行", False),
        ("agrees: agent 可以的", True),
        ("agrees: customer 不行", True),
    ]


def test_a_line_that_must_be_silent_fails_where_it_fires() -> None:
    silent = {name: passed for name, passed in quick("归我管的", "真的不归我管", "行", "那可以的")}
    assert not silent["taboo: agent 真的不归我管"]
    assert not silent["agrees: customer 那可以的"]


def test_situations_can_be_expected_and_named_by_hand() -> None:
    sections = """
situations: {asks: {begins: agent ask, lasts: 5s}, other: {begins: agent hello}}
rehearsals:
  - name: call
    call: [agent: 请问联系人是哪位, {event: agent.action, action: situation, target: other}, wait: 9s]
    expect: [{situation: asks}, {situation: asks, value: over}, {situation: other}]
    never: [{situation: other, value: over}]
  - name: wrong
    call: [agent: 您好]
    expect: [{situation: asks}]
    never: [{situation: other}]
"""
    flow, problems = read_flow({"a.yaml": FLOW.split("rehearsals:")[0], "b.yaml": sections}, "test")
    assert flow is not None, "\n".join(map(str, problems))
    good, wrong = (rehearse(one, Plan.of(flow)) for one in flow.rehearsals)
    assert not good.failures
    assert [failure.message.en.partition(",")[0] for failure in wrong.failures] == [
        "did not come: situation asks; what came: other begun",
        "must not come",
    ]


def test_a_step_that_makes_no_event_fails_the_rehearsal_at_its_line() -> None:
    flow, _ = read_flow(
        {
            "test.yaml": FLOW.split("rehearsals:")[0]
            + "rehearsals:\n  - name: x\n    call: [{event: call.hung_up, by: nobody}]\n"
        },
        "test",
    )
    assert flow is not None
    outcome = rehearse(flow.rehearsals[0], Plan.of(flow))
    assert [(failure.at.file, failure.at.column > 0) for failure in outcome.failures] == [("test.yaml", True)]
    assert "nobody" in outcome.failures[0].message.en


@pytest.mark.parametrize(
    "expected",
    [
        "{finding: greets, verdict: met}",
        "{finding: greets}",
        "{match: hello}",
        "{match: '*'}",
        "{state: hold}",
        "{prompt: 您好}",
        "{prompt: 您好, status: done}",
        "{field: 联系人, value: 王建国}",
        "{field: 联系人, stage: heard}",
    ],
)
def test_what_came_and_what_must_not(expected: str) -> None:
    right = flow_of(f"    expect: [{expected}]\n")
    assert rehearse(right.rehearsals[0], Plan.of(right)).failures == ()
    wrong = flow_of(f"    never: [{expected}]\n")
    (failure,) = rehearse(wrong.rehearsals[0], Plan.of(wrong)).failures
    assert "must not come, but came" in failure.message.en
    assert " s" in failure.message.en, "it tells when"


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("{finding: greets, verdict: missed}", "what came: met “您好”"),
        ("{state: talk}", None),
        ("{prompt: 再见}", "what came: “您好” shown"),
        ("{prompt: 您好, status: expired}", "what came: “您好” shown; “您好” done"),
        ("{match: ask}", None),
        ("{field: 联系人, value: 李卫东}", "what came: 王建国 heard"),
        ("{field: 联系人, stage: confirmed}", "what came: 王建国 heard"),
    ],
)
def test_what_did_not_come_is_told_with_what_came(expected: str, told: str | None) -> None:
    flow = flow_of(f"    expect: [{expected}]\n")
    outcome = rehearse(flow.rehearsals[0], Plan.of(flow))
    if told is None:
        assert outcome.failures == ()
    else:
        (failure,) = outcome.failures
        assert failure.at.line == FLOW.count("\n") + 1
        assert told in failure.message.en


def test_the_report_reads_in_both_languages() -> None:
    flow = flow_of("    expect: [{state: hold}, {finding: greets, verdict: missed}]\n")
    outcomes = [rehearse(rehearsal, Plan.of(flow)) for rehearsal in flow.rehearsals]
    english, chinese = render(outcomes, "en").splitlines(), render(outcomes, "zh").splitlines()
    assert english[0] == chinese[0] == "✗ call"
    assert english[1].startswith("    test.yaml:15:")
    assert "did not come: finding greets: missed" in english[1]
    assert "未出现：finding greets: missed" in chinese[1]
    assert english[-1] == "0 of 1 rehearsals passed"
    assert chinese[-1] == "1 个演练，0 个通过"


DATED = """
flow: {title: test, start: talk}
states: {talk: {prompts: [{tip: 祝您〈节日〉愉快}]}}
phrases: {reply: {say: [给您回复], promise: true}, wish: {say: [节日愉快]}}
rules: {wishes: {after: day holiday, expect: agent wish}, rests: {never: day weekend}}
rehearsals:
  - name: holiday
    call: [{event: call.context, date: 2026-10-01}, agent: 节日愉快。两个小时内给您回复。]
    expect: [{promise: 两个小时}, {prompt: 祝您国庆节愉快}, {finding: wishes, verdict: met}]
  - name: a Saturday that is worked
    call: [{event: call.context, date: 2026-10-10}, agent: 您好]
    never: [{finding: wishes}, {promise: "*"}, {finding: rests, verdict: violated}]
  - name: as the sender says
    call: [{event: call.context, date: 2026-10-10, day: weekend}, agent: 您好]
    expect: [{prompt: 祝您周末愉快}, {finding: rests, verdict: violated}]
  - name: no date
    call: [agent: 节日愉快]
    expect: [{finding: wishes, verdict: not_assessed}, {prompt: 祝您周末愉快}]
"""


def test_a_rehearsal_has_a_date() -> None:
    flow, problems = read_flow({"a.yaml": DATED}, "a")
    assert flow is not None, problems
    plan = Plan.of(flow)
    assert [rehearse(one, plan).failures for one in flow.rehearsals] == [()] * 4


@pytest.mark.parametrize(("date", "words"), [("2199-10-05", "2199"), ("tomorrow", "tomorrow")])
def test_a_date_that_cannot_be_judged_fails_the_rehearsal(date: str, words: str) -> None:
    flow, _ = read_flow({"a.yaml": DATED.replace("2026-10-01", date)}, "a")
    assert flow is not None
    failures = rehearse(flow.rehearsals[0], Plan.of(flow)).failures
    assert any(words in failure.message.en and failure.at.line == 8 for failure in failures)


def test_the_rules_on_manner_that_the_documentation_gives_judge_both_ways() -> None:
    source = Path(__file__).with_name("manner_rules.yaml").read_text(encoding="utf-8")
    flow, problems = read_flow({"manner_rules.yaml": source}, "manner")
    assert flow is not None, problems
    plan = Plan.of(flow)
    assert [failure for one in flow.rehearsals for failure in rehearse(one, plan).failures] == []


@pytest.mark.parametrize(
    ("expected", "details"),
    [
        ("never: [{finding: greets, verdict: met}]", ["agent: 您好。 (test.yaml:14:12)  ← finding greets met “您好”"]),
        ("expect: [{finding: greets, verdict: missed}]", ["agent: 您好。 (test.yaml:14:12)  ← finding greets met"]),
        ("expect: [{field: 联系人, value: 李卫东}]", ["customer: 王建国。 (test.yaml:14:42)  ← field 王建国 heard"]),
        ("expect: [{prompt: 您好呀}]", ["the beginning  ← prompt “您好” shown"]),
    ],
)
def test_a_failure_tells_the_moment(expected: str, details: list[str]) -> None:
    flow = flow_of(f"    {expected}\n")
    (failure,) = rehearse(flow.rehearsals[0], Plan.of(flow)).failures
    shown = "\n".join(detail.en for detail in failure.details)
    for detail in details:
        assert detail in shown


NEAR = """
flow: {title: test, start: talk}
states: {talk: {}}
phrases:
  taboo: {never: [不归我管], better: 我来帮您, unless: [不归我管吗]}
  cue: {by: customer, cue: [我要投诉]}
rules:
  held: {after: call.held, expect: agent speaks, within: 3s}
rehearsals:
  - phrase: taboo
    fires: [您是问归不归我管吗？]
  - name: rule
    call: [agent: 您好]
    expect: [{finding: held, verdict: missed}, {match: cue}]
"""


def test_the_nearest_words_and_why_they_are_not_it() -> None:
    flow, problems = read_flow({"a.yaml": NEAR}, "a")
    assert flow is not None, problems
    quick_one, rule = (rehearse(one, Plan.of(flow)).failures for one in flow.rehearsals)
    assert "归不归我管" in quick_one[0].details[0].en
    assert "part of an exception" in quick_one[0].details[0].en
    assert rule[0].details[0].en == "the rule begins with call.held (a.yaml:8:3), which did not happen"
    assert rule[1].details[0].en == "customer says nothing here"


def test_time_can_be_written_where_the_usual_pace_does_not_fit() -> None:
    overlapping = "{event: acoustic.overlap, by: agent, sooner: 0.5s, for: 1.5s}"
    events = events_of(f"[agent: 您好, {{customer: 喂, for: 2s, sooner: 1s}}, {overlapping}]")
    first, second = (event for event in events if isinstance(event, Heard))
    assert second.start == pytest.approx(first.end - 0.4)
    assert second.end - second.start == pytest.approx(2.0)
    overlap = next(event for event in events if isinstance(event, Overlap))
    assert (overlap.start, overlap.end) == pytest.approx((second.at - 0.5, second.at + 1.0))
    assert overlap.at == overlap.end
