"""Checks of a flow that reads without mistakes and yet does not mean what it says: one file a check.

A check is a module with ``check(subject)``, which yields Problems under the module's name (with hyphens), each at its
place and with the other places that have to do with it. Its docstring says what it finds, with flows that pass and
flows that fail: ``docs/lint.md`` is made of it, and the tests run every example.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType

from callflow import collecting
from callflow.call.plan import Plan
from callflow.design.lint import (
    always_fires,
    better_is_taboo,
    contradicting_rules,
    dead_end,
    loose_phrase,
    missing_timeout,
    missing_translation,
    never_fires,
    never_met,
    prompt_too_long,
    required_and_forbidden,
    shared_cue,
    sounds_alike,
    unknown_clause,
    unreachable_state,
    unused_phrase,
)
from callflow.design.lint.allow import silence
from callflow.design.lint.subject import Subject
from callflow.problems import Problem
from callflow.texts import Text

CHECKS: dict[ModuleType, str] = {
    unreachable_state: "没有任何途径可到达的状态",
    dead_end: "从此状态走不到任何结束状态",
    never_fires: "永远不会发生的转移",
    always_fires: "总是立即发生的转移",
    missing_timeout: "没有时限的等待",
    never_met: "谁也无法完成的要求",
    contradicting_rules: "两条互相矛盾的规则",
    required_and_forbidden: "既要求说又禁止说的话",
    better_is_taboo: "建议的说法本身就是禁用语",
    sounds_alike: "读音相近的两个短语",
    shared_cue: "同属两种情形的触发语",
    loose_phrase: "过短或过宽、日常话语里常出现的短语",
    unused_phrase: "没有任何地方用到的短语",
    unknown_clause: "引用了不存在的条款",
    prompt_too_long: "在限定时间内读不完的提示",
    missing_translation: "只有一种语言的标题、目标或理由",
}
"""The checks, and what each finds in Chinese; in English it is the first line of its docstring."""


def lint(plan: Plan) -> list[Problem]:
    """Every Problem of every check, by place."""
    with collecting.paused():
        subject = Subject(plan)
        return sorted({problem for check in CHECKS for problem in check.check(subject)})


def inspect(
    plan: Plan | None, problems: Iterable[Problem], sources: Mapping[str, str], plugins: Iterable[str] = ()
) -> list[Problem]:
    """All that is to be said of a flow: what its reader and plugins found (``problems``), what the checks find, less
    what comments in its files (``sources``) allow. Without a plan, as it has errors, only the first. ``plugins``: the
    names of the checks that plugins add."""
    if plan is None:
        return sorted({*problems})
    found = {*problems, *lint(plan)}
    return silence(found, sources, {*map(name_of, CHECKS), *plugins, *(problem.rule for problem in found)})


def about() -> dict[str, Text]:
    """What each check finds, in a sentence."""
    return {name_of(check): Text((check.__doc__ or "").partition("\n")[0], zh) for check, zh in CHECKS.items()}


def name_of(check: ModuleType) -> str:
    """The name under which a check reports."""
    return check.__name__.rpartition(".")[2].replace("_", "-")
