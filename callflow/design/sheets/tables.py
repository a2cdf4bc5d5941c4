"""Tables as they come from files: lines of cells that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from callflow.design.sheets.phrases import COLUMNS, KINDS, SHEETS, Kind, SheetPhrase, columns_of
from callflow.flow.names import SEVERITY_TITLES
from callflow.problems import Level, Location, Problem
from callflow.texts import Text

MOST_ROWS = 50_000
MOST_COLUMNS = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with its text, as it stands there; ``wrong`` says why it has none that could be taken."""

    text: str
    at: Location
    wrong: Text | None = None


Line = list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet. ``kind`` is ``None`` where a column tells it; the first line has the headings."""

    kind: Kind | None
    at: Location
    lines: list[Line]


def letter(column: int) -> str:
    """A column's letter, counted from 1: A, B, … Z, AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def headings(kind: Kind | None, language: str) -> list[str]:
    columns = columns_of(kind) if kind else ("kind", *columns_of("never"))
    return [COLUMNS[column].in_(language) for column in columns]


def lines_of(phrases: list[SheetPhrase], kind: Kind | None, language: str) -> Iterator[list[str]]:
    """The phrases of a kind (``None``: of both, with the kind in a column) as lines of text, below the headings."""
    for shown in (kind,) if kind else KINDS:
        for phrase in phrases:
            if phrase.kind == shown:
                yield from _lines(phrase, kind is None, language)


def _lines(phrase: SheetPhrase, with_kind: bool, language: str) -> Iterator[list[str]]:
    severity = SEVERITY_TITLES.get(phrase.severity)
    whole = {
        "kind": SHEETS[phrase.kind].in_(language),
        "name": phrase.name,
        "better": phrase.better,
        "severity": severity.in_(language) if severity else "",
        "group": phrase.group,
        "file": phrase.file,
    }
    columns = ("kind", *columns_of("never")) if with_kind else columns_of(phrase.kind)
    for number, wording in enumerate(phrase.wordings):
        shown = whole if number == 0 else {key: whole[key] for key in ("kind", "name")}
        yield [wording if column == "wording" else shown.get(column, "") for column in columns]


def warning(at: Location, message: Text, rule: str = "sheet") -> Problem:
    return Problem(at, message, rule, Level.WARNING)
