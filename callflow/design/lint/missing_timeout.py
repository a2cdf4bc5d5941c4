"""A wait without an end.

A detour that only certain words lead out of: if they are never said, or not recognised, the call stays there, and its
rules and prompts with it. And a rule that expects something after a trigger but not by when: it is judged only when the
call is over, too late to remind anybody in time.

PASS:
    phrases:
      back: {say: [我回来了]}
    states:
      talk: {on: {call.held: away}}
      away: {detour: true, on: {agent back: previous, after 45s: previous}}
FAIL:
    phrases:
      back: {say: [我回来了]}
    states:
      talk: {on: {call.held: away}}
      away: {detour: true, on: {agent back: previous}}
    # ^
PASS:
    phrases:
      hello: {say: [您好请讲]}
    rules:
      greet: {after: call.answered, expect: agent hello, within: 5s}
FAIL:
    phrases:
      hello: {say: [您好请讲]}
    rules:
      greet: {after: call.answered, expect: agent hello}
    # ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.flow.model import Shape
from callflow.flow.names import SPEAKS
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    yield from _detours(subject)
    for rule in subject.flow.rules.values():
        if rule.shape is Shape.RESPONSE and rule.within is None:
            message = text(
                "the rule does not say by when: write within: 10s (or 2 sentences)",
                "规则没有写明期限：请写 within: 10s（或 2 句）",
            )
            yield Problem(rule.at, message, "missing-timeout", Level.INFO)


def _detours(subject: Subject) -> Iterator[Problem]:
    ways = subject.ways
    for leaf in ways.leaves:
        if leaf not in ways.reached or not ways.detour(leaf):
            continue
        out = [way.transition for way in ways.of[leaf] if way.owner and way.first and way.to]
        if not out or any(one.after is not None or _is_sure(one.key) for one in out):
            continue
        message = text(
            "{n} is left only by certain words: add a time-out, such as after 60s: previous",
            "{n} 只能靠特定的话离开：请加上超时，如 after 60s: previous",
            n=leaf,
        )
        yield Problem(subject.flow.states[leaf].at, message, "missing-timeout", Level.WARNING)


def _is_sure(key: str) -> bool:
    """Whether it comes sooner or later without anybody having to say the right words."""
    return key.startswith(("call.", "acoustic.")) or key.endswith(f" {SPEAKS}")
