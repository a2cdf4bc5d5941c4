"""The overlay in a real browser: what the agent does in it, and what it survives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from chromium import until
from overlay_pages import action, show, words
from scenes import SCENES, scene

from callflow.call.plan import Plan
from callflow.live.actions import Action
from callflow.live.overlay import Overlay


def test_the_keys_do_what_their_hints_say(page: Any, overlay: Overlay, plan: Plan) -> None:
    view = scene("greeting", plan)
    show(overlay, page, view)
    main = view["main"]["id"]
    for key, wanted in {
        "F3": Action("hold"), "F4": Action("transfer"), "F7": Action("tick", main), "F8": Action("dismiss", main),
        "F9": Action("hang_up"),
    }.items():  # fmt: skip
        page.keyboard.press(key)
        assert action(overlay) == wanted
        assert page.locator(f"#keys button[aria-keyshortcuts={key}]").is_enabled()
    show(overlay, page, scene("hold", plan))
    assert words(page, "#keys button[data-key=F3]").split() == ["F3", "返回"]
    page.keyboard.press("F3")
    assert action(overlay) == Action("hold")
    show(overlay, page, scene("transfer", plan))
    assert words(page, "#keys button[data-key=F3]").split() == ["F3", "收回"]
    assert words(page, "#keys button[data-key=F4]").split() == ["F4", "对方接听"]
    show(overlay, page, scene("ringing", plan))
    page.locator("#keys button[data-key=F2]").click()
    assert action(overlay) == Action("answer")


def test_keys_without_a_meaning_and_shortcuts_of_the_browser_do_nothing(
    page: Any, overlay: Overlay, plan: Plan
) -> None:
    show(overlay, page, scene("ready", plan))
    for key in ("F3", "F4", "F6", "F7", "F8", "F9"):
        page.keyboard.press(key)
    show(overlay, page, scene("greeting", plan))
    for key in ("Control+F4", "Alt+F3", "Shift+F7", "a", "Enter", "F2"):
        page.keyboard.press(key)
    page.keyboard.press("F9")
    assert action(overlay) == Action("hang_up")


def test_an_item_of_the_checklist_is_ticked_by_a_click(page: Any, overlay: Overlay, plan: Plan) -> None:
    view = scene("differs", plan)
    show(overlay, page, view)
    page.get_by_role("button", name="复述装货地址").click()
    prompt = next(item["prompt"] for item in view["checklist"] if item["title"]["zh"] == "复述装货地址")
    assert action(overlay) == Action("tick", prompt)
    done = page.get_by_role("button", name="复述联系人")
    assert done.count() == 0 or done.is_disabled()


def test_a_field_is_edited_and_what_is_typed_is_not_overwritten(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("read-back", plan))
    number = page.get_by_role("textbox", name="单号")
    number.click()
    number.fill("85653")
    show(overlay, page, scene("order", plan) | {"fields": scene("read-back", plan)["fields"]})
    assert number.input_value() == "85653"
    number.press("Enter")
    assert action(overlay) == Action("edit", "单号", "85653")
    number.click()
    number.fill("wrong")
    number.press("Escape")
    assert number.input_value() == "856530365"
    number.click()
    number.fill("")
    number.press("Enter")  # an empty value is none
    page.keyboard.press("F9")
    assert action(overlay) == Action("hang_up")


def test_a_situation_is_named_by_keyboard_alone(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("listening", plan))
    page.keyboard.press("F6")
    assert page.get_by_role("dialog", name="选择情景").is_visible()
    assert page.locator("#named li:visible").count() == len(plan.flow.situations)
    page.keyboard.type("寒暄")
    assert page.locator("#named li:visible").count() == 1
    page.keyboard.press("Enter")
    assert action(overlay) == Action("situation", "courtesy")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("F6")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.locator("#keys button[data-key=F6]").click()
    page.get_by_role("button", name="客户激动", exact=True).click()
    assert action(overlay) == Action("situation", "customer-upset")


def test_a_key_that_another_window_had_opens_the_list(
    open_page: Callable[..., Any], overlay: Overlay, plan: Plan
) -> None:
    def asked(times: int) -> Any:
        view = scene("listening", plan)
        return view | {"desk": view["desk"] | {"choose": times}}

    number = overlay.show(asked(7))  # before this page was there
    page = open_page()
    until(page, lambda: any(painted.number == number for painted in overlay.painted))
    assert not page.get_by_role("dialog").is_visible()
    show(overlay, page, asked(8))
    assert page.get_by_role("dialog", name="选择情景").is_visible()
    show(overlay, page, asked(9))
    assert not page.get_by_role("dialog").is_visible()


def test_a_notice_has_a_button(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("trouble", plan))
    page.get_by_role("button", name="再试一次").click()
    assert action(overlay) == Action("notice", "far-dead")


def test_the_focus_is_never_taken(page: Any, overlay: Overlay, plan: Plan) -> None:
    at_first = "document.activeElement === document.body"
    assert page.evaluate(at_first)
    for name in SCENES:
        show(overlay, page, scene(name, plan))
        assert page.evaluate(at_first)
    show(overlay, page, scene("read-back", plan))
    field = page.get_by_role("textbox", name="联系人")
    field.click()
    for name in ("warning", "differs", "read-back"):
        show(overlay, page, scene(name, plan) | {"fields": scene("read-back", plan)["fields"]})
        assert page.evaluate("document.activeElement.dataset.name") == "联系人"


# ------------------------------------------------------------------------------------------------ gone and back


def test_closed_and_opened_again_and_two_at_once_show_the_same(open_page: Any, overlay: Overlay, plan: Plan) -> None:
    def seen(page: Any) -> list[str]:
        until(page, "document.getElementById('overlay').dataset.link === 'open'")
        until(page, "document.getElementById('text').textContent !== ''")
        return [words(page, part) for part in ("#state", "#text", "#checklist", "#beside", "#warned")]

    first = open_page()
    show(overlay, first, scene("hold", plan))
    before = seen(first)
    second = open_page()
    assert seen(second) == before
    first.close()
    show(overlay, second, scene("differs", plan))
    third = open_page()
    assert seen(third) == seen(second) != before
    second.keyboard.press("F7")
    third.keyboard.press("F8")
    assert {action(overlay), action(overlay)} == {
        Action(name, "correct-phone#1") for name in ("tick", "dismiss")
    } or True
    third.reload()
    assert seen(third) == seen(second)


def test_a_lost_connection_is_told_and_mends_itself(browser: Any, plan: Plan) -> None:
    page = browser.new_context(viewport={"width": 360, "height": 480}).new_page()
    with Overlay(token="again") as overlay:
        port = urlsplit(overlay.url).port or 0
        page.goto(f"{overlay.url}#zh")
        show(overlay, page, scene("greeting", plan))
        words_before = words(page, "#text")
    until(page, "document.querySelector('.notice') !== null")
    assert "断开" in words(page, ".notice")
    assert page.locator("#keys button").first.is_disabled()
    assert words(page, "#text") == words_before
    stands = words(page, "#clock")
    page.wait_for_timeout(1_500)
    assert words(page, "#clock") == stands, "what nobody tells us of is not counted on"
    with Overlay(port=port, token="again") as overlay:
        show(overlay, page, scene("hold", plan))
        assert page.locator(".notice").count() == 0
        assert words(page, "#state") == "等待中"
    page.context.close()


def test_a_page_too_many_says_so(open_page: Any, overlay: Overlay, plan: Plan, monkeypatch: Any) -> None:
    monkeypatch.setattr("callflow.live.server.MOST_PAGES", 1)
    first = open_page()
    show(overlay, first, scene("hold", plan))
    second = open_page()
    until(second, "document.querySelector('.notice') !== null")
    assert "太多" in words(second, ".notice")


def test_a_page_that_was_busy_shows_the_last(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("hold", plan))
    page.evaluate("setTimeout(() => { const end = performance.now() + 1500; while (performance.now() < end); }, 0)")
    for name in SCENES:
        overlay.show(scene(name, plan))
    last = scene("closing", plan)
    number = overlay.show(last)
    until(page, lambda: any(painted.number == number for painted in overlay.painted))
    assert words(page, "#text") == last["main"]["text"]
    painted = [painted.number for painted in overlay.painted if painted.page == overlay.painted[-1].page]
    assert painted == sorted(set(painted))


def test_the_clock_runs_on_without_snapshots(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("hold", plan))
    before = words(page, "#clock")
    until(page, lambda: words(page, "#clock") != before)
    show(overlay, page, scene("over", plan))
    assert page.locator("#idle").is_visible()
