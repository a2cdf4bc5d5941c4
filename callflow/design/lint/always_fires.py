"""A transition that is always taken at once: the state, or all other states, might as well not be there.

Whatever somebody says is `speaks`. On the flow's own `on:` it leads out of every state at the next word. And in a state
that a phrase of the same speaker leads to it is taken with that very phrase.

PASS:
    phrases:
      bye: {say: [再见]}
    states:
      talk: {on: {agent bye: closing}}
      closing: {on: {customer speaks: talk}}
FAIL:
    phrases:
      bye: {say: [再见]}
    states:
      talk: {on: {agent bye: closing}}
      closing: {on: {agent speaks: talk}}
    #                ^
FAIL:
    flow: {start: talk, on: {call.hung_up: ended, customer speaks: talk, call.held: hold}}
    #                                             ^
    states:
      talk: {}
      hold: {}
      ended: {final: true}
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.events import SPEAKERS
from callflow.flow.model import PREVIOUS
from callflow.flow.names import SPEAKS
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    for transition in subject.flow.transitions:
        if transition.key in (f"{speaker} {SPEAKS}" for speaker in SPEAKERS):
            message = text(
                "“{k}” on the flow's own on: leads every state to {t} at the next word: write it under one state",
                "流程自身的 on: 中写“{k}”，会使任何状态在下一句话时就转到 {t}：请写在某个状态下",
                k=transition.key, t=transition.target,
            )  # fmt: skip
            yield Problem(transition.at, message, "always-fires", Level.WARNING)
    yield from _passed_through(subject)


def _passed_through(subject: Subject) -> Iterator[Problem]:
    """States that the words which lead to them also lead out of, at least where nothing else leads to them."""
    entered: dict[str, list[str]] = {}
    ways = subject.ways
    for leaf in ways.reached:
        for way in ways.of[leaf]:
            if way.first and way.to not in ("", PREVIOUS):
                entered.setdefault(way.to, []).append(way.transition.key)
    for leaf in ways.leaves:
        for way in ways.of[leaf] if leaf != ways.start else ():
            speaker, _, what = way.transition.key.partition(" ")
            if what != SPEAKS or not way.first or not way.to or way.owner != leaf:
                continue
            keys = entered.get(leaf, [])
            if keys and all(key.startswith(f"{speaker} ") and key != way.transition.key for key in keys):
                message = text(
                    "taken at once: {n} is entered by words of the {s} ({k}), which are “{s} speaks” as well; name "
                    "the words that lead on",
                    "会立刻发生：进入 {n} 的正是 {s} 说的话（{k}），它同时也是“{s} speaks”；请写明由哪句话继续",
                    n=leaf, s=speaker, k=keys[0],
                )  # fmt: skip
                yield Problem(way.transition.at, message, "always-fires", Level.WARNING)
