"""What transcripts and queries are cut into; the search is exact whatever is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.archive import excerpts, words
from callflow.archive.masking import masked


def test_pairs_then_single_characters() -> None:
    assert words.text_tokens("您好吗，好") == ["您好", "好吗", "吗好", "您", "好", "吗"]
    assert words.text_tokens("您好\n吗\n\n好的") == ["您好", "_", "好的", "您", "好", "吗", "的"]
    assert words.sound_tokens("nin hao ma") == ["nin_hao", "hao_ma", "nin", "hao", "ma"]
    assert words.text_tokens("ＡＢ１。") == ["ab", "b1", "a", "b", "1"]


def test_queries() -> None:
    assert words.text_phrases("您好吗 退款") == [["您好", "好吗"], ["退款"]]
    assert words.text_phrases("好") == [["好"]]
    assert words.text_phrases(" ，。\"'* ") == []
    assert words.sound_phrases("tui kuan") == [["tui_kuan"]]
    assert words.sound_phrases("wo") == [["wo"]]
    assert words.sound_phrases("") == []


@given(st.text("您好吗退款a1，\n ", max_size=40), st.text("您好吗退款a1，", min_size=1, max_size=5))
def test_a_phrase_is_found_just_where_its_characters_stand(said: str, asked: str) -> None:
    """Compared with looking for it by hand, line by line, punctuation left out."""
    plain = [[char for char in line if char.isalnum()] for line in said.split("\n")]
    wanted = [char for char in asked if char.isalnum()]
    there = any(
        line[place : place + len(wanted)] == wanted for line in plain for place in range(len(line) + 1) if wanted
    )
    assert bool(excerpts.line(said, "", asked, "")) == there


@given(st.text(max_size=60))
def test_tokens_need_no_quoting(said: str) -> None:
    for token in words.text_tokens(said):
        assert token.isalnum() or token == words.BREAK
    for token in words.sound_tokens(said):
        assert token == words.BREAK or all(part.isalnum() for part in token.split("_"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("13812345678", "138••••5678"),
        ("我的电话是138-1234-5678，对", "我的电话是138-••••-5678，对"),
        ("身份证11010519491231002X", "身份证110••••••••••1002X"),
        ("卡号6222 0212 3456 7890 123", "卡号622• •••• •••• •••0 123"),
        ("一三八一二三四五六七八", "一三八••••五六七八"),
        ("幺三八，零零零零，幺二三四", "幺三八，••••，幺二三四"),
        ("１３８１２３４５６７８", "１３８••••５６７８"),
        ("138αβγδ5678", "138••••5678"),
        ("yi san ba yi er san si wu liu qi ba", "yi san ba • • • • wu liu qi ba"),
        ("总共一百二十八元", "总共一百二十八元"),
        ("2026年11月29日", "2026年11月29日"),
        ("金额是1280元，订单123456", "金额是1280元，订单123456"),
        ("yi er san", "yi er san"),
        ("", ""),
    ],
)
def test_long_numbers_are_masked(said: str, shown: str) -> None:
    assert masked(said) == shown


def test_excerpts() -> None:
    said, heard = "您好\n\n" + "长" * 100 + "退款", "nin hao\ntou su ma\n"
    assert excerpts.line(said, heard, "您好", "") == "您好"
    assert excerpts.line(said, heard, "", "tou su") == "tou su ma", "the syllables, where there are no words"
    assert len(excerpts.line(said, heard, "退款", "")) == excerpts.LONGEST
    assert excerpts.line(said, heard, "没有", "mei you") == ""
