"""How the speech bench counts: syllables said against syllables heard, and the table of what is confused."""

from __future__ import annotations

from pathlib import Path

import pytest
from measures import page
from measures.alignment import Pair, align, errors, of_heard, of_text
from measures.confusions import table
from measures.spoken import settings, spoken


def sounds(units: list[object]) -> str:
    return " ".join(getattr(unit, "sound", "-") for unit in units)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("还有一会儿，行不行？", "hai you yi hui xing bu xing"),
        ("电话 68幺", "dian hua liu ba yi"),
        ("嗯，好的", "en hao de"),
    ],
)
def test_words_are_read_in_their_context(text: str, read: str) -> None:
    assert sounds([*of_text(text)]) == read


def test_pinyin_and_characters_are_heard_alike() -> None:
    assert sounds([*of_heard([("nín", "hǎo", "，", "yī", "huì", "ér")])]) == "nin hao yi hui"
    assert sounds([*of_heard(["您好，一会儿"])]) == "nin hao yi hui"


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("请您稍等", "请您稍等", 0),
        ("请您稍等", "请宁烧等", 1),  # 烧 sounds right
        ("请您稍等", "请稍等", 1),
        ("请您稍等", "请您再稍等", 1),
        ("请您稍等", "", 4),
    ],
)
def test_errors_are_syllables_wrong_left_out_or_added(said: str, heard: str, wrong: int) -> None:
    assert errors(align(of_text(said), of_text(heard))) == (wrong, 4)


def test_a_near_sound_stands_for_its_like_and_not_for_its_neighbour() -> None:
    pairs = align(of_text("我知道"), of_text("我资"))
    assert [(p.said and p.said.char, p.heard and p.heard.char) for p in pairs] == [
        ("我", "我"),
        ("知", "资"),
        ("道", None),
    ]


def test_the_table_counts_what_was_confused() -> None:
    heard = ["请宁烧等", "请您等", "请您再稍等"]
    found = table([align(of_text("请您稍等"), of_text(words)) for words in heard])
    assert found["said"] == 12
    assert found["substituted"] == found["deleted"] == found["inserted"] == round(1 / 12, 4)
    assert found["homophones"] == 0.5  # 烧 for 稍, but 宁 for 您
    assert found["syllables"] == {"nin": {"said": 3, "heard": {"ning": 1}}}
    assert found["finals"] == {"in": {"ing": 1}}
    assert found["deletions"] == {"shao": 1}
    assert found["insertions"] == {"zai": 1}


def test_nothing_heard_at_all_is_no_confusion() -> None:
    found = table([[Pair(unit, None) for unit in of_text("喂")]])
    assert found["deleted"] == 1
    assert found["homophones"] is None


def test_every_recording_has_a_file_of_its_own() -> None:
    every = spoken()
    assert len({one.sound for one in every}) == len(every)
    assert {one.voice for one in every} == set(settings()["voices"])
    assert {one.voice for one in every if one.innocent} == set(settings()["innocent"]["voices"])


def test_a_bench_writes_its_own_part_of_the_page_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "page.md"
    file.write_text("# A\n<!-- text -->\nold\n<!-- end of text -->\nby hand\n", encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", file)
    page.put("text", "new\n")
    assert file.read_text(encoding="utf-8") == "# A\n<!-- text -->\nnew\n<!-- end of text -->\nby hand\n"
    with pytest.raises(ValueError, match="speech"):
        page.put("speech", "x")
