"""What the pages of the desk say to those who use them all day: which call it is, what is going on, what was lost."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from chromium import pages, until
from fastapi import Request
from fastapi.responses import Response
from served import PASSWORD, Answer, Browser, Served, fill

from callflow.archive import standing
from callflow.flow.model import Flow
from callflow.review.desk import exports
from callflow.review.desk.audit import told
from callflow.review.desk.call import faults_of
from callflow.review.desk.spans import Span
from callflow.review.exports import sheets


@pytest.fixture
def open_page(browser: Any, served: Served) -> Iterator[Callable[..., Any]]:
    with pages(browser, served) as open_:
        yield open_


@contextmanager
def changed(served: Served, number: int, **values: object) -> Iterator[None]:
    """Some columns of a call are changed for a while."""
    names = list(values)
    before = served.rows(f"SELECT {', '.join(names)} FROM calls WHERE id = ?", number)[0]
    statement = f"UPDATE calls SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"
    served.change(statement, *values.values(), number)
    try:
        yield
    finally:
        served.change(statement, *before, number)


def ask(served: Served, path: str, look: str = "zh.light") -> Answer:
    browser = served.browser("admin")
    return browser.ask(path, cookie=f"callflow={browser.cookies['callflow']}; callflow-look={look}")


# ------------------------------------------------------------------------------------------------ the list of calls


def test_a_call_of_which_nothing_is_known_goes_by_its_file(served: Served) -> None:
    number = served.call("exemplary")
    with changed(served, number, agent_id=None, began=None):
        assert "exemplary.opus" in ask(served, "/calls").text
        assert re.search(r"<h1[^>]*>exemplary\.opus</h1>", ask(served, f"/calls/{number}").text)
    assert "exemplary.opus" not in ask(served, "/calls").text


def test_words_that_only_sound_so_lead_to_the_search_by_sound(served: Served) -> None:
    page = ask(served, f"/calls?words={quote('不龟我馆')}").text
    assert "按读音查找：1 通" in page
    link = re.findall(r'href="(/calls\?[^"]*sounds=1[^"]*)"', page)[0].replace("&amp;", "&")
    assert ask(served, link).text.count("<tr data-href") == 1
    assert "按读音查找：" not in ask(served, f"/calls?words={quote('谁也没说过这样的话')}").text


def test_a_page_too_far_leads_back(served: Served) -> None:
    page = ask(served, "/calls?page=999&queue=售后").text
    assert "没有这一页" in page
    assert f'href="/calls?queue={quote("售后")}">回到第一页' in page


def test_fatal_faults_are_told_apart(served: Served) -> None:
    number = served.call("faulty")
    assert "severe fatal" not in ask(served, "/calls").text
    kinds = served.rows("SELECT kinds FROM calls WHERE id = ?", number)[0][0]
    with changed(served, number, kinds=kinds | standing.kinds("met", "fatal")):  # no fault
        assert "severe fatal" not in ask(served, "/calls").text
    with changed(served, number, kinds=kinds | standing.kinds("violated", "fatal")):
        assert '<span class="severe fatal">致命</span>' in ask(served, "/calls").text


@pytest.mark.parametrize("look", ["zh.light", "en.dark"])
def test_a_long_name_breaks_no_table(open_page: Callable[..., Any], served: Served, look: str) -> None:
    before = served.rows("SELECT name FROM agents WHERE code = '1001'")[0][0]
    served.change("UPDATE agents SET name = ? WHERE code = '1001'", "Wolfeschlegelsteinhausenbergerdorff " * 5)
    try:
        for path, box in (("/calls", ".rows"), ("/agents", ".people"), ("/rules", ".rows"), ("/agents", ".most")):
            page = open_page(path, look=look, width=1180, height=700)
            wide = f"document.querySelector('{box}').scrollWidth <= document.querySelector('{box}').clientWidth"
            assert page.evaluate(wide), (path, box)
            assert page.evaluate("document.querySelector('.filters .main').offsetHeight < 40"), path
    finally:
        served.change("UPDATE agents SET name = ? WHERE code = '1001'", before)


# ------------------------------------------------------------------------------------------------ one call


def decide(served: Served, finding: int, **given: str) -> int:
    """The admin decides; the status of the answer."""
    boss, path = served.browser("admin"), f"/api/findings/{finding}/decisions"
    return boss.ask(path, "POST", json.dumps(given), content_type="application/json", x_csrf_token=boss.csrf).status


def test_what_must_not_be_said_is_corrected_to_what_it_can_be(open_page: Callable[..., Any], served: Served) -> None:
    number = served.call("faulty")
    sql = "SELECT id FROM findings WHERE call_id = ? AND verdict = 'violated' AND evidence LIKE '%没法查%'"
    finding = served.rows(sql, number)[0][0]
    assert decide(served, finding, kind="accept") == 200  # whatever was decided about it before
    page = open_page(f"/calls/{number}?finding={finding}")
    page.wait_for_selector("body[data-ready]")
    current = page.locator(f'.finding[data-id="{finding}"]')
    place = current.get_attribute("id").removeprefix("finding-")
    link = page.locator(f'#transcript [data-finding="{place}"]')
    assert "violated" in link.get_attribute("class")
    current.locator("[data-decide=correct]").click()
    choice = page.locator("#ask select")
    assert choice.input_value() == ""  # nothing is chosen by accident
    assert choice.locator("option").all_inner_texts() == ["请选择…", "没有违反", "未评"]
    choice.select_option("met")
    page.locator("#ask .main").click()
    until(page, lambda: link.get_attribute("class") != "violated")
    for _ in range(2):  # at once, and when the page is loaded again
        assert link.get_attribute("class") == "met"
        assert "cleared" in link.locator("xpath=ancestor::li").get_attribute("class")
        page.reload()
        page.wait_for_selector("body[data-ready]")
    page.keyboard.press("j")
    assert decide(served, finding, kind="correct", verdict="missed") == 422
    assert decide(served, finding, kind="accept") == 200
    noted = served.rows("SELECT address FROM audit WHERE action = 'finding.accept' ORDER BY id DESC LIMIT 1")
    assert noted == [("127.0.0.1",)]


def test_a_rule_that_nobody_knows_any_more_may_be_either_fault() -> None:
    flow = Flow(name="x", title=None, start="", states={}, phrases={}, rules={}, fields={}, groups={}, slots={})  # type: ignore[arg-type]
    assert faults_of("gone", "met", flow) == ("missed", "violated")
    assert faults_of("gone", "missed", flow) == ("missed",)
    assert faults_of("gone", "violated", flow) == ("violated",)


def test_what_one_was_writing_outlives_the_session(browser: Any, served: Served) -> None:
    number = served.call("support_blame")
    with pages(browser, served, allowed="401") as open_:
        served.known.pop("banzhang", None)
        page = open_(f"/calls/{number}", user="admin")
        page.context.clear_cookies(name="callflow")
        ours = served.browser("seer", fresh=True)
        page.context.add_cookies([{"name": "callflow", "value": ours.cookies["callflow"], "url": served.url}])
        page.reload()
        page.wait_for_selector("body[data-ready]")
        page.keyboard.press("j")
        page.keyboard.press("d")
        page.keyboard.type("客户先说的")
        ours.form("/logout", csrf=ours.csrf)
        page.keyboard.press("Enter")
        page.locator(".failed a").wait_for()
        assert "请先登录" in page.inner_text(".failed")
        page.click(".failed a")
        page.fill("input[name=name]", "seer")
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("body[data-ready]")
        assert page.input_value("#ask textarea") == "客户先说的"
        page.click("#ask-close")
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.locator("#ask").is_hidden()  # it is there once
    assert served.rows("SELECT count(*) FROM decisions WHERE note = '客户先说的'") == [(0,)]


def test_a_locked_archive_is_waited_for_and_that_is_said(open_page: Callable[..., Any], served: Served) -> None:
    page = open_page(f"/calls/{served.call('light_promises')}")
    page.wait_for_selector("body[data-ready]")
    page.keyboard.press("j")
    with closing(sqlite3.connect(served.archive, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page.keyboard.press("a")
        page.locator(".finding[aria-current] .saving").wait_for()
        page.keyboard.press("a")  # means nothing meanwhile
        other.execute("ROLLBACK")
    decisions = page.locator(".finding[aria-current] .decisions li")
    decisions.first.wait_for()
    until(page, "!document.querySelector('.saving')")
    assert decisions.count() == 1


def test_looking_at_a_call_is_not_listening_to_it(open_page: Callable[..., Any], served: Served) -> None:
    number = served.call("complaint_handled")
    count = "SELECT count(*) FROM audit WHERE action = 'recording' AND what = ?"
    page = open_page(f"/calls/{number}")
    until(page, "performance.getEntriesByName('waveform').length === 1")
    assert served.rows(count, f"call {number}") == [(0,)]
    page.keyboard.press(" ")
    until(page, "document.getElementById('sound').currentTime > 0")
    assert served.rows(count, f"call {number}") == [(1,)]
    frame = "e.getBoundingClientRect().right + 2 <= e.parentNode.getBoundingClientRect().right"
    assert page.evaluate(f"[...document.querySelectorAll('li.talk .words')].every((e) => {frame})")  # seen whole


def test_a_recording_moved_away_leaves_its_waveform(open_page: Callable[..., Any], served: Served) -> None:
    number = served.call("transferred")
    sound = served.recordings / "transferred.opus"
    until(open_page(f"/calls/{number}"), "performance.getEntriesByName('waveform').length === 1")
    away = sound.rename(sound.with_suffix(".moved"))
    try:
        until(open_page(f"/calls/{number}"), "performance.getEntriesByName('waveform').length === 1")
    finally:
        away.rename(sound)


def test_another_folder_of_recordings_takes_nothing_from_the_archives_own(served: Served) -> None:
    number, beside = served.call("holiday"), served.archive.parent / "beside.opus"
    beside.write_bytes((served.recordings / "holiday.opus").read_bytes())
    with changed(served, number, path=str(beside)):
        assert served.browser("admin").ask(f"/calls/{number}/recording").status == 200
    beside.unlink()


# ------------------------------------------------------------------------------------------------ exports


def test_an_export_of_faults_has_nothing_else(served: Served) -> None:
    browser = served.browser("admin")
    answer = browser.form("/exports", csrf=browser.csrf, table="faults.csv")
    head, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
    stands = {row[head.index("现判定")] for row in rows}
    assert stands == {"漏做", "违反"}
    assert {row[head.index("方向")] for row in rows} == {"呼入"}


def test_an_export_says_that_it_is_prepared_and_can_be_cancelled(open_page: Callable[..., Any], served: Served) -> None:
    page = open_page("/agents")
    page.locator(".tools summary").last.click()
    with closing(sqlite3.connect(served.archive, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # it is noted before it is made
        page.locator("button[value='findings.xlsx']").click()
        until(page, "/0:0[1-9]/.test(document.querySelector('.preparing').innerText)")
        page.locator(".preparing button").click()
        until(page, "document.querySelector('.preparing').hidden && document.querySelector('.exports .wrong').hidden")
        other.execute("ROLLBACK")
    with page.expect_download() as download:
        page.locator("button[value='faults.xlsx']").click()
    assert download.value.suggested_filename.startswith("callflow-faults-")


def test_what_nobody_waits_for_is_not_made() -> None:
    gone, noticed = threading.Event(), threading.Event()

    async def receive() -> dict[str, str]:
        while not gone.is_set():
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    def make(is_gone: Callable[[], bool]) -> Response:
        gone.set()
        while not is_gone():
            noticed.wait(0.01)
        noticed.set()
        return Response()

    async def ask() -> Response:
        scope = {"type": "http", "method": "POST", "path": "/exports", "headers": []}
        return await exports._while_waited_for(Request(scope, receive), make)

    with ThreadPoolExecutor() as apart:  # the browser's driver has a loop in this thread
        apart.submit(lambda: asyncio.run(asyncio.wait_for(ask(), 60))).result()
    assert noticed.is_set()
    with pytest.raises(exports.Abandoned):
        list(exports._unless(lambda: True, [[1]]))


def test_a_table_that_is_given_up_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows() -> Iterator[list[int]]:
        yield [1]
        raise exports.Abandoned

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(exports.Abandoned):
        sheets.write_xlsx(io.BytesIO(), "x", ["n"], [8], rows())
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_server_whatever_it_is_doing(tmp_path: Path) -> None:
    """Somebody waits for an archive that is locked: the process does not, and says nothing of it."""
    archive, recordings = tmp_path / "calls.db", tmp_path / "recordings"
    recordings.mkdir()
    fill(archive, recordings)
    command = [sys.executable, "-m", "callflow", "serve", "--archive", str(archive), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            browser = Browser(int(re.findall(r":(\d+)/", process.stdout.readline())[0]))
            assert browser.log_in("admin").status == 303
            csrf = browser.csrf
            with closing(sqlite3.connect(archive, isolation_level=None)) as other, ThreadPoolExecutor() as apart:
                other.execute("BEGIN IMMEDIATE")
                waiting = apart.submit(browser.form, "/exports", csrf=csrf, table="scores.csv")
                with pytest.raises(TimeoutError):
                    waiting.result(2)
                process.send_signal(signal.SIGINT)
                said = process.communicate(timeout=20)[1]  # the lock alone would be waited for longer
        finally:
            process.kill()
    assert (process.returncode, said) == (0, "")


# ------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize("path", ["/nichts", "/static/nix", "/users"])
def test_what_is_not_there_is_said_in_our_frame(served: Served, path: str) -> None:
    page = ask(served, path)
    assert page.status == 404
    assert "没有这个页面" in page.text
    assert 'class="bar"' in page.text


def test_programs_are_told_what_is_not_there_as_json(served: Served) -> None:
    for path in ("/api/nix", "/api"):
        answer = ask(served, path)
        assert answer.status == 404
        assert "没有这个页面" in json.loads(answer.text)["detail"]
    boss = served.browser("admin")
    given = {"content_type": "application/json", "x_csrf_token": boss.csrf}
    assert "所发送的内容" in boss.ask("/api/findings/1/decisions", "POST", "[]", **given).text


@pytest.mark.parametrize(
    ("said", "zh", "en"),
    [
        ("command line (root)", "命令行（root）", "command line (root)"),
        ("agy (agent)", "agy（坐席）", "agy (agent)"),
        ("call 65 revealed", "通话 65，号码可见", "call 65, numbers shown"),
        ("call 6, finding 9 (past)", "通话 6：不说以前", "call 6: Not the past"),
        ("call 6, finding 9 (gone)", "通话 6：gone", "call 6: gone"),
        ("api team=甲组 limit=5", "接口 team=甲组 limit=5", "API team=甲组 limit=5"),
    ],
)
def test_the_audit_log_speaks_to_people(said: str, zh: str, en: str) -> None:
    rules = {"past": {"title": {"zh": "不说以前", "en": "Not the past"}}}
    assert told(said, "zh", rules) == zh
    assert told(said, "en", rules) == en


def test_days_that_are_not_taken_as_they_were_asked_for_are_told() -> None:
    def said(**given: str) -> list[str]:
        return [each.zh for each in Span.of(given, date(2026, 9, 1), date(2026, 11, 29)).told(given)]

    assert said() == said(since="2026-11-01", until="2026-11-20") == []
    assert said(since="2026-11-20", until="2026-11-01") == ["起止日期前后颠倒，已对调"]
    assert said(since="gestern") == ["已略去一个日期：无法理解"]
    assert said(since="1990-01-01", until="2026-11-29") == ["最多显示 105 周"]


def test_months_to_print_are_those_with_calls(served: Served) -> None:
    page = ask(served, "/agents?agent=1001&since=2026-09-01").text
    assert re.findall(r"/agents/1001/(\d{4}-\d\d)", page) == ["2026-11"]
    assert 'action="/exports"' not in ask(served, "/agents?agent=nobody").text
    assert "条规则</span>" in ask(served, "/agents/1001/2026-11").text  # a clause, and the rules that serve it
