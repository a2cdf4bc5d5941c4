"""A list of calls as CSV: a row for each file with what is known of it. Wrong columns and values are Problems.

UTF-8, or GBK as spreadsheets in China save it; comma, semicolon or tab; names of columns in English or Chinese.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from callflow.errors import BadFlow, BadInput
from callflow.problems import Level, Location, Problem, did_you_mean, has_errors
from callflow.review.batch import task
from callflow.review.batch.task import Metadata, Task, Wrong
from callflow.texts import Text, refused, text

T = TypeVar("T")
COLUMNS = {
    "file": "文件", "agent": "坐席", "team": "班组", "queue": "队列", "direction": "方向", "time": "时间",
    "customer": "客户", "agent_channel": "坐席声道", "events": "事件",
}  # fmt: skip
_CHINESE = {chinese: column for column, chinese in COLUMNS.items()}
MOST_BYTES = 512 * 1024 * 1024
MISSING = "manifest-missing"


def read_manifest(path: Path) -> tuple[list[Task], list[Problem]]:
    """The tasks of a manifest, and warnings. Files are named from where the manifest lies; a call whose files are not
    there is left out with a warning (``MISSING``), as the next run may find them.

    Raises ``BadInput`` where it cannot be read, with every Problem (as ``BadFlow`` carries them) where it is wrong.
    """
    rows = list(_rows(path, _text(path)))
    if not rows:
        raise BadInput(
            text('"{p}" is empty', "“{p}”是空的", p=path), text("its first line names the columns", "首行应为列名")
        )
    columns, problems = _columns(str(path), *rows[0])
    tasks: list[Task] = []
    first: dict[Path, int] = {}
    for line, cells in rows[1:] if not has_errors(problems) else ():
        if not any(cell.strip() for cell in cells):
            continue
        found, wrong = _task(path, line, cells, columns)
        problems += wrong
        if found is None:
            continue
        if (line_before := first.setdefault(found.path, line)) != line:
            twice = text("this file stands in line {n} already", "该文件在第 {n} 行已列出", n=line_before)
            problems.append(Problem(Location(str(path), line), twice, "manifest-twice", Level.WARNING))
        else:
            tasks.append(found)
    if has_errors(problems):
        raise _mistaken(path, problems)
    return tasks, problems


def _mistaken(path: Path, problems: list[Problem]) -> BadFlow:
    return BadFlow(text('"{p}" has mistakes; nothing was begun', "“{p}”有错误，未开始处理", p=path), problems)


def _unreadable(error: csv.Error) -> Text:
    """Python's own words for what is wrong with a cell, in ours; a quotation that does not end swallows all else."""
    if "limit" in str(error):
        return text("a cell is too long, or its quotation mark is not closed", "单元格过长，或引号没有闭合")
    if "unexpected end" in str(error):
        return text("the quotation mark is not closed", "引号没有闭合")
    return text("something stands behind a closing quotation mark", "闭合的引号之后还有内容")


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(text('cannot read "{p}": {w}', "无法读取“{p}”：{w}", p=path, w=refused(error))) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput(
        text('"{p}" is neither UTF-8 nor GBK text', "“{p}”不是 UTF-8 或 GBK 文本", p=path),
        text("save it as CSV (UTF-8)", "请另存为 CSV（UTF-8）"),
    )


def _rows(path: Path, content: str) -> Iterator[tuple[int, list[str]]]:
    head = content.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(content.replace("\0", "")), delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _mistaken(
                path, [Problem(Location(str(path), before + 1), _unreadable(error), "manifest-cell")]
            ) from error
        yield before + 1, cells
        before = reader.line_num


def _columns(file: str, line: int, cells: Sequence[str]) -> tuple[dict[str, int], list[Problem]]:
    """Which cell has what, by column."""
    found: dict[str, int] = {}
    problems: list[Problem] = []
    for number, cell in enumerate(cells):
        named = cell.strip()
        column = _CHINESE.get(named, named.lower())
        at = Location(file, line, _character(cells, number))
        if column in found:
            problems.append(
                Problem(at, text('column "{c}" stands twice', "“{c}”列出现了两次", c=named), "manifest-column")
            )
        elif column in COLUMNS:
            found[column] = number
        elif named:
            near = did_you_mean(column, (*COLUMNS, *_CHINESE))
            known = ", ".join(COLUMNS)
            message = Text(
                f'no column "{named}"{near.en or f" (there are {known})"}',
                f"没有“{named}”列{near.zh or f'（可用：{known}）'}",
            )
            problems.append(Problem(at, message, "manifest-column"))
    if "file" not in found:
        problems.append(
            Problem(Location(file, line), text('lacks the column "file"', "缺少“file”（文件）列"), "manifest-column")
        )
    return found, problems


def _task(
    manifest: Path, line: int, cells: Sequence[str], columns: Mapping[str, int]
) -> tuple[Task | None, list[Problem]]:
    """What a line says, ``None`` where it says it wrongly; and all that is wrong in it."""
    problems: list[Problem] = []

    def cell(column: str) -> str:
        number = columns.get(column, len(cells))
        return cells[number].strip() if number < len(cells) else ""

    def wrong(why: Text, column: str = "", rule: str = "manifest-value", level: Level = Level.ERROR) -> None:
        place = _character(cells, columns[column]) if column else 0
        problems.append(Problem(Location(str(manifest), line, place), why, rule, level))

    def value(column: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(cell(column))
        except Wrong as error:
            wrong(error.why, column)
            return None

    def file(column: str) -> Path | None:
        if not cell(column):
            return None
        path = manifest.parent / cell(column)
        if not os.path.isfile(path):
            missing = text('no file "{p}"; this call is left out', "找不到文件“{p}”，此通话未处理", p=path)
            wrong(missing, column, MISSING, Level.WARNING)
        return path

    if any(part.strip() for part in cells[max(columns.values()) + 1 :]):
        wrong(text("more cells than columns", "单元格多于列数"))
    path, events = file("file"), file("events")
    if path is None:
        wrong(text("names no file", "没有写明文件"), "file")
    direction, time = value("direction", task.direction), value("time", task.moment)
    agent = value("agent_channel", task.side)
    if problems or path is None:
        return None, problems
    names = {column: task.name(cell(column)) for column in ("agent", "team", "queue", "customer")}
    return Task(path, Metadata(**names, direction=direction or "", time=time), agent or "left", events), []


def _character(cells: Sequence[str], number: int) -> int:
    """The column, in characters, at which a cell begins (where none before it is quoted)."""
    return 1 + sum(len(cell) + 1 for cell in cells[:number])
