"""The overlay in a real browser: what it shows at moments of real calls, and that it holds still."""

from __future__ import annotations

from typing import Any

import pytest
from overlay_pages import SIZES, action, show, words
from scenes import DESK, TROUBLE, scene, timeline

from callflow.call.plan import Plan
from callflow.call.screen import Screen
from callflow.events import FieldValue, Heard, Prompt
from callflow.live.actions import Action
from callflow.live.overlay import Overlay

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&amp;\u202e\u2066卡号\u0000"

SHOWN = {
    "ringing": {"#state": "来电振铃", "#kind": "做", "#text": "请接听电话", "#timer": "第 2 声 · 7 秒"},
    "greeting": {"#kind": "说", "#text": "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？"},
    "warning": {
        "#warning": "⚠ “这事不归我管” → 这件事我来帮您联系负责的同事，您稍等好吗？",
        "#situations": "客户先问好",
    },
    "read-back": {"#kind": "问", "#goal": "请客户报单号，查询并答复", "#text": "单号856530，对吗？"},
    "differs": {"#text": "请按13824675073重新核对电话", "#running-title": "电话复述错误须更正", "#due": ""},
    "hold": {"#state": "等待中", "#goal": "尽快返回", "#timer": "保持 0:05"},
    "back-from-hold": {"#state": "等待返回", "#goal": "先致歉", "#text": "对不起，让您久等了", "#left": "还剩 4 秒"},
    "transfer": {"#state": "转接中", "#timer": "转接 专家座席 0:02"},
    "closing": {"#state": "结束通话", "#text": "谢谢您的来电，再见！"},
    "ready": {"#idle-title": "就绪，等待来电", "#result": "上一通 3:42 · 86 分 · 漏做 2 · 违反 1"},
    "over": {"#idle-title": "通话结束"},
    "trouble": {".notice p": "5 秒没有客户一侧的声音，耳机插好了吗？", ".notice button": "再试一次"},
    "ready-trouble": {"#db-customer": "没有声音", "#not-recording": "本通不做记录"},
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_each_state_shows_what_it_should(name: str, page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene(name, plan))
    assert {selector: words(page, selector) for selector in SHOWN[name]} == SHOWN[name]


def test_checklist_and_fields_tell_by_sign_and_by_name(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("differs", plan))
    items = page.locator("#checklist button")
    assert items.first.inner_text().split() == ["○", "复述货物名称"]
    assert page.get_by_role("button", name="复述货物名称：未做").is_visible()
    phone = page.get_by_role("textbox", name="联系电话")
    assert phone.input_value() == "13824675073"
    assert "复述不符" in phone.get_attribute("aria-label")
    assert words(page, "#fields li[data-stage=differs] i") == "≠"
    assert words(page, "#fields li[data-stage=confirmed] i") == "✓"


def test_what_was_said_last_is_seen_to_its_end(page: Any, overlay: Overlay, plan: Plan) -> None:
    screen = Screen(plan.flow)
    screen.follow(Heard(at=1, speaker="customer", text="前" * 80 + "到现在还没到", final=False, start=0, end=1))
    show(overlay, page, screen.view(1, DESK))
    frame, text = page.locator("#said span.long").bounding_box(), page.locator("#said .provisional").bounding_box()
    assert text["x"] < frame["x"]
    assert text["x"] + text["width"] == pytest.approx(frame["x"] + frame["width"], abs=1)


def test_a_warning_becomes_a_line_in_the_list(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("warning", plan))
    assert page.locator("#warning").is_visible()
    show(overlay, page, scene("hold", plan))
    assert not page.locator("#warning").is_visible()
    assert "“这事不归我管” → 这件事" in words(page, "#warned")


# ------------------------------------------------------------------------------------------------ holds still

PARTS = ["#main", "#text", "#warnings", "#beside", "#checklist", "#fields", "#said", "#keys"]


@pytest.mark.parametrize("size", SIZES)
def test_no_part_ever_moves_in_a_whole_call(size: str, open_page: Any, overlay: Overlay, plan: Plan) -> None:
    page = open_page(size)
    screen = Screen(plan.flow)
    places = set()
    for step, event in enumerate(timeline("faulty", plan, 97.0)):
        screen.follow(event)
        if step % 7 == 0 and screen.view(event.at)["phase"] not in ("ready", "over"):
            show(overlay, page, screen.view(event.at, TROUBLE if step % 2 else DESK))
            tops = f"{PARTS}.map(s => Math.round(document.querySelector(s).getBoundingClientRect().top))"
            places.add(tuple(page.evaluate(tops)))
    assert len(places) == 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("settings", ['{"size":"large"}', '{"contrast":"high"}'])
def test_nothing_scrolls_and_the_parts_do_not_overlap(
    size: str, language: str, settings: str, open_page: Any, overlay: Overlay, plan: Plan
) -> None:
    page = open_page(size, language)
    page.evaluate(f"localStorage.setItem('callflow.overlay', {settings!r})")
    page.reload()
    for name in ("complaint-faulty", "differs", "transfer"):
        show(overlay, page, scene(name, plan))
        boxes = page.evaluate(
            "[...document.querySelectorAll('#overlay > :is(header, #strip, #main, #warnings, .part, #keys)')]"
            ".map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])"
        )
        width, height = SIZES[size]
        assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in boxes)
        for one in boxes:
            for other in boxes:
                apart = one[2] <= other[0] + 1 or other[2] <= one[0] + 1 or one[3] <= other[1] + 1
                assert one is other or apart or other[3] <= one[1] + 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def with_prompt(plan: Plan, text: str) -> Any:
    screen = Screen(plan.flow)
    screen.follow(Heard(at=0, speaker="customer", text="喂", start=0, end=0.5))
    screen.follow(Prompt(at=1, id="p", kind="say", text=text, status="shown", priority=50))
    return screen.view(1, DESK)


@pytest.mark.parametrize(
    ("size", "length", "pixels"), [("small", 20, "28px"), ("docked", 32, "28px"), ("small", 45, "20px")]
)
def test_words_are_as_large_as_they_can_be(
    size: str, length: int, pixels: str, open_page: Any, overlay: Overlay, plan: Plan
) -> None:
    page = open_page(size)
    show(overlay, page, with_prompt(plan, "您" * length))
    assert page.evaluate("getComputedStyle(document.getElementById('text')).fontSize") == pixels


@pytest.mark.parametrize("size", SIZES)
def test_every_prompt_of_the_flow_can_be_read_to_its_end(
    size: str, open_page: Any, overlay: Overlay, plan: Plan
) -> None:
    page = open_page(size)
    longest = sorted({prompt.text for prompt in plan.flow.prompts()}, key=len)[-3:]
    for text in longest:
        show(overlay, page, with_prompt(plan, text))
        assert page.evaluate("(t => t.scrollHeight - t.clientHeight < 12)(document.getElementById('text'))")
    show(overlay, page, with_prompt(plan, "长" * 2000))  # what nobody can read leaves the others their place
    assert page.locator("#keys").is_visible()
    assert page.evaluate("document.getElementById('box').clientHeight") <= 96


# ------------------------------------------------------------------------------------------------ attacks from the call


def test_text_that_looks_like_markup_or_turns_the_writing_stays_text(page: Any, overlay: Overlay, plan: Plan) -> None:
    screen = Screen(plan.flow)
    screen.follow(Heard(at=1, speaker="customer", text=EVIL, start=0, end=1))
    screen.follow(FieldValue(at=1, name="联系人", value=EVIL, stage="heard"))
    screen.follow(FieldValue(at=1, name=EVIL, value=EVIL, stage="differs"))
    screen.follow(Prompt(at=1, id=EVIL, kind="say", text=EVIL, status="shown", priority=50))
    screen.follow(Prompt(at=1, id="w", kind="warn", text=EVIL, said=EVIL, status="shown", priority=90))
    show(overlay, page, screen.view(1, DESK))
    seen = EVIL.replace("\u202e", "").replace("\u2066", "").replace("\u0000", " ")
    for selector in ("#text", "#warning", "#said"):
        assert seen.strip() in page.locator(selector).text_content()
    assert page.get_by_role("textbox", name="联系人").input_value() == seen
    assert page.locator("#overlay script, #overlay img").count() == 0
    page.locator("#tick").click()
    assert action(overlay) == Action(
        "tick", EVIL.replace("\u202e", "\ufffd").replace("\u2066", "\ufffd").replace("\u0000", "\ufffd")
    )
