"""A state from which the call can come to no end: no final state lies behind it.

PASS:
    states:
      talk: {on: {agent bye: closing}}
      closing: {on: {call.hung_up: ended}}
    phrases:
      bye: {say: [再见]}
FAIL:
    flow: {start: talk}
    states:
      talk: {on: {call.held: hold, call.hung_up: ended}}
      hold: {title: 保持}
    # ^
      ended: {final: true}
FAIL:
    flow: {start: talk}
    states:
      talk: {title: 通话}
    # ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    ways = subject.ways
    if not any(state.final for state in ways.states()):
        message = text(
            "no state is an end: give one final: true, and let call.hung_up lead to it",
            "没有结束状态：请给某个状态写上 final: true，并让 call.hung_up 通向它",
        )
        yield Problem(subject.flow.states[ways.start].at, message, "dead-end", Level.WARNING)
        return
    ending = ways.ending()
    for state in ways.states():
        if state.name in ways.reached and state.name not in ending:
            message = text(
                "from {n} no final state can be reached: write under its on: what leads on",
                "从 {n} 无法到达任何结束状态：请在它的 on: 中写明如何继续",
                n=state.name,
            )
            yield Problem(state.at, message, "dead-end", Level.WARNING)
