"""``callflow graph``: a flow as a picture, with the path of one call or the heat of many laid over it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from callflow import flowfiles
from callflow.commands.common import warn
from callflow.design.graph.dot import dot
from callflow.design.graph.draw import draw
from callflow.design.graph.mermaid import mermaid
from callflow.design.graph.model import Overlay, build
from callflow.design.graph.overlay import heat, path
from callflow.errors import BadInput
from callflow.events import Event
from callflow.journal import read_journal
from callflow.texts import text
from callflow.writing import whole_or_nothing

Format = Literal["svg", "png", "mermaid", "dot"]
FORMATS: tuple[Format, ...] = ("svg", "png", "mermaid", "dot")
_BY_ENDING: dict[str, Format] = {
    ".svg": "svg",
    ".png": "png",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
}


def options(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """The options of the command."""
    command = subparsers.add_parser("graph", parents=[common], help="a flow as a picture 流程图")
    command.add_argument("flow", nargs="?", default=flowfiles.DEFAULT_FLOW, metavar="FLOW", help="flow by name or path")
    command.add_argument("--format", choices=FORMATS, help="default: as --out ends, else svg 格式")
    command.add_argument("--rules", action="store_true", help="with rules 显示规则")
    command.add_argument("--prompts", action="store_true", help="with prompts 显示提示")
    calls = command.add_mutually_exclusive_group()
    calls.add_argument("--call", metavar="JOURNAL", help="lay the path of this call over it 叠加一通电话的路径")
    calls.add_argument(
        "--heat", nargs="+", metavar="JOURNALS", help="lay many calls over it: journals, or folders of them 叠加热度"
    )
    command.add_argument("--out", metavar="FILE", help="write it there (default: standard output)")
    command.set_defaults(run=run_graph)


def run_graph(options: argparse.Namespace, language: str) -> int:
    flow, warnings = flowfiles.load(options.flow)
    warn(warnings, language)
    out = Path(options.out) if options.out else None
    form: Format = options.format or (_BY_ENDING.get(out.suffix.lower()) if out else None) or "svg"
    if form == "png" and out is None and sys.stdout.isatty():
        raise BadInput(
            text("a PNG is nothing for a terminal", "PNG 不能输出到终端"), text("--out flow.png", "--out flow.png")
        )
    overlay = _overlay(options, language)
    graph = build(flow, language, rules=options.rules, prompts=options.prompts, overlay=overlay)
    written = mermaid(graph) if form == "mermaid" else dot(graph)
    content = draw(written, form) if form == "svg" or form == "png" else written.encode()
    if out:
        with whole_or_nothing(out) as file:
            file.write(content)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    return 0


def _overlay(options: argparse.Namespace, language: str) -> Overlay | None:
    if options.call:
        return path(_events(Path(options.call), language), Path(options.call).stem, language)
    return heat(_calls(options.heat, language), language) if options.heat else None


def _calls(names: Sequence[str], language: str) -> Iterator[list[Event]]:
    """The calls of the journals named, and of those in the folders named, one at a time."""
    found = 0
    for name in names:
        named = Path(name)
        for journal in sorted(named.rglob("*.jsonl")) if named.is_dir() else [named]:
            if named.is_dir() and journal.name.endswith(".events.jsonl"):
                continue
            found += 1
            yield _events(journal, language)
    if not found:
        raise BadInput(text("no journals (*.jsonl) in {n}", "{n} 中没有日志（*.jsonl）", n=", ".join(names)))


def _events(journal: Path, language: str) -> list[Event]:
    read = read_journal(journal)
    warn(read.problems, language)
    return read.events
