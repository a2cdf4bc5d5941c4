"""Every number of the pages of figures leads to just the calls behind it, in an archive where much is missing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from archive_samples import call, finding
from served import PASSWORD, Served, serving

from callflow.archive import calls, decisions, details, users
from callflow.archive.calls import NewCall, NewFlow
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING
from callflow.events import Score

LOOK = "zh.light"
PHONE = "13812345678"
SALES = NewFlow("sales", "e" * 64, rules={"close": {"title": "别推销", "never": True}, "push": {"title": "别催促"}})
SERVICE = NewFlow(
    "service", "f" * 64,
    rules={
        "greet": {"title": {"en": "Greet", "zh": "问候"}, "refs": ["1.1"], "severity": "major"},
        "close": {"title": {"en": "Close", "zh": "结束语"}, "refs": ["1.2"], "severity": "severe"},
        "rude": {"title": {"en": "Rude", "zh": "禁语"}, "never": True, "refs": ["1.3"], "severity": "fatal"},
    },
)  # fmt: skip


def samples() -> Iterator[NewCall]:
    """No rule twice in a call, and no call with two severe faults: so that findings and calls are as many."""
    who = [
        {"agent": "1001", "agent_name": "张伟"},
        {"agent": "1002", "agent_name": "张伟", "team": "华北"},
        {"agent": "A/7 #?", "agent_name": f"外呼{PHONE}", "team": f"组{PHONE}"},
        {"agent": "", "team": ""},
    ]
    for number in range(1, 25):
        wrong = number % 5 == 0
        found = [
            finding("greet", "missed" if number % 3 == 0 else "met"),
            finding("close", "violated" if wrong else "met", severity="severe"),
            *([finding("rude", "violated", severity="fatal")] if number % 7 == 0 and not wrong else []),
            finding("later", "not_assessed", severity="severe", evidence=()),
        ]
        yield call(
            number, **who[number % 4], flow=SALES if number % 6 == 0 else SERVICE, findings=found,
            began=None if number == 8 else datetime(2026, 8 if number < 6 else 10, number, 9),
            separate=number % 2 == 0, score=Score(at=90.0, total=None if number == 9 else 50.0 + number),
        )  # fmt: skip


def fill(archive: Path, _recordings: Path) -> None:
    with Archive.open(str(archive)) as opened:
        there = calls.add(opened, list(samples()))
        admin = users.add(opened, "admin", PASSWORD, "admin")
        users.add(opened, "seer", PASSWORD, "admin", reveal=True)
        for call_id in there[12:15]:
            greeted = details.details(opened, call_id, EVERYTHING).findings[0]
            decisions.decide(opened, greeted.id, admin, "dispute", note="heard it otherwise")


@pytest.fixture(scope="module")
def patchy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("patchy"), filled_by=fill) as server:
        yield server


def page(served: Served, path: str) -> str:
    cookie = f"callflow={served.browser('admin').cookies['callflow']}; callflow-look={LOOK}"
    answer = served.browser("admin").ask(path, cookie=cookie)
    assert answer.status == 200, path
    return answer.text


def numbers(shown: str) -> list[tuple[str, int]]:
    """Links to calls that are a number, with it; what sorts them is no count of them."""
    found = re.findall(r'<a[^>]* href="(/calls\?[^"]*)"[^>]*>(.*?)</a>', shown, re.DOTALL)
    plain = ((html.unescape(link), re.sub(r"<[^>]*>|,", "", words).strip()) for link, words in found)
    return [
        (link, int(count[0]))
        for link, words in plain
        if "sort=" not in link and (count := re.fullmatch(r"(\d+)( 通通话)?", words) and words.split())
    ]


def test_a_title_in_one_language_is_shown_as_it_is(patchy: Served) -> None:
    assert "别催促" in page(patchy, "/calls")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("agent=1001&since=2026-08-04&until=2026-08-04", ("1 call", "1 whole week")),
        ("since=2026-08-01&until=2026-08-09", ("5 calls", "2 whole weeks")),
    ],
)
def test_one_is_not_many(patchy: Served, asked: str, told: tuple[str, str]) -> None:
    browser = patchy.browser("admin")
    cookie = f"callflow={browser.cookies['callflow']}; callflow-look=en.light"
    shown = browser.ask(f"/agents?{asked}", cookie=cookie).text
    for words in told:
        assert re.search(rf">{words}<", shown)


PAGES = (
    *("/agents", "/rules", "/agents?agent=1001", "/agents?agent=A/7+%23%3F", "/agents?team=华北", "/rules?queue=售后"),
    *("/rules?agent=1002", "/agents?since=2026-10-12&until=2026-10-18", "/agents?since=2025-01-01&until=2026-10-31"),
)


@pytest.mark.parametrize("path", PAGES)
def test_every_number_leads_to_just_its_calls(patchy: Served, path: str) -> None:
    shown = numbers(page(patchy, path))
    assert len(shown) > 3
    for link, number in dict.fromkeys(shown):
        told = re.search(r'<h1 class="figure">([\d,]+) 通', page(patchy, link))
        assert told is not None
        assert int(told[1]) == number, link


def test_what_there_is_of_each_kind_is_among_them(patchy: Served) -> None:
    """So that the test above follows them all."""
    links = [link for path in PAGES for link, _ in numbers(page(patchy, path))]
    for part in ("verdict=met", "verdict=missed", "verdict=violated", "verdict=not_assessed", "severe=1", "disputed=1"):
        assert any(part in link for link in links)


def test_months_that_are_offered_can_be_printed(patchy: Served) -> None:
    months = re.findall(
        r'href="(/agents/[^"?]+/\d{4}-\d\d)"', page(patchy, "/agents?agent=A/7+%23%3F&since=2026-07-01")
    )
    assert [month[-7:] for month in months] == ["2026-10", "2026-08"]
    for month in months:
        assert "A/7 #?" in page(patchy, html.unescape(month))


def test_clips_lead_to_their_calls(patchy: Served) -> None:
    clips = re.findall(r'href="(/calls/\d+\?finding=\d+)"', page(patchy, "/agents"))
    assert clips
    for clip in clips:
        page(patchy, clip)


def test_programs_get_nobodys_calls_as_well(patchy: Served) -> None:
    weeks = json.loads(patchy.browser("admin").ask("/api/agents?since=2026-08-01").text)
    assert sum(week["calls"] for week in weeks) == 23, "all that have a time"
    assert sum(week["calls"] for week in weeks if not week["agent"]) == 6


MONTH = "/agents/A/7%20%23%3F/2026-10"
PLACES = (
    *("/agents", "/agents?agent=A/7+%23%3F", "/rules", "/calls", MONTH, "/api/agents"),
    *("/api/calls?limit=500", "/api/exports/scores", "/api/exports/findings"),
)


@pytest.mark.parametrize("path", PLACES)
def test_numbers_in_names_of_agents_and_teams_are_masked(patchy: Served, path: str) -> None:
    sees, sees_not = (patchy.browser(user).ask(path) for user in ("seer", "admin"))
    assert (sees.status, sees_not.status) == (200, 200)
    assert PHONE not in sees_not.text
    if path != "/rules":  # where nobody is named, but teams to choose from
        assert "138••••5678" in sees_not.text
    assert PHONE in sees.text


def test_a_month_is_compared_with_the_team_whatever_it_is_called(patchy: Served) -> None:
    """Also for who sees its name masked."""
    pages = (patchy.browser(user).ask(MONTH).text for user in ("admin", "seer"))
    masked, plain = (re.sub(r"<[^>]*>", " ", shown).split() for shown in pages)
    place = masked.index("班组平均")
    assert any(word.replace(".", "").isdigit() for word in masked[place - 1 : place + 2])
    assert masked[place - 1 : place + 2] == plain[place - 1 : place + 2]


@pytest.mark.parametrize("path", ["/agents", "/rules", "/calls", "/api/agents", "/api/calls", "/api/exports/scores"])
def test_a_name_that_two_have_is_nobodys(patchy: Served, path: str) -> None:
    answer = patchy.browser("admin").ask(f"{path}?agent=张伟")
    assert answer.status == 404
    assert "1001, 1002" in answer.text
    assert patchy.browser("admin").ask("/agents/张伟/2026-10").status == 404


def test_a_name_that_one_has_is_theirs_everywhere(patchy: Served) -> None:
    seer = patchy.browser("seer")
    ours = json.loads(seer.ask("/api/calls?agent=A/7+%23%3F").text)["total"]
    assert ours == 6
    named = f"agent=外呼{PHONE}"
    assert json.loads(seer.ask(f"/api/calls?{named}").text)["total"] == ours
    assert json.loads(seer.ask(f"/api/exports/scores?{named}").text)["calls"] == ours
    assert sum(week["calls"] for week in json.loads(seer.ask(f"/api/agents?{named}&since=2026-07-01").text)) == ours
    assert json.loads(patchy.browser("admin").ask(f"/api/calls?{named}").text)["total"] == 0, "it would tell the number"
