"""The studio as its page uses it: key strokes, what is told later, publishing by whom, what-if; all over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from design.studio.shelved import git
from design.studio.studying import Designer
from served import Served


def test_a_key_stroke_brings_problems_and_what_would_mend_them(served: Served) -> None:
    designer = Designer.of(served)
    good = designer.text("flow.yaml")
    said = designer.write("flow.yaml", good.replace("    group: wording\n", "    group: wordign\n", 1))
    (one,) = [each for each in said["problems"] if each["level"] == "error"]
    line = good.split("\n").index("    group: wording") + 1
    assert (one["file"], one["line"], one["column"]) == ("flow.yaml", line, 12)
    assert (one["edit"]["old"], one["edit"]["new"]) == ("wordign", "wording")
    assert "是否想写" in one["message"]
    assert said["drawn"] is None
    assert json.loads(designer.ask("look", file="flow.yaml").body)["last"]["mermaid"].startswith("---")
    assert designer.publish(override=True).status == 422
    said = designer.write("flow.yaml", good)
    assert said["problems"] == []
    assert said["drawn"]["places"]
    assert said["changed"] == [], "as it lies in the folder"
    told = designer.until_done()
    assert told["passed"] == told["count"] > 0
    assert told["covered"] > 0.5


def test_a_supervisor_publishes_what_was_looked_at_and_it_is_written_down(served: Served, flows: Path) -> None:
    designer = Designer.of(served, "banzhang")
    designer.write("tracking.yaml", designer.text("tracking.yaml") + "# more\n")
    sheet = designer.ask("going").text
    assert "tracking.yaml" in sheet
    seen = sheet.partition('data-hash="')[2].partition('"')[0]
    assert designer.publish(" ", hash=seen).status == 422, "a reason is needed"
    designer.write("tracking.yaml", designer.text("tracking.yaml") + "# and more\n")
    assert designer.publish(hash=seen).status == 409, "not what was looked at"
    answer = designer.publish("为什么", hash="")
    assert answer.status == 200, answer.text
    made = json.loads(answer.body)["version"]
    said = subprocess.run(["git", "log", "-1", "--format=%H %an %s"], cwd=flows, capture_output=True, text=True).stdout
    assert said.strip() == f"{made} banzhang 为什么"
    assert served.rows("SELECT what FROM audit WHERE action = 'flow.publish'")[-1][0] == f"logistics {made[:10]}"
    assert designer.state["changed"] == []
    assert designer.publish().status == 422, "there is nothing more"


def test_what_if_asks_the_calls_of_this_flow_that_one_may_see(served: Served) -> None:
    designer = Designer.of(served, flow="inbound")
    file = "taboos-shirking.yaml"
    designer.write(file, designer.text(file).replace("severity: severe", "severity: minor", 1))
    said = designer.ask("whatif").text
    assert "重评 10 通" in said
    assert "不归我管" in said, "a rule of which the flows differ"
    others = Designer.of(served, "banzhang", "inbound")
    assert "重评 5 通" in others.ask("whatif").text
    assert "没有" in Designer.of(served).ask("whatif").text, "calls of another flow say nothing of this one"
    with ThreadPoolExecutor(5) as many:
        answers = {one.status for one in many.map(lambda _: designer.ask("whatif"), range(5))}
    assert answers == {200, 503}, "each has a process of its own: one at a time"
    designer.clean()


def test_a_file_is_taken_away_and_what_was_written_in_it_is_kept(served: Served, flows: Path) -> None:
    designer = Designer.of(served, "banzhang")
    state = json.loads(
        designer.send("new", file="more.yaml", text="# 写了很多\n", revision=designer.state["revision"]).body
    )
    assert designer.send("delete", file="more.yaml", revision=state["revision"] - 1).status == 409
    state = json.loads(designer.send("delete", file="more.yaml", revision=state["revision"]).body)
    assert "more.yaml" not in [*state["files"], *state["changed"]]
    (kept,) = (flows / ".callflow" / "kept" / "_banzhang" / "_logistics").glob("*more.yaml")
    assert kept.read_text("utf-8") == "# 写了很多\n"
    state = json.loads(designer.send("delete", file="complaint.yaml", revision=state["revision"]).body)
    assert "complaint.yaml" not in state["files"]
    assert state["changed"] == ["complaint.yaml"]
    assert (flows / "logistics" / "complaint.yaml").exists(), "nothing is published"
    assert designer.send("delete", file="complaint.yaml", revision=state["revision"]).status == 404
    designer.clean()


def test_a_new_file_is_told_to_be_empty_as_lint_tells(served: Served) -> None:
    designer = Designer.of(served, "banzhang")
    designer.send("new", file="more.yaml", text="", revision=designer.state["revision"])
    said = json.loads(designer.ask("look", file="more.yaml").body)
    assert [(one["file"], one["rule"], one["level"]) for one in said["problems"]] == [
        ("more.yaml", "empty-file", "warning")
    ]
    designer.send("delete", file="more.yaml", revision=designer.state["revision"])


@pytest.mark.parametrize("path", ["/studio/nope", "/studio/", "/studio/logistics/flow.yaml"])
def test_an_address_of_a_flow_that_is_not_there_says_so_in_the_frame(served: Served, path: str) -> None:
    answer = served.browser("admin").ask(path)
    assert answer.status == 404
    assert "没有流程" in answer.text
    assert 'href="/studio"' in answer.text


def test_keeping_mine_is_for_what_was_shown(served: Served, flows: Path) -> None:
    """Somebody publishes between looking at both and choosing."""
    designer = Designer.of(served, flow="shop")
    path = flows / "shop" / "tracking.yaml"
    before = path.read_text("utf-8")
    designer.write("tracking.yaml", before + "# mine\n")
    path.write_text(before + "# theirs\n", "utf-8")
    try:
        shown = designer.ask("conflict", file="tracking.yaml").text.partition('data-seen="')[2].partition('"')[0]
        path.write_text(before + "# theirs, and more\n", "utf-8")
        for choice in ("mine", "merge"):
            assert designer.send("settle", file="tracking.yaml", choice=choice, seen=shown).status == 409
        assert designer.state["conflicts"] == ["tracking.yaml"]
        shown = designer.ask("conflict", file="tracking.yaml").text.partition('data-seen="')[2].partition('"')[0]
        assert designer.send("settle", file="tracking.yaml", choice="mine", seen=shown).status == 200
        assert designer.state["conflicts"] == []
    finally:
        path.write_text(before, "utf-8")
        designer.clean()


def test_a_damaged_draft_is_told_of_and_kept(served: Served, flows: Path) -> None:
    designer = Designer.of(served, "banzhang", "shop")
    designer.write("flow.yaml", designer.text("flow.yaml") + "# precious\n")
    (draft,) = (flows / ".callflow" / "drafts" / "_banzhang").glob("_shop.json")
    draft.write_text(draft.read_text("utf-8")[:-3], "utf-8")
    page = served.browser("banzhang").ask("/studio/shop")
    assert page.status == 422
    assert "草稿已损坏" in page.text
    (aside,) = draft.parent.glob("_shop.unreadable-*")
    assert aside.name in page.text
    assert "precious" in aside.read_text("utf-8")
    assert served.browser("banzhang").ask("/studio/shop").status == 200
    aside.unlink()


@pytest.mark.parametrize("how", ["damaged", "unreadable"])
def test_a_draft_that_cannot_be_opened_hides_no_other_flow(served: Served, flows: Path, how: str) -> None:
    """The list says so on its card, where it lies now, too: that is told once."""
    folder = flows / ".callflow" / "drafts" / "_banzhang"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "_shop.json"
    if how == "damaged":
        draft.write_text("{", "utf-8")
    else:
        draft.mkdir()  # as one without rights, which stop no root
    page = served.browser("banzhang").ask("/studio")
    asides = list(folder.glob("_shop.unreadable-*"))
    for left in asides:
        left.unlink()
    if how == "unreadable":
        draft.rmdir()
    assert page.status == 200
    assert ("的草稿已损坏" if how == "damaged" else "暂时无法读取您的草稿") in page.text
    assert all(f'href="/studio/{name}"' in page.text for name in ("inbound", "logistics", "shop"))
    assert all(aside.name in page.text for aside in asides)
    assert len(asides) == (how == "damaged")


def test_a_second_server_over_the_same_flows_is_refused(served: Served, flows: Path, tmp_path: Path) -> None:
    copy = tmp_path / "calls.db"
    copy.write_bytes(served.archive.read_bytes())
    command = [sys.executable, "-m", "callflow", "serve", "--lang", "en", "--archive", str(copy), "--port", "0"]
    done = subprocess.run([*command, "--flows", str(flows)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "another callflow serve" in done.stderr
    done = subprocess.run([*command, "--flows", str(flows / "shop")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--flows is the folder that flows lie in" in done.stderr
    assert f'did you mean "{flows}"' in done.stderr


def test_a_call_that_is_too_long_or_no_text_is_refused_in_words(served: Served) -> None:
    designer = Designer.of(served)
    for path in ("simulate", "rehearsal"):
        answer = designer.send(path, acts=[{"wait": 1}] * 401)
        assert (answer.status, "最多 400 步" in answer.text) == (422, True), answer.text
        assert designer.send(path, acts=[{"say": "\ud800"}]).status == 422


def test_what_a_rehearsal_misses_at_its_end_is_in_it(served: Served) -> None:
    acts = [{"event": "call.answered"}, {"say": "快递坏了我要投诉", "by": "customer"}, {"wait": 60}]
    yaml = str(json.loads(Designer.of(served).send("rehearsal", acts=acts).body)["yaml"])
    assert "      - wait: 60s\n    expect:" in yaml
    assert "missed" in yaml


def test_versions_tell_what_each_changed_and_speak_the_visitors_language(served: Served, flows: Path) -> None:
    designer = Designer.of(served)
    first = designer.text("tracking.yaml")
    for number in range(2):
        designer.write("tracking.yaml", f"{first}# {number}\n")
        assert designer.publish("why not").status == 200
    rows = designer.ask("versions").text.split("<tr>")[1:]
    pairs = [re.findall(r'data-diff="(\w+)" data-before="(\w+)"', row) for row in rows]
    assert [len(pair) for pair in pairs] == [1] * (len(rows) - 1) + [0], "all but the first follow another one"
    ((new, old),) = pairs[0]
    said = designer.ask("diff", old=old, new=new).text
    assert "# 0" in said
    assert "# 1" in said
    with open(flows / "logistics" / "tracking.yaml", "a", encoding="utf-8") as file:
        file.write("# by hand\n")
    git(flows, "commit", "-qm", "下一版本之前的手工修改", "--", "logistics")  # as early versions have it
    with open(flows / "logistics" / "tracking.yaml", "a", encoding="utf-8") as file:
        file.write("# by hand, too\n")
    assert designer.publish("back", version=old).status == 200
    told = {look: _versions_in(designer, look) for look in ("zh", "en")}
    assert f"恢复到 {old[:8]}" in told["zh"]
    assert f"Back to {old[:8]}" in told["en"]
    for zh, en, times in (
        ("下一版本之前的手工修改", "Changed by hand, before the next version", 2),
        ("流程的初始状态", "The flows as they were", 1),
    ):
        assert (told["zh"].count(zh), told["zh"].count(en)) == (times, 0)
        assert (told["en"].count(zh), told["en"].count(en)) == (0, times)
    assert all(old not in re.sub(r"<[^>]+>", "", said) for said in told.values()), "nobody reads forty digits"


def _versions_in(designer: Designer, language: str) -> str:
    designer.browser.cookies["callflow-look"] = f"{language}.light"
    return designer.ask("versions").text
