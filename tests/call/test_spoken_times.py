"""Spoken times: every way to say them, as characters and as pinyin, with the moment they allow."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin
from ruamel.yaml import YAML

from callflow.call.spoken_times import When, times_in, when_of
from callflow.phrases.sounds import SYLLABLES

CASES = YAML(typ="safe").load(Path(__file__).with_name("spoken_times.yaml"))
NOW = datetime(2026, 11, 24, 14, 30)
MAKERS = {
    "characters": str,
    "pinyin": lambda said: tuple(lazy_pinyin(said)),
    "tones": lambda said: tuple(lazy_pinyin(said, style=Style.TONE3)),
    "misheard": lambda said: said.replace("小时", "小是").replace("天", "添").replace("周", "州").replace("分", "芬"),
}


@pytest.fixture(params=MAKERS)
def spoken(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    return MAKERS[request.param]


def only(said: str | tuple[str, ...]) -> When:
    (when,) = times_in(said)
    return when


@pytest.mark.parametrize(("said", "seconds"), CASES["spans"].items())
def test_spans(spoken, said: str, seconds: int) -> None:  # type: ignore[no-untyped-def]
    when = only(spoken(said))
    assert (when.due(None), when.due(NOW), when.vague) == (seconds, seconds, False)


@pytest.mark.parametrize(("said", "until"), CASES["moments"].items())
def test_moments(spoken, said: str, until: str) -> None:  # type: ignore[no-untyped-def]
    when = only(spoken(said))
    due = when.due(NOW)
    assert due is not None
    assert NOW + timedelta(seconds=due) == datetime.fromisoformat(until)
    assert when.due(None) is None, "nobody knows what day it is"


@pytest.mark.parametrize("case", CASES["at other hours"], ids=lambda case: f"{case['at']} {case['said']}")
def test_moments_at_other_hours(spoken, case: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    now = datetime.fromisoformat(case["at"])
    due = only(spoken(case["said"])).due(now)
    assert due is not None
    assert now + timedelta(seconds=due) == datetime.fromisoformat(case["until"])


@pytest.mark.parametrize(("said", "words"), CASES["open"].items())
def test_a_time_without_an_end(said: str, words: str) -> None:
    when = only(said)
    assert (when.words, when.vague, when.due(NOW)) == (words, False, None)


@pytest.mark.parametrize(("said", "words"), CASES["vague"].items())
def test_vague(spoken, said: str, words: str) -> None:  # type: ignore[no-untyped-def]
    assert only(spoken(said)).vague
    assert only(said).words == words
    assert only(said).due(NOW) is None


@pytest.mark.parametrize(("said", "words"), CASES["written"].items())
def test_what_is_written_holds_before_what_sounds_so(said: str, words: str) -> None:
    assert only(said).words == words


@pytest.mark.parametrize("said", CASES["no time"])
def test_no_time(said: str) -> None:
    assert times_in(said) == []
    assert [when.words for when in times_in(tuple(lazy_pinyin(said, style=Style.TONE3))) if not when.vague] == []


@pytest.mark.parametrize(
    ("said", "phrase", "words"),
    [
        ("我会尽快，最晚两小时内给您回复。", "给您回复", "两小时内"),  # what can be kept goes before 尽快
        ("明天给您回电话，三天内给您退款。", "给您退款", "三天内"),  # the nearest
        ("明天给您回电话，三天内给您退款。", "给您回电", "明天"),
        ("我给您回电话。两个小时之内。", "给您回电", "两个小时之内"),
        ("系统明天恢复。我尽快给您回电话。", "给您回电", "尽快"),  # the same sentence first
        ("十 分 钟 内 给 您 回 电", "给 您 回 电", "十 分 钟 内"),
    ],
)
def test_which_time_a_promise_has(said: str, phrase: str, words: str) -> None:
    start = said.index(phrase)
    when = when_of(said, start, start + len(phrase))
    assert when is not None
    assert when.words == words


WORDS = "一二两三十半几0129个到分钟小时天工作日周星期月号点上下午明今后大前之内以晚早班底尽快，。 是的给回"
HEARD = st.sampled_from([*SYLLABLES, "shí", "dian3", "，", ""])
LINES = st.text(WORDS, max_size=30) | st.lists(HEARD, max_size=20).map(tuple)


@given(LINES, st.none() | st.datetimes(), st.integers(0, 30), st.integers(0, 30))
def test_whatever_is_said_it_is_read(said: str | tuple[str, ...], now: datetime | None, start: int, end: int) -> None:
    for when in times_in(said):
        assert 0 <= when.start < when.end <= len(said)
        due = when.due(now)
        assert due is None or due > 0
    found = when_of(said, min(start, len(said)), min(start + end, len(said)))
    assert (found is None) == (times_in(said) == [])
