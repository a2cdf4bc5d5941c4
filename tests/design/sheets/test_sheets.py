"""Phrases to a spreadsheet and back: nothing is lost, what differs is changed where it stands, what is wrong is told at
its cell and changes nothing."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from ruamel.yaml import YAML

from callflow import flowfiles
from callflow.cli import main
from callflow.design.sheets import csv_file, merge, reading, xlsx
from callflow.design.sheets.phrases import SheetPhrase, phrases_of
from callflow.errors import BadInput

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = YAML(typ="safe").load((HERE / "cells.yaml").read_text("utf-8"))


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A flow in a folder, and its phrases in phrases.xlsx beside it, with Chinese headings."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("flow.yaml", "more.yaml"):
        shutil.copy(HERE / name, folder)
    assert main(["phrases", "export", str(folder), "--out", str(tmp_path / "phrases.xlsx"), "--lang", "zh"]) == 0
    return folder


def texts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def change(path: Path, edit: Callable[[Any], None]) -> None:
    book = openpyxl.load_workbook(path)
    edit(book)
    book.save(path)


def sheet(book: Any, name: str) -> Worksheet:
    found: Worksheet = book[name]
    return found


def take(flow: Path, *more: str, file: str = "phrases.xlsx") -> int:
    return main(["phrases", "import", str(flow.parent / file), str(flow), "--lang", "zh", *more])


# ------------------------------------------------------------------------------------------------ the way and back


@pytest.mark.parametrize(("kind", "language"), [("xlsx", "zh"), ("csv", "en")])
@pytest.mark.parametrize("name", flowfiles.available())
def test_what_was_exported_changes_nothing(name: str, kind: str, language: str) -> None:
    sources = flowfiles.read_sources(name)
    flow, _ = flowfiles.parse(sources)
    known = phrases_of(sources.texts)
    assert {phrase.name for phrase in known} == {n for n, phrase in flow.phrases.items() if phrase.kind != "cue"}
    if kind == "csv":
        tables = csv_file.read(csv_file.write(known, language), "a.csv")
    else:
        tables, more = xlsx.read(xlsx.write(known, language), "a.xlsx")
        assert more == []
    wanted, problems = reading.read(tables, known, flow, sources.texts)
    assert problems == []
    merged = merge.merge(wanted, sources.texts, name)
    assert (merged.texts, merged.changes, merged.left) == ({}, (), 0)


WORDS = st.text("甲乙丙，=+-@'\"#:；{}|\t ", min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=5, unique=True))
def test_no_cell_is_a_formula_and_every_cell_comes_back(cells: list[str]) -> None:
    phrases = [SheetPhrase("a", "say", tuple(cells), "f.yaml")]
    written = csv_file.write(phrases, "zh")
    table = csv_file.read(written, "a.csv")[0]
    assert [line[2].text for line in table.lines[1:]] == cells
    for cell in cells:
        assert csv_file.defused(cell)[0] not in "=+-@\t"
    (first, _), _ = xlsx.read(xlsx.write(phrases, "zh"), "a.xlsx")
    assert [line[1].text for line in first.lines[1:]] == cells
    assert not any(cell.wrong for line in first.lines for cell in line)


def test_a_csv_file_as_excel_saves_it_in_china(flow: Path) -> None:
    assert main(["phrases", "export", str(flow), "--out", str(flow.parent / "p.csv"), "--lang", "zh"]) == 0
    source = (flow.parent / "p.csv").read_text("utf-8-sig")
    (flow.parent / "p.csv").write_bytes(source.replace("再见", "再会").replace(",", ";").encode("gb18030"))
    assert take(flow, file="p.csv") == 0
    assert (flow / "more.yaml").read_text("utf-8") == "phrases:\n  bye: {say: 再会, group: service}\n"


# ------------------------------------------------------------------------------------------------ what changes


def test_only_what_differs_is_changed(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def edit(book: Any) -> None:
        never, say = sheet(book, "禁用语"), sheet(book, "话术")
        never["B3"], never["C2"], never["D2"] = "您去找别人", "我来帮您问一下", None
        never.append(["too-busy", "我(很|正)忙", "我马上为您处理", "一般", "wording"])
        say["B7"] = "再会"

    before = texts(flow)
    change(flow.parent / "phrases.xlsx", edit)
    assert take(flow, "--dry-run") == 0
    shown = capsys.readouterr().out
    assert texts(flow) == before
    assert take(flow) == 0
    assert capsys.readouterr().out == shown
    assert "phrases.xlsx 禁用语!B3: not-mine (flow.yaml): 新增用语“您去找别人”" in shown
    assert "phrases.xlsx 禁用语!A4: too-busy (flow.yaml): 新短语：我(很|正)忙" in shown
    expected = before["flow.yaml"].decode()
    for was, now in (
        ("- 您找别人去 ", "- 您去找别人 "),
        ("better: 我来帮您联系", "better: 我来帮您问一下"),
        ("    severity: severe\n", ""),
        (
            "  agrees: {cue: [好的]}\n",
            "  agrees: {cue: [好的]}\n  too-busy:\n"
            '    never: ["我(很|正)忙"]\n    better: "我马上为您处理"\n    severity: major\n    group: wording\n',
        ),
    ):
        assert expected.count(was) == 1
        expected = expected.replace(was, now)
    assert (flow / "flow.yaml").read_text("utf-8") == expected
    assert (flow / "more.yaml").read_text("utf-8") == "phrases:\n  bye: {say: 再会, group: service}\n"
    assert take(flow) == 0
    assert capsys.readouterr().out == "", "once taken, there is nothing left to change"


def test_a_new_phrase_goes_to_the_file_of_its_subject(flow: Path) -> None:
    """It names the file, or it stands below a phrase of that file."""

    def edit(book: Any) -> None:
        say = sheet(book, "话术")
        say.append(["see-you", "下次见"])
        say.append(["welcome", "欢迎光临", None, "flow.yaml"])

    change(flow.parent / "phrases.xlsx", edit)
    assert take(flow) == 0
    known = {phrase.name: phrase.file for phrase in phrases_of(flowfiles.read_sources(str(flow)).texts)}
    assert (known["see-you"], known["welcome"]) == ("more.yaml", "flow.yaml")


def test_columns_come_in_any_order_and_may_be_missing(flow: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page
    page.title = "never"
    page.append(["better wording", "备注", "用语", "NAME"])
    page.append(["我来帮您联系", "x", "这(事|个)不归我管", "not-mine"])
    page.append([None, None, "这不是我的事", "not-mine"])
    book.save(flow.parent / "mine.xlsx")
    assert take(flow, file="mine.xlsx") == 0
    source = (flow / "flow.yaml").read_text("utf-8")
    assert "severity: severe\n    group: wording" in source, "what the sheet does not speak of stays"
    assert "这不是我的事" in source
    assert "greeting" in source


def test_line_ends_and_a_byte_order_mark_are_kept(flow: Path) -> None:
    path = flow / "more.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    change(flow.parent / "phrases.xlsx", lambda book: sheet(book, "话术").append(["see-you", "下次见"]))
    assert take(flow) == 0
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfphrases:\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 4


def test_what_would_break_the_flow_is_told_at_the_cell(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What only the reader of flows knows: some names stand for any words."""
    before = texts(flow)
    change(flow.parent / "phrases.xlsx", lambda book: sheet(book, "话术").append(["speaks", "说话"]))
    assert take(flow) == 2
    assert "phrases.xlsx 话术!A8: 错误: “speaks”表示任何话" in capsys.readouterr().err
    assert texts(flow) == before


def changed(phrase: SheetPhrase, random: Random) -> SheetPhrase:
    """A phrase as somebody might leave it in a spreadsheet."""
    words = list(phrase.wordings)
    match random.randrange(5):
        case 0:
            words[random.randrange(len(words))] = f"甲{random.randrange(999)}：#乙"
        case 1:
            words.insert(random.randint(0, len(words)), f"丙{random.choice(QUOTES)}{random.randrange(999)}")
        case 2 if len(words) > 1:
            words.pop(random.randrange(len(words)))
        case 3 if phrase.kind == "never":
            return replace(
                phrase, better=f"好的{random.choice(QUOTES)}", severity=random.choice(["", "minor", "fatal"])
            )
        case _:
            random.shuffle(words)
    return replace(phrase, wordings=tuple(words))


QUOTES = ["'", '"', "#", ": "]


@pytest.mark.parametrize("name", ["examples/logistics", "examples/bank-card"])
def test_whatever_is_changed_arrives_and_comments_stay(name: str) -> None:
    """Many phrases at once, in all the forms that flows are written in."""
    sources = flowfiles.read_sources(name)
    flow, _ = flowfiles.parse(sources)
    known, random = phrases_of(sources.texts), Random(1)
    for _ in range(10):
        phrases = [changed(phrase, random) if random.random() < 0.5 else phrase for phrase in known]
        tables = csv_file.read(csv_file.write(phrases, "zh"), "a.csv")
        wanted, _ = reading.read(tables, known, flow, sources.texts)
        texts = {**sources.texts, **merge.merge(wanted, sources.texts, name).texts}
        assert {phrase.name: phrase for phrase in phrases_of(texts)} == {phrase.name: phrase for phrase in phrases}
        for file, text in texts.items():
            was, now = (re.findall(r"^ *#.*", words, re.MULTILINE) for words in (sources.texts[file], text))
            assert was == now


def test_what_somebody_else_changed_meanwhile_is_not_lost(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing the file is saved by an editor."""
    whole = merge.merge

    def slow(*arguments: Any) -> merge.Merged:
        (flow / "more.yaml").write_text("phrases:\n  bye: {say: 慢走}\n", "utf-8")
        return whole(*arguments)

    monkeypatch.setattr(merge, "merge", slow)
    change(flow.parent / "phrases.xlsx", lambda book: sheet(book, "话术").__setitem__("B7", "再会"))
    assert take(flow) == 2
    assert "慢走" in (flow / "more.yaml").read_text("utf-8")


# ------------------------------------------------------------------------------------------------ what is wrong


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_wrong_is_told_at_its_cell(
    flow: Path, case: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def edit(book: Any) -> None:
        for place, value in case.get("set", {}).items():
            page, cell = place.split("!")
            sheet(book, page)[cell] = value
            if case.get("as") is None and isinstance(value, str):
                sheet(book, page)[cell].data_type = "s"
        for doing in filter(None, case.get("do", "").split("; ")):
            _do(book, *doing.split())

    before = texts(flow)
    change(flow.parent / "phrases.xlsx", edit)
    capsys.readouterr()
    code = take(flow)
    told = capsys.readouterr().err.splitlines()
    assert code == (0 if case.get("warns") else 2), told
    for expected in case["told"]:
        place, _, words = expected.rpartition(": ")
        assert any(place in line and words in line for line in told), (expected, told)
    if not case.get("warns"):
        assert texts(flow) == before
        problems = told[:-1]
        assert all(line.endswith("]") and line.startswith("phrases.xlsx") for line in problems), told
    assert main(["import", str(flow.parent / "phrases.xlsx"), str(flow), "--lang", "en"]) == code
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in capsys.readouterr().err.split("“")[0].splitlines()[-1])


def test_no_phrase_goes_into_a_file_of_rehearsals(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A call does not read it."""
    (flow / "a.rehearsals.yaml").write_text("rehearsals: []\n", "utf-8")
    row = ["see-you", "下次见", None, "a.rehearsals.yaml"]
    change(flow.parent / "phrases.xlsx", lambda book: sheet(book, "话术").append(row))
    assert take(flow) == 2
    assert "话术!D8: 错误: 文件：流程中没有“a.rehearsals.yaml”" in capsys.readouterr().err
    assert (flow / "a.rehearsals.yaml").read_text("utf-8") == "rehearsals: []\n"


def _do(book: Any, what: str, page: str, where: str = "") -> None:
    match what:
        case "merge":
            sheet(book, page).merge_cells(where)
        case "hide" if where.isdigit():
            sheet(book, page).row_dimensions[int(where)].hidden = True
        case "hide":
            sheet(book, page).column_dimensions[where].hidden = True
        case "hide-sheet":
            sheet(book, page).sheet_state = "hidden"
        case "rename":
            sheet(book, page).title = where


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "旧版 .xls"),
        ("名称,用语\na,您好\n".encode(), "可能是改了名的 CSV"),
        (b"", "不是工作簿"),
        (b"PK\x03\x04" + bytes(50), "损坏"),
        (None, "无法读取"),
    ],
    ids=["xls", "csv", "empty", "cut", "absent"],
)
def test_what_is_no_workbook_is_told(
    flow: Path, content: bytes | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (flow.parent / "a.xlsx").write_bytes(content)
    before = texts(flow)
    assert take(flow, file="a.xlsx") == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert told in line
    assert texts(flow) == before


def rewritten(content: bytes, was: str, now: str) -> bytes:
    """A workbook with other text in its first sheet."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.namelist():
            words = old.read(item).decode()
            new.writestr(item, words.replace(was, now, 1) if item.endswith("sheet1.xml") else words)
    return out.getvalue()


BOMBS = {
    "merged": ("</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "linked": ("</sheetData>", '</sheetData><hyperlinks><hyperlink ref="A:XFD" location="x"/></hyperlinks>'),
    "rows": ("</sheetData>", "<row/>" * 2_000_000 + "</sheetData>"),
    "cells": ("</sheetData>", "<row>" + "<c/>" * 2_000_000 + "</row></sheetData>"),
    "unpacked": ("<sheetData>", "<!-- " + "x" * xlsx.MOST_BYTES + " --><sheetData>"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_with_a_very_large_workbook_in_it_is_refused(bomb: str) -> None:
    """Each would keep openpyxl busy for minutes, or take all the memory there is."""
    content = rewritten(WHOLE, *BOMBS[bomb])
    assert len(content) < 100_000
    with pytest.raises(BadInput, match="too large for phrases"):
        xlsx.read(content, "a.xlsx")


def test_columns_hidden_to_the_end_of_the_world_are_looked_at_as_far_as_there_are_any() -> None:
    cols = '<cols><col min="1" max="2000000000" hidden="1"/></cols><sheetData>'
    content = rewritten(WHOLE, "<sheetData>", cols)
    _, problems = xlsx.read(content, "a.xlsx")
    assert {problem.rule for problem in problems} >= {"cell-hidden"}


def test_a_sheet_of_few_cells_far_apart_is_too_large() -> None:
    far = '<row r="49999"><c r="AX49999" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    _, problems = xlsx.read(rewritten(WHOLE, "</sheetData>", far), "a.xlsx")
    assert "sheet-size" in {problem.rule for problem in problems}


WHOLE = xlsx.write([SheetPhrase("a", "say", ("您好",), "flow.yaml")], "zh")


@given(st.data())
def test_a_damaged_workbook_is_no_crash(data: st.DataObject) -> None:
    """Bytes lost or changed anywhere end in phrases or in words."""
    place = data.draw(st.integers(0, len(WHOLE) - 1))
    cut = data.draw(st.integers(0, 40))
    broken = WHOLE[:place] + data.draw(st.binary(max_size=8)) + WHOLE[place + cut :]
    with suppress(BadInput):
        xlsx.read(broken, "a.xlsx")


def test_nothing_is_written_where_a_file_cannot_be(flow: Path, tiny_disk: Path) -> None:
    """A disk that is full: the second file does not fit, and the first is as it was."""
    place = tiny_disk / "shop"
    place.mkdir()
    for path in flow.iterdir():
        shutil.copy(path, place)

    def edit(book: Any) -> None:
        sheet(book, "话术")["B2"] = "您好，请问有什么可以帮您"
        sheet(book, "话术")["B7"] = "再会"

    change(flow.parent / "phrases.xlsx", edit)
    before = texts(place)
    with suppress(OSError):
        (tiny_disk / "filler").write_bytes(bytes(16_000))
    assert main(["import", str(flow.parent / "phrases.xlsx"), str(place)]) == 2
    assert texts(place) == before
