"""Numbers are hidden before the engine hears them, and it comes to the same verdicts as with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bundled import NAMES
from bundled import events as bundled_events
from hypothesis import given
from hypothesis import strategies as st

from callflow import flowfiles
from callflow.call.guide import Guide
from callflow.call.hiding import MARKS, Hider
from callflow.call.plan import Plan
from callflow.events import AgentAction, Event, Finding, Heard, Prompt, TransferFailed, TransferStarted, Word
from callflow.phrases.sounds import Sounds

SOUNDS = Sounds()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.of(flowfiles.load()[0])


def hider(marks: str = MARKS) -> Hider:
    return Hider(marks, SOUNDS)


def heard(text: str, at: float = 10.0, final: bool = True) -> Heard:
    return Heard(at=at, speaker="customer", text=text, final=final, start=at - 1, end=at, utterance=f"c{at}")


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("我的电话是13812345678", "我的电话是138βγδε5678"),
        ("电话13812345678，谢谢", "电话138βγδε5678，谢谢"),
        ("身份证110101199003071234", "身份证110βαββκκααδαθ1234"),
        ("卡号六二二二零二一二三四五六七八九零", "卡号六二二γαγβγδεζη七八九零"),
        ("一共12500元，2024年买的", "一共12500元，2024年买的"),
        ("尾号是567", "尾号是567"),
        ("一三八呃零零一三呃八零零零", "一三八呃ααβδ呃八零零零"),
        ("一三八然后零零一三然后八零零零", "一三八然后ααβδ然后八零零零"),
        ("13 呃 80 嗯 0 呃 01 那个 38 00，麻烦您了", "13 呃 8α 嗯 α 呃 αβ 那个 38 00，麻烦您了"),
        ("一共12500元，运费500，等一下", "一共12500元，运费500，等一下"),
    ],
)
def test_long_numbers_keep_their_ends_only(said: str, stored: str) -> None:
    event = hider().hide(heard(said))
    assert isinstance(event, Heard)
    assert event.text == stored


def test_a_number_told_in_parts_is_one_number() -> None:
    hides = hider()
    parts = [hides.hide(heard(part, at)) for part, at in (("138", 10.0), ("一二三四", 12.0), ("5678", 14.0))]
    assert [part.text for part in parts if isinstance(part, Heard)] == ["138", "βγδε", "5678"]


@pytest.mark.parametrize(
    ("parts", "stored"),
    [
        (("一三八", "嗯", "零零一三", "嗯，对", "八零零零"), ("一三八", "嗯", "ααβδ", "嗯，对", "八零零零")),
        (("138，嗯", "然后是0013", "再就是8000"), ("138，嗯", "然后是ααβδ", "再就是8000")),
        (("13", "80", "0", "138000"), ("13", "8α", "α", "βδ8000")),
        (("138", "您稍等我找一下", "8000"), ("138", "您稍等我找一下", "800α")),
    ],
)
def test_fillers_and_back_channels_do_not_end_a_number(parts: tuple[str, ...], stored: tuple[str, ...]) -> None:
    hides = hider()
    events = [hides.hide(heard(part, 10.0 + 3 * nth)) for nth, part in enumerate(parts)]
    assert tuple(event.text for event in events if isinstance(event, Heard)) == stored


def test_fillers_between_syllables_do_not_end_a_number() -> None:
    syllables = ("yī", "sān", "bā", "è", "líng", "líng", "yī", "sān", "è", "bā", "líng", "líng", "líng")
    event = hider().hide(Heard(at=1.0, speaker="agent", sounds=syllables))
    assert isinstance(event, Heard)
    assert event.sounds == (*syllables[:4], "α", "α", "β", "δ", *syllables[8:])


def test_a_partial_shows_no_more_than_the_head() -> None:
    event = hider().hide(heard("我的电话是1381234567", final=False))
    assert isinstance(event, Heard)
    assert event.text == "我的电话是138βγδεζηθ"


def test_syllables_and_timed_words_are_hidden_as_well() -> None:
    syllables = ("shì", "yī", "sān", "bā", "èr", "sān", "sì", "wǔ", "liù", "qī", "bā", "jiǔ")
    spoken = Heard(at=1.0, speaker="agent", sounds=syllables)
    event = hider().hide(spoken)
    assert isinstance(event, Heard)
    assert event.sounds == (*syllables[:4], "γ", "δ", "ε", "ζ", *syllables[8:])
    timed = replace(heard("是13812345678"), words=(Word("是", 0.0, 0.2), Word("13812345678", 0.2, 3.0)))
    event = hider().hide(timed)
    assert isinstance(event, Heard)
    assert [word.text for word in event.words] == ["是", "138βγδε5678"]


def test_what_the_agent_types_is_hidden() -> None:
    event = hider().hide(AgentAction(at=1.0, action="edit", target="电话", value="13812345678"))
    assert isinstance(event, AgentAction)
    assert event.value == "138βγδε5678"


def test_what_the_telephone_dials_is_hidden_and_extensions_are_not() -> None:
    hides = hider()
    assert hides.hide(TransferStarted(at=1.0, to="13812345678")) == TransferStarted(at=1.0, to="138βγδε5678")
    assert hides.hide(TransferStarted(at=1.0, to="1001")) == TransferStarted(at=1.0, to="1001")
    failed = hides.hide(TransferFailed(at=2.0, reason="sip:13812345678@pbx: 486 Busy"))
    assert failed == TransferFailed(at=2.0, reason="sip:138βγδε5678@pbx: 486 Busy")
    pressed = hides.hide(AgentAction(at=3.0, action="tick", target="call-13812345678"))
    assert pressed == AgentAction(at=3.0, action="tick", target="call-138βγδε5678")


@given(st.text("0123456789", min_size=7, max_size=18), st.permutations(MARKS))
def test_the_screen_shows_what_was_said(number: str, marks: list[str]) -> None:
    hides = hider("".join(marks))
    event = hides.hide(heard(f"号码是{number}"))
    assert isinstance(event, Heard)
    assert hides.shown(event.text) == f"号码是{number}"
    assert event.text != f"号码是{number}"


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_judges_a_call_with_hidden_numbers_as_it_does_with_them(name: str, plan: Plan) -> None:
    def judged(events: list[Event]) -> list[tuple[str, str, float]]:
        guide = Guide(plan)
        outputs = [output for event in events for output in guide.feed(event)] + guide.close()
        return [
            (output.rule, output.verdict, output.at)
            if isinstance(output, Finding)
            else (output.id, output.status, output.at)
            for output in outputs
            if isinstance(output, (Finding, Prompt))
        ]

    events = bundled_events(name)
    hides = hider("".join(reversed(MARKS)))
    assert judged([hides.hide(event) for event in events]) == judged(events)
