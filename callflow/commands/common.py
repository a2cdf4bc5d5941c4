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

MOST_PORT = 65_535
MOST_TOLD = 10
"""Problems of one file of events that are told one by one."""
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


class Few:
    """Tells of the first few problems of a file, and at the end how many more there are: a file that is none has a
    problem in every line. As a context manager."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._found = 0

    def __enter__(self) -> Few:
        return self

    def __exit__(self, *_: object) -> None:
        if more := max(0, self._found - MOST_TOLD):
            note(text("… and {n} more", "…… 另有 {n} 处", n=more), self._language)

    def tell(self, problem: Problem) -> None:
        self._found += 1
        if self._found <= MOST_TOLD:
            warn([problem], self._language)


def warn_few(problems: Iterable[Problem], language: str) -> None:
    with Few(language) as few:
        for problem in problems:
            few.tell(problem)


def port_of(given: str) -> int:
    """The port that was asked for; 0 for any."""
    if not (given.isascii() and given.isdigit() and int(given[:9]) <= MOST_PORT):
        raise BadInput(
            text('--port: "{p}" is no port', "--port：“{p}”不是端口号", p=given[:20]),
            text("give a number from 0 to {m}, 0 for any", "请给出 0 到 {m} 的数字，0 为任意", m=MOST_PORT),
        )
    return int(given)


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
