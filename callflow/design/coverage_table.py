"""The coverage of a flow as a table for people, and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from callflow.design.coverage import COLUMN_TITLES, COLUMNS, Row
from callflow.problems import Location
from callflow.texts import Text, text

_NARROW = 110
"""Below so many columns only the name of a file fits beside its line."""


def table(rows: Sequence[Row], language: str, width: int) -> Table:
    """A row for each clause; each cell names the first place that serves it, and how many more there are."""
    view = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    view.add_column(text("clause", "条款").in_(language), no_wrap=True)
    view.add_column(text("kind", "类别").in_(language), no_wrap=True)
    for column in COLUMNS:
        view.add_column(COLUMN_TITLES[column].in_(language), overflow="fold")
    for row in rows:
        mark = "[red]✗[/] " if row.open else "  "
        cells = [_cell(row.served[column], width) for column in COLUMNS]
        view.add_row(mark + escape(row.clause.id), row.clause.kind, *cells)
    return view


def still_open(rows: Sequence[Row], language: str) -> list[str]:
    """A line for each clause of which something is missing, and what."""
    return [
        f"{row.clause.at}: {row.clause.id}: " + "; ".join(missing.in_(language) for missing in row.open)
        for row in rows
        if row.open
    ]


def _cell(places: tuple[Location, ...], width: int) -> str:
    if not places:
        return "[dim]–[/]"
    first = places[0]
    name = first.file.removesuffix(".yaml") if width < _NARROW else first.file
    more = f" [dim]+{len(places) - 1}[/]" if len(places) > 1 else ""
    return f"{escape(name)}:{first.line}{more}"


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
