"""Phrases as an Excel workbook, through openpyxl: a sheet of each kind."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from callflow.design.sheets.phrases import KINDS, SHEETS, Kind, SheetPhrase, columns_of
from callflow.design.sheets.tables import MOST_COLUMNS, MOST_ROWS, Cell, Table, headings, letter, lines_of, warning
from callflow.errors import BadInput, CallflowError, needed
from callflow.flow.names import SEVERITY_TITLES
from callflow.problems import Location, Problem, did_you_mean
from callflow.texts import Text, text

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_BYTES = 20_000_000
"""Largest workbook when unpacked: a small file can hold a very large one."""
MOST_CELLS = 500_000
"""Rows, cells and what ranges take up, in all sheets together; openpyxl makes an object of each."""
_RANGES = ("mergeCell", "hyperlink")
"""What openpyxl goes through cell by cell, however large."""
_SHEET = (1_048_576, 16_384)
"""Rows and columns of a sheet of Excel's."""
_WIDTHS = {"name": 26, "wording": 60, "better": 60, "severity": 10, "group": 14, "file": 24}


def _openpyxl() -> Any:
    with needed(text("spreadsheets", "电子表格"), "design"):
        import openpyxl
    return openpyxl


# ------------------------------------------------------------------------------------------------ writing


def write(phrases: list[SheetPhrase], language: str) -> bytes:
    """The workbook. Raises ``BadInput`` where a text has signs that no spreadsheet can keep."""
    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    book.remove(book.active)
    for kind in KINDS:
        sheet = book.create_sheet(SHEETS[kind].in_(language))
        _fill(sheet, phrases, kind, language)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, phrases: list[SheetPhrase], kind: Kind, language: str) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils.exceptions import IllegalCharacterError
    from openpyxl.worksheet.datavalidation import DataValidation

    columns = columns_of(kind)
    rows = [headings(kind, language), *lines_of(phrases, kind, language)]
    for number, row in enumerate(rows, start=1):
        for place, words in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            try:
                cell.value = words or None
            except IllegalCharacterError as error:
                raise BadInput(
                    text(
                        "{w}: a sign in it cannot be kept in a spreadsheet",
                        "{w}：其中有电子表格无法保存的字符",
                        w=row[0],
                    )
                ) from error
            if words:
                cell.data_type = "s"  # and never a formula, whatever it begins with
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[letter(place)].width = _WIDTHS[column]
        sheet.cell(1, place).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    if "severity" in columns:
        choices = ",".join(word.in_(language) for word in SEVERITY_TITLES.values())
        validation = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
        sheet.add_data_validation(validation)
        at = letter(columns.index("severity") + 1)
        validation.add(f"{at}2:{at}{len(rows) + 500}")


# ------------------------------------------------------------------------------------------------ reading


def read(content: bytes, name: str) -> tuple[list[Table], list[Problem]]:
    """The tables of a workbook, and what is wrong with its sheets. Raises ``BadInput`` where it is no workbook."""
    _check_file(content, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl leaves out: drawings, extensions
            book = _openpyxl().load_workbook(io.BytesIO(content))
    except CallflowError:
        raise
    except Exception as error:  # a damaged workbook can raise anything
        raise BadInput(
            text('"{n}" is no workbook that can be read', "无法读取工作簿“{n}”", n=name),
            text("open it in Excel and save it as .xlsx again", "请用 Excel 打开并重新另存为 .xlsx"),
        ) from error
    problems: list[Problem] = []
    tables = list(_tables(book, name, problems))
    return tables, problems


def _check_file(content: bytes, name: str) -> None:
    """Say what a file is that is no workbook."""
    again = text("open it and save it as an Excel workbook (.xlsx)", "请打开后另存为 Excel 工作簿（.xlsx）")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        message = '"{n}" is an old workbook (.xls) or one with a password', "“{n}”是旧版 .xls 或加密的工作簿"
        raise BadInput(text(*message, n=name), again)
    if not content.startswith(b"PK"):
        message = (
            '"{n}" is no workbook, whatever it is called: a CSV file perhaps',
            "“{n}”不是工作簿，可能是改了名的 CSV",
        )
        hint = text("name a CSV file .csv, or save it as .xlsx", "CSV 文件请以 .csv 结尾，或另存为 .xlsx")
        raise BadInput(text(*message, n=name), hint)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            fits = sum(item.file_size for item in archive.infolist()) <= MOST_BYTES and _fits(archive)
    except Exception as error:  # a damaged archive can raise anything, too
        raise BadInput(text('"{n}" is damaged or incomplete', "“{n}”已损坏或不完整", n=name), again) from error
    if not fits:
        less = text(
            "delete rows and columns that nothing stands in, and split merged cells", "请删除空行空列，并拆分合并单元格"
        )
        raise BadInput(text('"{n}" is too large for phrases', "“{n}”太大，不像是话术表", n=name), less)


def _fits(archive: zipfile.ZipFile) -> bool:
    """Whether openpyxl can load it in a reasonable time: found out without making anything of it."""
    left = MOST_CELLS

    def begun(tag: str, attributes: dict[str, str]) -> None:
        nonlocal left
        kind = tag.rpartition(" ")[2]
        if kind in ("row", "c"):
            left -= 1
        elif kind in _RANGES:
            left -= _area(attributes.get("ref", ""))
        if left < 0:
            raise OverflowError

    for item in archive.infolist():
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = begun
        with suppress(expat.ExpatError), archive.open(item) as opened:  # what is no XML openpyxl complains of, or not
            try:
                parser.ParseFile(opened)
            except OverflowError:
                return False
    return True


def _area(reference: str) -> int:
    """How many cells a range such as ``A1:C3`` has; one where it is none."""
    try:
        left, top, right, bottom = _openpyxl().utils.cell.range_boundaries(reference)
    except (ValueError, TypeError):
        return 1
    rows = 1 + bottom - top if top and bottom else _SHEET[0]
    return rows * (1 + right - left if left and right else _SHEET[1])


def _tables(book: Any, name: str, problems: list[Problem]) -> Iterator[Table]:
    missing = dict(SHEETS)
    for sheet in book.worksheets:
        title = sheet.title.strip()
        kind = next((kind for kind in KINDS if title.lower() in (SHEETS[kind].zh, SHEETS[kind].en.lower())), None)
        at = Location(f"{name} {sheet.title}")
        if kind is None or kind not in missing:
            near = did_you_mean(title, [word for text_ in missing.values() for word in (text_.zh, text_.en)])
            problems.append(warning(at, Text(f"this sheet is not read{near.en}", f"未读取这个工作表{near.zh}")))
            continue
        del missing[kind]
        if sheet.sheet_state != "visible":
            message = text("the sheet is hidden: show it, or delete it", "工作表被隐藏：请取消隐藏，或删除")
            problems.append(Problem(at, message, "sheet-hidden"))
        yield _table(sheet, kind, at, problems)
    for title_ in missing.values():
        message = text("there is no sheet {e}", "没有工作表“{z}”", e=f"{title_.en} ({title_.zh})", z=title_.zh)
        if len(missing) == len(SHEETS):
            problems.append(Problem(Location(name), message, "sheet-missing"))
        else:
            left = Text(f"{message.en}: these phrases stay as they are", f"{message.zh}：这类短语保持不变")
            problems.append(warning(Location(name), left, "sheet-missing"))


def _table(sheet: Worksheet, kind: Kind, at: Location, problems: list[Problem]) -> Table:
    rows, columns = sheet.max_row, sheet.max_column
    if rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        en, zh = "too large: {r} rows and {c} columns", "太大：{r} 行 {c} 列"
        problems.append(Problem(at, text(en, zh, r=rows, c=columns), "sheet-size"))
        return Table(kind, at, [])
    for merged in sheet.merged_cells.ranges:
        place = Location(f"{at.file}!{letter(merged.min_col)}{merged.min_row}")
        en, zh = "merged cells ({r}): split them, and fill in each", "合并单元格（{r}）：请拆分并逐格填写"
        problems.append(Problem(place, text(en, zh, r=merged.coord), "cell-merged"))
    lines = [
        [Cell(_words(cell), Location(f"{at.file}!{cell.coordinate}"), _why_not(cell)) for cell in row]
        for row in sheet.iter_rows()
    ]
    problems += _hidden(sheet, lines)
    return Table(kind, at, lines)


def _hidden(sheet: Worksheet, lines: list[list[Cell]]) -> Iterator[Problem]:
    """What nobody sees and would be imported all the same."""
    hidden = [column for column in sheet.column_dimensions.values() if column.hidden]
    widest = max(map(len, lines), default=0)
    for place in (place for one in hidden for place in range((one.min or 1) - 1, min(one.max or 0, widest))):
        if any(line[place].text for line in lines if place < len(line)):
            en, zh = "hidden column: show it, or delete it", "隐藏的列：请取消隐藏，或删除"
            yield Problem(lines[0][place].at, text(en, zh), "cell-hidden")
    for number, line in enumerate(lines, start=1):
        if sheet.row_dimensions[number].hidden and any(cell.text for cell in line):
            en, zh = "hidden row (or filtered out): show it, or delete it", "隐藏（或被筛选掉）的行：请显示或删除"
            yield Problem(line[0].at, text(en, zh), "cell-hidden")


def _words(cell: Any) -> str:
    return "" if cell.value is None else str(cell.value)


def _why_not(cell: Any) -> Text | None:
    """Why a cell holds no text, where it holds something else."""
    if cell.value is None or cell.data_type in ("s", "inlineStr"):
        return None
    if cell.data_type == "f":
        return text("a formula: paste its value as text", "这是公式：请粘贴为文本")
    if cell.data_type == "e":
        return text("an error value ({v}): write the text", "错误值（{v}）：请改写为文字", v=cell.value)
    if isinstance(cell.value, (date, datetime, time)) or cell.data_type == "d":
        return text(
            "a date or time: format the cell as text and write it again", "日期或时间：请将单元格设为文本格式后重新填写"
        )
    message = (
        "a number, not a text: format the cell as text and write it again",
        "数字而不是文字：请将单元格设为文本格式后重新填写",
    )
    return text(*message)
