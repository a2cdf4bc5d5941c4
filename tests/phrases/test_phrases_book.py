"""The book as a whole: spans, readings, thresholds, overlaps, and what can go wrong."""

import pickle
from collections import defaultdict

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from callflow.flow.model import Boundary, Phrase, PhraseKind, Slot
from callflow.phrases import policy
from callflow.phrases.book import Book
from callflow.phrases.readings import reading
from callflow.phrases.sounds import Sounds
from callflow.phrases.template import TemplateError
from callflow.problems import Location

LINES = (
    "对不起，让您久等了",
    "请把您的国资单号告诉我，我帮您查询一下",
    "为确保信息准确，再次与您核对一下相关信息，可以吗？",
    "您反映的问题我已经记录下来，请您放心",
    "我解决不了，找别人去",
    "以前的事情，我不知道",
)
COMMON = "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴切责验"  # noqa: E501

BY_SOUND: dict[str, list[str]] = defaultdict(list)
for _char in COMMON:
    BY_SOUND[reading(_char)].append(_char)


def phrase(name: str, *wordings: str, kind: PhraseKind = "say", exact: bool = False) -> Phrase:
    return Phrase(name, kind, wordings, Location("book"), exact=exact)


BOOK = Book([phrase(line, line) for line in LINES], {})


@given(st.data())
def test_homophones_leave_an_exact_hit(data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(LINES))
    heard = "".join(data.draw(st.sampled_from([c, *BY_SOUND[reading(c)]])) if c.isalnum() else c for c in line)
    hits = [hit for hit in BOOK.find(heard, "agent") if hit.phrase == line]
    assert [(hit.exact, hit.score) for hit in hits] == [(True, 1.0)]


@given(st.sampled_from(LINES), st.text(max_size=10), st.text(max_size=10))
def test_spans_are_those_of_the_text(line: str, before: str, after: str) -> None:
    text = f"{before} {line} {after}"
    hits = [hit for hit in BOOK.find(text, "agent") if hit.phrase == line]
    assert len(hits) == 1
    hit = hits[0]
    assert text[hit.start : hit.end] == hit.said == line.rstrip("？")


@given(st.data())
def test_no_phrase_is_missed_for_as_many_errors_as_the_policy_allows(data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(LINES))
    words = [c for c in line if c.isalnum()]
    size = len(words)
    most = min(policy.errors("say", size), int(size * (1 - policy.least_score("say", size))))
    places = data.draw(st.lists(st.integers(0, size - 1), max_size=most, unique=True))
    for place in places:
        assume(words[place] not in policy.NEGATIONS)
        words[place] = data.draw(st.sampled_from([c for c in COMMON if c not in policy.NEGATIONS]))
    assert line in {hit.phrase for hit in BOOK.find("".join(words), "agent")}


@given(st.text())
def test_any_text_at_all_is_taken(text: str) -> None:
    for hit in BOOK.find(text, "customer") + BOOK.find(text, "agent"):
        assert text[hit.start : hit.end] == hit.said


@given(st.lists(st.text(max_size=6)))
def test_any_syllables_at_all_are_taken(syllables: list[str]) -> None:
    assert BOOK.find(syllables, "agent") == []


def test_syllables_are_counted_in_their_own_sequence() -> None:
    syllables = "hǎo de ， duì bù qǐ ， ràng nín jiǔ děng le".split()  # noqa: SIM905
    (hit,) = BOOK.find(syllables, "agent")
    assert (hit.start, hit.end, hit.said) == (3, 12, " ".join(syllables[3:12]))


def test_near_sounds_cost_less_than_others() -> None:
    near, far = (BOOK.find(text, "agent")[0].score for text in ("以前的事情我不至到", "以前的事情我不至山"))
    assert near > far
    assert BOOK.find("请把您的国司单号告诉我我帮您查询一下", "agent")[0].score < 1


@pytest.mark.parametrize("boundary", ["anywhere", "sentence"])
def test_of_many_wordings_the_best_and_longest_is_the_hit(boundary: Boundary) -> None:
    template = "(对不起|很抱歉|不好意思)[啊](让您久等了|让您等了这么久|久等了)[您的(问题|情况)我查到了]"
    book = Book([Phrase("back", "say", (template,), Location("book"), boundary=boundary)], {})
    for said in ("很抱歉啊，让您久等了。您的情况我查到了", "不好意思，久等了", "对不起让您等了这么久"):
        (hit,) = book.find(f"王先生，{said}。", "agent")
        assert (hit.said, hit.exact) == (said, True)
    (hit,) = book.find("对不起啊，浪您久等了，您的情况我查道了呀", "agent")
    assert hit.said == "对不起啊，浪您久等了，您的情况我查道了"
    assert 0.9 < hit.score < 1


def test_exact_phrases_are_exact() -> None:
    words, wrong = "您方便在线等候吗", "您方便在山等候吗"
    tolerant, exact = (Book([phrase("hold", words, exact=flag)], {}) for flag in (False, True))
    assert tolerant.find(wrong, "agent")
    assert not exact.find(wrong, "agent")
    assert exact.find(words, "agent")


def test_folds_are_those_of_the_sounds_given() -> None:
    phrases = [phrase("no", "不行", kind="never")]
    assert Book(phrases, {}, Sounds(["in/ing"])).find("不信", "agent")
    assert not Book(phrases, {}, Sounds(())).find("不信", "agent")


def test_the_same_phrase_twice_is_two_hits() -> None:
    hits = BOOK.find("对不起，让您久等了。好的。很对不起，让您久等了。", "agent")
    assert [hit.start for hit in hits] == [0, 14]


def test_a_book_keeps_its_answers_when_stored() -> None:
    stored: Book = pickle.loads(pickle.dumps(BOOK))
    for line in LINES:
        assert stored.find(line, "agent") == BOOK.find(line, "agent")


def test_a_wrong_template_is_an_error_with_its_column() -> None:
    with pytest.raises(TemplateError) as caught:
        Book([phrase("wait", "请{时常}后再来")], {"时长": Slot("时长")})
    assert caught.value.column == 2


def test_an_empty_book_finds_nothing() -> None:
    assert Book([], {}).find("您好", "agent") == []
    assert BOOK.find("", "agent") == []
    assert BOOK.find([], "agent") == []


# ------------------------------------------------------------------------------------------------ reported speech


@pytest.mark.parametrize(
    ("said", "fires"),
    [
        ("这事不归我管", True),
        ("我跟您说这事不归我管", True),
        ("您说得对，这事不归我管", True),
        ("您说得对这事不归我管", True),
        ("客户说货没到，这事不归我管", True),
        ("客户说这事不归我管", False),
        ("客户说，这事不归我管", False),
        ("您是说这事不归我管吗", False),
        ("刚才同事跟您说这事不归我管，对不起", False),
        ("刚才不该跟您说这事不归我管", False),
        ("这事不归我管这种话是不对的", False),
        ("这事不归我管是不对的", False),
        ("ke hu shuo zhe shi bu gui wo guan", False),
        ("zhe shi bu gui wo guan", True),
    ],
)
def test_what_must_not_be_said_may_be_told_of(said: str, fires: bool) -> None:
    book = Book([Phrase("not-mine", "never", ("[这事]不归我管",), Location("book"))], {})
    assert bool(book.find(said.split() if said.isascii() else said, "agent")) is fires


def test_a_cue_that_is_told_of_was_said() -> None:
    book = Book([Phrase("not-mine", "cue", ("不归我管",), Location("book"), by="agent")], {})
    assert book.find("客户说不归我管", "agent")


@pytest.mark.parametrize(("said", "found"), [("啊", True), ("啊。", True), ("啊，好的", False), ("好啊", False)])
def test_boundary_utterance_is_all_that_was_said(said: str, found: bool) -> None:
    book = Book([Phrase("ah", "cue", ("啊",), Location("book"), by="agent", boundary="utterance")], {})
    assert bool(book.find(said, "agent")) is found
    assert not book.find(said, "agent", complete=False)
