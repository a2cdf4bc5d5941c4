"""What several commands need: a flow, and ways to say something beside the output."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from callflow import flowfiles, models, plans
from callflow.call.plan import Plan
from callflow.problems import Problem
from callflow.texts import Text

interrupts: list[int] = []
"""Signals that came: ``cli`` notes them, because PyAV loses an exception that reaches it at work."""


def plan_of(name: str | None, language: str) -> Plan:
    """The plan of a flow, for calls."""
    plan, warnings = plans.load(flowfiles.DEFAULT_FLOW if name is None else name)
    warn(warnings, language)
    return plan


def warn(warnings: Iterable[Problem], language: str) -> None:
    for warning in warnings:
        print(warning.in_(language), file=sys.stderr, flush=True)


def note(message: Text, language: str) -> None:
    print(message.in_(language), file=sys.stderr)


def warn_of_models(language: str) -> None:
    warn(models.search_path_problems(), language)
