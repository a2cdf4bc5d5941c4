"""Why a sentence hits a phrase or not."""

from __future__ import annotations

import pytest

from callflow.flow.model import Phrase, Slot
from callflow.phrases.book import Book
from callflow.phrases.explain import Explained, explain
from callflow.problems import Location

AT = Location("f.yaml", 1, 1)
SLOTS = {"x": Slot("x", 1, 4)}
BOOK = Book(
    [
        Phrase("unknown", "never", ("[我]不知道",), AT, boundary="sentence"),
        Phrase("mine", "never", ("(这|这事)不归我管",), AT, unless=("不归我管吗", "客户说{x}不归我管")),
        Phrase("mine-too", "never", ("这事真的不归我管",), AT),
        Phrase("rule", "never", ("这是公司规定，我没办法",), AT),
        Phrase("others", "never", ("这种情况我们也没法处理的",), AT),
        Phrase("wait", "say", ("请您稍等一下好吗",), AT),
        Phrase("thanks", "cue", ("太感谢了",), AT, by="customer"),
    ],
    SLOTS,
)


def case(sentence: str, phrase: str) -> Explained | None:
    return next((one for one in explain(BOOK, SLOTS, sentence, "agent") if one.phrase.name == phrase), None)


@pytest.mark.parametrize(
    ("sentence", "phrase", "verdict", "by"),
    [
        ("这不归我馆", "mine", "said", ""),
        ("我不知道您方不方便", "unknown", "boundary", "sentence"),
        ("这事不归我管吗", "mine", "guard", "不归我管吗"),
        ("客户说这事不归我管", "mine", "guard", "客户说{x}不归我管"),
        ("您说这事不归我管", "mine", "told", ""),
        ("这事真的不归我管", "mine", "other", "mine-too"),
        ("这事真的归我管", "mine-too", "negation", ""),
        ("这是公司规定，我帮您", "rule", "clause", ""),
        ("请您看下行吗", "wait", "different", ""),
        ("这种情况我们也没法处理吗", "others", "question", ""),
    ],
)
def test_verdicts(sentence: str, phrase: str, verdict: str, by: str) -> None:
    found = case(sentence, phrase)
    assert found is not None
    assert (found.verdict, found.by) == (verdict, by)
    assert (found.verdict == "said") == any(hit.phrase == phrase for hit in BOOK.find(sentence, "agent"))


def test_what_is_told_of_a_phrase() -> None:
    found = case("那这不归我馆啊", "mine")
    assert found is not None
    assert (found.start, found.end, found.said) == (1, 6, "这不归我馆")
    assert found.wanted == found.heard == ("ze", "bu", "gui", "wo", "guan")
    assert found.pieces == (("ze", "bu"), ("bu", "gui"), ("gui", "wo"), ("wo", "guan"))
    assert (found.score, found.wording) == (1.0, "(这|这事)不归我管")


def test_what_is_needed_is_what_the_phrase_needs() -> None:
    """Not the little with which what comes near was looked for."""
    for sentence, phrase in (
        ("请您看下行吗", "wait"),
        ("这事真的归我管", "mine-too"),
        ("那你这事真的归我家", "mine-too"),
    ):
        found = case(sentence, phrase)
        assert found is not None
        (wording,) = found.phrase.wordings
        exact = case(wording, phrase)
        assert exact is not None
        assert found.least >= exact.least > 0.5
        assert (found.verdict == "different") == (found.score < found.least)


def test_what_was_said_comes_first_and_far_phrases_not_at_all() -> None:
    names = [one.phrase.name for one in explain(BOOK, SLOTS, "这事不归我管", "agent")]
    assert names[0] == "mine"
    assert not {"wait", "thanks", "unknown"} & set(names)


def test_nothing_comes_near() -> None:
    assert explain(BOOK, SLOTS, "", "agent") == explain(BOOK, SLOTS, "今天天气不错", "agent") == []
    assert [one.phrase.name for one in explain(BOOK, SLOTS, "太感谢了", "customer")] == ["thanks"]
