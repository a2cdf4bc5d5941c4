"""``callflow models``: what speech models there are; install, verify, and where they lie."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from callflow import models
from callflow.commands.common import warn, warn_of_models
from callflow.errors import ModelError
from callflow.texts import Text, text


def run_models(options: argparse.Namespace, language: str) -> int:
    actions: dict[str, Callable[[argparse.Namespace, str], int]] = {
        "list": _models_list,
        "install": _models_install,
        "verify": _models_verify,
        "path": _models_path,
    }
    if options.action in ("install", "verify") and not options.name:
        raise ModelError(
            text("models {a} needs the name of a model", "models {a} 需要模型名称", a=options.action),
            text("one of {n}", "可选：{n}", n=", ".join(model.name for model in models.MODELS)),
        )
    warn_of_models(language)
    return actions[options.action](options, language)


def _models_list(options: argparse.Namespace, language: str) -> int:
    missing = text("not installed", "未安装").in_(language)
    for listed in models.listing():
        print(f"{listed.model.name:58} {listed.path or missing}")
        print(f"    {listed.model.about.in_(language)}")
        if listed.path and listed.problems:
            why, mend = listed.problems[0].message, models.how_to_mend(listed.model, listed.path)
            print(
                text("    DAMAGED: {w} — {m}", "    已损坏：{w} — {m}", w=why.in_(language), m=mend.in_(language)).in_(
                    language
                )
            )
    return 0


def _models_install(options: argparse.Namespace, language: str) -> int:
    console = Console(stderr=True, highlight=False)
    last = ""

    def progress(what: Text, done: int, of: int | None) -> None:
        """One line that counts up on a terminal; a line for each step elsewhere."""
        nonlocal last
        if console.is_terminal:
            share = f"{100 * done // of:3d} %" if of else f"{done / 1e6:.1f} MB"
            console.file.write(f"\r\x1b[K{what.in_(language)}  {share}")
            if of and done >= of:
                console.file.write("\n")
            console.file.flush()
        elif what.en != last:
            print(what.in_(language), file=sys.stderr, flush=True)
        last = what.en

    path = models.install(
        options.name, options.source, progress=progress, report=lambda problem: warn([problem], language)
    )
    print(path)
    return 0


def _models_verify(options: argparse.Namespace, language: str) -> int:
    path = Path(options.name) if Path(options.name).is_dir() else models.require(options.name)
    problems = models.verify(path)
    warn(problems, language)
    if not problems:
        print(text("{p} is whole", "{p} 完整", p=path).in_(language))
    return 2 if problems else 0


def _models_path(options: argparse.Namespace, language: str) -> int:
    if options.name:
        print(models.require(options.name))
    else:
        print(*models.search_path(), sep="\n")
    return 0
