"""Words that the agent is to say and must not say: whatever the agent does is wrong.

PASS:
    phrases:
      promise: {say: [不可能让您吃亏的]}
      impossible: {never: [不可能], boundary: sentence, better: 这件事暂时难以办到}
FAIL:
    phrases:
      check-again: {say: [这个我不清楚]}
      unclear: {never: [这个我不清楚], better: 我帮您核实一下}
FAIL:
    phrases:
      unclear: {never: [这个我不清楚], better: 我帮您核实一下}
    situations:
      asked: {prompts: [{say: 这个我不清楚}]}
FAIL:
    phrases:
      promise: {say: [保证明天送到]}
    rules:
      give-a-date: {after: call.answered, expect: agent promise, within: 60s}
      no-promises: {never: agent promise}
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.call.plan import Plan
from callflow.design.lint.wordings import forbidden, sayings
from callflow.flow.model import Rule, Shape, terms
from callflow.problems import Level, Location, Problem
from callflow.texts import text

_FORBIDS = (Shape.ABSENCE, Shape.NOT_SUCCESSION)


def check(plan: Plan) -> Iterator[Problem]:
    yield from _wordings(plan)
    yield from _prompts(plan)
    yield from _rules(plan)


def _wordings(plan: Plan) -> Iterator[Problem]:
    told: set[tuple[Location, str]] = set()  # once for all ways to say one wording
    for phrase in plan.flow.phrases.values():
        for said, at in sayings(phrase, plan) if phrase.kind == "say" else ():
            for hit, taboo in forbidden(said, plan):
                if (at, taboo.name) in told:
                    continue
                told.add((at, taboo.name))
                message = text(
                    "{p} is to be said, but “{s}” in it is forbidden by {t} ({a}): reword one of them",
                    "{p} 是应说的话，但其中“{s}”被 {t}（{a}）禁止：请改写其中之一",
                    p=phrase.name, s=hit.said, t=taboo.name, a=taboo.at,
                )  # fmt: skip
                yield Problem(at, message, "required-and-forbidden", Level.WARNING)


def _prompts(plan: Plan) -> Iterator[Problem]:
    """Words of a prompt's own; those of a phrase are looked at with the phrase."""
    for prompt in plan.flow.prompts():
        for hit, taboo in forbidden(prompt.text, plan) if prompt.kind in ("say", "ask") and not prompt.phrase else ():
            message = text(
                "the prompt asks for “{s}”, which {t} ({a}) forbids: reword one of them",
                "提示要求说“{s}”，而 {t}（{a}）禁止这样说：请改写其中之一",
                s=hit.said, t=taboo.name, a=taboo.at,
            )  # fmt: skip
            yield Problem(prompt.at, message, "required-and-forbidden", Level.WARNING)


def _rules(plan: Plan) -> Iterator[Problem]:
    """An agent's phrase that one rule waits for and another never allows, without a trigger between them."""
    required: dict[str, Rule] = {}
    for rule in plan.flow.rules.values():
        if rule.shape not in _FORBIDS:
            required |= {term.key: rule for term in terms(rule.expect) if term.key.startswith("agent ")}
    for rule in plan.flow.rules.values():
        if rule.shape is not Shape.ABSENCE or rule.states or rule.edge or rule.count:
            continue
        for term in terms(rule.expect):
            if other := required.get(term.key):
                message = text(
                    "“{k}” must never come, but {o} ({a}) asks for it: say in which state each holds",
                    "“{k}”任何时候都不许出现，而 {o}（{a}）要求它：请写明各自适用的状态",
                    k=term.key, o=other.name, a=other.at,
                )  # fmt: skip
                yield Problem(rule.at, message, "required-and-forbidden", Level.WARNING)
