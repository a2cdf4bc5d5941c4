"""What leaves the archive: whole, masked, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from archived import archive_of, new_call
from bundled import NAMES
from commandline import plan
from hypothesis import given
from hypothesis import strategies as st

from callflow.archive import calls, decisions, extracts, users
from callflow.archive.extracts import Wanted
from callflow.archive.masking import masked_events
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING, Viewer
from callflow.events import Evidence, Finding, Heard, Score
from callflow.journal import parse_journal
from callflow.review import known, score_table, scorecard_file, scored
from callflow.review.exports import agent_page, call_page, rows, shapes, sheets
from callflow.review.exports.cells import defused
from callflow.review.exports.months import read_month
from callflow.review.scorecard import Scorecard
from callflow.review.scored import Chosen

PHONE = "13812345678"
ATTACK = "=cmd|' /C calc'!A0"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(str(archive_of(tmp_path / "calls.sqlite")))


def attacked(archive: Archive) -> int:
    """A call in which everything that people name or say is a formula or a number to hide."""
    said = f"-2+3 我的电话是{PHONE}"
    finding = Finding(
        at=3.0, rule="=RULE()", verdict="missed", severity="major", group="@GROUP", refs=("+REF",),
        evidence=(Evidence(1.0, 2.0, "customer", said),), reason="\t=1+1",
    )  # fmt: skip
    call = replace(
        new_call("faulty"), key="a" * 64, path=f"/calls/=HYPERLINK(1)_{PHONE}.wav", agent=ATTACK, agent_name="@SUM(1)",
        team="-1", queue="\r=1+1", customer=PHONE, findings=(finding,),
    )  # fmt: skip
    return calls.add(archive, [call])[0]


def table(file: bytes) -> list[list[str]]:
    assert file.startswith(b"\xef\xbb\xbf"), "Excel takes it for another encoding otherwise"
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def written(extract: rows.Extract, what: str, form: str) -> bytes:
    made = extract.findings() if what == "findings" else extract.scores()
    head = [column.title.zh for column in made.columns]
    file = io.BytesIO()
    if form == "csv":
        count = sheets.write_csv(file, head, made.rows)
    else:
        count = sheets.write_xlsx(file, "表", head, [column.width for column in made.columns], made.rows)
    assert count > 0
    return file.getvalue()


# ------------------------------------------------------------------------------------------------ tables


@pytest.mark.parametrize("what", ["findings", "scores"])
def test_no_cell_is_a_formula_and_no_number_is_shown(archive: Archive, what: str) -> None:
    call_id = attacked(archive)
    extract = rows.Extract(archive, Wanted(call=call_id), "zh")
    _, *lines = table(written(extract, what, "csv"))
    book = openpyxl.load_workbook(io.BytesIO(written(extract, what, "xlsx")))
    sheet = book.worksheets[0]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    texts = [text for line in lines for text in line] + [str(c.value) for c in cells if isinstance(c.value, str)]
    for text in texts:
        assert not re.match(r"\s*[=+@\t\r]|\s*-(?!\d+(\.\d+)?$)", text), text
        assert PHONE not in text
    assert any(ATTACK in text for text in texts), "defused, not lost"


def test_numbers_are_shown_to_whom_may_see_them(archive: Archive) -> None:
    extract = rows.Extract(archive, Wanted(call=attacked(archive)), "en", reveal=True)
    assert written(extract, "findings", "csv").decode().count(PHONE) >= 3


@given(st.text(max_size=20))
def test_whatever_text_comes_is_text(text: str) -> None:
    cell = defused(text)
    assert isinstance(cell, str)
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert cell[:1] not in ("\t", "\r", "\n")
    file = io.BytesIO()
    sheets.write_csv(file, ["a", "b"], [[text, 1.5]])
    (_, (first, second)) = table(file.getvalue())
    assert (first, second) == (cell.encode("utf-8", "replace").decode(), "1.5")
    file = io.BytesIO()
    sheets.write_xlsx(file, "t", ["a"], [10], [[text]])
    assert len(list(openpyxl.load_workbook(file).worksheets[0].iter_rows())) == 2


def test_numbers_and_times_are_numbers_and_times(archive: Archive) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(rows.Extract(archive, Wanted(), "zh"), "scores", "xlsx")))
    sheet = book.worksheets[0]
    head = [cell.value for cell in sheet[1]]
    first = dict(zip(head, (cell.value for cell in sheet[2]), strict=True))
    assert isinstance(first["得分"], float | int)
    assert isinstance(first["开始时间"], datetime)
    assert (sheet.freeze_panes, sheet.max_row) == ("A2", 1 + len(NAMES))
    assert any(str(name).endswith("（%）") for name in head)


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 4)
    file = io.BytesIO()
    assert sheets.write_xlsx(file, "t", ["n"], [9], [[n] for n in range(8)]) == 8
    found = [[row[0].value for row in sheet.iter_rows()] for sheet in openpyxl.load_workbook(file).worksheets]
    assert found == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6, 7]]


def test_a_decision_stands_beside_the_engine_s_verdict(archive: Archive) -> None:
    users.add(archive, "chef", "correct horse battery", "admin")
    ((chef, _, _),) = users.with_names(archive)
    ids = extracts.chosen(archive, Wanted())
    one = next(f for found in extracts.findings(archive, ids).values() for f in found if f.verdict == "missed")
    decisions.decide(archive, one.id, chef, "correct", "met", note="做了", rescore=known.rescored)
    made = rows.Extract(archive, Wanted(), "en").findings()
    names = [column.name for column in made.columns]
    lines = [dict(zip(names, row, strict=True)) for row in made.rows]
    (line,) = [line for line in lines if line["decided"]]
    assert (line["verdict"], line["standing"], line["decided"], line["note"]) == ("missed", "met", "chef", "做了")


def test_decisions_are_read_with_their_calls(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portion by portion, and only those about them."""
    monkeypatch.setattr(extracts, "PORTION", 2)
    chef = users.add(archive, "chef", "correct horse battery", "admin")
    ids = extracts.chosen(archive, Wanted())[:5]
    first = [extracts.findings(archive, [number])[number][0] for number in ids]
    for one in first:
        decisions.decide(archive, one.id, chef, "accept", note=f"{one.id}")
    assert [one.call for one in extracts.decided(archive, ids=ids[1:3])] == ids[1:3]
    made = rows.Extract(archive, Wanted(), "en", ids=ids).findings()
    place = [column.name for column in made.columns].index("note")
    assert [row[place] for row in made.rows if row[place]] == [f"{one.id}" for one in first]


def scores(archive: Archive, wanted: Wanted, chosen: Chosen = lambda flow: None) -> list[dict[str, Any]]:
    made = rows.Extract(archive, wanted, "en").scores(chosen)
    names = [column.name for column in made.columns]
    return [dict(zip(names, row, strict=True)) for row in made.rows]


def test_groups_follow_decisions_as_the_score_does(archive: Archive) -> None:
    users.add(archive, "chef", "correct horse battery", "admin")
    ((chef, _, _),) = users.with_names(archive)
    wanted = Wanted(call=calls.add(archive, [new_call("faulty")])[0])
    (before,) = scores(archive, wanted)
    assert before["score"] == before["engine_score"] < 10
    shares = {name for name in before if name.startswith("group_")}
    assert any((before[name] or 0) < 50 for name in shares)
    for one in extracts.findings(archive, [before["call"]])[before["call"]]:
        if one.standing in ("missed", "violated"):
            decisions.decide(archive, one.id, chef, "correct", "met", rescore=known.rescored)
    (after,) = scores(archive, wanted)
    assert after["score"] == 100
    assert after["engine_score"] == before["engine_score"]
    assert (after["faults"], after["severe"]) == (0, 0)
    assert {after[name] for name in shares} <= {100.0, None}


def fatal_card(folder: Path) -> Scorecard:
    """By it whoever misses or violates what ``faulty`` does gets nothing."""
    rule = next(one.rule for one in new_call("faulty").findings if one.verdict in ("missed", "violated"))
    path = folder / "card.yaml"
    path.write_text(f"scorecard:\n  title: 热线\n  fatal: {{cap: 0, rules: [{rule}]}}\n", "utf-8")
    return scorecard_file.load(path, plan().flow)


def test_a_scorecard_scores_every_call_that_is_compared(archive: Archive, tmp_path: Path) -> None:
    """The month, the month before and the team: all on one scale."""
    card, one = fatal_card(tmp_path), replace(new_call("faulty"), agent="77", team="西部")
    moments = (("e", datetime(2026, 10, 5, 3)), ("f", datetime(2026, 11, 5, 3)))
    calls.add(archive, [replace(one, key=key * 64, began=began) for key, began in moments])
    calls.add(archive, [replace(new_call("exemplary"), key="9" * 64, agent="78", team="西部", began=moments[1][1])])
    month = read_month(archive, Wanted(agent="77"), datetime(2026, 11, 1), lambda flow: card)
    assert month is not None
    assert (month.mean, month.before, month.team_mean) == (0, 0, 50)
    assert "as it was the month before" in agent_page.summary(month).en
    by_card = scores(archive, Wanted(agent="77"), lambda flow: card)
    assert [(row["score"], bool(row["fatal"])) for row in by_card] == [(0, True)] * 2
    own = read_month(archive, Wanted(agent="77"), datetime(2026, 11, 1))
    assert own is not None
    assert [own.mean, own.before] == pytest.approx([3.94, 3.94], abs=0.01)


TOLD = ("我的电话是一三八", "嗯", "零零一三", "八零零五")


@pytest.mark.parametrize("reveal", [False, True])
def test_no_export_shows_a_number_that_was_told_in_parts(archive: Archive, tmp_path: Path, reveal: bool) -> None:
    finding = Finding(
        at=3.0, rule="greet-first", verdict="missed", severity="major", group="greeting", refs=("1.1",),
        evidence=tuple(Evidence(n, n + 1, "customer", said) for n, said in enumerate(TOLD[2:])),
    )  # fmt: skip
    name = f"20261101_{PHONE}.wav"
    more: dict[str, Any] = {"path": f"/calls/{name}", "queue": PHONE, "agent_name": PHONE, "text": "\n".join(TOLD)}
    call = replace(new_call("faulty"), key="e" * 64, agent="77", findings=(finding,), **more)
    (call_id,) = calls.add(archive, [call])
    viewer = replace(EVERYTHING, reveal=reveal)
    wanted = Wanted(agent="77", viewer=viewer)
    month = read_month(archive, wanted, datetime(2026, 11, 1))
    assert month is not None
    extract = rows.Extract(archive, wanted, "en", reveal)
    score = shapes.data(shapes.score_of(scored.of_call(archive, call_id, reveal=reveal)))
    table = list(score_table.table(scored.of_call(archive, call_id, reveal=reveal), "en", 120))
    for told in (
        written(extract, "findings", "csv").decode(),
        agent_page.page(month, "en", reveal),
        json.dumps(score, ensure_ascii=False),
        "".join(line.plain for line in table),
    ):
        assert ("零零一三" in told) is reveal
        assert (PHONE in told) is reveal


def test_people_get_the_calls_that_they_may_see(archive: Archive) -> None:
    everything = {str(row[2]) for row in rows.Extract(archive, Wanted(), "en").scores().rows}
    nobody = Viewer("agent", agent_id=None)
    assert len(everything) == 3
    assert list(rows.Extract(archive, Wanted(viewer=nobody), "en").scores().rows) == []


# ------------------------------------------------------------------------------------------------ pages


def test_the_page_of_a_call_has_no_number_in_it(archive: Archive, tmp_path: Path) -> None:
    call = new_call("order_wrong_readback")
    (call_id,) = calls.add(archive, [call])
    explained = scored.of_call(archive, call_id)
    events = parse_journal(call.journal).events
    spoken = "".join(event.text for event in events if isinstance(event, Heard))
    digits = re.findall("[幺一二三四五六七八九零0-9]{7,}", re.sub("[，。]", "", spoken))
    assert digits, "the customer tells a number"
    for reveal in (True, False):
        path = tmp_path / f"{reveal}.html"
        call_page.write_call(path, events, explained, plan().flow, "zh", reveal)
        page = re.sub("[，。]", "", path.read_text("utf-8"))
        assert any(number in page for number in digits) is reveal
        assert ("•" * 4 in page) is not reveal
        assert f"{explained.call} · order_wrong_readback.opus" in page


def test_the_page_of_a_call_has_the_groups_that_the_lines_add_up_to(archive: Archive) -> None:
    call = new_call("faulty")
    (call_id,) = calls.add(archive, [call])
    events = call_page.standing(parse_journal(call.journal).events, scored.of_call(archive, call_id))
    (last,) = [event for event in events if isinstance(event, Score)]
    assert call.score is not None
    for name, group in call.score.groups.items():
        assert last.groups[name].of == group.of
        assert last.groups[name].points == pytest.approx(group.points, abs=0.05)


def test_a_number_told_in_parts_is_masked() -> None:
    parts = ["幺三八", "幺二三四", "五六七八"]
    told = [
        Heard(at=n * 2.0 + 1, speaker="customer", text=part, start=n * 2.0, end=n * 2.0 + 1, utterance=f"c{n}")
        for n, part in enumerate(parts)
    ]
    shown = "".join(event.text for event in masked_events(told) if isinstance(event, Heard))
    assert "二三四" not in shown
    assert shown.startswith("幺三八")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_month_of_an_agent(archive: Archive, language: str, tmp_path: Path) -> None:
    last = replace(new_call("exemplary"), key="b" * 64, agent="1001", agent_name="", began=datetime(2026, 10, 5, 3))
    calls.add(archive, [last, replace(last, key="c" * 64, agent="1002", began=datetime(2026, 12, 1, 3))])
    month = read_month(archive, Wanted(agent="1001"), datetime(2026, 11, 1))
    assert month is not None
    assert (month.calls, month.name, month.team) == (4, "王小明", "华东")
    assert month.before == pytest.approx(100)
    own = [
        call
        for call in extracts.calls(archive, extracts.chosen(archive, Wanted(agent="1001")))
        if call.began != last.began
    ]
    assert month.mean == pytest.approx(sum(call.judged or 0 for call in own) / 4, abs=0.01)
    assert month.faults == sum(call.faults for call in own)
    assert all(clause.share >= 0.9 for clause in month.strongest)
    assert all(clause.share < 0.9 for clause in month.weakest)
    lost = [lesson.lost for lesson in month.lessons]
    assert lost == sorted(lost, reverse=True)
    assert all(clip.call for lesson in month.lessons for clip in lesson.clips)
    page = agent_page.page(month, language)
    assert "<script" not in page
    assert month.lessons[0].title.in_(language) in page
    assert ("辅导清单" in page) is (language == "zh")


def test_a_month_without_calls_is_none(archive: Archive) -> None:
    assert read_month(archive, Wanted(agent="1001"), datetime(2025, 1, 1)) is None


def test_what_an_agent_is_called_cannot_become_part_of_the_page(archive: Archive) -> None:
    evil = "<script>alert(1)</script>"
    began = datetime(2026, 11, 3) + timedelta(hours=5)
    calls.add(
        archive, [replace(new_call("faulty"), key="d" * 64, agent="evil", agent_name=evil, team=evil, began=began)]
    )
    month = read_month(archive, Wanted(agent="evil"), datetime(2026, 11, 1))
    assert month is not None
    assert "<script" not in agent_page.page(month, "en")
