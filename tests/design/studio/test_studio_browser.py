"""The studio in a real browser: a mistake at its line, the diagram that follows, a call that is typed, publishing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from design.studio.looking import Windows, put, saved
from design.studio.studying import Designer
from served import Served


@pytest.fixture(autouse=True)
def _no_draft_is_left(served: Served) -> Iterator[None]:
    yield
    for user, flow in (("admin", "shop"), ("banzhang", "shop"), ("admin", "inbound")):
        Designer.of(served, user, flow).clean()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
@pytest.mark.parametrize("look", ["zh.light", "en.dark"])
def test_nothing_scrolls_but_the_panes(open_page: Windows, look: str, width: int, height: int) -> None:
    page = open_page("/studio/shop", look=look, width=width, height=height)
    page.wait_for_selector("#diagram svg g.node")
    wide = "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    assert page.evaluate(wide)
    assert ("rehearsals" if look.startswith("en") else "演练") in page.inner_text("#studio")
    dark = page.evaluate("getComputedStyle(document.querySelector('.cm-editor')).backgroundColor") == "rgb(26, 30, 34)"
    assert dark == look.endswith("dark")


def test_a_mistake_is_told_at_its_line_mended_by_a_click_and_the_diagram_stays(open_page: Windows) -> None:
    page = open_page("/studio/shop?file=flow.yaml")
    page.wait_for_selector("#diagram svg g.node")
    put(page, "\nstates:", "\nstatse:")
    page.wait_for_selector("#problems li.error")
    assert "statse" in page.inner_text("#problems")
    assert page.locator("#editor .signs .sign.error").count() >= 1
    assert page.is_visible("#stale")
    assert page.locator("#diagram.stale svg g.node").count() > 3, "the last good diagram is still there"
    page.click("#problems li:has-text('statse') .mend")
    page.wait_for_selector("#problems li.error", state="detached")
    page.wait_for_selector("#stale", state="hidden")
    saved(page)
    assert page.locator("#file option:checked").inner_text() == "flow.yaml", "nothing is changed any more"


def test_the_diagram_follows_the_cursor_and_every_change(open_page: Windows) -> None:
    page = open_page("/studio/shop?file=flow.yaml")
    page.wait_for_selector("#diagram svg g.node")
    title = page.evaluate(
        """() => { const text = studio.editor.text, at = text.indexOf("title: {zh: ", text.indexOf("\\nstates:")) + 12;
            studio.editor.view.dispatch({ selection: { anchor: at } });
            return text.slice(at, text.indexOf(",", at)); }"""
    )
    page.wait_for_selector("#diagram .here")
    put(page, f"{{zh: {title},", "{zh: 全新的标题,")
    page.wait_for_function("document.querySelector('#diagram').textContent.includes('全新的标题')")
    put(page, "{zh: 全新的标题,", f"{{zh: {title},")
    saved(page)


def test_keys_are_completed_from_the_language(open_page: Windows) -> None:
    page = open_page("/studio/shop?file=flow.yaml")
    put(page, "\nstates:", "\nsi\nstates:")
    page.evaluate("""() => { const view = studio.editor.view, at = studio.editor.text.indexOf("\\nsi\\nstates:") + 3;
        view.dispatch({ selection: { anchor: at } }); view.focus(); }""")
    page.keyboard.type("tu")
    page.wait_for_selector(".cm-tooltip-autocomplete li:has-text('situations')")
    page.keyboard.press("Escape")
    put(page, "\nsitu\nstates:", "\nstates:")
    saved(page)


def test_a_call_is_typed_and_explained(open_page: Windows) -> None:
    page = open_page("/studio/inbound?file=hold.yaml")
    page.click("[data-event='call.answered']")
    page.wait_for_selector("#chat .notes .shown")
    page.fill("#words", "这事不归我管")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat .notes .warn")
    page.click("#chat details summary")
    page.wait_for_selector("#chat .near li")
    assert "not-my-job" in page.inner_text("#chat .near")
    page.click("#chat .near .place >> nth=0")
    page.wait_for_function("studio.file === 'taboos-shirking.yaml'")
    page.click("[data-event='call.hung_up']")
    page.wait_for_function("document.querySelector('#chat').textContent.includes('得分')")


def test_what_is_published_says_what_will_change_and_can_be_brought_back(open_page: Windows, flows: Path) -> None:
    page = open_page("/studio/shop?file=flow.yaml")
    path = flows / "shop" / "flow.yaml"
    before = path.read_text("utf-8")
    put(page, "\nphrases:\n", "\nphrases:\n  brand-new:\n    say: 祝您国庆节快乐\n")
    saved(page)
    page.click("#publish")
    page.wait_for_selector("#going")
    assert "brand-new" in page.inner_text("#sheet")
    page.fill("#going [name=why]", "节日问候")
    page.click("#going button.main")
    page.wait_for_selector("#sheet .versions tr >> nth=1")
    assert "节日问候" in page.inner_text("#sheet .versions tr >> nth=0")
    assert "brand-new" in path.read_text("utf-8")
    page.click("#sheet [data-back] >> nth=0")
    page.wait_for_selector("#going")
    page.fill("#going [name=why]", "撤回")
    page.click("#going button.main")
    page.wait_for_function("document.querySelector('#sheet .versions')?.textContent.includes('撤回')")
    assert path.read_text("utf-8") == before
    page.click("#sheet [data-close]")
    page.wait_for_function("!studio.editor.text.includes('brand-new')")


def test_a_change_by_hand_is_shown_beside_ones_own(open_page: Windows, served: Served, flows: Path) -> None:
    page = open_page("/studio/shop?file=flow.yaml", user="banzhang")
    path = flows / "shop" / "flow.yaml"
    before = path.read_bytes()
    put(page, "\nstates:", "\n# mine\nstates:")
    saved(page)
    path.write_bytes(before + b"# by hand\n")
    page.wait_for_selector("#conflicts button")
    page.click("#conflicts button")
    page.wait_for_selector("#sheet .both")
    assert "# by hand" in page.inner_text("#sheet")
    assert "# mine" in page.inner_text("#sheet")
    page.click("#sheet [data-settle=merge]")
    page.wait_for_function("studio.editor.text.includes('# mine') && studio.editor.text.includes('# by hand')")
    path.write_bytes(before)
    Designer.of(served, "banzhang", "shop").clean()


def test_two_windows_of_one_draft(open_page: Windows, served: Served) -> None:
    open_page.expect("409")
    page = open_page("/studio/shop?file=flow.yaml")
    designer = Designer.of(served, "admin", "shop")
    designer.write("flow.yaml", designer.text("flow.yaml") + "# other window\n")
    put(page, "\nstates:", "\n# this window\nstates:")
    page.wait_for_selector("#sheet [data-elsewhere=here]")
    shown = page.evaluate("[...document.querySelectorAll('#sheet textarea')].map(area => area.value)")
    assert ["# other window" in one for one in shown] == [False, True]
    assert all("\nflow:" not in one for one in shown), "only what differs"
    page.click("#sheet [data-elsewhere=here]")
    page.wait_for_selector("#sheet", state="hidden")
    saved(page)
    assert "# this window" in designer.text("flow.yaml")
    designer.clean()


@pytest.mark.parametrize("look", ["zh.light", "en.dark"])
@pytest.mark.parametrize(("width", "height"), [(1180, 700), (1440, 900)])
def test_the_diagram_is_all_there_in_the_themes_colours(open_page: Windows, look: str, width: int, height: int) -> None:
    page = open_page("/studio/inbound?file=hold.yaml", look=look, width=width, height=height)
    page.wait_for_selector("#diagram svg g.node")
    for box in ("", "#rules"):
        if box:
            nodes = page.evaluate("document.querySelector('#diagram svg').textContent.length")
            page.check(box)
            page.wait_for_function(f"document.querySelector('#diagram svg').textContent.length > {nodes}")
        inside = """() => { const pane = document.querySelector("#diagram");
            return pane.scrollWidth <= pane.clientWidth && pane.scrollHeight <= pane.clientHeight; }"""
        assert page.evaluate(inside), box
    light = page.evaluate(
        """() => [...document.querySelectorAll("#diagram :is(rect.label-container, .cluster > rect)")].map((drawn) =>
            getComputedStyle(drawn).fill.match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) > 384)"""
    )
    assert set(light) == {look.endswith("light")}
    assert page.evaluate("getComputedStyle(document.querySelector('#diagram svg')).filter") == "none"


def test_the_editor_has_the_room_while_there_is_no_problem(open_page: Windows) -> None:
    page = open_page("/studio/shop?file=flow.yaml")
    page.wait_for_selector("#counts:has-text('没有错误')")
    bottoms = "[...arguments[0]].map(name => document.querySelector(name).getBoundingClientRect().bottom)"
    editor, pane = page.evaluate(f"names => {bottoms.replace('arguments[0]', 'names')}", ["#editor", ".write"])
    assert editor == pytest.approx(pane, abs=1)
    put(page, "    group: wording\n", "    group: wordign\n")
    page.wait_for_selector("#problems li.error")
    assert page.locator("#problems").bounding_box()["height"] < page.locator("#editor").bounding_box()["height"] / 2
    assert page.inner_text("#counts") == "✕ 1 错误"


def test_a_line_after_a_key_belongs_to_it(open_page: Windows) -> None:
    page = open_page("/studio/shop?file=flow.yaml")
    put(page, "\nstates:", "\nfields: \nstates:")
    page.evaluate("""() => { const view = studio.editor.view, at = studio.editor.text.indexOf("\\nfields: ") + 9;
        view.dispatch({ selection: { anchor: at } }); view.focus(); }""")
    page.keyboard.press("Enter")
    page.keyboard.type("when")
    page.keyboard.press("Escape")
    assert "\nfields:\n  when" in page.evaluate("studio.editor.text")


def test_a_call_that_was_tried_out_becomes_a_rehearsal_of_the_file(open_page: Windows, served: Served) -> None:
    page = open_page("/studio/shop?file=tracking.yaml")
    for key in ("[data-event='call.answered']", "[data-wait='30']", "[data-wait='30']"):
        page.click(key)
    page.wait_for_function("document.querySelectorAll('#chat .happened').length >= 3")
    page.click("#record")
    page.wait_for_selector("#sheet textarea")
    assert page.input_value("#sheet select") == "tracking.rehearsals.yaml"
    page.click("#sheet button.main")
    page.wait_for_selector("#sheet", state="hidden")
    assert page.evaluate("studio.file") == "tracking.rehearsals.yaml"
    page.keyboard.type("waits and waits")
    saved(page)
    text = Designer.of(served, "admin", "shop").text("tracking.rehearsals.yaml")
    assert text.count("rehearsals:\n") == 1
    assert "  - name: waits and waits\n    call:\n      - call.answered\n      - wait: 60s\n" in text
    told = Designer.of(served, "admin", "shop").until_done()
    assert told["played"] == told["passed"] == told["count"]


def test_a_file_is_deleted_after_a_question_and_brought_back(open_page: Windows, served: Served) -> None:
    open_page.expect("confirm")
    page = open_page("/studio/shop?file=tracking.yaml")
    answers = [False, True]
    page.on("dialog", lambda dialog: dialog.accept() if answers.pop(0) else dialog.dismiss())
    page.click("#delete")
    assert page.evaluate("studio.file") == "tracking.yaml"
    page.click("#delete")
    page.wait_for_function("studio.file === 'complaint.rehearsals.yaml'")
    files = page.evaluate("[...document.getElementById('file').options].map(one => one.value)")
    assert "tracking.yaml" not in files
    page.click("#diff")
    page.click("#sheet [data-discard='tracking.yaml']")
    page.wait_for_function("[...document.getElementById('file').options].some(one => one.value === 'tracking.yaml')")
    assert Designer.of(served, "admin", "shop").state["changed"] == []


def test_a_name_that_is_refused_is_there_to_be_mended(open_page: Windows) -> None:
    open_page.expect("prompt", "422")
    page = open_page("/studio/shop?file=tracking.yaml")
    asked: list[tuple[str, str]] = []

    def answer(dialog: Any) -> None:
        asked.append((dialog.message, dialog.default_value))
        dialog.accept("催收.txt" if len(asked) == 1 else "holidays.yaml")

    page.on("dialog", answer)
    page.click("#new")
    page.wait_for_function("studio.file === 'holidays.yaml'")
    assert "催收.txt" in asked[1][0]
    assert asked[1][1] == "催收.txt"


def test_a_call_goes_on_after_what_was_refused(open_page: Windows) -> None:
    open_page.expect("422")
    page = open_page("/studio/shop?file=flow.yaml")
    page.evaluate("studio.simulator.acts = Array(400).fill({ wait: 1 })")
    page.click("[data-event='call.answered']")
    page.wait_for_selector("#chat .refused:has-text('最多 400 步')")
    page.evaluate("studio.simulator.acts = [{ event: 'call.answered' }]")
    page.click("[data-wait='5']")
    page.wait_for_selector("#chat .now")
    assert page.locator("#chat .refused").count() == 0
    assert not page.is_visible("#chat .now ul"), "one line, to be opened"
    page.click("#chat .now summary")
    assert page.is_visible("#chat .now ul")
