"""A transition that can never be taken.

Its trigger never comes there, another one with the same trigger goes before it, a shorter time-out always does, or it
leads to where the call is already. (That a state was entered, `state …`, is told to rules and situations; it moves no
call.)

PASS:
    states:
      talk: {on: {call.held: hold, after 30s: asking}}
      hold: {on: {call.resumed: talk}}
      asking: {on: {agent speaks: talk}}
FAIL:
    states:
      talk: {on: {state talk: asking, call.held: asking}}
    #             ^
      asking: {on: {agent speaks: talk}}
FAIL:
    states:
      talk: {on: {after 30s: asking, after 60s: hold, call.held: hold}}
    #                                ^
      hold: {on: {call.resumed: talk}}
      asking: {on: {agent speaks: talk}}
FAIL:
    states:
      talk: {on: {call.held: hold}}
      hold:
        on: {call.resumed: talk}
    #        ^
        states:
          waiting: {on: {call.resumed: hold.back}}
          back: {on: {agent speaks: talk, call.resumed: talk}}
FAIL:
    states:
      talk: {title: 通话}
      ended: {final: true, on: {call.answered: talk}}
    #                           ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.subject import Subject
from callflow.design.lint.ways import Way, fires
from callflow.flow.model import Transition
from callflow.problems import Level, Location, Problem
from callflow.texts import Text, text


def check(subject: Subject) -> Iterator[Problem]:
    ways = subject.ways
    held: dict[Location, list[tuple[str, Way]]] = {}
    for leaf in ways.leaves:
        if leaf in ways.reached or subject.flow.states[leaf].final:
            for way in ways.of[leaf]:
                held.setdefault(way.transition.at, []).append((leaf, way))
    for at, places in held.items():
        why = [_why(leaf, way, ways.of[leaf], subject) for leaf, way in places]
        if all(why) and (own := why[0]):
            yield Problem(at, own[0], "never-fires", Level.WARNING, own[1])


def _why(leaf: str, way: Way, others: list[Way], subject: Subject) -> tuple[Text, tuple[Location, ...]] | None:
    """Why ``way`` is never taken in ``leaf``, and the places that have to do with it."""
    transition = way.transition
    if not fires(transition):
        message = text(
            "“{k}” moves no call: write what brings the call there, such as a phrase or a call event",
            "“{k}”不会引起转移：请写明是什么引起的，如短语或通话事件",
            k=transition.key,
        )
        return message, ()
    if subject.flow.states[leaf].final:
        message = text(
            "nothing leads out of a final state ({n}): delete this, or final: true",
            "结束状态（{n}）不再转移：请删除这一行，或去掉 final: true",
            n=leaf,
        )
        return message, (subject.flow.states[leaf].at,)
    if not way.first:
        other = next(one for one in others if _same_trigger(one.transition, transition))
        return _goes_before(other.transition), (other.transition.at,)
    if not way.to:
        message = text(
            "this leads to {t}, where the call is already: delete it, or name another state",
            "这里通向 {t}，而通话已在其中：请删除，或改为别的状态",
            t=transition.target,
        )
        return message, ()
    shorter = [one for one in others if one.first and one.to and _is_shorter(one.transition, transition)]
    return (_goes_before(shorter[0].transition), (shorter[0].transition.at,)) if shorter else None


def _goes_before(other: Transition) -> Text:
    return text(
        "never taken: the one in {a} always goes before it; delete one of them",
        "永远不会发生：{a} 处的转移总是先发生；请删除其中之一",
        a=other.at,
    )


def _same_trigger(one: Transition, other: Transition) -> bool:
    return (one.key, one.after) == (other.key, other.after)


def _is_shorter(one: Transition, other: Transition) -> bool:
    return one.after is not None and other.after is not None and one.after < other.after
