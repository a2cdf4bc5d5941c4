"""Agents, rules and exports as a server gives them: who sees whose figures, and that each leads to its calls."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile

import pytest
from served import Answer, Served

PAGES = ("/agents", "/rules", "/agents?agent=1001", "/rules?queue=售后&sort=precision&up=1", "/agents?sort=change")


def calls_behind(served: Served, user: str, path: str) -> int:
    """How many calls the page has that a link leads to."""
    found = re.search(
        r'<h1 class="figure">(?:超过 )?([\d,]+) 通', served.browser(user).ask(path, cookie=_zh(served, user)).text
    )
    assert found is not None
    return int(found[1].replace(",", ""))


def _zh(served: Served, user: str) -> str:
    return f"callflow={served.browser(user).cookies['callflow']}; callflow-look=zh.light"


def links(page: str, beginning: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(rf'href="({beginning}[^"]*)"', page)]


@pytest.mark.parametrize("path", PAGES)
def test_pages_open_for_those_they_are_for(served: Served, path: str) -> None:
    for user in ("admin", "banzhang"):
        assert served.browser(user).ask(path).status == 200
    assert served.browser("zuoxi").ask(path).status == (403 if "rules" in path else 200)
    assert served.browser().ask(path).status == 401


def test_an_agent_sees_own_figures_only(served: Served) -> None:
    own = served.browser("zuoxi").ask("/agents", cookie=_zh(served, "zuoxi")).text
    assert "5 通通话" in own
    for asked in ("agent=1002", "team=二组", "agent=1002&team=二组"):
        page = served.browser("zuoxi").ask(f"/agents?{asked}").text
        assert "李强" not in page
        assert not links(page, r"/calls/\d")
    boss = served.browser("banzhang").ask("/agents?team=二组").text
    assert "李强" not in boss
    assert served.browser("zuoxi").ask("/agents/1002/2026-11").status == 404
    assert served.browser("banzhang").ask("/agents/1002/2026-11").status == 404
    assert "李强" in served.browser("admin").ask("/agents/1002/2026-11").text


def test_every_number_leads_to_the_calls_behind_it(served: Served) -> None:
    page = served.browser("admin").ask("/rules", cookie=_zh(served, "admin")).text
    shown = re.findall(r'href="(/calls\?[^"]*verdict=(?:met|missed|violated|not_assessed))">([\d,]+)</a>', page)
    assert len(shown) > 20
    for link, number in shown[:12]:  # findings of a rule, of which a call may have several
        behind = calls_behind(served, "admin", html.unescape(link))
        assert 1 <= behind <= int(number)
    agents = served.browser("admin").ask("/agents", cookie=_zh(served, "admin")).text
    whole = re.search(r'href="(/calls\?[^"]*)">([\d,]+) 通通话', agents)
    assert whole is not None
    assert calls_behind(served, "admin", html.unescape(whole[1])) == int(whole[2]) == 10
    clips = links(agents, r"/calls/\d+\?finding=")
    assert clips
    assert all(served.browser("admin").ask(clip).status == 200 for clip in clips)


def test_programs_get_the_same_figures(served: Served) -> None:
    admin, own, boss = (served.browser(user) for user in ("admin", "zuoxi", "banzhang"))
    assert sum(week["calls"] for week in json.loads(admin.ask("/api/agents").text)) == 10
    for browser in (own, boss):
        for asked in ("", "?agent=1002", "?team=二组"):
            assert {week["agent"] for week in json.loads(browser.ask(f"/api/agents{asked}").text)} <= {"1001"}
    rules = json.loads(boss.ask("/api/rules").text)
    assert (
        0 < sum(week["met"] for week in rules) < sum(week["met"] for week in json.loads(admin.ask("/api/rules").text))
    )
    assert own.ask("/api/rules").status == own.ask("/api/reviews").status == 403
    assert set(json.loads(boss.ask("/api/reviews").text)) == {"pairs", "rules"}
    theirs = served.rows("SELECT c.id FROM calls c JOIN agents a ON a.id = c.agent_id WHERE a.code = '1002'")[0][0]
    assert json.loads(admin.ask(f"/api/calls/{theirs}/score").text)["call"] == theirs
    assert own.ask(f"/api/calls/{theirs}/score").status == boss.ask(f"/api/calls/{theirs}/report").status == 404


@pytest.mark.parametrize("path", ["agents", "rules", "reviews", "exports/scores", "exports/findings", "calls"])
@pytest.mark.parametrize(
    "asked",
    [
        "since=yesterday",
        "until=2026-02-30",
        "until=1900-01-01",
        "since=9999-12-31",
        "since=2026-11-08&until=2026-11-07",
        "sinc=2026-11-01",
        "team=%00",
        "team=" + "x" * 300,
    ],
)
def test_a_program_that_says_something_wrong_gets_nothing(served: Served, path: str, asked: str) -> None:
    answer = served.browser("admin").ask(f"/api/{path}?{asked}")
    assert answer.status == 422
    assert json.loads(answer.text)["detail"]


def test_figures_of_more_weeks_than_there_are_told_are_refused(served: Served) -> None:
    admin = served.browser("admin")
    for asked in ("since=2020-01-01", "since=2020-01-01&until=2026-11-30", "limit=1"):
        assert admin.ask(f"/api/agents?{asked}").status == 422
    assert {week["monday"] for week in json.loads(admin.ask("/api/agents?since=2026-11-03").text)} == {
        "2026-11-02", "2026-11-09"
    }  # fmt: skip


def test_the_last_day_is_meant_everywhere(served: Served) -> None:
    """Calls began at nine, UTC, one a day from the first of November on."""
    admin, days = served.browser("admin"), "since=2026-11-02&until=2026-11-08"
    assert json.loads(admin.ask(f"/api/calls?{days}").text)["total"] == 7
    assert json.loads(admin.ask(f"/api/exports/scores?{days}").text)["calls"] == 7
    assert sum(week["calls"] for week in json.loads(admin.ask(f"/api/agents?{days}").text)) == 7
    assert len(rows(export(served, "admin", "scores.csv", since="2026-11-02", until="2026-11-08"))) == 8
    assert len(rows(export(served, "admin", "scores.csv", since="2026-11-02", until="2026-11-02"))) == 2
    assert calls_behind(served, "admin", f"/calls?{days}") == 7


def export(served: Served, user: str, table: str, **given: str) -> Answer:
    browser = served.browser(user)
    return browser.form("/exports", **{"csrf": browser.csrf, "table": table, **given})


def rows(answer: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))


def test_tables_are_masked_by_role_and_noted(served: Served) -> None:
    for user, masked in (("admin", True), ("seer", False)):
        answer = export(served, user, "findings.csv")
        assert answer.status == 200
        assert "attachment" in answer.headers["content-disposition"]
        assert (re.search(r"1380013\d{4}", answer.body.decode()) is None) == masked
        assert len(rows(answer)) > 100
    assert len(rows(export(served, "admin", "scores.csv"))) == 11
    assert len(rows(export(served, "banzhang", "scores.csv"))) == 6
    assert len(rows(export(served, "zuoxi", "scores.csv", agent="1002"))) == 1
    assert len(rows(export(served, "admin", "scores.csv", queue="售后", team="二组"))) == 1
    book = export(served, "admin", "scores.xlsx")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(book.body)).namelist()
    noted = served.rows("SELECT user, what FROM audit WHERE action = 'export.findings' ORDER BY id")
    assert [user for user, _ in noted][-2:] == ["admin", "seer"]
    assert noted[-1][1].endswith("revealed")


def test_pages_to_print_stand_alone_are_masked_and_noted(served: Served) -> None:
    number = served.call("exemplary")
    for path in (f"/calls/{number}/report", "/agents/1001/2026-11"):
        answer = served.browser("admin").ask(path)
        assert answer.status == 200
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r'(?:src|href)="(?!#|/|data:|blob:)', answer.text)
        assert not re.search(r"1\d{10}", answer.text)
    seen = served.rows("SELECT action FROM audit WHERE action IN ('export.call', 'export.agent')")
    assert len(seen) >= 2


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"csrf": ""}, 403),
        ({"csrf": "0" * 64}, 403),
        ({"table": "users.csv"}, 422),
        ({"table": "findings.exe"}, 422),
        ({"table": "../../etc/passwd"}, 422),
        ({"team": "x" * 300}, 422),
        ({"since": "foo"}, 422),
        ({"since": "2026-11-08", "until": "2026-11-07"}, 422),
        ({"sinse": "2026-11-08"}, 422),
    ],
)
def test_an_export_cannot_be_forged_or_bent(served: Served, given: dict[str, str], status: int) -> None:
    browser = served.browser("admin")
    fields = {"csrf": browser.csrf, "table": "scores.csv", **given}
    assert browser.form("/exports", **fields).status == status
    assert browser.ask("/exports").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/agents/1001/2026-13",
        "/agents/1001/..%2f..",
        "/agents/nobody/2026-11",
        "/agents/1001/2031-01",
        "/calls/9999/report",
    ],
)
def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    assert served.browser("admin").ask(path).status == 404
