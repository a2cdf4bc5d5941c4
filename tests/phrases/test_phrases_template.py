"""Templates: what they stand for, and where they are wrong."""

import pytest

from callflow.flow.model import Slot
from callflow.phrases.template import MOST_PATTERNS, TemplateError, expand

CUSTOMER, TIME = Slot("客户", 1, 6), Slot("时长", 2, 5)
SLOTS = {"客户": CUSTOMER, "时长": TIME, "联系电话": Slot("联系电话")}


@pytest.mark.parametrize(
    ("template", "patterns"),
    [
        ("您好", [("您好",)]),
        ("(对不起|抱歉)，请稍等", [("对不起，请稍等",), ("抱歉，请稍等",)]),
        ("请[您]稍等", [("请您稍等",), ("请稍等",)]),
        ("[{客户}]您好", [(CUSTOMER, "您好"), ("您好",)]),
        ("{客户}，{时长}后好吗", [(Slot("客户+时长", 3, 11), "后好吗")]),
        ("我在{时长}后(回复[您]|打来)", [("我在", TIME, e) for e in ("后回复您", "后回复", "后打来")]),
        ("好|行", [("好",), ("行",)]),
        ("(好|好)[。]", [("好。",)]),
        ("（对不起｜抱歉）", [("对不起",), ("抱歉",)]),
        (r"a\(b\|\\", [("a(b|\\",)]),
    ],
)
def test_expansion(template: str, patterns: list[tuple[str | Slot, ...]]) -> None:
    assert expand(template, SLOTS) == patterns


@pytest.mark.parametrize(
    ("template", "column", "words"),
    [
        ("请(您|你稍等", 2, "never closed"),
        ("请[您稍等", 2, "never closed"),
        ("请(您]稍等", 2, "never closed"),
        ("请您)稍等", 3, "closes nothing"),
        ("请您}稍等", 3, "closes nothing"),
        ("请{联系店话}稍等", 2, 'did you mean "联系电话"'),
        ("请{客户", 2, "never closed"),
        ("请\\", 2, "nothing follows"),
        ("[请]", 1, "without a single word"),
        ("{客户}", 1, "without a single word"),
        ("", 1, "without a single word"),
        ("，。", 1, "without a single word"),
        ("(" * 100 + "好" + ")" * 100, 17, "too deep"),
    ],
)
def test_mistakes_have_their_column(template: str, column: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        expand(template, SLOTS)
    assert caught.value.column == column
    assert words in caught.value.message.en
    assert caught.value.message.zh


def test_the_number_of_patterns_is_bounded() -> None:
    nine, ten = "(好|行)[的]" * 4 + "[呀]", "[一]" * 10
    assert len(expand(nine, {})) == MOST_PATTERNS
    with pytest.raises(TemplateError, match="more than 512"):
        expand(ten, {})
    with pytest.raises(TemplateError, match="more than 512"):
        expand("(好|行)" * 10_000, {})
