"""What an agent is shown of a template, and which sounds a flow takes for one."""

from __future__ import annotations

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.flow.model import FOLDS
from callflow.flow.read import read_flow
from callflow.flow.reading import as_said
from callflow.phrases import sounds


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("您好", "您好"),
        ("(您好|你好)，[很]高兴", "您好，很高兴"),
        ("[先生|女士]您好", "先生您好"),
        ("（您好｜你好）【先生｜女士】［请］讲", "您好先生请讲"),
        ("(a[b|c](d|e)|f)g", "abdg"),
        ("您好|你好", "您好"),
        ("{客户}，您好", "〈客户〉，您好"),
        ("(叫{客户}|你)好", "叫〈客户〉好"),
        (r"按\(一\|二\)键", "按(一|二)键"),
    ],
)
def test_a_template_is_shown_as_one_would_say_it(template: str, said: str) -> None:
    assert as_said(template) == said


@pytest.mark.parametrize("name", flowfiles.available())
def test_no_prompt_shows_the_signs_of_a_template(name: str) -> None:
    flow, _ = flowfiles.load(name)
    prompts = [rule.prompt for rule in flow.rules.values() if rule.prompt]
    prompts += [prompt for state in flow.states.values() for prompt in state.prompts]
    assert prompts
    for prompt in prompts:
        assert not set(prompt.text) & set("|[](){}｜［］【】（）｛｝"), prompt


# ------------------------------------------------------------------------------------------------------ folds


FLOW = "flow: {start: a, %s}\nstates: {a: {}}\nphrases: {p: {cue: 你慢走, exact: true}}\n"


@pytest.mark.parametrize(
    ("folds", "heard"),
    [("", ["你慢走"]), ("folds: [n/l, zh/z]", ["你慢走", "里慢走"]), ("folds: []", ["你慢走"])],
)
def test_a_flow_says_which_sounds_are_one(folds: str, heard: list[str]) -> None:
    flow, problems = read_flow({"a.yaml": FLOW % folds}, "a")
    assert problems == []
    assert flow
    plan = Plan.of(flow)
    assert [said for said in ("你慢走", "里慢走") if plan.book.find(said, "customer")] == heard
    assert plan.sounds.folds == (sounds.DEFAULT_FOLDS if not folds else flow.folds)


def test_the_reader_knows_the_folds_that_there_are() -> None:
    assert tuple(sounds.FOLDS) == FOLDS
