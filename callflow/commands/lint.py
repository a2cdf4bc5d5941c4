"""``callflow lint``: what is wrong with flows, and what of it can be mended by itself; ``callflow schema``."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from callflow import flowfiles, plans
from callflow.call.plan import Plan
from callflow.commands import plugins
from callflow.commands.common import note
from callflow.design.lint import about, inspect
from callflow.design.lint.formats import FORMATS
from callflow.design.lint.mend import mend_all
from callflow.design.schema import schema
from callflow.errors import BadFlow
from callflow.plugins import Plugin
from callflow.problems import Level, Location, Problem
from callflow.texts import text


def run_lint(options: argparse.Namespace, language: str) -> int:
    """Print what is wrong with flows; 1 where anything is that is more than a hint."""
    found: list[Problem] = []
    mended = 0
    checks = plugins.checks(language)
    for name in options.flow or [flowfiles.DEFAULT_FLOW]:
        sources = flowfiles.read_sources(name)
        problems = _problems(sources, checks)
        if options.fix:
            texts, problems, count = mend_all(sources.texts, problems, partial(_again, sources, checks))
            flowfiles.rewrite(sources, texts)
            mended += count
        found += [_on_disk(problem, sources) for problem in problems]
    print(FORMATS[options.format](found, language, about()), end="")
    if mended:
        note(text("mended: {n}", "已修正 {n} 处", n=mended), language)
    if not found and options.format == "text":
        note(text("nothing to mend", "没有发现问题"), language)
    return 1 if any(problem.level is not Level.INFO for problem in found) else 0


def run_schema(options: argparse.Namespace, language: str) -> int:
    """Print the JSON Schema of flow files."""
    print(json.dumps(schema(language), ensure_ascii=False, indent=2))
    return 0


def _problems(sources: flowfiles.Sources, checks: Sequence[Plugin], *, cache: bool = True) -> list[Problem]:
    plan: Plan | None = None
    try:
        plan, problems = plans.of(sources, cache=cache)
        problems = [*problems, *plugins.checked(plan, checks)]
    except BadFlow as error:
        problems = error.problems
    return inspect(plan, problems, sources.texts, [check.name for check in checks])


def _again(sources: flowfiles.Sources, checks: Sequence[Plugin], texts: Mapping[str, str]) -> list[Problem]:
    """The same with texts that are on no disk yet."""
    return _problems(replace(sources, texts=texts), checks, cache=False)


def _on_disk(problem: Problem, sources: flowfiles.Sources) -> Problem:
    """With the paths under which whoever reads it finds the files, from the folder they are in."""

    def placed(at: Location) -> Location:
        path = sources.place(at.file)
        if at.file not in sources.texts and not path.exists():
            return at  # no file: what a plugin tells of itself
        try:
            shown = os.path.relpath(path)
        except ValueError:  # on another drive
            shown = str(path)
        return replace(at, file=str(path) if shown.startswith("..") else shown.replace(os.sep, "/"))

    return replace(problem, at=placed(problem.at), related=tuple(map(placed, problem.related)))
