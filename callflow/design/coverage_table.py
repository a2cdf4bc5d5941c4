"""The coverage of a flow as a table for people, and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text as Line

from callflow.design.coverage import COLUMN_TITLES, COLUMNS, Row
from callflow.problems import Location
from callflow.texts import Text, text

_ANY_WIDTH = 10_000
"""Cells of a console that is wide enough for anything."""


def shown(rows: Sequence[Row], language: str, console: Console) -> RenderableType:
    """Each clause with the first place that serves it in every column, and how many more there are.

    A table where the console is wide enough for it, at least without ``.yaml``; else the places one after the other,
    none broken.
    """
    for ending in ("", ".yaml"):
        table = _table(rows, language, ending)
        if Console(width=_ANY_WIDTH).measure(table).maximum <= console.width:
            return table
    return _listed(rows, language, console.width)


def _table(rows: Sequence[Row], language: str, ending: str) -> Table:
    view = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    titles = [text("clause", "条款"), text("kind", "类别"), *(COLUMN_TITLES[column] for column in COLUMNS)]
    for title in titles:
        view.add_column(title.in_(language), no_wrap=True)
    for row in rows:
        view.add_row(_name(row), row.clause.kind, *(_cell(row.served[column], ending) for column in COLUMNS))
    return view


def _listed(rows: Sequence[Row], language: str, width: int) -> Line:
    """A paragraph for each clause; a place that is longer than the line is left to the terminal."""
    names = max((len(row.clause.id) for row in rows), default=0) + 2
    kinds = max((len(row.clause.kind) for row in rows), default=0)
    lines: list[Line] = []
    for row in rows:
        line = _name(row)
        line.pad_right(names - line.cell_len)
        line.append(f"  {row.clause.kind:{kinds}}")
        for column in COLUMNS:
            if not row.served[column]:
                continue
            cell = Line.assemble((f"{COLUMN_TITLES[column].in_(language)} ", "dim"), _cell(row.served[column]))
            if line.cell_len + 2 + cell.cell_len > width:
                lines.append(line)
                line = Line(" " * (names + 2 + kinds))
            line.append("  ").append_text(cell)
        lines.append(line)
    return Line("\n").join(lines)


def _name(row: Row) -> Line:
    return Line.assemble(("✗ ", "red") if row.open else "  ", row.clause.id)


def _cell(places: tuple[Location, ...], ending: str = "") -> Line:
    if not places:
        return Line("–", "dim")
    first = Line(f"{places[0].file.removesuffix(ending)}:{places[0].line}")
    return first.append(f" +{len(places) - 1}", "dim") if len(places) > 1 else first


def still_open(rows: Sequence[Row], language: str) -> list[str]:
    """A line for each clause of which something is missing, and what."""
    return [
        f"{row.clause.at}: {row.clause.id}: " + "; ".join(missing.in_(language) for missing in row.open)
        for row in rows
        if row.open
    ]


def summary(rows: Sequence[Row]) -> Text:
    outside = sum(row.clause.kind == "out" for row in rows)
    missing = sum(bool(row.open) for row in rows)
    return text(
        "{n} clauses: {s} served, {o} outside a call, {m} open",
        "共 {n} 条：已落实 {s}，不属于通话 {o}，未落实 {m}",
        n=len(rows), s=len(rows) - outside - missing, o=outside, m=missing,
    )  # fmt: skip


def data(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same for programs: every place as ``file:line``."""
    return [
        {
            "clause": row.clause.id,
            "kind": row.clause.kind,
            **{column: [f"{place.file}:{place.line}" for place in row.served[column]] for column in COLUMNS},
            "open": [missing.en for missing in row.open],
        }
        for row in rows
    ]
