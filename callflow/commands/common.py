"""What several commands need: a flow, and ways to say something beside the output."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from callflow import flowfiles, models, plans
from callflow.call.plan import Plan
from callflow.errors import BadInput, OutputError
from callflow.problems import Problem
from callflow.review import processes
from callflow.texts import Text, text

MOST_WORKERS = 256

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


def output(given: str) -> Path:
    """The file to write; raises ``OutputError`` where it cannot be, before anything is worked out."""
    path = Path(given)
    if not given or path.is_dir():
        folder = text('cannot write "{p}": it is a folder', "无法写入“{p}”：这是一个文件夹", p=given)
        raise OutputError(folder, text("name a file in it", "请给出其中的文件名"))
    if not path.parent.is_dir():
        missing = text('cannot write "{p}": no such folder', "无法写入“{p}”：没有这个文件夹", p=path)
        raise OutputError(missing, text("make the folder first", "请先建立文件夹"))
    return path


def workers_of(given: str | None) -> int:
    """How many processes: what was asked for by ``--workers``, else one for each core we may use."""
    if given is None:
        return processes.cores()
    if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= MOST_WORKERS):
        raise BadInput(
            text("--workers must be a whole number from 1 to {m}", "--workers 应为 1 到 {m} 的整数", m=MOST_WORKERS)
        )
    return int(given)
