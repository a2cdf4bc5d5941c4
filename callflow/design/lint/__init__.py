"""Checks of a flow that reads without mistakes and yet does not mean what it says: one file a check.

A check is a module with ``check(plan)``, which yields Problems under the module's name (with hyphens), each at its
place and naming the other place where there is one. Its docstring says what it finds, with a flow that passes and one
that fails; the tests run both.
"""

from __future__ import annotations

from callflow.call.plan import Plan
from callflow.design.lint import better_is_taboo, required_and_forbidden, shared_cue, sounds_alike
from callflow.problems import Problem

CHECKS = (better_is_taboo, required_and_forbidden, shared_cue, sounds_alike)


def lint(plan: Plan) -> list[Problem]:
    """Every Problem of every check, by place."""
    return sorted({problem for check in CHECKS for problem in check.check(plan)})
