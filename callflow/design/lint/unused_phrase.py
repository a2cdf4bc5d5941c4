"""A phrase that is listened for and changes nothing: no rule, prompt, transition, situation or field speaks of it.

What must never be said is a finding by itself, and so is never unused; nor is what makes a promise, what cites a clause
of the guides (saying it serves the clause), or `agrees` and `disagrees`, which answer a read-back.

PASS:
    phrases:
      hello: {say: [您好请讲]}
    rules:
      greet: {after: call.answered, expect: agent hello, within: 5s}
FAIL:
    phrases:
      hello: {say: [您好请讲]}
    # ^
FAIL:
    phrases:
      asks-price: {by: customer, cue: [你们怎么收费的]}
    # ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.call.fields import NO, YES
from callflow.call.rule_index import looked_for
from callflow.design.lint.subject import Subject
from callflow.flow.model import Flow, Transition
from callflow.problems import Level, Problem
from callflow.texts import text


def check(subject: Subject) -> Iterator[Problem]:
    used = set(_used(subject.flow))
    for phrase in subject.flow.phrases.values():
        if phrase.kind == "never" or phrase.promise or phrase.refs or phrase.name in used:
            continue
        message = text(
            "nothing speaks of {n}: use it in a rule, a prompt, a transition or a situation, or delete it",
            "没有任何地方用到 {n}：请在规则、提示、转移或情形中使用它，或删除它",
            n=phrase.name,
        )
        yield Problem(phrase.at, message, "unused-phrase", Level.WARNING)


def _used(flow: Flow) -> Iterator[str]:
    yield from (YES, NO)
    for key in _keys(flow):
        yield key.rpartition(" ")[2]
    yield from (prompt.phrase for prompt in flow.prompts())
    yield from (field.asked_by for field in flow.fields.values())


def _keys(flow: Flow) -> Iterator[str]:
    """Every term that is written anywhere."""
    transitions: list[Transition] = list(flow.transitions)
    for state in flow.states.values():
        transitions += state.transitions
    yield from (transition.key for transition in transitions)
    for rule in flow.rules.values():
        yield from (term.key for term in (*rule.trigger, *looked_for(rule)))
    for situation in flow.situations.values():
        for written in (situation.begins, situation.given, situation.unless, situation.ends):
            yield from (term.key for term in written)
