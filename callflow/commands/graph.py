"""``callflow graph``: a flow as a picture, with the path of one call or the heat of many laid over it."""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.commands.common import warn, warn_few
from callflow.design.graph.dot import dot
from callflow.design.graph.draw import draw
from callflow.design.graph.mermaid import mermaid
from callflow.design.graph.model import Overlay, build
from callflow.design.graph.overlay import heat, path
from callflow.design.rehearse import play
from callflow.errors import BadInput, OutputError, needed
from callflow.events import Event, Output, parse
from callflow.flow.model import Flow
from callflow.journal import is_journal, read_journal
from callflow.problems import Location
from callflow.texts import printable, text
from callflow.writing import whole_or_nothing

Format = Literal["svg", "png", "mermaid", "dot"]
_BY_ENDING: dict[str, Format] = {
    ".svg": "svg",
    ".png": "png",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
}

_SQLITE = b"SQLite format 3\0"


def run_graph(options: argparse.Namespace, language: str) -> int:
    flow, warnings = flowfiles.load(options.flow)
    warn(warnings, language)
    out = Path(options.out) if options.out else None
    form: Format = options.format or (_by_ending(out) if out else "svg")
    if form == "png" and out is None and sys.stdout.isatty():
        binary = text("a PNG is nothing for a terminal", "PNG 不能显示在终端里")
        raise BadInput(binary, text("name a file: --out flow.png", "请给出文件名：--out flow.png"))
    overlay = _overlay(options, flow, language)
    graph = build(
        flow,
        language,
        rules=options.rules,
        prompts=options.prompts,
        situations=options.situations,
        overlay=overlay,
    )
    written = mermaid(graph) if form == "mermaid" else dot(graph)
    content = draw(written, form) if form == "svg" or form == "png" else written.encode()
    if out:
        with whole_or_nothing(out) as file:
            file.write(content)
    elif sys.stdout:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    return 0


def _by_ending(out: Path) -> Format:
    if out.is_dir():
        folder = text('cannot write "{p}": it is a folder', "无法写入“{p}”：这是一个文件夹", p=out)
        raise OutputError(folder, text("name a file in it", "请给出其中的文件名"))
    if out.suffix.lower() not in _BY_ENDING:
        known = ", ".join(_BY_ENDING)
        raise BadInput(
            text('"{o}": the ending does not tell the format', "“{o}”的扩展名看不出格式", o=out),
            text("end it in {k}, or add --format", "请用 {k}，或加上 --format", k=known),
        )
    return _BY_ENDING[out.suffix.lower()]


def _overlay(options: argparse.Namespace, flow: Flow, language: str) -> Overlay | None:
    if not (options.call or options.heat):
        return None
    plan = Plan.of(flow)
    if options.call:
        events = _judged(_events(Path(options.call), language), plan)
        return path(events, printable(Path(options.call).stem), language)
    return heat((_judged(events, plan) for events in _calls(options.heat, language)), language)


def _judged(events: Iterable[Event], plan: Plan) -> Iterable[Event]:
    """A call with what the engine said of it; a journal of inputs alone is judged now."""
    known = list(events)
    return known if any(isinstance(event, Output) for event in known) else play(known, plan)


def _calls(names: Sequence[str], language: str) -> Iterator[Iterable[Event]]:
    """The calls of the journals named, of those in the folders and archives named, one at a time."""
    found = 0
    for name in names:
        for events in _archived(name) if "://" in name or _is_database(Path(name)) else _in_files(Path(name), language):
            found += 1
            yield events
    if not found:
        raise BadInput(text("no calls in {n}", "{n} 中没有通话", n=", ".join(names)))


def _is_database(path: Path) -> bool:
    """Whether a file is an archive of SQLite."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _in_files(named: Path, language: str) -> Iterator[list[Event]]:
    if not named.is_dir():
        yield _events(named, language)
        return
    for journal in sorted(named.rglob("*.jsonl")):
        if is_journal(journal):  # call events lie beside recordings under the same ending
            yield _events(journal, language)


def _archived(url: str) -> Iterator[Iterable[Event]]:
    with needed(text("an archive", "归档库"), "archive"):
        from callflow.archive import extracts
        from callflow.archive.store import Archive
    with Archive.open(url, create=False) as archive:
        for call in extracts.calls(archive, extracts.chosen(archive, extracts.Wanted()), journals=True):
            lines = enumerate(zlib.decompress(call.journal).splitlines(), start=1)
            events = (parse(line, Location(url, number)) for number, line in lines)
            yield [event for event in events if isinstance(event, Event)]


def _events(journal: Path, language: str) -> list[Event]:
    read = read_journal(journal)
    warn_few(read.problems, language)
    return read.events
