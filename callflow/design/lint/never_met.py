"""An obligation that nobody can ever meet: what it expects cannot come where it is looked for, or waives the rule.

PASS:
    phrases:
      hello: {say: [您好请讲]}
    rules:
      greet: {after: call.answered, expect: agent hello, within: 5s}
FAIL:
    phrases:
      hello: {say: [您好请讲]}
    rules:
      greet: {before: call.answered, expect: agent hello}
    # ^
FAIL:
    phrases:
      bye: {say: [祝您生活愉快]}
    rules:
      goodbye: {after: call.hung_up, expect: agent bye, within: 5s}
    # ^
FAIL:
    phrases:
      bye: {say: [祝您生活愉快]}
    rules:
      goodbye: {expect: agent bye, unless: agent bye}
    # ^
FAIL:
    phrases:
      hello: {say: [您好请讲]}
    rules:
      greet: {expect: {all: [agent hello, {not: agent hello}]}}
    # ^
FAIL:
    rules:
      answered: {expect: call.answered, count: 2}
    # ^
FAIL:
    states:
      talk: {title: 通话}
      asking: {on: {call.held: talk}}
    rules:
      ask: {expect: state asking}
    # ^
FAIL:
    phrases:
      bye: {say: [祝您生活愉快]}
    flow: {start: talk, on: {call.hung_up: ended}}
    states:
      talk: {title: 通话}
      ended: {title: 结束, final: true}
    rules:
      goodbye: {in: ended, expect: agent bye}
    # ^
FAIL:
    rules:
      answered: {after: call.held, expect: call.answered, within: 5s}
    # ^
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from callflow.design.lint.subject import Subject
from callflow.flow.model import AllOf, AnyOf, Expression, InOrder, Not, Rule, Shape, Term, terms
from callflow.problems import Level, Location, Problem
from callflow.texts import Text, text

_OBLIGATIONS = (Shape.RESPONSE, Shape.CHAIN_RESPONSE, Shape.PRECEDENCE, Shape.EXISTENCE)
_BEFORE_WORDS = ("call.ringing", "call.answered")
_ONCE = ("call.answered", "call.hung_up", "call.hung_up agent", "call.hung_up customer")


Why = tuple[Text, tuple[Location, ...]]
"""Why a rule can never be met, and the places that have to do with it."""


def check(subject: Subject) -> Iterator[Problem]:
    for rule in subject.flow.rules.values():
        if rule.shape in _OBLIGATIONS and (why := _of_states(rule, subject) or _of_time(rule) or _of_itself(rule)):
            yield Problem(rule.at, why[0], "never-met", Level.WARNING, why[1])


def _of_states(rule: Rule, subject: Subject) -> Why | None:
    """It holds in, or waits for, a state that no call comes to."""
    if rule.states and not any(subject.ways.is_reached(state) for state in rule.states):
        state = subject.flow.states[rule.states[0]]
        message = text(
            "nothing leads to {s}, where the rule holds ({a})",
            "没有转移通向规则所在的 {s}（{a}）",
            s=state.name, a=state.at,
        )  # fmt: skip
        return message, (state.at,)
    if rule.states and all(subject.flow.states[state].final for state in rule.states) and _all_spoken(rule.expect):
        state = subject.flow.states[rule.states[0]]
        message = text(
            "in {s}, where the rule holds, the call is over ({a})",
            "规则所在的 {s} 表示通话已结束（{a}）",
            s=state.name, a=state.at,
        )  # fmt: skip
        return message, (state.at,)
    if not _possible(rule.expect, partial(_comes, subject)):
        lost = next(key for key in (term.key for term in terms(rule.expect)) if not _comes(subject, key))
        state = subject.flow.states[lost.partition(" ")[2]]
        message = text(
            "“{k}” never comes, as nothing leads to that state ({a})",
            "“{k}”不会出现，因为没有转移通向该状态（{a}）",
            k=lost, a=state.at,
        )  # fmt: skip
        return message, (state.at,)
    return None


def _of_time(rule: Rule) -> Why | None:
    """What it waits for comes before or after all that can be said, or not so often."""
    triggers = [term.key for term in rule.trigger]
    before = rule.shape is Shape.PRECEDENCE
    if triggers and before and all(key in _BEFORE_WORDS for key in triggers) and _all_spoken(rule.expect):
        message = text(
            "nobody can say anything before {t}: write after: {t}",
            "{t} 之前无法说话：请改写为 after: {t}",
            t=triggers[0],
        )
        return message, ()
    if triggers and not before and all(key.startswith("call.hung_up") for key in triggers):
        message = text(
            "nothing comes after {t}, when the call is over: write before: {t}",
            "{t} 之后通话已结束：请改写为 before: {t}",
            t=triggers[0],
        )
        return message, ()
    if triggers and not before and all(map(_is_later, triggers)) and not _possible(rule.expect, _is_not_first):
        message = text(
            "the call was answered before {t}: write before: {t}",
            "{t} 之前电话早已接通：请改写为 before: {t}",
            t=triggers[0],
        )
        return message, ()
    if rule.count > 1 and isinstance(rule.expect, Term) and rule.expect.key in _ONCE:
        message = text(
            "{t} comes once in a call, not {n} times: leave count out",
            "{t} 一通电话只有一次，不会有 {n} 次：请去掉 count",
            t=rule.expect.key, n=rule.count,
        )  # fmt: skip
        return message, ()
    return None


def _of_itself(rule: Rule) -> Why | None:
    """It excludes what it expects."""
    if rule.unless and rule.unless == rule.expect:
        message = text(
            "unless waives the rule for just what it expects: leave unless out",
            "unless 与 expect 相同，一旦做到规则就被免除：请去掉 unless",
        )
        return message, ()
    if clash := _clash(rule.expect):
        message = text(
            "“{k}” is both expected and excluded (not): delete one of them",
            "“{k}”既要求出现又要求不出现：请删除其中之一",
            k=clash,
        )
        return message, ()
    return None


def _all_spoken(expression: Expression) -> bool:
    return all(term.key.startswith(("agent ", "customer ", "promise ", "field")) for term in terms(expression))


def _clash(expression: Expression) -> str:
    """A term that an ``all`` or ``then`` expects and excludes."""
    if not isinstance(expression, (AllOf, InOrder)):
        return ""
    wanted = {part.key for part in expression.parts if isinstance(part, Term)}
    excluded = [part.part.key for part in expression.parts if isinstance(part, Not) and isinstance(part.part, Term)]
    return next((key for key in excluded if key in wanted), "")


def _possible(expression: Expression, comes: Callable[[str], bool]) -> bool:
    if isinstance(expression, Term):
        return comes(expression.key)
    if isinstance(expression, Not):
        return True
    parts = [_possible(part, comes) for part in expression.parts]
    return any(parts) if isinstance(expression, AnyOf) else all(parts)


def _is_later(key: str) -> bool:
    """Whether it comes only in a call that was answered."""
    return key.startswith(("agent ", "customer ", "call.held", "call.resumed", "call.transfer"))


def _is_not_first(key: str) -> bool:
    return key not in _BEFORE_WORDS


def _comes(subject: Subject, key: str) -> bool:
    head, _, name = key.partition(" ")
    return head != "state" or subject.ways.is_reached(name)
