"""How somebody speaks, judged over stretches long enough to tell."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from callflow.call.manner import EXPLAINS, Manner
from callflow.events import CallContext, Event, Finding, Heard, Rate
from callflow.flow.names import EXPLAINS as SPOKEN
from callflow.flow.names import MANNERS

Played = Callable[..., list[Event]]

CASES: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("manner.yaml"))
TERMS = (*MANNERS, f"agent {SPOKEN}", f"customer {SPOKEN}")
RULES = "rules:\n" + "".join(f"  rule{i}: {{never: {term}}}\n" for i, term in enumerate(TERMS))


def came_true(outputs: list[Event]) -> set[str]:
    return {TERMS[int(one.rule[4:])] for one in outputs if isinstance(one, Finding) and one.verdict == "violated"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_manner(played: Played, case: dict[str, Any]) -> None:
    assert came_true(played(RULES, flow_style(case["call"]))) == set(case["come"])


def flow_style(steps: list[Any]) -> str:
    """Steps as they stand in a flow."""
    return "[" + ", ".join(one if isinstance(one, str) else "{" + _pairs(one) + "}" for one in steps) + "]"


def _pairs(step: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in step.items())


RATED = "{event: acoustic.rate, by: agent, per_minute: 300, for: 15s}"
LONG = "{agent: " + "说" * 80 + "}"
SURE = LONG.replace("}", ", confidence: 0.9}")


@pytest.mark.parametrize(
    ("term", "call", "verdict", "reason"),
    [
        ("acoustic.fast agent", "[agent: 您好]", "not_assessed", "no-sound"),
        ("acoustic.fast agent", "[agent: 您好, {event: acoustic.silence, for: 3s}]", "not_assessed", "no-sound"),
        (
            "acoustic.fast agent",
            "[agent: 您好, {event: acoustic.rate, by: agent, per_minute: 300, for: 5s}]",
            "not_assessed",
            "too-little",
        ),
        (
            "acoustic.fast agent",
            "[agent: 您好, {event: acoustic.rate, by: agent, per_minute: 300, for: 15s}]",
            "met",
            "",
        ),
        ("acoustic.unclear agent", f"[{LONG}]", "not_assessed", "no-confidence"),
        ("acoustic.unclear agent", "[{agent: 您好, confidence: 0.9}]", "not_assessed", "too-little"),
        ("acoustic.unclear agent", f"[{SURE}]", "met", ""),
        ("{any: [acoustic.quiet agent, acoustic.unclear agent]}", f"[{SURE}]", "not_assessed", "no-sound"),
    ],
)
def test_what_nobody_measured_is_not_judged(played: Played, term: str, call: str, verdict: str, reason: str) -> None:
    outputs = played(f"rules: {{it: {{never: {term}}}}}", call)
    assert [(one.verdict, one.reason) for one in outputs if isinstance(one, Finding)] == [(verdict, reason)]


def test_on_one_channel_nobody_is_said_to_speak_fast(played: Played) -> None:
    call = "[agent: 您好, {event: acoustic.rate, by: agent, per_minute: 500, for: 20s}]"
    outputs = played("rules: {it: {never: acoustic.fast agent}}", call, CallContext(at=0.0, separate=False))
    assert [one.reason for one in outputs if isinstance(one, Finding)] == ["one-channel"]


def explained(utterances: list[tuple[str, float, float]]) -> list[float]:
    manner = Manner()
    facts = []
    for speaker, start, end in utterances:
        facts += manner.said(Heard(at=end, speaker=speaker, text="好", start=start, end=end))  # type: ignore[arg-type]
    return [fact.start for fact in facts if fact.key == "customer explains"]


@pytest.mark.parametrize(
    ("utterances", "moments"),
    [
        ([("customer", 0, 20)], [15]),
        ([("customer", 0, 31)], [15, 30]),
        ([("agent", 17, 17.5), ("customer", 0, 20)], [15]),
        ([("agent", 10, 10.5), ("customer", 0, 20)], []),
        ([("agent", 10, 10.5), ("customer", 0, 26)], [25.5]),
        ([("customer", 0, 10), ("agent", 10.2, 10.6), ("customer", 11, 21)], []),
        ([("agent", 10.2, 10.6), ("customer", 0, 10), ("customer", 11, 21)], []),  # whichever final comes first
        ([("customer", 0, 10), ("customer", 11, 21)], [16]),
        ([("customer", 0, 10), ("customer", 200, 210)], []),  # long ago
    ],
)
def test_explaining_is_told_by_when_words_were_said(
    utterances: list[tuple[str, float, float]], moments: list[float]
) -> None:
    assert explained(utterances) == pytest.approx(moments)


SPANS = st.lists(st.tuples(st.sampled_from(["agent", "customer"]), st.floats(0, 8), st.floats(0, 30)), max_size=20)


@given(SPANS)
def test_explaining_never_breaks_and_keeps_its_distance(turns: list[tuple[str, float, float]]) -> None:
    now, utterances = 0.0, []
    for speaker, pause, length in turns:
        utterances.append((speaker, now + pause, now + pause + length))
        now += pause + length / 2  # they may speak at once
    moments = explained(sorted(utterances, key=lambda one: one[2]))
    assert all(later - earlier >= EXPLAINS - 1e-6 for earlier, later in pairwise(moments))


def test_a_rate_without_a_speaker_is_nobody_s() -> None:
    assert Manner().measured(Rate(at=30, start=0, end=30, per_minute=900)) == []
