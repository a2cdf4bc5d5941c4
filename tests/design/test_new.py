"""``callflow new``: whatever is answered, there is a flow that works, or words that say why not and nothing on disk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.cli import main
from callflow.design import new
from callflow.design.lint import lint
from callflow.design.mutate import mutate
from callflow.design.rehearse import rehearse
from callflow.errors import BadFlow
from callflow.flow.model import Shape
from callflow.texts import Text

BOTH = [{"hold": hold, "transfer": transfer} for hold in ("yes", "no") for transfer in ("yes", "no")]
FIELDS: list[Any] = ["无", ["姓名", "联系电话", "地址"]]
FORBIDS = {Shape.ABSENCE, Shape.NOT_SUCCESSION}


def make(folder: Path, template: str, **answers: object) -> int:
    file = folder / "answers.yaml"
    with open(file, "w", encoding="utf-8") as opened:
        YAML(typ="safe").dump({"company": "青禾速运", **answers}, opened)
    arguments = ["new", str(folder / "shop"), "--template", template, "--answers", str(file), "--lang", "zh"]
    return main(arguments)


@pytest.mark.parametrize("flags", BOTH, ids=str)
@pytest.mark.parametrize("fields", FIELDS, ids=["nothing", "three fields"])
@pytest.mark.parametrize("template", new.templates())
def test_every_choice_makes_a_flow_that_works(
    tmp_path: Path, template: str, fields: object, flags: dict[str, str]
) -> None:
    assert make(tmp_path, template, fields=fields, **flags) == 0
    flow, problems = flowfiles.load(str(tmp_path / "shop"))
    plan = Plan.of(flow)
    assert problems == lint(plan) == []
    outcomes = [rehearse(one, plan) for one in flow.rehearsals]
    assert not any(outcome.failures for outcome in outcomes)
    assert [mutant for mutant in mutate(plan, outcomes) if not mutant.noticed] == []
    assert [field.kind for field in flow.fields.values()] == (["name", "digits", "text"] if fields != "无" else [])
    assert ("hold.yaml" in flow.hashes) == (flags["hold"] == "yes")
    assert ("transfer" in flow.states) == (flags["transfer"] == "yes")
    rehearsed = {(one.name, one.value) for rehearsal in flow.rehearsals for one in rehearsal.expect if not one.absent}
    for rule in flow.rules.values():
        assert {(rule.name, "met"), (rule.name, "violated" if rule.shape in FORBIDS else "missed")} <= rehearsed
    shown = " ".join(prompt.text for prompt in flow.prompts())
    assert "{" not in shown


@pytest.mark.parametrize(
    "company",
    [
        "ABC 物流",
        "小王（北京）公司",
        "Q\"uo'te 公司",
        "a{b}c 公司",
        "反斜\\杠|公司",
        "[方]括号",
        "{{ 公司 }}",
        "# 号公司",
        "{% 公司",
    ],
)
@pytest.mark.parametrize("template", new.templates())
def test_signs_in_a_name_mean_themselves(tmp_path: Path, template: str, company: str) -> None:
    assert make(tmp_path, template, company=company) == 0
    flow, _ = flowfiles.load(str(tmp_path / "shop"))
    plan = Plan.of(flow)
    greeting = f"您好，{company}，请问有什么可以帮您？" if template == "inbound" else f"您好，我是{company}的客服人员"
    expected = "greeting" if template == "inbound" else "introduction"
    assert expected in [hit.phrase for hit in plan.book.find(greeting, "agent")]


@given(
    company=st.text(min_size=1, max_size=12),
    sentence=st.text(min_size=1, max_size=20),
    template=st.sampled_from(new.templates()),
)
@settings(max_examples=12)
def test_any_answer_ends_in_a_flow_or_in_words(company: str, sentence: str, template: str) -> None:
    asked = new.template(template)
    answers: new.Answers = {}
    for question in asked.questions:
        given_ = {"company": company, "greeting": sentence}.get(question.name)
        answer = new.answer(question, given_ if given_ is not None else new.default_of(question, answers))
        if isinstance(answer, Text):
            return
        answers[question.name] = answer
    try:
        assert new.check(new.files_of(asked, answers), "shop") > 20
    except BadFlow as error:
        assert error.problems  # noqa: PT017


BAD: list[tuple[str, str]] = [
    ("company: ''", "answers.yaml:1:10: 错误: company：请用文字回答"),
    ("hold: yes", "answers.yaml:1:1: 错误: 缺少 company"),
    ("company: 好店\nhold: maybe", "answers.yaml:2:7: 错误: hold：“maybe”不是“是”或“否”"),
    ("company: 好店\nfields: [姓名, 姓名]", "answers.yaml:2:9: 错误: fields：“姓名”重复"),
    ("company: 好店\nfields: [{name: 车牌, kind: digit}]", "是否想写“digits”"),
    ("company: 好店\nfields: [联系 电话]", "answers.yaml:2:9: 错误: fields：“联系 电话”不能作项目名"),
    ("company: 好店\ngreeting: [您好]", "answers.yaml:2:11: 错误: greeting：应是一段文字"),
    ("company: 好店\ngreating: 您好", "是否想写“greeting”"),
    ("company: [", "YAML"),
    ("- 好店", "答案文件应由"),
    ("company: 好店\ngreeting: 有话快说", "“有话快说”不应说"),
    ("company: 好店\nclosing: 我怎么知道", "“我怎么知道”不应说"),
    ("company: " + "长" * 100, "最多一行"),
]


@pytest.mark.parametrize(("answers", "told"), BAD)
def test_what_is_wrong_is_told_at_its_place_and_nothing_is_written(
    tmp_path: Path, answers: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answers.yaml").write_text(answers, "utf-8")
    code = main(["new", str(tmp_path / "shop"), "--answers", str(tmp_path / "answers.yaml"), "--lang", "zh"])
    assert code == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["answers.yaml"]


@pytest.mark.parametrize("there", ["folder", "empty", "file", "link"])
def test_nothing_that_is_there_is_written_over(tmp_path: Path, there: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "shop"
    if there == "file":
        place.write_text("mine")
    elif there == "link":
        place.symlink_to(tmp_path / "nowhere")
    else:
        place.mkdir()
        if there == "folder":
            (place / "flow.yaml").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert make(tmp_path, "inbound") == 2
    assert "已存在" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    assert {path.name for path in tmp_path.iterdir()} == {"shop", "answers.yaml"}


def test_a_full_disk_leaves_nothing_behind(tiny_disk: Path) -> None:
    assert make(tiny_disk, "outbound", hold="yes", transfer="yes") == 2
    assert [path.name for path in tiny_disk.iterdir()] == ["answers.yaml"]


def typed(monkeypatch: pytest.MonkeyPatch, folder: Path, *lines: str, template: str = "inbound") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return main(["new", str(folder / "shop"), "--template", template, "--lang", "zh"])


def test_questions_are_asked_until_they_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty line takes the default; what cannot be is said, and asked again."""
    code = typed(
        monkeypatch, tmp_path, "", "123", "好味餐厅", "", "姓名，姓名", "姓名、桌号 人数", "是吧", "会", "不", ""
    )
    told = capsys.readouterr()
    assert code == 0, told.err
    assert "[您好，好味餐厅，请问有什么可以帮您？]" in told.err
    assert "“姓名”重复" in told.err
    assert "“是吧”不是“是”或“否”" in told.err
    flow, _ = flowfiles.load(str(tmp_path / "shop"))
    assert {name: field.kind for name, field in flow.fields.items()} == {
        "姓名": "name",
        "桌号": "digits",
        "人数": "text",
    }
    assert "hold" in flow.states
    assert "transfer" not in flow.states


def test_questions_that_nobody_answers_make_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, tmp_path, "好味餐厅", "") == 2
    assert "问题没有回答完" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
