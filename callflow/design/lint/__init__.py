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

CHECKS: tuple[ModuleType, ...] = (
    unreachable_state,
    dead_end,
    never_fires,
    always_fires,
    missing_timeout,
    never_met,
    contradicting_rules,
    required_and_forbidden,
    better_is_taboo,
    sounds_alike,
    shared_cue,
    loose_phrase,
    unused_phrase,
    unknown_clause,
    prompt_too_long,
    missing_translation,
)


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


def about() -> dict[str, str]:
    """What each check finds, in a sentence."""
    return {name_of(check): (check.__doc__ or "").partition("\n")[0] for check in CHECKS}


def name_of(check: ModuleType) -> str:
    """The name under which a check reports."""
    return check.__name__.rpartition(".")[2].replace("_", "-")
