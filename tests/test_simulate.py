"""``callflow simulate`` as other programs use it: lines in, lines out, and no line that stops the call."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow import flowfiles
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.design.simulate import simulate
from callflow.events import (
    AgentAction,
    CallAnswered,
    CallHeld,
    CallHungUp,
    CallResumed,
    CallRinging,
    Event,
    Finding,
    Heard,
    Prompt,
    Score,
    all_events,
    parse,
)
from callflow.journal import Header, lines_of
from callflow.problems import Location, Problem

HERE = Location("stdout")
CALL: list[Event] = [
    CallRinging(at=0.0, ring=1),
    CallAnswered(at=2.0),
    Heard(at=6.0, speaker="agent", text="您好，国资商城物流事业部，很高兴为您服务", start=2.5, end=5.8, utterance="a1"),
    Heard(at=9.0, speaker="customer", text="我的货到哪了", start=7.0, end=8.8, utterance="c1"),
    Heard(at=12.0, speaker="agent", text="这事不归我管", start=10.0, end=11.8, utterance="a2"),
    CallHeld(at=15.0),
    CallResumed(at=40.0),
    CallHungUp(at=60.0, by="customer"),
]


@cache
def plan() -> Plan:
    return Plan.of(flowfiles.load("inbound")[0])


def simulated(lines: list[bytes]) -> tuple[list[str], list[Problem], bool]:
    outputs: list[str] = []
    problems: list[Problem] = []
    clean = simulate(lines_of(io.BytesIO(b"".join(lines))), plan(), outputs.append, problems.append)
    return outputs, problems, clean


def line(event: Event) -> bytes:
    return event.to_json().encode() + b"\n"


GOOD = [line(event) for event in CALL]


def test_what_comes_out_is_what_the_engine_says() -> None:
    guide = Guide(plan())
    expected = [output.to_json() for event in CALL for output in guide.feed(event)]
    expected += [output.to_json() for output in guide.close()]
    assert simulated(GOOD) == (expected, [], True)


def test_a_taboo_is_warned_of_and_found() -> None:
    events = [parse(output, HERE) for output in simulated(GOOD)[0]]
    warnings = [event for event in events if isinstance(event, Prompt) and event.kind == "warn" and event.said]
    assert (warnings[0].at, warnings[0].said, warnings[0].status) == (12.0, "这事不归我管", "shown")
    taboo = {event.rule: event.verdict for event in events if isinstance(event, Finding) and event.group == "wording"}
    assert "violated" in taboo.values()
    assert isinstance(events[-1], Score)


BAD: list[tuple[bytes, str]] = [
    (b"garbage\n", "json"),
    (b"\xff\xfe\x00\n", "encoding"),
    (b"{}\n", "event-type"),
    (b'{"type":"call.hold","at":13}\n', "event-type"),
    (b'{"type":"call.held","at":NaN}\n', "event-field"),
    (b'{"type":"heard","at":13,"speaker":"robot","text":"a"}\n', "event-field"),
    (b'{"type":"heard","at":13,"speaker":"agent","text":"' + b"a" * 600_000 + b'"}\n', "event-field"),
    (b'{"type":"heard","at":13,"speaker":"agent","text":"' + b"a" * 1_000_000 + b'"}\n', "event-size"),
    (b"[" * 20_000 + b"\n", "json"),
    (b'{"type":"call.answered","at":1}\n', "event-order"),
]


@pytest.mark.parametrize(("bad", "rule"), BAD, ids=[f"{n}-{rule}" for n, (_, rule) in enumerate(BAD)])
def test_a_bad_line_is_a_problem_and_the_call_goes_on(bad: bytes, rule: str) -> None:
    at = 5
    outputs, problems, clean = simulated([*GOOD[:at], bad, *GOOD[at:]])
    assert outputs == simulated(GOOD)[0]
    assert [(problem.rule, problem.at.file, problem.at.line) for problem in problems] == [(rule, "stdin", at + 1)]
    assert not clean


def test_all_bad_lines_are_told_in_their_order() -> None:
    _, problems, clean = simulated([*GOOD[:5], *(bad for bad, _ in BAD), *GOOD[5:]])
    assert [problem.rule for problem in problems] == [rule for _, rule in BAD]
    assert [problem.at.line for problem in problems] == list(range(6, 6 + len(BAD)))
    assert not clean


def test_a_journal_can_be_fed_as_it_is() -> None:
    """Header and outputs among the lines are passed over, blank lines too."""
    outputs, _, _ = simulated(GOOD)
    journal = [Header("inbound").to_json().encode() + b"\n", *GOOD, b"\n", b"  \r\n"]
    journal[5:5] = [output.encode() + b"\n" for output in outputs if json.loads(output)["at"] <= 12.0]
    assert simulated(journal) == (outputs, [], True)


@pytest.mark.parametrize("lines", [[], [b"\n"], [b"garbage\n"]])
def test_no_events_no_score(lines: list[bytes]) -> None:
    assert simulated(lines)[0] == []


def test_the_last_line_may_lack_its_end() -> None:
    assert simulated([*GOOD[:-1], GOOD[-1].rstrip()]) == simulated(GOOD)


@given(
    st.lists(st.one_of(st.sampled_from(GOOD), st.sampled_from([bad for bad, _ in BAD if len(bad) < 100]), st.binary()))
)
def test_no_order_and_no_bytes_stop_it(lines: list[bytes]) -> None:
    outputs, _, _ = simulated(lines)
    assert all(not isinstance(parse(output, HERE), Problem) for output in outputs)


_TIMES = st.one_of(st.floats(0, 200).map(lambda t: round(t, 3)), st.sampled_from([0.0, 1e6, 86_400.0]))
_SAID = st.one_of(
    st.sampled_from(
        ["您好", "这事不归我管", "联系电话一三八零零一三八零零零", "对不起，让您久等了", "好的", "，。", "1" * 9_000]
    ),
    st.text(max_size=30),
)
_SPOKEN = {"at": _TIMES, "speaker": st.sampled_from(["agent", "customer"]), "text": _SAID, "final": st.booleans()}
_HEARD = st.fixed_dictionaries(
    {
        "type": st.just("heard"),
        **_SPOKEN,
        "start": _TIMES,
        "end": _TIMES,
        "utterance": st.sampled_from(["", "u1", "u2"]),
    }
)
_KINDS = sorted(set(all_events()) - {"heard"})
_HAPPENS = st.fixed_dictionaries(
    {"type": st.sampled_from(_KINDS), "at": _TIMES, "by": st.sampled_from([None, "agent", "customer"])}
    | {"start": _TIMES, "end": _TIMES, "action": st.sampled_from(["edit", "tick", "dismiss", "situation"])}
)


@given(st.lists(_HEARD | _HAPPENS, max_size=12))
def test_events_that_no_call_has_do_not_stop_it(lines: list[dict[str, Any]]) -> None:
    """Spans that end before they begin, holds of years, hang-ups twice, utterances that never become final."""
    outputs, problems, _ = simulated([json.dumps(line).encode() + b"\n" for line in lines])
    assert {problem.rule for problem in problems} <= {"event-order", "event-field", "unknown-target"}
    assert all(not isinstance(parse(output, HERE), Problem) for output in outputs)
    assert not outputs or isinstance(parse(outputs[-1], HERE), Score)


@pytest.mark.parametrize(
    ("action", "target", "says"),
    [
        (
            "situation",
            "customer-sugests",
            'unknown situation or state "customer-sugests" — did you mean "customer-suggests"?',
        ),
        ("edit", "联系电活", 'unknown field "联系电活" — did you mean "联系电话"?'),
        ("edit", "", 'unknown field ""'),
        ("tick", "gone#1", 'unknown prompt "gone#1"'),
        ("dismiss", "gone#1", 'unknown prompt "gone#1"'),
    ],
)
def test_an_action_on_nothing_is_told_and_changes_nothing(action: str, target: str, says: str) -> None:
    wrong = AgentAction(at=13.0, action=action, target=target)  # type: ignore[arg-type]
    calm, _, _ = simulated([line(event) for event in CALL])
    outputs, problems, clean = simulated([line(event) for event in [*CALL[:5], wrong, *CALL[5:]]])
    assert (outputs, clean) == (calm, True)
    (problem,) = problems
    assert (problem.at, problem.rule, problem.level) == (Location("stdin", 6), "unknown-target", "warning")
    assert says in problem.message.en


def test_an_action_on_what_is_there_is_not() -> None:
    shown = next(
        event for one in simulated([line(e) for e in CALL[:3]])[0] if isinstance(event := parse(one, HERE), Prompt)
    )
    actions = [
        AgentAction(at=13.0, action="dismiss", target=shown.id),
        AgentAction(at=13.0, action="situation", target=next(iter(plan().flow.situations))),
        AgentAction(at=13.0, action="situation", target=next(iter(plan().flow.states))),
        AgentAction(at=13.0, action="edit", target="联系电话", value="13800138000"),
    ]
    assert simulated([line(event) for event in [*CALL[:5], *actions, *CALL[5:]]])[1] == []
