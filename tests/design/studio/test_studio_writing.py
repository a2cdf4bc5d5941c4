"""What is known of a draft at once, what can be written at a place, the call that is typed, and what has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import rehearse
from callflow.design.studio import completing, differing, simulator
from callflow.design.studio.bench import Job, look
from callflow.design.studio.reading import Reader, draw
from callflow.design.studio.shelf import Sheet
from callflow.flow.read import read_flow

FLOWS = Path(__file__).parent.parent.parent.parent / "flows"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return dict(flowfiles.read_sources(str(FLOWS / "inbound")).texts)


@pytest.fixture(scope="module")
def plan(texts: dict[str, str]) -> Plan:
    flow, _ = read_flow({name: one for name, one in texts.items() if ".rehearsals." not in name}, "inbound")
    assert flow
    return Plan.of(flow)


# ------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "rule"),
    [
        ("    group: hold\n", "    group: hodl\n", 38, 12, "unknown-group"),
        ("    before: call.held\n", "    before: call.hold\n", 40, 13, "unknown-term"),
        ("rules:\n", "rulse:\n", 34, 1, "unknown-key"),
        ("rules:\n", "rules\n", 35, None, "yaml-syntax"),
        ('      - "需要您等待1-2分钟"\n', '      - "需要您(等待1-2分钟"\n', 13, 13, "template"),
    ],
)
def test_a_mistake_is_told_at_once_and_gone_when_mended(
    texts: dict[str, str], old: str, new: str, line: int, column: int | None, rule: str
) -> None:
    reader = Reader()
    assert reader.read(texts, "inbound", "hold.yaml").problems == ()
    broken = {**texts, "hold.yaml": texts["hold.yaml"].replace(old, new, 1)}
    first = reader.read(broken, "inbound", "hold.yaml").problems[0]
    assert (first.at.file, first.rule) == ("hold.yaml", rule)
    assert abs(first.at.line - line) <= (column is None)
    assert column is None or first.at.column == column
    assert reader.read(texts, "inbound", "hold.yaml").problems == ()


def test_what_is_told_at_once_is_what_the_command_line_tells(texts: dict[str, str]) -> None:
    reader = Reader()
    reader.read(texts, "inbound", "flow.yaml")
    for file in ("hold.yaml", "hold.rehearsals.yaml"):
        for place in range(0, len(texts[file]), 2_999):
            broken = {**texts, file: texts[file][:place] + "x: [" + texts[file][place:]}
            whole = read_flow(broken, "inbound")[1]
            quick = reader.read(broken, "inbound", file).problems
            kept = {one for one in whole if one.at.file == file or ".rehearsals." not in one.at.file}
            assert set(quick) >= {one for one in kept if one.at.file == file}


def test_the_diagram_follows_the_line(texts: dict[str, str]) -> None:
    quick = Reader().read(texts, "inbound", "flow.yaml")
    assert quick.flow
    drawn = draw(quick.flow, "flow.yaml", "zh", rules=False, prompts=False, situations=False)
    line = next(n for n, one in enumerate(texts["flow.yaml"].splitlines(), 1) if one.strip() == "waiting:")
    (ids,) = [ids for at, ids in drawn.places if at == line]
    assert f"{ids[0]}(" in drawn.mermaid
    assert quick.flow.states["hold.waiting"].title.zh in next(
        one for one in drawn.mermaid.splitlines() if f"{ids[0]}(" in one
    )


def test_lint_and_rehearsals_come_after(texts: dict[str, str]) -> None:
    small = {name: one for name, one in texts.items() if ".rehearsals." not in name or name.startswith("hold")}
    said = list(look(Job(("a", "inbound"), "h", "inbound", small)))
    assert said[0].problems is None
    assert said[-1].good
    assert 0 < (said[-1].covered or 0) < 1
    wrong = {**small, "hold.yaml": small["hold.yaml"].replace("before: call.held", "before: call.hung_up", 1)}
    last = list(look(Job(("a", "inbound"), "h", "inbound", wrong)))[-1]
    assert last.done
    assert not last.good
    assert last.failed[0].at.file == "hold.rehearsals.yaml"
    broken = {**small, "hold.yaml": "rulse: {}\n"}
    (only,) = look(Job(("a", "inbound"), "h", "inbound", broken))
    assert only.done
    assert only.count is None


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_sheet_is_written_as_it_was(ends: str) -> None:
    content = ("\ufeff" + f"a: 1{ends}b: 汉{ends}").encode()
    sheet = Sheet.of(content)
    assert sheet.text == "a: 1\nb: 汉\n"
    assert sheet.content(sheet.text) == content


# ------------------------------------------------------------------------------------------------ completing


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ("|", {"phrases: ", "rules: ", "states: "}, {"say: "}),
        ("ru|", {"rules: "}, {"say: "}),
        ("phrases:\n  hello:\n    |", {"say: ", "refs: ", "never: "}, {"trigger: ", "rules: "}),
        ("phrases:\n  |", set(), {"say: ", "rules: "}),
        ("rules:\n  a:\n    group: |", {"hold", "closing"}, {"say: "}),
        ("rules:\n  a:\n    severity: m|", {"minor", "major"}, {"hold"}),
        ("rules:\n  a:\n    before: ca|", {"call.held", "agent greeting", "state hold.waiting"}, {"hold"}),
        ("rules:\n  a:\n    expect:\n      then:\n        - |", {"agent greeting"}, {"phrases: "}),
        ("rules:\n  a:\n    refs: [JJ-|", {"JJ-1.3.1a"}, {"hold"}),
        ("states:\n  a:\n    states:\n      b:\n        |", {"title: ", "detour: "}, {"rules: "}),
        ("rehearsals:\n  - name: x\n    |", {"call: ", "expect: "}, {"say: "}),
        ("rehearsals:\n  - name: x\n    expect:\n      - |", {"finding: ", "state: "}, {"say: "}),
        ("nonsense:\n  a:\n    |", set(), {"say: "}),
        ('phrases:\n  a:\n    say: "您|', set(), {"say: "}),
    ],
)
def test_what_can_be_written_here(plan: Plan, text: str, some: set[str], none: set[str]) -> None:
    before = text.partition("|")[0].split("\n")
    start, found = completing.options(text.replace("|", ""), len(before), len(before[-1]) + 1, plan.flow, "zh")
    labels = {one.label for one in found}
    assert some <= labels
    assert not none & labels
    assert 1 <= start <= len(before[-1]) + 1
    assert before[-1][start - 1 :] == before[-1][start - 1 :].strip()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["a" * 500_000 + "[", " " * 500_000 + "[", "a" + " " * 500_000 + "x", "- " * 250_000])
def test_a_line_of_any_length_is_completed_at_once(line: str) -> None:
    """While it is looked at, the whole server stands still."""
    start, _ = completing.options(f"rules:\n{line}", 2, len(line) + 1, None, "zh")
    assert start > 1


# ------------------------------------------------------------------------------------------------ a call that is typed


def test_a_typed_call_shows_prompts_warnings_states_findings_and_why(plan: Plan) -> None:
    acts = simulator.acts_of(
        [
            {"event": "call.ringing"},
            {"event": "call.answered"},
            {"say": "您好，国资商城物流事业部，请问有什么可以帮到您？"},
            {"say": "我的货到现在还没到", "by": "customer"},
            {"say": "这事不归我管"},
            {"event": "call.held"},
            {"wait": 30},
            {"event": "call.resumed"},
            {"wait": 30},
        ]
    )
    played = simulator.play(acts, plan, "zh")
    notes = [(note.tone, note.words) for row in played.rows for note in row.notes]
    assert ("state", "等待中") in notes
    assert any(tone == "done" and "国资商城" in words for tone, words in notes)
    assert any(tone == "warn" and "→" in words for tone, words in notes)
    assert any(tone == "fault" and "征得客户同意" in words for tone, words in notes)
    assert any(tone == "expired" for tone, _ in notes)
    said = [row for row in played.rows if row.speaker == "agent"]
    assert "not-my-job" in said[-1].matched
    assert not played.over
    assert simulator.play(acts[:2], plan, "zh").open, "the greeting is on the screen"
    over = simulator.play([*acts, simulator.Act(event="call.hung_up", by="customer")], plan, "en")
    assert over.over
    assert over.rows[-1].notes[-1].words.startswith("score")
    near = simulator.near("这事不归我管", "agent", plan, "zh")
    assert (near[0].phrase, near[0].counts) == ("not-my-job", True)
    assert not all(one.counts for one in near)


def test_a_typed_call_becomes_a_rehearsal_that_passes(plan: Plan, texts: dict[str, str]) -> None:
    acts = [
        simulator.Act(event="call.answered"),
        simulator.Act(say="您好，国资商城物流事业部"),
        simulator.Act(event="call.hung_up", by="customer"),
    ]
    yaml = simulator.rehearsal(acts, plan, "一通电话")
    flow, problems = read_flow({**texts, "typed.rehearsals.yaml": yaml}, "inbound")
    assert flow, problems
    (made,) = [one for one in flow.rehearsals if one.name == "一通电话"]
    assert not rehearse(made, plan).failures


# ------------------------------------------------------------------------------------------------ what has changed


def test_what_changes_for_a_call_is_told_without_comments_and_places(texts: dict[str, str]) -> None:
    old, _ = read_flow(texts, "inbound")
    moved = {**texts, "hold.yaml": "# a comment\n\n" + texts["hold.yaml"]}
    assert differing.meaning(old, read_flow(moved, "inbound")[0]) == []
    other = texts["hold.yaml"].replace("within: 45s", "within: 40s", 1).replace("rules:", "  zz: {say: 嗯}\nrules:", 1)
    new, _ = read_flow({**texts, "hold.yaml": other}, "inbound")
    assert new
    found = {one.kind: one for one in differing.meaning(old, new)}
    assert found["phrases"].added == ("zz",)
    assert found["rules"].changed == ("consent-before-hold",)
    back = {one.kind: one for one in differing.meaning(new, old)}
    assert back["phrases"].removed == ("zz",)


def test_versions_lie_line_beside_line() -> None:
    (one,) = differing.files({"a.yaml": "a\nb\nc\n"}, {"a.yaml": "a\nB\nB2\nc\n"})
    assert (one.plus, one.minus) == (2, 1)
    assert [(line.old_text, line.new_text) for line in one.lines] == [("a", "a"), ("b", "B"), ("", "B2"), ("c", "c")]
    old = [f"{n}" for n in range(100)]
    (one,) = differing.files(
        {"a.yaml": "\n".join(old)}, {"a.yaml": "\n".join(["new", *old[:50], *old[52:], "@@ -1 +1 @@"])}
    )
    assert [(line.old, line.old_text, line.new, line.new_text) for line in one.lines if line.kind == "changed"] == [
        (0, "", 1, "new"),
        (51, "50", 0, ""),
        (52, "51", 0, ""),
        (0, "", 100, "@@ -1 +1 @@"),
    ]
    assert [line.kind for line in one.lines].count("gap") == 2
    assert all(line.old_text == old[line.old - 1] for line in one.lines if line.old)
    kinds = {one.name: one.kind for one in differing.files({"x": "1", "y": "2"}, {"y": "3", "z": "4"})}
    assert kinds == {"x": "removed", "y": "changed", "z": "added"}


def test_lines_are_counted_right_whatever_git_is_told_to_leave_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[diff]\nsuppressBlankEmpty = true\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (one,) = differing.files({"a.yaml": "a\n\nb\nc\n"}, {"a.yaml": "a\n\nb\nC\n"})
    assert [(line.old, line.old_text) for line in one.lines] == [(1, "a"), (2, ""), (3, "b"), (4, "c")]


@pytest.mark.timeout(20)
def test_files_that_are_long_and_full_of_the_same_lines_are_compared_in_time() -> None:
    old, new = "\n".join(["", "x"] * 10_000), "\n".join(["x", "", "y"] * 7_000)
    (one,) = differing.files({"a.yaml": old}, {"a.yaml": new})
    assert one.too_long
    assert one.plus - one.minus == 1_000
    near = old.replace("x", "z", 3)
    assert (differing.files({"a.yaml": old}, {"a.yaml": near})[0].plus) == 3
