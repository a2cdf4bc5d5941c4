"""The report in a real browser: what a click plays, what the keys do, and that nothing is blocked or runs wild."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import until

from callflow import events as ev
from callflow.audio.recording import Recording
from callflow.flow.model import Flow
from callflow.review.report import write_report
from callflow.review.story import Story

EVIL = "</script><img src=x onerror=alert(1)><b>粗体</b>"


@pytest.fixture(scope="module")
def report(events: list[ev.Event], flow: Flow, recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The call, with one sentence that tries to break out of the page."""
    told = [
        replace(event, text=event.text + EVIL) if isinstance(event, ev.Heard) and event.utterance == "u1" else event
        for event in events
    ]
    path = tmp_path_factory.mktemp("report") / "call.html"
    with Recording(recording) as sound:
        write_report(path, Story.of(told, flow), sound=sound, title="call.wav", language="zh")
    return path


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The open page; at the end of every test nothing may have been complained of or fetched."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    until(page, "document.getElementById('sound').readyState >= 1")
    yield page
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    page.close()


def time(page: Any) -> float:
    return float(page.evaluate("document.getElementById('sound').currentTime"))


def wait_for_time(page: Any, least: float, most: float) -> None:
    until(page, f"(t => {least} <= t && t <= {most})(document.getElementById('sound').currentTime)")


def paused(page: Any) -> bool:
    return bool(page.evaluate("document.getElementById('sound').paused"))


def test_the_sound_is_there_as_long_as_the_call(page: Any) -> None:
    assert page.evaluate("document.getElementById('sound').duration") == pytest.approx(126.6, abs=0.2)


def test_a_click_on_a_finding_plays_it_from_a_second_before(page: Any) -> None:
    page.get_by_role("button", name="禁语：不归我管").click()
    wait_for_time(page, 78.0, 80.0)
    assert not paused(page)
    assert page.locator(".finding[aria-current]").count() == 1
    assert page.locator("li.talk.now, li.talk").first.is_visible()


@pytest.mark.parametrize(
    ("selector", "at"),
    [
        ("#transcript li.talk:has-text('请把您的国资单号告诉我') .words", 17.6),
        ("#tracks .speech.customer >> nth=1", 21.4),
        ("#tracks .mark.missed .hit >> nth=0", 34.6),
        (".faults a >> nth=0", 27.8),
        (".captured button >> nth=1", 31.4),
    ],
)
def test_a_click_on_whatever_has_a_time_goes_there(page: Any, selector: str, at: float) -> None:
    page.locator(selector).click()
    wait_for_time(page, at, at + 3)


def test_a_click_into_the_waveform_goes_to_that_very_place(page: Any) -> None:
    box = page.locator("#tracks").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 40)
    wait_for_time(page, 62.5, 66.0)


def test_keys_walk_through_the_findings_play_and_change_the_speed(page: Any) -> None:
    chosen = page.locator(".finding[aria-current] .title")
    page.keyboard.press("j")
    assert chosen.inner_text() == "客户先挂机"
    page.keyboard.press("j")
    assert chosen.inner_text() == "逐项复述核对"
    page.keyboard.press("k")
    assert chosen.inner_text() == "客户先挂机"
    until(page, "!document.getElementById('sound').paused")
    page.keyboard.press("Space")
    assert paused(page)
    page.keyboard.press("4")
    assert page.evaluate("document.getElementById('sound').playbackRate") == 2
    assert page.get_by_role("radio", name="2×", exact=True).get_attribute("aria-checked") == "true"
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_the_keyboard_alone_can_play_a_finding(page: Any) -> None:
    page.get_by_role("button", name="返回先致歉").focus()
    page.keyboard.press("Enter")
    wait_for_time(page, 70.8, 73.0)


def test_the_playhead_and_the_sentence_follow_the_sound(page: Any) -> None:
    page.locator("#transcript li.talk >> nth=2").click()
    until(page, "document.querySelector('li.talk.now') !== null")
    x = float(page.locator("#playhead").get_attribute("x1").rstrip("%"))
    assert x == pytest.approx(100 * time(page) / 126.6, abs=2)


def test_text_that_looks_like_markup_stays_text(page: Any) -> None:
    assert EVIL in page.locator("#transcript").inner_text()
    assert page.locator("#transcript img, #transcript b >> text=粗体").count() == 0


def test_the_switch_turns_the_page_into_english_and_back(page: Any) -> None:
    before = page.locator("main").inner_text()
    page.locator("#language").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_role("button", name="Never “not my job”").is_visible()
    assert page.get_by_role("region", name="Transcript").is_visible()
    page.locator("#language").click()
    assert page.locator("main").inner_text() == before


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (1024, 768), (390, 844)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_screen_scrolls_sideways(page: Any, size: tuple[int, int], language: str) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    if language == "en":
        page.locator("#language").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate("[...document.querySelectorAll('.pane')].every(p => p.scrollWidth <= p.clientWidth)")


def test_a_call_of_many_faults_and_a_long_name_is_no_wider_than_the_window(
    browser: Any, events: list[ev.Event], flow: Flow, tmp_path: Path
) -> None:
    """Each fault has a mark in the table of causes, and a call of an hour can have a hundred."""
    fault = next(event for event in events if isinstance(event, ev.Finding) and event.rule == "never-not-my-job")
    story = Story.of([*events, *(replace(fault, at=fault.at + n / 10) for n in range(80))], flow)
    write_report(tmp_path / "a.html", story, sound=None, title="long" * 60 + ".wav", language="en")
    for width in (1920, 1280, 1024, 420):
        page = browser.new_page(viewport={"width": width, "height": 720})
        page.goto((tmp_path / "a.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inside = "[...document.querySelectorAll('.causes a')].every(a => a.getBoundingClientRect().right <= innerWidth)"
        assert page.evaluate(inside)
        assert page.locator(".causes a").count() > 80
        page.close()
