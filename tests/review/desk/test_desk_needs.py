"""Who needs help, and with what: agents, teams and clauses of an archive in which much is not known."""

from __future__ import annotations

import html
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from archive_samples import call, finding
from served import PASSWORD, Served, serving

from callflow.archive import calls, users
from callflow.archive.calls import NewCall, NewFlow
from callflow.archive.store import Archive
from callflow.events import Score, Verdict


def about(title: str, **more: object) -> dict[str, object]:
    return {"title": {"en": title, "zh": title}, "severity": "minor", **more}


SALES = NewFlow("sales", "e" * 64, rules={"close": about("别推销", never=True, severity="fatal")})
SERVICE = NewFlow(
    "service",
    "f" * 64,
    rules={
        "greet": about("问候", refs=["A-1"]),
        "greet-late": about("迟到的问候", refs=["A-1"]),
        "close": about("结束语", refs=["A-2"]),
    },
)


def samples() -> Iterator[NewCall]:
    number = 0
    taken: list[tuple[str, str, str, int, float | None, Verdict]] = [
        ("1001", "张三", "华东", 12, 90.0, "met"),
        ("1002", "李四", "华东", 2, None, "met"),  # nothing could be scored
        ("2001", "王五", "华南", 4, 40.0, "missed"),
        ("3001", "赵六", "", 1, 60.0, "met"),
        ("", "", "", 3, 70.0, "missed"),  # nobody knows whose
    ]
    for agent, name, team, many, points, greeted in taken:
        for _ in range(many):
            number += 1
            found = [finding("greet", greeted), finding("close", "met")]
            found += [finding("greet-late", "missed")] if agent == "2001" else []
            yield call(
                number, flow=SERVICE, agent=agent, agent_name=name, team=team, findings=found,
                began=datetime(2026, 10, 27, 9, number), score=Score(at=9.0, total=points),
            )  # fmt: skip
    for number in (40, 41):
        yield call(number, flow=SERVICE, agent="1001", team="华东", began=None)
    yield call(
        50, flow=SALES, agent="1001", agent_name="张三", team="华东", findings=[finding("close", "violated")],
        began=datetime(2026, 11, 3, 9), score=Score(at=9.0, total=90.0),
    )  # fmt: skip


def fill(archive: Path, _recordings: Path) -> None:
    with Archive.open(str(archive)) as opened:
        calls.add(opened, list(samples()))
        users.add(opened, "admin", PASSWORD, "admin")
        users.add(opened, "banzhang", PASSWORD, "supervisor", team="华东")
        users.add(opened, "zuoxi", PASSWORD, "agent", agent="2001")


@pytest.fixture(scope="module")
def needy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("needy"), filled_by=fill) as server:
        yield server


def page(served: Served, path: str, user: str = "admin") -> str:
    cookie = f"callflow={served.browser(user).cookies['callflow']}; callflow-look=zh.light"
    answer = served.browser(user).ask(path, cookie=cookie)
    assert answer.status == 200, path
    return answer.text


def section(shown: str, name: str) -> str:
    found = re.search(rf'<section class="card {name}\b.*?</section>', shown, re.DOTALL)
    return found[0] if found else ""


def lines(shown: str) -> list[list[str]]:
    """The rows of a table's body, as people read them."""
    rows = re.findall(r"<tr.*?</tr>", shown.partition("<tbody>")[2], re.DOTALL)
    cells = ([re.sub(r"<[^>]*>", " ", cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)] for row in rows)
    return [[" ".join(html.unescape(cell).split()) for cell in row] for row in cells]


def heading(shown: str) -> str:
    (found,) = re.findall(r"<h1>(.*?)</h1>", shown, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found).split())


def test_who_needs_help_comes_first_and_what_is_not_known_last(needy: Served) -> None:
    people = lines(section(page(needy, "/agents"), "people"))
    assert [row[0] for row in people] == ["王五 2001", "赵六 3001", "张三 1001", "李四 1002", "未注明坐席"]
    assert people[-1][2:6] == ["3", "70", "—", "1.0"]
    for order in ("sort=score", "sort=score&up=1", "sort=change", "sort=change&up=1"):
        assert [row[0] for row in lines(section(page(needy, f"/agents?{order}"), "people"))][-1] == "未注明坐席"
    by_score = lines(section(page(needy, "/agents?sort=score"), "people"))
    assert [row[0] for row in by_score] == ["张三 1001", "赵六 3001", "王五 2001", "李四 1002", "未注明坐席"]


def test_what_has_no_agent_or_no_time_is_told(needy: Served) -> None:
    shown = page(needy, "/agents")
    assert "23 通通话" in shown
    assert "另有 2 通没有时间" in shown
    assert "另有 2 通没有时间" in page(needy, "/rules")
    assert "没有时间" not in page(needy, "/agents?agent=2001")


def test_figures_are_one_agents_only_where_that_agent_is_asked_for(needy: Served) -> None:
    for path in ("/agents", "/agents?team=华南", "/agents?queue=售后"):
        assert "王五" not in heading(page(needy, path))
    for path, user in (("/agents?agent=2001", "admin"), ("/agents", "zuoxi")):
        shown = page(needy, path, user)
        assert heading(shown) == "王五 2001 · 华南"
        assert "4 通通话" in shown
        clips = re.findall(r"/calls/(\d+)\?finding", shown)
        assert clips
        assert {whose(needy, int(number)) for number in clips} == {"2001"}


def whose(served: Served, number: int) -> str:
    found = served.rows("SELECT a.code FROM calls c JOIN agents a ON a.id = c.agent_id WHERE c.id = ?", number)
    return str(found[0][0]) if found else ""


def test_teams_are_compared_by_those_who_see_several(needy: Served) -> None:
    shown = section(page(needy, "/agents"), "teams")
    assert [row[:4] for row in lines(shown)] == [
        ["华南", "1", "4", "40"],
        ["未注明班组", "1", "1", "60"],
        ["华东", "2", "15", "90"],
    ]
    link = html.unescape(re.findall(r'href="(/calls[^"]*)">15</a>', shown)[0])
    assert '<h1 class="figure">15 通' in page(needy, link)
    for path, user in (("/agents", "banzhang"), ("/agents?team=华南", "admin"), ("/agents?agent=1001", "admin")):
        assert not section(page(needy, path, user), "teams")


def test_strong_and_weak_are_told_by_clause(needy: Served) -> None:
    weak, strong = section(page(needy, "/agents"), "clauses").split("<h2>最强</h2>")
    assert "A-1" in weak
    assert "15/26" in weak
    assert "A-2" in strong
    assert "22/22" in strong
    link = html.unescape(re.findall(r'href="(/rules[^"]*)"', weak)[0])
    assert [row[0] for row in lines(page(needy, link))] == ["问候 A-1", "迟到的问候 A-1"]
    assert "/rules" not in section(page(needy, "/agents", "zuoxi"), "clauses")
    few = section(page(needy, "/agents?agent=2001"), "clauses")
    assert few.count("没有评过十次以上的") == 2
    only_good = section(page(needy, "/agents?agent=1001"), "clauses")
    assert "没有：都有九成以上做到" in only_good
    assert "十次" not in only_good


def test_the_numbers_of_every_week_stand_beside_its_bar(needy: Served) -> None:
    most = section(page(needy, "/agents"), "most")
    told = [" ".join(re.sub(r"<[^>]*>", " ", week).split()) for week in re.findall(r"<li>(.*?)</li>", most)]
    assert told[0] == "10-26 32 % 7/22"
    rules = page(needy, "/rules")
    assert ">11-02<" in rules


def test_rules_of_one_name_in_two_flows_stand_apart(needy: Served) -> None:
    shown = page(needy, "/rules")
    rows = {row[0]: row for row in lines(shown)}
    assert rows["别推销 · sales"][1:5] == ["致命", "0", "0", "1"]
    assert rows["结束语 A-2 · service"][2:5] == ["22", "0", "0"]
    for link, number in re.findall(r'href="(/calls[^"]*rule=close[^"]*)">(\d+)</a>', shown):
        assert f'<h1 class="figure">{number} 通' in page(needy, html.unescape(link))


def test_whoever_writes_holds_up_no_page(needy: Served) -> None:
    """Figures are asked for by more than may wait, none of them counted yet, while somebody writes for a long time."""
    for user in ("admin", "banzhang"):
        needy.browser(user)
    needy.change("DELETE FROM tallied")
    statuses: Counter[int] = Counter()

    def figures(number: int) -> None:
        statuses[needy.browser("admin").ask(f"/agents?queue={number}").status] += 1

    with closing(sqlite3.connect(needy.archive, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=figures, args=(number,)) for number in range(45)]
        for thread in threads:
            thread.start()
        assert needy.browser("banzhang").ask("/calls").status == 200
        for thread in threads:
            thread.join()
        assert page(needy, "/agents?team=华南")
        writer.execute("ROLLBACK")
    assert statuses.keys() <= {200, 503}
    assert statuses[200] >= 20
    assert statuses.total() == 45
