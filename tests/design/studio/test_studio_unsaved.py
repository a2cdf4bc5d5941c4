"""What is written in the studio is not lost: not without a server, not beside another window, not in leaving."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from design.studio.looking import Windows, put, saved
from design.studio.studying import Designer
from served import Served

SHOP = "/studio/shop?file=flow.yaml"
WRITES = "**/api/studio/write"
DIALOG = "#sheet [data-elsewhere=here]"


@pytest.fixture
def designer(served: Served) -> Iterator[Designer]:
    """Whose draft of ``shop`` it is, in another window."""
    designer = Designer.of(served, "admin", "shop")
    yield designer
    designer.clean()


def _unsaved(page: Any, words: str = "未保存") -> None:
    page.wait_for_function("words => document.getElementById('saved').textContent.includes(words)", arg=words)


def _log_in(page: Any, served: Served, cookies: dict[str, str]) -> None:
    page.context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])


def _cut_off(open_page: Windows, text: str) -> Any:
    """A page that has something in it which the server did not get."""
    open_page.expect("ERR_FAILED")
    page = open_page(SHOP)
    page.route(WRITES, lambda route: route.abort())
    put(page, "\nstates:", f"\n{text}\nstates:")
    _unsaved(page)
    return page


def test_what_the_server_did_not_get_is_sent_when_it_is_back(open_page: Windows, designer: Designer) -> None:
    page = _cut_off(open_page, "# while it was away")
    assert "连接不上服务器" in page.inner_text("#saved")
    page.unroute(WRITES)
    saved(page)
    assert "# while it was away" in designer.text("flow.yaml")


def test_nothing_is_shown_over_it(open_page: Windows, designer: Designer, flows: Path) -> None:
    page = _cut_off(open_page, "# not there yet")
    other = flows / "shop" / "tracking.yaml"
    before = other.read_bytes()
    other.write_bytes(before + b"# by hand\n")
    with page.expect_response(lambda answer: "/told" in answer.url and other.read_bytes() != before):
        pass
    page.check("#rules")
    page.select_option("#file", "complaint.yaml")
    page.wait_for_function("document.getElementById('file').value === 'flow.yaml'")
    for button in ("#publish", "#versions", "#diff"):
        page.click(button)
        page.wait_for_selector("#sheet-title:has-text('尚未保存')")
        page.click("#sheet [data-close]")
    assert "# not there yet" in page.evaluate("studio.editor.text")
    page.unroute(WRITES)
    page.evaluate("dispatchEvent(new Event('online'))")
    saved(page)
    assert "# not there yet" in designer.text("flow.yaml")
    other.write_bytes(before)


def test_who_leaves_is_asked(open_page: Windows, designer: Designer) -> None:
    open_page.expect("beforeunload")
    page = _cut_off(open_page, "# last words")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.click("#editor .cm-content")  # a page that nobody has touched may not ask
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.unroute(WRITES)
    saved(page)
    assert "# last words" in designer.text("flow.yaml")
    page.click("nav a >> nth=0")
    page.wait_for_url("**/calls")
    assert asked == ["beforeunload"], "when all of it is there nobody is asked"


def test_a_window_that_only_looked_anew_takes_the_other_ones_text(open_page: Windows, designer: Designer) -> None:
    first, second = open_page(SHOP), open_page(SHOP)
    put(first, "\nstates:", "\n# of the first\nstates:")
    saved(first)
    second.check("#rules")
    second.wait_for_function("studio.editor.text.includes('# of the first')")
    put(second, "\nstates:", "\n# of the second\nstates:")
    saved(second)
    text = designer.text("flow.yaml")
    assert "# of the first" in text
    assert "# of the second" in text


def test_two_windows_with_two_files_are_in_nobodys_way(open_page: Windows, designer: Designer) -> None:
    open_page.expect("409")  # one of them learns of the other by it, and goes on
    first, second = open_page(SHOP), open_page("/studio/shop?file=tracking.yaml")
    second.evaluate("clearTimeout(studio.timer)")  # it has not heard of the first yet
    put(first, "\nstates:", "\n# of the first\nstates:")
    saved(first)
    second.evaluate("studio.editor.view.dispatch({ changes: { from: 0, insert: '# of the second\\n' } })")
    saved(second)
    assert not second.is_visible("#sheet")
    assert "# of the first" in designer.text("flow.yaml")
    assert "# of the second" in designer.text("tracking.yaml")


def test_what_two_windows_wrote_waits_for_a_choice(open_page: Windows, designer: Designer, flows: Path) -> None:
    open_page.expect("409")
    page = open_page(SHOP)
    page.evaluate("clearTimeout(studio.timer)")
    designer.write("flow.yaml", designer.text("flow.yaml") + "# other window\n")
    put(page, "\nstates:", "\n# this window\nstates:")
    page.wait_for_selector(DIALOG)
    page.keyboard.press("Escape")
    _unsaved(page, "另一个窗口")
    put(page, "# this window", "# this window goes on")
    page.select_option("#file", "tracking.yaml")
    page.wait_for_selector(DIALOG)
    page.keyboard.press("Escape")
    page.wait_for_function("document.getElementById('file').value === 'flow.yaml'")
    page.click("#versions")
    page.wait_for_selector(DIALOG)
    page.keyboard.press("Escape")
    page.click("#saved button")
    page.click(DIALOG)
    page.wait_for_selector("#sheet", state="hidden")
    saved(page)
    text = designer.text("flow.yaml")
    assert "# this window goes on" in text
    assert "# other window" not in text
    assert any("# other window" in path.read_text("utf-8") for path in (flows / ".callflow" / "kept").rglob("*.yaml"))


def test_a_file_that_was_deleted_in_the_other_window_can_be_kept(open_page: Windows, designer: Designer) -> None:
    open_page.expect("404", "409")
    assert designer.send("new", file="odd.yaml", text="# odd\n", revision=designer.state["revision"]).status == 200
    page = open_page("/studio/shop?file=odd.yaml")
    page.evaluate("clearTimeout(studio.timer)")
    designer.write("odd.yaml", None)
    put(page, "# odd", "# odd, but wanted")
    page.wait_for_selector(DIALOG)
    assert "已删除" in page.inner_text("#sheet")
    page.click(DIALOG)
    saved(page)
    assert designer.text("odd.yaml") == "# odd, but wanted\n"


def test_who_was_logged_out_logs_in_elsewhere_and_goes_on(
    open_page: Windows, served: Served, designer: Designer
) -> None:
    open_page.expect("401", "403", "WebSocket")
    page = open_page(SHOP)
    session = served.browser("admin", fresh=True)
    _log_in(page, served, session.cookies)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert session.form("/logout", csrf=session.csrf).status == 303
    put(page, "\nstates:", "\n# after the session\nstates:")
    _unsaved(page, "登录已失效")
    assert page.get_attribute("#saved a", "target") == "_blank"
    _log_in(page, served, served.browser("banzhang").cookies)
    _unsaved(page, "请以 admin 登录")
    _log_in(page, served, served.browser("admin").cookies)
    saved(page)
    assert "# after the session" in designer.text("flow.yaml")
