"""Promises of the agent: events and facts, with the time that was named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callflow.events import CallContext, Event, Finding, Promise

Played = Callable[..., list[Event]]

PHRASES = """
phrases:
  reply: {say: [给您回复], promise: true}
  check: {say: [我去核实], promise: true}
"""
DATED = CallContext(at=0.0, date="2026-11-24T14:30:00", day="workday")


def promises(outputs: list[Event]) -> list[tuple[str, str, float | None]]:
    return [(one.phrase, one.when, one.due) for one in outputs if isinstance(one, Promise)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("两个小时内给您回复。", [("reply", "两个小时内", 7200.0)]),
        ("我去核实，两个小时内给您回复。", [("check", "两个小时内", 7200.0)]),  # one time, one promise
        ("我去核实，尽快给您回复。", [("check", "尽快", None)]),
        ("我会给您回复的。", [("reply", "", None)]),
        ("您好，请讲。", []),
    ],
)
def test_a_promise_is_told(played: Played, said: str, expected: list[tuple[str, str, float | None]]) -> None:
    assert promises(played(PHRASES, f"[agent: {said}]")) == expected


def test_nobody_else_promises(played: Played) -> None:
    assert promises(played(PHRASES, "[customer: 两个小时内给您回复。]")) == []


def test_a_clock_time_needs_the_date_of_the_call(played: Played) -> None:
    said = "[wait: 20s, agent: 今天下班前给您回复。]"
    ((_, words, due),) = promises(played(PHRASES, said, DATED))
    assert words == "今天下班前"
    assert due == pytest.approx(3.5 * 3600 - 23, abs=2), "from the promise, not from the beginning of the call"
    assert promises(played(PHRASES, said)) == [("reply", "今天下班前", None)]
    without_hour = CallContext(at=0.0, date="2026-11-24", day="workday")
    assert promises(played(PHRASES, said, without_hour)) == [("reply", "今天下班前", None)]


@pytest.mark.parametrize(
    ("rule", "said", "verdict"),
    [
        ("{never: promise untimed}", "我会给您回复的。", "violated"),
        ("{never: promise untimed}", "尽快给您回复。", "violated"),
        ("{never: promise untimed}", "明天给您回复。", "met"),
        ("{expect: promise timed}", "明天给您回复。", "met"),
        ("{after: promise made, expect: agent bye, within: 30s}", "明天给您回复。谢谢您的来电。", "met"),
    ],
)
def test_rules_know_of_promises(played: Played, rule: str, said: str, verdict: str) -> None:
    outputs = played(f"{PHRASES}rules: {{it: {rule}}}", f"[agent: {said}, call.hung_up agent]")
    assert [one.verdict for one in outputs if isinstance(one, Finding)] == [verdict]


def test_a_clock_at_the_end_of_time_breaks_nothing(played: Played) -> None:
    last = CallContext(at=0.0, date="9999-12-31T23:59:59")
    assert promises(played(PHRASES, "[wait: 5s, agent: 明天给您回复。]", last)) == [("reply", "明天", None)]
