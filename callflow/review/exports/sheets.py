"""Tables as files: CSV that Excel opens as it should, and XLSX; row by row, so that size costs nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from callflow.review.exports.cells import Cell, defused

MOST_ROWS = 1_048_576
"""Rows of a sheet in Excel; the rest goes to the next sheet."""
_BOM = b"\xef\xbb\xbf"
_MOMENT = "yyyy-mm-dd hh:mm"


def write_csv(file: BinaryIO, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """UTF-8 with the mark by which Excel knows it, all text in quotes, whatever separates cells elsewhere.

    Returns how many rows.
    """
    file.write(_BOM)
    out = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=True)
    count = 0
    try:
        writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        writer.writerow([defused(name) for name in head])
        for row in rows:
            writer.writerow([_plain(cell) for cell in row])
            count += 1
    finally:
        out.detach()
    return count


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return "" if cell is None else defused(cell)


def write_xlsx(
    file: BinaryIO, title: str, head: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]]
) -> int:
    """One sheet (more where Excel has no room for all in one), its head frozen, with filters. Returns how many rows."""
    book = Workbook(write_only=True)
    try:
        written = _fill(book, title, head, widths, rows)
        book.save(file)
    except BaseException:
        _forget(book)
        raise
    return written


def _fill(
    book: Workbook, title: str, head: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]]
) -> int:
    left = iter(rows)
    row: Sequence[Cell] | None = next(left, None)
    number = written = 0
    while row is not None or number == 0:
        number += 1
        sheet = book.create_sheet(title if number == 1 else f"{title} {number}")
        sheet.freeze_panes = "A2"
        for place, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.append([_head(sheet, name) for name in head])
        count = 1
        while row is not None and count < MOST_ROWS:
            sheet.append([_cell(sheet, cell) for cell in row])
            count += 1
            written += 1
            row = next(left, None)
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(head))}{count}"
    return written


def _forget(book: Workbook) -> None:
    """Of a book that is never saved every sheet lies in a file of its own, as large as what it held."""
    sheet: Any
    for sheet in book.worksheets:
        with suppress(Exception):
            sheet.close()
            sheet._writer.cleanup()


def _head(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, value=name)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(vertical="top")
    return cell


def _cell(sheet: Any, value: Cell) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = _MOMENT
        return cell
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=_without_halves(str(defused(value))))
        cell.data_type = "s"  # text, whatever it looks like
        return cell
    return value


def _without_halves(words: str) -> str:
    """Halves of surrogate pairs cannot be written."""
    return words.encode("utf-8", "replace").decode()
