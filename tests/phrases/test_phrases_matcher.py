"""The search misses nothing: whatever the errors, as long as a line may have so many."""

from hypothesis import assume, given
from hypothesis import strategies as st

from callflow.phrases.lines import Line, Literal
from callflow.phrases.matcher import Matcher
from callflow.phrases.sounds import Sounds

SOUNDS = Sounds()
ALPHABET = "你好请稍等我帮查询货到了吗"
HAN = st.sampled_from(ALPHABET)


def line_of(words: str, errors: int) -> Line:
    key = SOUNDS.of_text(words).key
    return Line.of(0, "say", (Literal(key, errors, SOUNDS.halves(key)),), (), least_score=0.0)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, int, str, int, int]:
    """A line, the errors it may have, a text with the line in it after at most so many errors, and its place."""
    words = draw(st.text(HAN, min_size=2, max_size=20))
    errors = draw(st.integers(0, len(words) * 2 // 3 - 1))  # pieces of one syllable among them
    assume((len(words), errors) != (5, 2))  # see ``pieces.places``: the one case that is given up
    heard = list(words)
    for _ in range(draw(st.integers(0, errors))):
        at = draw(st.integers(0, len(heard)))
        kind = draw(st.sampled_from(["insert", "delete", "replace"]))
        heard[at : at + (kind != "insert")] = [] if kind == "delete" else [draw(HAN)]
    before, after = draw(st.text(HAN, max_size=8)), draw(st.text(HAN, max_size=8))
    return words, errors, before + "".join(heard) + after, len(before), len(before) + len(heard)


@given(edited())
def test_a_line_with_no_more_errors_than_allowed_is_found(case: tuple[str, int, str, int, int]) -> None:
    words, errors, text, start, end = case
    found = Matcher([line_of(words, errors)], SOUNDS).find(SOUNDS.of_text(text).key)
    assert any(f.start < end + errors and f.end > start - errors for f in found)


@given(st.text("好你", min_size=4, max_size=12), st.text("好你", max_size=12))
def test_spans_lie_in_the_key_however_words_repeat(words: str, text: str) -> None:
    key = SOUNDS.of_text(text + words).key
    found = Matcher([line_of(words, 1)], SOUNDS).find(key)
    assert (len(text), len(key), 0.0) in {(f.start, f.end, f.cost) for f in found}
    for f in found:
        assert 0 <= f.start < f.end <= len(key)
        assert f.cost > 0 or key[f.start : f.end] == f.line.literals[0].key


@given(edited(), edited())
def test_other_lines_do_not_stand_in_the_way(
    one: tuple[str, int, str, int, int], two: tuple[str, int, str, int, int]
) -> None:
    key = SOUNDS.of_text(one[2]).key
    alone = Matcher([line_of(one[0], one[1])], SOUNDS).find(key)
    both = Matcher([line_of(two[0], two[1]), line_of(one[0], one[1])], SOUNDS).find(key)
    own = [(f.start, f.end, f.cost) for f in both if f.line == line_of(one[0], one[1])]
    assert {(f.start, f.end, f.cost) for f in alone} <= set(own)


@given(st.text(HAN, min_size=1, max_size=12), st.text(HAN, max_size=12), st.text(HAN, max_size=12))
def test_exact_lines_are_found_wherever_the_text_has_them(words: str, before: str, after: str) -> None:
    key = SOUNDS.of_text(before + words + after).key
    wanted = SOUNDS.of_text(words).key
    places = {i for i in range(len(key)) if key.startswith(wanted, i)}
    found = Matcher([line_of(words, 0)], SOUNDS).find(key)
    assert {f.start for f in found} == places
    assert all(f.score == 1 for f in found)
