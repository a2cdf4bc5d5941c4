"""The desk in a real browser: what a click plays, what the keys do, what is drawn, and that nothing is blocked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chromium import pages, until
from served import PASSWORD, Served


@pytest.fixture
def open_page(browser: Any, served: Served) -> Iterator[Callable[..., Any]]:
    with pages(browser, served) as open_:
        yield open_


def _opened(page: Any) -> Any:
    page.wait_for_selector("body[data-ready]")
    return page


def test_logging_in_leads_to_where_one_wanted_and_out_again(browser: Any, served: Served) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{served.url}/calls?agent=1001&lang=zh")
    page.fill("input[name=name]", "banzhang")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?agent=1001**")
    page.click("form.who button")
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_url("**/login**")
    page.context.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
@pytest.mark.parametrize("look", ["zh.light", "en.dark"])
def test_nothing_scrolls_sideways(
    open_page: Callable[..., Any], served: Served, look: str, width: int, height: int
) -> None:
    page = open_page(f"/calls/{served.call('faulty')}", look=look, width=width, height=height)
    _opened(page)
    wide = "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    assert page.evaluate(wide)
    page.keyboard.press("o")
    assert page.evaluate(wide)
    page.goto(f"{served.url}/calls")
    assert page.evaluate(wide)
    assert page.evaluate("document.querySelector('.rows').scrollWidth <= document.querySelector('.rows').clientWidth")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 24)"
    assert dark == look.endswith("dark")


def test_filters_make_an_address_and_rows_open_calls(open_page: Callable[..., Any], served: Served) -> None:
    page = open_page("/calls")
    assert page.locator("tr[data-href]").count() == 10
    page.fill("input[name=words]", "不归我管")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?words=*")
    assert page.url.endswith("/calls?words=%E4%B8%8D%E5%BD%92%E6%88%91%E7%AE%A1")  # what is empty stays out
    assert "不归我管" in page.inner_text("tr.excerpt")
    page.fill("input[name=words]", "不龟我馆")
    page.check("input[name=sounds]")  # taken at once
    page.wait_for_url("**sounds=1**")
    assert page.locator("tr[data-href]").count() == 1
    page.click("tr[data-href] td.number >> nth=0")
    _opened(page)
    assert page.url.endswith(f"/calls/{served.call('faulty')}")


def test_the_table_sorts_by_every_column_that_says_so(open_page: Callable[..., Any]) -> None:
    page = open_page("/calls?sort=score&up=1")
    scores = [float(each) for each in page.locator("td.score b").all_inner_texts()]
    assert scores == sorted(scores)
    page.click("th.score a")
    page.wait_for_url("**sort=score")
    assert [float(each) for each in page.locator("td.score b").all_inner_texts()] == sorted(scores, reverse=True)


def test_keys_go_through_the_findings_and_play_them(open_page: Callable[..., Any], served: Served) -> None:
    page = _opened(open_page(f"/calls/{served.call('faulty')}"))
    until(page, "performance.getEntriesByName('waveform').length === 1")
    page.keyboard.press("j")
    first, at = _current(page)
    until(page, "!document.getElementById('sound').paused")
    heard = page.evaluate("document.getElementById('sound').currentTime")
    assert at - 1.5 < heard < at + 3
    page.keyboard.press("j")
    assert _current(page)[0] != first
    page.keyboard.press("k")
    assert _current(page)[0] == first
    page.keyboard.press(" ")
    until(page, "document.getElementById('sound').paused")
    page.keyboard.press("1")
    assert page.evaluate("document.getElementById('sound').playbackRate") == 0.5
    page.keyboard.press("5")
    assert page.evaluate("document.getElementById('sound').playbackRate") == 3


def _current(page: Any) -> tuple[str, float]:
    """The finding that is chosen, and its moment."""
    finding = page.locator(".finding[aria-current]")
    return finding.get_attribute("id"), float(finding.get_attribute("data-at"))


def test_a_click_on_the_axis_or_a_sentence_plays_from_there(open_page: Callable[..., Any], served: Served) -> None:
    page = _opened(open_page(f"/calls/{served.call('exemplary')}"))
    box = page.locator("#stage").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
    duration = page.evaluate("JSON.parse(document.getElementById('data').textContent).duration")
    until(page, f"Math.abs(document.getElementById('sound').currentTime - {duration / 2}) < 3")
    sentence = page.locator("li.talk").nth(2)
    sentence.click()
    begin = float(sentence.get_attribute("data-at"))
    until(page, f"Math.abs(document.getElementById('sound').currentTime - {begin}) < 3")
    assert page.evaluate("document.getElementById('playhead').getBoundingClientRect().x") > box["x"]


def test_a_dispute_is_kept_with_its_note_and_shown_at_once(open_page: Callable[..., Any], served: Served) -> None:
    number = served.call("support_blame")
    page = _opened(open_page(f"/calls/{number}"))
    page.keyboard.press("j")
    page.keyboard.press("d")
    page.keyboard.type("客户先说的 <b>")
    page.keyboard.press("Enter")
    current = page.locator(".finding[aria-current]")
    current.locator(".decisions li").wait_for()
    assert "客户先说的 <b>" in current.locator(".decisions").inner_text()
    assert current.locator(".disputed").is_visible()
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.locator(".finding[aria-current] .decisions li").wait_for()
    kept = served.rows(
        "SELECT d.kind FROM decisions d JOIN findings f ON f.id = d.finding_id WHERE f.call_id = ? ORDER BY d.id",
        number,
    )
    assert kept == [("dispute",), ("accept",)]
    page.goto(f"{served.url}/calls?disputed=1")
    assert f"/calls/{number}" in page.locator("tr[data-href]").first.get_attribute("data-href")


def test_the_overlay_shows_what_the_agent_saw_at_that_moment(open_page: Callable[..., Any], served: Served) -> None:
    page = _opened(open_page(f"/calls/{served.call('faulty')}"))
    page.keyboard.press("o")
    overlay = page.frame_locator("#overlay iframe")
    page.locator("li.talk", has_text="没法查").click()
    page.keyboard.press(" ")
    warning = overlay.locator("#warnings")
    warning.get_by_text("你问我").first.wait_for()
    assert overlay.locator("#state").inner_text() == "等待中"
    page.locator("li.talk").first.click()
    page.keyboard.press(" ")
    warning.get_by_text("你问我").first.wait_for(state="hidden")


def test_a_recording_moved_away_is_told_and_the_journal_shown(open_page: Callable[..., Any], served: Served) -> None:
    number = served.call("transferred")
    sound = served.recordings / "transferred.opus"
    away = sound.rename(sound.with_suffix(".moved"))
    try:
        page = _opened(open_page(f"/calls/{number}"))
        assert "transferred.opus" in page.inner_text(".notice")
        assert page.locator("#play").count() == 0
        assert page.locator("li.talk").count() > 5
        page.keyboard.press("j")
        page.keyboard.press(" ")
    finally:
        away.rename(sound)


def test_a_failed_file_says_why(open_page: Callable[..., Any], served: Served) -> None:
    number = served.call("holiday")
    served.change(
        "UPDATE calls SET status = 'failed', reason = ? WHERE id = ?", '{"en": "cut", "zh": "文件不完整"}', number
    )
    try:
        page = open_page("/calls?status=failed")
        assert "文件不完整" in page.inner_text("td.failed")
        page.goto(f"{served.url}/calls/{number}")
        assert "文件不完整" in page.inner_text("#main")
    finally:
        served.change("UPDATE calls SET status = 'done', reason = NULL WHERE id = ?", number)


def test_a_page_of_nicegui_stands_in_the_same_frame(open_page: Callable[..., Any]) -> None:
    page = open_page("/audit", look="en.dark")
    page.locator("tbody td", has_text="logged in").first.wait_for()
    assert page.locator(".bar nav a[aria-current]").inner_text() == "Audit log"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 24)"
    page.click(".look button[lang=zh-CN]")
    page.locator("tbody td", has_text="登录").first.wait_for()


@pytest.mark.parametrize(("width", "height", "look"), [(1280, 720, "zh.light"), (1920, 1080, "en.dark")])
def test_figures_and_wall_fit_the_window(open_page: Callable[..., Any], width: int, height: int, look: str) -> None:
    for path in ("/agents", "/agents?agent=1001", "/rules", "/wall"):
        page = open_page(path, look=look, width=width, height=height)
        fits = (
            "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
        )
        assert page.evaluate(fits), path


def test_what_is_missed_most_leads_to_its_calls_and_to_the_moment(open_page: Callable[..., Any]) -> None:
    page = open_page("/agents")
    rule = page.locator(".most tbody tr").first
    many = int(rule.locator("td.number a").first.inner_text())
    rule.locator("td.number a").first.click()
    page.wait_for_url("**/calls?**rule=**")
    assert 1 <= page.locator("tr[data-href]").count() <= many
    page.go_back()
    page.locator(".coach a.play").first.click()
    _opened(page)
    until(page, "document.querySelector('.finding[aria-current]') !== null")


def test_a_row_of_figures_opens_its_agent_and_no_page_complains(open_page: Callable[..., Any]) -> None:
    """Pages of figures have several tables or none, and nothing to search for by words."""
    page = open_page("/agents")
    page.keyboard.press("/")
    page.locator(".people tr[data-href]").first.locator("td").nth(4).click()
    page.wait_for_url("**/agents?**agent=100**")
    for path in ("/agents?queue=nothing", "/rules", "/rules?queue=nothing"):
        page = open_page(path)
        page.keyboard.press("/")
        assert page.locator("#filters").is_visible()


def test_a_table_is_exported_by_a_click(open_page: Callable[..., Any]) -> None:
    page = open_page("/rules", user="banzhang")
    page.locator(".tools summary").click()
    with page.expect_download() as download:
        page.locator("button[value='scores.csv']").click()
    assert download.value.suggested_filename.startswith("callflow-scores-")
