"""What somebody who is logged in must not see, hear or do; and what must not happen to whoever looks at a call."""

from __future__ import annotations

import json
import os
import re
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from served import Browser, Served

from callflow.review.desk import call as desk_call

JSON = "application/json"


def _decide(browser: Browser, finding: int, **what: str) -> int:
    body = json.dumps({"kind": "accept", **what})
    answer = browser.ask(
        f"/api/findings/{finding}/decisions", "POST", body, content_type=JSON, x_csrf_token=browser.csrf
    )
    return answer.status


def _calls(browser: Browser, query: str = "") -> list[dict[str, object]]:
    return list(json.loads(browser.ask(f"/api/calls?limit=500&{query}").body)["calls"])


# ------------------------------------------------------------------------------------------------ who sees what


@pytest.mark.parametrize(("user", "agents"), [("admin", {"1001", "1002"}), ("banzhang", {"1001"}), ("zuoxi", {"1001"})])
def test_everybody_sees_their_own_calls(served: Served, user: str, agents: set[str]) -> None:
    browser = served.browser(user)
    assert {call["agent"] for call in _calls(browser)} == agents
    page = browser.ask("/calls").text
    assert ("李强" in page) == ("1002" in agents)


@pytest.mark.parametrize("user", ["banzhang", "zuoxi"])
@pytest.mark.parametrize("query", ["agent=1002", "words=您好", "rule=greet-first", "team=二组", "sort=agent"])
def test_no_filter_leads_to_the_calls_of_others(served: Served, user: str, query: str) -> None:
    assert {call["agent"] for call in _calls(served.browser(user), query)} <= {"1001"}


@pytest.mark.parametrize("user", ["banzhang", "zuoxi"])
@pytest.mark.parametrize(
    "path",
    ["/calls/{n}", "/calls/{n}/recording", "/api/calls/{n}", "/api/calls/{n}/journal", "/api/calls/{n}/peaks",
     "/api/calls/{n}/screen"],
)  # fmt: skip
def test_a_call_of_others_is_not_there(served: Served, user: str, path: str) -> None:
    others = served.rows("SELECT c.id FROM calls c JOIN agents a ON a.id = c.agent_id WHERE a.code = '1002'")[0][0]
    browser = served.browser(user)
    answer = browser.ask(path.format(n=others))
    nothing = browser.ask(path.format(n=999_999))
    assert answer.status == nothing.status == 404
    assert _plain(answer.body, others) == _plain(nothing.body, 999_999)


def _plain(page: bytes, number: int) -> str:
    """A page without what differs each time it is made: its nonce, and the number that was asked for."""
    return re.sub(r'nonce="[^"]*"|\b' + str(number) + r"\b", "", page.decode())


def test_a_finding_of_others_cannot_be_decided(served: Served) -> None:
    finding = served.rows(
        "SELECT f.id FROM findings f JOIN calls c ON c.id = f.call_id JOIN agents a ON a.id = c.agent_id "
        "WHERE a.code = '1002'"
    )[0][0]
    assert _decide(served.browser("banzhang"), finding) == 404
    assert served.rows("SELECT count(*) FROM decisions WHERE finding_id = ?", finding) == [(0,)]


def test_an_agent_may_dispute_and_not_correct(served: Served) -> None:
    finding = served.rows(
        "SELECT f.id FROM findings f JOIN calls c ON c.id = f.call_id JOIN agents a ON a.id = c.agent_id "
        "WHERE a.code = '1001' AND f.verdict = 'missed'"
    )[0][0]
    agent = served.browser("zuoxi")
    assert _decide(agent, finding, kind="correct", verdict="met") in (403, 422)
    assert _decide(agent, finding, kind="dispute", note="=1+1") == 200
    assert _decide(agent, finding, kind="nonsense") == 422
    assert served.rows("SELECT kind, note FROM decisions WHERE finding_id = ?", finding) == [("dispute", "=1+1")]


@pytest.mark.parametrize("user", ["banzhang", "zuoxi"])
def test_the_audit_log_is_for_administrators(served: Served, user: str) -> None:
    browser = served.browser(user)
    assert browser.ask("/audit").status == 403
    assert "/audit" not in browser.ask("/calls").text


# ------------------------------------------------------------------------------------------------ recordings


def test_a_recording_comes_in_parts_and_every_access_is_noted(served: Served) -> None:
    number = served.call("faulty")
    whole = (served.recordings / "faulty.opus").read_bytes()
    browser = served.browser("admin")
    part = browser.ask(f"/calls/{number}/recording", range="bytes=1000-1999")
    assert (part.status, part.body) == (206, whole[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
    assert browser.ask(f"/calls/{number}/recording").body == whole
    assert served.browser("seer").ask(f"/calls/{number}/recording", range="bytes=5-").status == 206
    noted = served.rows("SELECT user, address FROM audit WHERE action = 'recording' AND what = ?", f"call {number}")
    assert sorted(noted) == [("admin", "127.0.0.1")] * 2 + [("seer", "127.0.0.1")], "a part, the whole, a part"
    for start in range(3):
        assert browser.ask(f"/calls/{number}/recording", range=f"bytes={start + 7}-").status == 206
        assert browser.ask(f"/calls/{number}/recording").status == 200
    noted = served.rows("SELECT user FROM audit WHERE action = 'recording' AND what = ?", f"call {number}")
    assert noted.count(("admin",)) == 5, "each time the whole was taken"


def test_parts_asked_for_again_and_again_are_noted_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by somebody who never pauses for the minute in which parts count as one access."""
    noted: list[int] = []
    books, clock = SimpleNamespace(note=lambda visitor, action, call: noted.append(call)), iter(range(0, 600, 30))
    monkeypatch.setattr("callflow.review.desk.call.time.monotonic", lambda: float(next(clock)))
    accesses, visitor = desk_call.Accesses(books), SimpleNamespace(user=SimpleNamespace(id=1), address="")  # type: ignore[arg-type]
    for _ in range(20):
        accesses.note(visitor, 7, whole=False)  # type: ignore[arg-type]
    assert len(noted) == 10


def test_another_recording_in_its_place_is_not_played(served: Served) -> None:
    number = served.call("bad_line")
    path, browser = served.recordings / "bad_line.opus", served.browser("admin")
    before = path.read_bytes()
    assert browser.ask(f"/calls/{number}/recording").body == before
    path.write_bytes((served.recordings / "faulty.opus").read_bytes())
    try:
        assert browser.ask(f"/calls/{number}/recording").status == 404
        page = browser.ask(f"/calls/{number}", cookie=f"callflow={browser.cookies['callflow']}; callflow-look=en.auto")
        assert "has been changed" in page.text
        assert "<audio" not in page.text
    finally:
        path.write_bytes(before)
    assert browser.ask(f"/calls/{number}/recording").body == before


@pytest.mark.parametrize("kind", ["outside", "dots", "link", "folder", "zero", "proc", "loop"])
def test_only_recordings_inside_the_named_folders_are_ever_opened(served: Served, kind: str) -> None:
    secret = served.archive.parent.parent / "secret.opus"  # the archive's own folder may be played from
    secret.write_bytes((served.recordings / "vulgar.opus").read_bytes())
    link, loop = served.recordings / "link.opus", served.recordings / "loop.opus"
    if not link.is_symlink():
        link.symlink_to(secret)
        os.symlink(loop, loop)
    path = {
        "outside": str(secret),
        "dots": str(served.recordings / ".." / ".." / "secret.opus"),
        "link": str(link),
        "folder": str(served.recordings),
        "zero": f"{served.recordings}/faulty.opus\0",
        "proc": "/proc/self/environ",
        "loop": str(loop),
    }[kind]
    number = served.call("vulgar")
    before = served.rows("SELECT path FROM calls WHERE id = ?", number)[0][0]
    served.change("UPDATE calls SET path = ? WHERE id = ?", path, number)
    try:
        browser = served.browser("admin")
        assert browser.ask(f"/calls/{number}/recording").status == 404
        page = browser.ask(f"/calls/{number}")
        assert page.status == 200
        assert "<audio" not in page.text
        assert 'id="transcript"' in page.text  # the journal is shown all the same
        assert str(Path(path).parent) not in page.text
    finally:
        served.change("UPDATE calls SET path = ? WHERE id = ?", before, number)


# ------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize("path", ["/calls/{n}", "/api/calls/{n}", "/api/calls/{n}/journal", "/api/calls/{n}/screen"])
def test_numbers_are_masked_unless_one_may_see_them(served: Served, path: str) -> None:
    number = served.call("order_wrong_readback")
    path = path.format(n=number)
    masked, shown = served.browser("admin").ask(path).text, served.browser("seer").ask(path).text
    customer = served.rows("SELECT customer FROM calls WHERE id = ?", number)[0][0]
    told = re.findall(r"138(\d{4})5073", served.browser("seer").ask(f"/api/calls/{number}/journal").text)[0]
    spoken = told.translate(str.maketrans("0123456789", "零一二三四五六七八九"))
    assert not re.search(f"138{told}|{spoken}|{spoken.replace('一', '幺')}", masked)
    if path.endswith(("journal", "screen")) or path.startswith("/calls/"):
        assert "•" in masked
        assert "•" not in shown
    else:
        assert customer not in masked
        assert customer in shown


def test_no_page_shows_a_number_in_a_name(served: Served) -> None:
    """In the name of a file, of a queue, of an agent, in the reason of a failure, in the head of a journal."""
    phone = "13800138999"
    path, done, bad = str(served.recordings / f"20261101_{phone}.opus"), served.call("faulty"), served.call("vulgar")
    calls = {n: served.rows("SELECT path, queue, status, reason FROM calls WHERE id = ?", n)[0] for n in (done, bad)}
    journal = served.rows("SELECT content FROM journals WHERE call_id = ?", done)[0][0]
    named = zlib.compress(zlib.decompress(journal).replace(b"faulty.opus", f"{phone}.opus".encode(), 1))
    try:
        served.change("UPDATE calls SET path = ?, queue = ? WHERE id = ?", path, phone, done)
        served.change("UPDATE calls SET path = ?, status = 'failed' WHERE id = ?", path, bad)
        served.change("UPDATE calls SET reason = ? WHERE id = ?", json.dumps({"en": f"no {path}", "zh": path}), bad)
        served.change("UPDATE journals SET content = ? WHERE call_id = ?", named, done)
        served.change("UPDATE agents SET name = ? WHERE code = '1001'", phone)
        browser = served.browser("admin")
        pages = [
            "/calls",
            "/calls?status=failed",
            "/api/calls",
            "/api/exports/scores",
            "/api/exports/findings?limit=500",
        ]
        pages += [f"{start}/calls/{n}" for n in (done, bad) for start in ("", "/api")]
        pages += [f"/api/calls/{done}/journal", f"/api/calls/{done}/score"]
        for page in pages:
            answer = browser.ask(page)
            assert answer.status == 200, page
            assert phone not in answer.text, page
        assert phone in served.browser("seer").ask("/calls?status=failed").text
    finally:
        for number, before in calls.items():
            served.change("UPDATE calls SET path = ?, queue = ?, status = ?, reason = ? WHERE id = ?", *before, number)
        served.change("UPDATE journals SET content = ? WHERE call_id = ?", journal, done)
        served.change("UPDATE agents SET name = '王芳' WHERE code = '1001'")


def test_numbers_cannot_be_searched_for_by_whom_they_are_masked(served: Served) -> None:
    customer = served.rows("SELECT customer FROM calls ORDER BY id")[0][0]
    masked, shown = served.browser("admin"), served.browser("seer")
    for query in (f"customer={customer}", "words=138", "words=%E4%B8%80%E4%B8%89%E5%85%AB&sounds=1"):
        assert masked.ask(f"/api/calls?{query}").status == 422
        assert "已略去搜索中的号码" in masked.ask(f"/calls?{query}").text
        assert shown.ask(f"/api/calls?{query}").status == 200
        assert "已略去搜索中的号码" not in shown.ask(f"/calls?{query}").text


@pytest.mark.parametrize("query", ["status=faild", "since=1.1.2026", "agnet=1001", "score_below=much", "page=0"])
def test_a_program_is_told_what_it_asks_wrongly(served: Served, query: str) -> None:
    """It must not get all calls where it wanted some."""
    answer = served.browser("admin").ask(f"/api/calls?{query}")
    assert answer.status == 422
    assert query.partition("=")[0] in answer.text


# ------------------------------------------------------------------------------------------------ scores, exports


def test_groups_and_score_follow_decisions_alike(served: Served) -> None:
    number, browser = served.call("faulty"), served.browser("admin")
    before = json.loads(browser.ask(f"/api/calls/{number}").body)
    faults = [one for one in before["findings"] if one["standing"] in ("missed", "violated")]
    for one in faults:
        body = json.dumps({"kind": "correct", "verdict": "met"})
        path = f"/api/findings/{one['id']}/decisions"
        told = json.loads(browser.ask(path, "POST", body, content_type=JSON, x_csrf_token=browser.csrf).body)
    after = json.loads(browser.ask(f"/api/calls/{number}").body)
    score = json.loads(browser.ask(f"/api/calls/{number}/score").body)
    assert after["score"] == before["score"] < after["judged"]
    assert score["total"] == pytest.approx(after["judged"])
    assert sum(line["points"] for line in score["lines"]) == pytest.approx(score["total"])
    page = browser.ask(f"/calls/{number}").text
    assessed = {name: group for name, group in after["groups"].items() if group["of"]}
    assert assessed.keys() == told["groups"].keys()
    for name, group in assessed.items():
        assert group["points"] / group["of"] == pytest.approx(told["groups"][name]["share"])
        row = re.findall(rf'data-group="{name}".*?class="points">([^<]*)<', page, re.DOTALL)[0]
        assert row == told["groups"][name]["points"]
    mean = sum(group["points"] for group in assessed.values()) / sum(group["of"] for group in assessed.values())
    assert 100 * mean == pytest.approx(after["judged"], abs=0.1)


@pytest.mark.parametrize(("user", "agents"), [("admin", {"1001", "1002"}), ("banzhang", {"1001"}), ("zuoxi", {"1001"})])
def test_exports_hold_what_one_may_see_and_are_noted(served: Served, user: str, agents: set[str]) -> None:
    browser = served.browser(user)
    told = json.loads(browser.ask("/api/exports/scores?limit=3&since=2026-11-01").body)
    assert len(told["rows"]) == 3
    assert told["calls"] == len(_calls(browser, "status=done"))
    every = json.loads(browser.ask("/api/exports/scores?limit=500").body)["rows"]
    assert {row["agent"] for row in every} == agents
    assert {row["direction"] for row in every} == {call["direction"] for call in _calls(browser, "status=done")}
    assert [row["call"] for row in every[:3]] == [row["call"] for row in told["rows"]]
    assert told["rows"][0].keys() == told["columns"].keys()
    findings = json.loads(browser.ask("/api/exports/findings?limit=1&offset=1").body)["rows"]
    assert {row["call"] for row in findings} == {every[1]["call"]}
    others = json.loads(browser.ask("/api/exports/scores?agent=1002").body)["calls"]
    assert others == sum(row["agent"] == "1002" for row in every)
    noted = served.rows("SELECT what FROM audit WHERE action = 'export.scores' AND user = ?", user)
    assert ("api since=2026-11-01 limit=3",) in noted
    for wrong in ("limit=0", "since=soon", "agnet=1", "offset=-1"):
        assert browser.ask(f"/api/exports/scores?{wrong}").status == 422


def test_the_calls_page_masks_the_customer(served: Served) -> None:
    customers = [row[0] for row in served.rows("SELECT customer FROM calls")]
    masked, shown = served.browser("admin").ask("/calls").text, served.browser("seer").ask("/calls").text
    assert not any(customer in masked for customer in customers)
    assert all(customer in shown for customer in customers)


# ------------------------------------------------------------------------------------------------ words as code


def test_no_word_of_a_call_becomes_part_of_a_page(served: Served) -> None:
    number = served.call("bad_line")
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"{{7*7}}"
    before = served.rows("SELECT queue, customer, engine FROM calls WHERE id = ?", number)[0]
    served.change("UPDATE calls SET queue = ?, customer = ?, engine = ? WHERE id = ?", bad, bad, bad, number)
    finding = served.rows("SELECT id FROM findings WHERE call_id = ?", number)[0][0]
    browser = served.browser("admin")
    try:
        assert _decide(browser, finding, kind="dispute", note=bad) == 200
        for path in ("/calls", f"/calls/{number}", "/calls?words=%3Cscript%3Ealert(1)&agent=%22onfocus%3Dalert(1)"):
            page = browser.ask(path).text
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert 'value=""onfocus' not in page
    finally:
        served.change("UPDATE calls SET queue = ?, customer = ?, engine = ? WHERE id = ?", *before, number)


@pytest.mark.parametrize(
    "query",
    [
        "sort=began%3Bdrop+table+calls", "agent=%27+OR+1%3D1+--", "words=%22+OR+*", "words=%25", "words=%00", "page=0",
        "page=99999999", "page=-1", "since=yesterday", "until=9999-99-99", "score_below=NaN", "score_above=1e999",
        "rule=" + "x" * 5000, "sounds=1&words=%F0%9F%98%80", "verdict=all", "sounds=2", "words=NEAR(a b)&sounds=1",
    ],
)  # fmt: skip
def test_no_address_breaks_the_calls_page(served: Served, query: str) -> None:
    browser = served.browser("admin")
    assert browser.ask(f"/calls?{query.replace(' ', '%20')}").status == 200
    assert browser.ask("/api/calls").status == 200
