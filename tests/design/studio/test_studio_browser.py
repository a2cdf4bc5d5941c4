"""The studio in a real browser: a mistake at its line, the diagram that follows, a call that is typed, publishing."""

from __future__ import annotations

from pathlib import Path

import pytest
from design.studio.looking import Windows, put, saved
from design.studio.studying import Designer
from served import Served


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
    assert page.evaluate(
        "[...document.querySelectorAll('#sheet textarea')].map(a => a.value.includes('# other window'))"
    ) == [False, True]
    page.click("#sheet [data-elsewhere=here]")
    page.wait_for_selector("#sheet", state="hidden")
    saved(page)
    assert "# this window" in designer.text("flow.yaml")
    designer.clean()
