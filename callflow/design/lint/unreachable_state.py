"""A state that nothing leads to: what it says and prompts never comes, unless the agent names it by hand.

PASS:
    states:
      talk: {on: {agent bye: closing}}
      closing: {on: {call.hung_up: ended}}
    phrases:
      bye: {say: [再见]}
FAIL:
    states:
      talk: {}
      closing: {on: {call.hung_up: ended}}
    # ^
FAIL:
    states:
      talk: {on: {call.held: hold}}
      hold:
        states:
          waiting: {on: {call.resumed: talk}}
          back: {on: {agent speaks: talk}}
    #     ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    lost: set[str] = set()
    for name, state in subject.flow.states.items():
        if subject.ways.is_reached(name):
            continue
        lost.add(name)
        if name.rpartition(".")[0] in lost:
            continue  # told with the state around it
        message = text(
            "no transition leads to {n}: name it under the on: of a state before it, or delete it",
            "没有任何转移通向 {n}：请在前面某个状态的 on: 中写上它，或删除它",
            n=name,
        )
        yield Problem(state.at, message, "unreachable-state", Level.WARNING)
