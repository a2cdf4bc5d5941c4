"""The studio as its page uses it: key strokes, what is told later, publishing by whom, what-if; all over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

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
    designer.clean()


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


def test_versions_tell_what_each_changed_and_speak_the_visitors_language(served: Served) -> None:
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
    assert designer.publish("back", version=old).status == 200
    told = {look: _versions_in(designer, look) for look in ("zh", "en")}
    assert f"恢复到 {old[:8]}" in told["zh"]
    assert f"Back to {old[:8]}" in told["en"]
    assert all(old not in re.sub(r"<[^>]+>", "", said) for said in told.values()), "nobody reads forty digits"


def _versions_in(designer: Designer, language: str) -> str:
    designer.browser.cookies["callflow-look"] = f"{language}.light"
    return designer.ask("versions").text
