"""Phrases as CSV: one table of both kinds. Cells that a spreadsheet would run as a formula are written with an
apostrophe before them; reading takes it off again, so that nothing is lost on the way."""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress

from callflow.design.sheets.phrases import SheetPhrase
from callflow.design.sheets.tables import MOST_ROWS, Cell, Table, headings, letter, lines_of
from callflow.errors import BadInput
from callflow.problems import Location
from callflow.texts import text

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet may take for a formula, also behind apostrophes that stood there before."""


def defused(cell: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def restored(cell: str) -> str:
    """What was meant by a cell that ``defused`` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write(phrases: list[SheetPhrase], language: str) -> bytes:
    """Both kinds as one table, in the form that spreadsheets open: UTF-8 with its mark, lines ended as Windows does."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings(None, language))
    writer.writerows([defused(cell) for cell in line] for line in lines_of(phrases, None, language))
    return out.getvalue().encode("utf-8-sig")


def _decoded(content: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):  # the second is what Excel writes in China as "CSV"
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise BadInput(
        text('"{n}" is neither UTF-8 nor GB18030', "“{n}”既不是 UTF-8 也不是 GB18030 编码", n=name),
        text("save it as CSV UTF-8, or as .xlsx", "请另存为 CSV UTF-8 或 .xlsx"),
    )


def read(content: bytes, name: str) -> list[Table]:
    """The table in a CSV file. Raises ``BadInput`` where it is none."""
    if b"\0" in content:
        raise BadInput(
            text('"{n}" is no CSV file', "“{n}”不是 CSV 文件", n=name),
            text("save it as .xlsx, or as CSV UTF-8", "请另存为 .xlsx，或 CSV UTF-8"),
        )
    source = _decoded(content, name)
    first = source.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(source, newline=""), delimiter=delimiter), start=1):
            lines.append(
                [
                    Cell(restored(cell), Location(f"{name}!{letter(place)}{number}"))
                    for place, cell in enumerate(row, start=1)
                ]
            )
            if number > MOST_ROWS:
                raise BadInput(text('"{n}" has more than {m} lines', "“{n}”超过 {m} 行", n=name, m=MOST_ROWS))
    except csv.Error as error:
        raise BadInput(text('"{n}" is no CSV file: {e}', "“{n}”不是 CSV 文件：{e}", n=name, e=error)) from error
    return [Table(None, Location(name), lines)]
