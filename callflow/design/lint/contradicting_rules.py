"""Two rules of which one asks for what the other forbids, or which both want to come first: one is always broken.

PASS:
    phrases:
      promise: {say: [保证明天送到]}
    rules:
      give-a-date: {in: talk, expect: agent promise}
      no-promises: {in: ended, never: agent promise}
FAIL:
    phrases:
      promise: {say: [保证明天送到]}
    rules:
      give-a-date: {after: call.answered, expect: agent promise, within: 60s}
      no-promises: {never: agent promise}
    # ^
FAIL:
    phrases:
      name: {say: [请问您贵姓]}
    rules:
      ask: {after: call.resumed, expect: agent name, within: 20s}
      do-not-ask: {after: call.resumed, never: agent name, within: 30s}
    # ^
FAIL:
    phrases:
      sorry: {say: [让您久等了]}
      thanks: {say: [感谢您的等候]}
    rules:
      sorry-first: {after: call.resumed, expect: agent sorry, first: true}
      thanks-first: {after: call.resumed, expect: agent thanks, first: true}
    # ^
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from callflow.call.rule_index import within
from callflow.design.lint.subject import Subject
from callflow.flow.model import FORBIDS, AllOf, Expression, InOrder, Rule, Shape, Span, Term, terms
from callflow.problems import Level, Problem
from callflow.texts import Text, text

_ASKS = (Shape.RESPONSE, Shape.CHAIN_RESPONSE, Shape.PRECEDENCE, Shape.EXISTENCE)


def check(subject: Subject) -> Iterator[Problem]:
    asking: dict[str, list[Rule]] = defaultdict(list)
    for rule in subject.flow.rules.values():
        for key in _needed(rule.expect) if rule.shape in _ASKS else ():
            asking[key].append(rule)
    for rule in subject.flow.rules.values():
        if rule.shape in FORBIDS and not rule.count and not rule.unless:
            for term in terms(rule.expect):
                for other in asking.get(term.key, ()):
                    if _clash(rule, other):
                        yield _told(rule, other, _forbidden(term.key, other))
    yield from _both_first(subject)


def _both_first(subject: Subject) -> Iterator[Problem]:
    firsts: dict[str, list[Rule]] = defaultdict(list)
    for rule in subject.flow.rules.values():
        if rule.shape is Shape.CHAIN_RESPONSE and not rule.unless:
            for term in rule.trigger:
                for other in firsts[term.key]:
                    if not _common(rule, other) and _overlap(rule, other):
                        message = text(
                            "both this and {o} ({a}) must come first after “{t}”: make one of them within: 10s",
                            "它和 {o}（{a}）都要求在“{t}”之后最先说：请把其中之一改为 within: 10s",
                            o=other.name, a=other.at, t=term.key,
                        )  # fmt: skip
                        yield _told(rule, other, message)
                firsts[term.key].append(rule)


def _told(rule: Rule, other: Rule, message: Text) -> Problem:
    return Problem(rule.at, message, "contradicting-rules", Level.WARNING, (other.at,))


def _forbidden(key: str, other: Rule) -> Text:
    return text(
        "“{k}” must never come, but {o} ({a}) asks for it: say in which state each holds",
        "“{k}”不许出现，而 {o}（{a}）要求它：请写明各自适用的状态",
        k=key, o=other.name, a=other.at,
    )  # fmt: skip


def _needed(expression: Expression) -> set[str]:
    """What must come for it to be met, in any case: of ``any`` nothing in particular."""
    if isinstance(expression, Term):
        return {expression.key}
    if isinstance(expression, (AllOf, InOrder)):
        return set().union(*map(_needed, expression.parts))
    return set()


def _clash(forbids: Rule, asks: Rule) -> bool:
    """Whether what one asks for always falls where the other forbids it."""
    if forbids.edge or asks.edge or asks.unless:
        return False
    if forbids.shape is Shape.ABSENCE:
        return not forbids.states or (bool(asks.states) and all(within(state, forbids.states) for state in asks.states))
    if asks.shape not in (Shape.RESPONSE, Shape.CHAIN_RESPONSE) or not _overlap(forbids, asks):
        return False
    same = {term.key for term in asks.trigger} & {term.key for term in forbids.trigger}
    return bool(same) and _longer(forbids.within, asks.within)


def _longer(forbidden: Span | None, asked: Span | None) -> bool:
    if forbidden is None:
        return True
    return asked is not None and forbidden.unit == asked.unit and forbidden.amount >= asked.amount


def _overlap(one: Rule, other: Rule) -> bool:
    pairs = [(a, b) for a in one.states for b in other.states]
    return not one.states or not other.states or any(within(a, (b,)) or within(b, (a,)) for a, b in pairs)


def _common(one: Rule, other: Rule) -> bool:
    """Whether one and the same phrase can meet both."""
    return bool({term.key for term in terms(one.expect)} & {term.key for term in terms(other.expect)})
