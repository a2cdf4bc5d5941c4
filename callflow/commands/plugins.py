"""Where plugins come in: ``callflow plugins`` lists them, the other commands ask here for what they name."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from callflow import plugins
from callflow.call.plan import Plan
from callflow.commands.common import note, warn
from callflow.commands.guards import GuardedEngine, GuardedSource
from callflow.errors import ModelError, PluginError
from callflow.plugins import GROUPS, Plugin, at_work, must_be
from callflow.problems import Edit, Level, Location, Problem
from callflow.speech import engines
from callflow.speech.transcriber import Transcriber
from callflow.telephony.source import CallEvents
from callflow.texts import Text, text

Exporter = Callable[[BinaryIO, Sequence[str], Iterable[Sequence[object]]], int]
ENGINES = ("auto", *(one.name for one in engines.ENGINES))
TELEPHONY = ("sound", "keys", "sip", "sips", "ami", "amis", "ari", "aris")
TABLES = ("csv", "xlsx")


def run_plugins(_options: argparse.Namespace, language: str) -> int:
    """Every plugin with its package; 1 where one of them cannot be used."""
    own = {"engines": ENGINES, "telephony": TELEPHONY, "exporters": TABLES}
    wrong: list[Problem] = []
    count = 0
    for group, title in GROUPS.items():
        loaded, problems = plugins.found(group, own.get(group, ()))
        wrong += problems
        count += len(loaded)
        for plugin in loaded:
            print(f"{title.in_(language)}: {plugin.name} ({plugin.package}){_colon(plugin.about, language)}")
    warn(wrong, language)
    if not count and not wrong:
        note(
            text("no plugins; docs/plugins.md tells how to make one", "没有插件；编写方法见 docs/plugins.md"), language
        )
    return 1 if wrong else 0


def _colon(about: str, language: str) -> str:
    return f"{'：' if language.startswith('zh') else ': '}{about}" if about else ""


def engine(name: str, recording: Path | None, language: str) -> engines.Choice | None:
    """The choice of an engine that is a plugin; ``None`` where no plugin has that name."""
    plugin, problems = plugins.named("engines", name, ENGINES)
    warn(problems, language)
    if plugin is None:
        return None
    if recording is None:
        _check_it_travels(plugin)
    why = text("plugin of {p}", "插件，来自 {p}", p=plugin.package)
    return engines.Choice(name, recording or Path(), why, partial(_opened, plugin, recording))


def _check_it_travels(plugin: Plugin) -> None:
    """Live, the engine is opened in another process, which must find the function by its name."""
    try:
        pickle.dumps(plugin.run)
    except Exception as error:
        raise ModelError(
            text(
                "plugin {n} ({p}) cannot be used live",
                "插件 {n}（{p}）不能用于实时通话",
                n=plugin.name,
                p=plugin.package,
            ),
            text("it must be a function at the top of its module", "它应是模块顶层的函数"),
        ) from error


def _opened(plugin: Plugin, recording: Path | None, threads: int) -> Transcriber:
    """In the process that listens, which live is one of its own: hence no closure."""
    with at_work(plugin):
        return GuardedEngine(plugin, plugin.run(recording, threads))


def telephone(address: str, language: str) -> CallEvents | None:
    """The telephony source that an address names by what stands before its colon; ``None`` where no plugin does."""
    plugin, problems = plugins.named("telephony", address.partition(":")[0], TELEPHONY)
    warn(problems, language)
    if plugin is None:
        return None
    with at_work(plugin):
        return GuardedSource(plugin, plugin.run(address))


def checks(language: str) -> list[Plugin]:
    """The checks of plugins; why one cannot be used is told."""
    loaded, problems = plugins.found("checks")
    warn(problems, language)
    return loaded


def checked(plan: Plan, checks: Iterable[Plugin]) -> list[Problem]:
    """What the checks of plugins find in a flow; a check that fails is itself a warning."""
    told: list[Problem] = []
    for plugin in checks:
        try:
            with at_work(plugin):
                told += _problems(plugin.run(plan))
        except PluginError as error:
            told.append(Problem(Location(plugin.package), error.message, "plugin", Level.WARNING))
    return told


def check(plan: Plan) -> tuple[list[Problem], list[str]]:
    """What the checks of all plugins find, and their names; why one cannot be used is found, too.

    For the studio's process, which finds this function by its name.
    """
    loaded, problems = plugins.found("checks")
    return [*problems, *checked(plan, loaded)], [one.name for one in loaded]


def _problems(given: Any) -> list[Problem]:
    """What a check yielded, each part of it of the kind it should be. Raises ``TypeError`` otherwise."""
    problems = list(given)
    for one in problems:
        must_be(Problem, one, "a check yields")
        for place in (one.at, *(one.related if isinstance(one.related, tuple) else (one.related,))):
            must_be(Location, place, "a Problem stands at")
            must_be(str, place.file, "the file of a Location is")
            for number in (place.line, place.column):
                must_be(int, number, "lines and columns are")
        must_be(Text, one.message, "the message of a Problem is")
        for words in (one.message.en, one.message.zh, one.rule):
            must_be(str, words, "words are")
        must_be(Level, one.level, "the level of a Problem is")
        if one.edit is not None:
            must_be(Edit, one.edit, "the edit of a Problem is")
            must_be(Location, one.edit.at, "an Edit stands at")
            for words in (one.edit.old, one.edit.new):
                must_be(str, words, "words are")
    return problems


def exporter(name: str, language: str) -> Exporter | None:
    """How to write a table in the format ``name``; ``None`` where no plugin knows it."""
    plugin, problems = plugins.named("exporters", name, TABLES)
    warn(problems, language)
    return partial(_written, plugin) if plugin else None


def _written(plugin: Plugin, file: BinaryIO, head: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    with at_work(plugin):
        return int(plugin.run(file, head, rows))


def formats() -> Text:
    """The formats of tables that can be named."""
    known = ", ".join([*TABLES, *plugins.names("exporters")])
    return Text(known, known)
