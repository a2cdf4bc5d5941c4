"""Keys: one code point a syllable, the same from text and from pinyin, and the way back to the source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.phrases.readings import reading
from callflow.phrases.sounds import FOLDS, SYLLABLES, UNKNOWN, Sounds, plain_syllable

SOUNDS = Sounds()
STRICT = Sounds(())
MIXED = st.text(alphabet=st.sampled_from("您好请稍等国资 ，。！AbＣ0１😀𠮷щ々\u0301\ud800"), max_size=300)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("事业部", "氏业补"),
        ("在线等候", "再现等候"),
        ("专家座席", "专家做洗"),
        ("请问還著麼", "請问还着么"),
        ("电话是138", "電話是幺三八"),
        ("ＶＩＰ客户", "vip客户"),
        ("您好，再见。", "您好再见"),
        ("这儿", "这而"),
    ],
)
def test_texts_that_sound_alike(one: str, other: str) -> None:
    assert STRICT.of_text(one).key == STRICT.of_text(other).key


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("lǜ", "lv"),
        ("lu:4", "lv"),
        ("lü", "lv"),
        ("lv4", "lv"),
        ("lüè", "lve"),
        ("lue4", "lve"),
        ("nu\u0308\u030c", "nv"),
        ("jü", "ju"),
        ("xv4", "xu"),
        ("huār", "hua"),
        ("er2", "er"),
        ("n2", "en"),
        ("ńg", "en"),
        ("hm", "heng"),
        ("ZHUANG1", "zhuang"),
        ("ê", "ei"),
        ("", ""),
        ("r", ""),
        ("hello", ""),
        ("4", ""),
    ],
)
def test_spellings_of_a_syllable(written: str, plain: str) -> None:
    assert plain_syllable(written) == plain


@pytest.mark.parametrize(
    ("fold", "one", "other"),
    [
        ("n/l", "nan", "lan"),
        ("zh/z", "zhi", "zi"),
        ("ch/c", "chuan", "cuan"),
        ("sh/s", "shui", "sui"),
        ("an/ang", "shuan", "shuang"),
        ("en/eng", "men", "meng"),
        ("in/ing", "xin", "xing"),
        ("f/h", "fei", "hui"),
    ],
)
def test_a_fold_joins_what_it_says_and_nothing_else_does(fold: str, one: str, other: str) -> None:
    assert Sounds([fold]).code(one) == Sounds([fold]).code(other)
    for sounds in (STRICT, Sounds([name for name in FOLDS if name != fold])):
        assert sounds.code(one) != sounds.code(other)


def test_folds_work_together_in_one_syllable() -> None:
    assert SOUNDS.code("zhang") == SOUNDS.code("zan")
    assert Sounds(FOLDS).code("feng") == Sounds(FOLDS).code("hong")


@pytest.mark.parametrize(
    ("syllables", "text"),
    [("yao san ba", "138"), ("wo yao ba", "我要八"), ("yao yao", "要要"), ("wo de shi yao er san", "我的是一二三")],
)
def test_yao_is_one_within_a_number_only(syllables: str, text: str) -> None:
    assert STRICT.of_syllables(syllables.split()).key == STRICT.of_text(text).key


def test_what_cannot_be_read_takes_its_place_and_matches_no_syllable() -> None:
    keys = SOUNDS.of_syllables(["nǐ", "xyz", "hǎo"])
    assert keys.key[1] == UNKNOWN
    assert UNKNOWN not in {SOUNDS.code(name) for name in SYLLABLES}
    assert SOUNDS.of_text("你щ好").key == keys.key


@given(MIXED)
def test_a_span_of_the_key_maps_back_to_the_text_it_came_from(text: str) -> None:
    keys = SOUNDS.of_text(text)
    assert len(keys.places) == len(keys.key)
    for i, code in enumerate(keys.key):
        start, end = keys.span(i, i + 1)
        assert SOUNDS.of_text(keys.said(start, end)).key == code
    if keys.key:
        start, end = keys.span(0, len(keys))
        assert SOUNDS.of_text(keys.said(start, end)).key == keys.key


@given(MIXED)
def test_long_texts_give_the_keys_that_short_ones_give(text: str) -> None:
    short, long = SOUNDS.of_text(text), SOUNDS.of_text(text * 200)
    assert long.key == short.key * 200
    assert list(long.places) == [i * len(text) + place for i in range(200) for place in short.places]


@given(st.lists(st.sampled_from("您好请稍等我帮查询货物在线候谢再见确认核对"), min_size=1))
def test_text_and_its_pinyin_give_the_same_key(characters: list[str]) -> None:
    by_sound = SOUNDS.of_syllables(reading(char) for char in characters)
    assert by_sound.key == SOUNDS.of_text("".join(characters)).key
    assert list(by_sound.places) == list(range(len(characters)))


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("您好", {0, 2}),
        ("您好，再见。谢谢", {0, 2, 4, 6}),
        ("请您稍等 我看一下", {0, 4, 8}),
        ("请 您 稍 等", {0, 4}),
        ("", {0}),
        ("。", {0}),
    ],
)
def test_breaks(text: str, breaks: set[int]) -> None:
    keys = SOUNDS.of_text(text)
    assert {place for place in range(len(keys) + 1) if keys.breaks_at(place)} == breaks


def test_stops_are_the_breaks_between_sentences() -> None:
    by_text = SOUNDS.of_text("您好，再见。谢谢")
    by_sound = SOUNDS.of_syllables(["nín", "hǎo", "，", "zài", "jiàn", "。", "xiè", "xie"])
    for keys in (by_text, by_sound):
        assert [place for place in range(7) if keys.stops_at(place)] == [0, 4, 6]
        assert [place for place in range(7) if keys.breaks_at(place)] == [0, 2, 4, 6]
    assert by_sound.span(2, 4) == (3, 5)


def test_a_near_sound_is_one_half_off() -> None:
    one, near, far = (SOUNDS.halves(SOUNDS.code(name)) for name in ("ni", "li", "guang"))
    assert sum(a != b for a, b in zip(one, near, strict=True)) == 1
    assert sum(a != b for a, b in zip(one, far, strict=True)) == 2
