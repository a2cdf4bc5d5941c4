"""Partials give hits early and take them back; the final alone decides."""

from hypothesis import given
from hypothesis import strategies as st

from callflow.flow.model import Phrase
from callflow.phrases.book import Book
from callflow.phrases.follower import Follower
from callflow.problems import Location

AT = Location("follower")
BOOK = Book(
    [
        Phrase("back", "say", ("(对不起|很抱歉)[，]让您久等了",), AT),
        Phrase("no-way", "never", ("不可能",), AT, unless=("不可能让您吃亏",)),
        Phrase("dont-know", "never", ("不知道",), AT, boundary="sentence"),
        Phrase("not-my-job", "never", ("这事不归我管",), AT, unless=("不归我管吗",)),
    ],
    {},
)
SAID = st.lists(
    st.sampled_from(
        ["对不起，让您久等了。", "不可能", "让您吃亏", "不知道", "您方不方便", "这事不归我管", "吗？", "好的，", "。"]
    ),
    max_size=6,
).map("".join)


def names(hits: list[object]) -> list[str]:
    return [hit.phrase for hit in hits]  # type: ignore[attr-defined]


def follow(*partials: str) -> list[tuple[list[str], list[str]]]:
    follower = Follower(BOOK, "agent")
    changes = [follower.partial(text) for text in partials]
    return [(names(list(hits)), names(list(gone))) for hits, gone in changes]


def test_a_hit_is_shown_when_two_partials_agree_and_only_once() -> None:
    steps = follow("对不起让", "对不起让您久等了", "对不起让您久等了我", "对不起让您久等了我查到")
    assert steps == [([], []), ([], []), (["back"], []), ([], [])]


def test_a_hit_that_two_partials_lack_is_withdrawn() -> None:
    steps = follow(
        "对不起让您久等了", "对不起让您久等了", "对不起浪里", "对不起让您久等了", "对不起浪里", "对不起浪里个浪"
    )
    assert steps == [([], []), (["back"], []), ([], []), ([], []), ([], []), ([], ["back"])]


def test_what_the_next_words_may_undo_is_not_shown_yet() -> None:
    assert follow("不可能", "不可能", "不可能让您", "不可能让您") == [([], [])] * 4
    assert follow("我不知道", "我不知道", "我不知道您方不方便") == [([], [])] * 3
    assert follow("这事不归我管", "这事不归我管") == [([], [])] * 2
    assert follow("不可能吧", "不可能吧您") == [([], []), (["no-way"], [])]
    assert follow("不知道。", "不知道。您") == [([], []), (["dont-know"], [])]


def test_before_a_pause_one_partial_is_enough() -> None:
    def once(*syllables: str) -> list[str]:
        return names(list(Follower(BOOK, "agent").partial(syllables).hits))

    said = "zhe", "shi", "bu", "gui", "wo", "guan"
    assert once(*said) == []
    assert once(*said, "，") == ["not-my-job"]
    assert once("wo", "bu", "zhi", "dao", "，") == ["dont-know"]
    assert once("bu", "zhi", "dao", "nin", "，") == ["dont-know"]
    assert once("wo", "bu", "zhi", "dao", "nin", "fang", "，") == []
    assert follow("这事不归我管，") == [([], [])], "in a text a mark is no pause"


def test_the_final_confirms_and_withdraws() -> None:
    follower = Follower(BOOK, "agent")
    follower.partial("对不起让您久等了不可能吧")
    assert names(list(follower.partial("对不起让您久等了不可能吧").hits)) == ["back", "no-way"]
    hits, gone = follower.final("对不起，让您久等了。不可能让您吃亏吧")
    assert names(list(hits)) == ["back"]
    assert names(list(gone)) == ["no-way"]
    assert follower.final("您好") == ([], [])


@given(SAID, st.lists(st.integers(0, 60)), SAID)
def test_however_the_partials_come_the_confirmed_hits_are_those_of_the_final(
    final: str, cuts: list[int], other: str
) -> None:
    follower = Follower(BOOK, "agent")
    for cut in sorted(cuts):
        follower.partial(final[:cut] if cut % 5 else other)
    assert follower.final(final).hits == BOOK.find(final, "agent")


@given(SAID, st.lists(st.integers(0, 60)))
def test_whatever_was_shown_is_withdrawn_or_confirmed(final: str, cuts: list[int]) -> None:
    follower = Follower(BOOK, "agent")
    shown: list[str] = []
    for cut in sorted(cuts):
        hits, gone = follower.partial(final[:cut])
        shown += names(list(hits))
        for name in names(list(gone)):
            shown.remove(name)
    hits, gone = follower.final(final)
    for name in names(list(gone)):
        shown.remove(name)
    assert not [name for name in shown if name not in names(list(hits))]
