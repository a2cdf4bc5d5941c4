"""The one masker: numbers told in parts, over several lines, in quotations, in names; and searching for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archive_samples import call, finding
from hypothesis import given
from hypothesis import strategies as st

from callflow.archive import calls, excerpts, extracts, search
from callflow.archive.details import choices, details
from callflow.archive.masking import MARK, Masker, masked, masked_lines, masked_name, tells_numbers
from callflow.archive.search import CallQuery, find
from callflow.archive.store import Archive
from callflow.archive.viewers import EVERYTHING, Viewer
from callflow.call.hiding import MARKS, Hider
from callflow.events import Evidence, Heard
from callflow.phrases.sounds import Sounds
from callflow.texts import Text

MASKED = Viewer("admin")
PHONE = "13800138005"
PARTS = "我的电话是一三八\n嗯\n零零一三\n零零一三对\n八零零五"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(str(tmp_path / "calls.db"))


# ------------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("我的电话是一三八零零一\n三八零零五", "我的电话是一三八•••\n•八零零五"),
        (PARTS, "我的电话是一三八\n嗯\n••••\n"),
        ("yī sān bā\nhǎo\nyī èr sān sì\nwǔ liù qī bā", "yī sān bā\nhǎo\n• • • •\nwǔ liù qī bā"),
        ("一共三十五元\n订单12345已经在路上了\n二零二六年", "一共三十五元\n订单12345已经在路上了\n二零二六年"),
    ],
)
def test_a_number_is_masked_over_the_lines_it_was_told_in(said: str, shown: str) -> None:
    assert masked_lines(said).startswith(shown)


def test_fillers_do_not_show_what_stands_between_them() -> None:
    assert masked("一三八零零一，嗯，三八零零五") == "一三八•••，嗯，•八零零五"
    assert masked("一三八零零一 / 三八零零五") == "一三八••• / •八零零五"
    assert masked("version 3 of 12 rules, 45 calls, 678 s") == "version 3 of 12 rules, 45 calls, 678 s"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("1002_20261123-1405.jsonl", "1002_20261123-1405.jsonl"),
        ("sixty/1001_20261123-145000_物流.wav", "sixty/1001_20261123-145000_物流.wav"),
        ("20261123_140512.wav", "20261123_140512.wav"),
        ("138 20261123.wav", "138 ••••1123.wav"),
        ("99920261123.wav", "999••••1123.wav"),
        ("20262359.wav", "202••••9.wav"),
    ],
)
def test_the_day_and_time_of_a_file_are_no_telephone_number(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    "number",
    ["110101 20031125 1234", "110101-20031125-1234", "021-20231125", "0571_20231125", "138.20231125",
     "6222-20231125-1405", "622202 20231125 1405", "138_20231125", "20231125_140512_13812345678"],
)  # fmt: skip
def test_what_looks_like_a_day_in_a_number_is_hidden_with_it(number: str) -> None:
    for hide in (masked, masked_name):
        assert MARK in hide(number)
    assert MARK in masked("20241123")


def test_a_quotation_is_masked_as_the_line_it_was_taken_from() -> None:
    masker = Masker(PARTS)
    assert masker.text("零零一三") == "••••"
    assert masker.text("电话是一三八") == "电话是一三八"
    assert Masker("yī sān bā yī èr sān sì wǔ liù qī bā").text("sān bā yī èr sān sì") == "sān bā • • • •"
    assert masker.text("再见") == "再见"


@given(st.lists(st.sampled_from(["一三八", "0013", "八零零", "嗯", "我说", "，", " ", "\n", "号"]), max_size=12))
def test_lines_stay_lines_and_masking_twice_changes_nothing(parts: list[str]) -> None:
    said = "".join(parts)
    shown = masked_lines(said)
    assert shown.count("\n") == said.count("\n")
    assert len(shown) == len(said)
    assert masked(masked(said)) == masked(said)


@given(
    st.lists(
        st.sampled_from([*PARTS.split("\n"), "一三八零", "好的您请说", "嗯", "yī sān bā", "我找一下", "5"]), max_size=9
    )
)
def test_lines_that_need_no_look_are_as_if_they_were_looked_at(lines: list[str]) -> None:
    """Compared with the hider of live calls, which hears them all."""
    hider = Hider(MARKS, Sounds())
    told = []
    for n, line in enumerate(lines):
        sounds = tuple(line.split(" ")) if line.startswith("yī") else ()
        heard = Heard(at=n, speaker="customer", text="" if sounds else line, sounds=sounds, start=n, end=n)
        hidden = hider.hide(heard)
        assert isinstance(hidden, Heard)
        told.append(masked((hidden.text or " ".join(hidden.sounds)).translate(dict.fromkeys(map(ord, MARKS), "•"))))
    assert masked_lines("\n".join(lines)) == "\n".join(told)


@pytest.mark.parametrize("before", range(60, 81))
def test_an_excerpt_is_masked_before_it_is_cut(before: int) -> None:
    line = excerpts.line("我" * before + "13812345678是", "", "我我", "", masked_lines)
    assert "1234" not in line
    assert len(line) <= excerpts.LONGEST


# ------------------------------------------------------------------------------------------------ the archive


def _put(archive: Archive, number: int, **more: Any) -> int:
    return calls.add(archive, [replace(call(number), **more)])[0]


def test_excerpts_hide_numbers_that_were_told_in_parts(archive: Archive) -> None:
    _put(archive, 1, text=PARTS, sounds="")
    assert find(archive, CallQuery(words="零零"), EVERYTHING).rows[0].excerpt == "零零一三"
    assert find(archive, CallQuery(words="零零"), MASKED).rows[0].excerpt == "••••"


def test_evidence_is_masked_as_the_call_and_not_as_a_text_alone(archive: Archive) -> None:
    evidence = tuple(Evidence(n, n + 1, "customer", said) for n, said in enumerate(PARTS.split("\n")))
    number = _put(archive, 1, text=PARTS, sounds="", findings=(finding(evidence=evidence),))
    shown, open_ = (
        [seen["said"] for seen in extracts.findings(archive, [number], reveal=reveal)[number][0].evidence]
        for reveal in (False, True)
    )
    assert "零零一三" in open_
    assert shown[2] == "••••"
    assert extracts.changed(archive, [number]) == set()


def test_no_name_shows_a_number(archive: Archive) -> None:
    """Recorders name files by who called, exchanges queues; reasons quote paths."""
    path = f"/rec/20261101_{PHONE}.wav"
    reason = Text(f'cannot read "{path}"', f"无法读取“{path}”")
    more = {"path": path, "customer": PHONE, "queue": f"line {PHONE}", "agent_name": f"王 {PHONE}"}
    done, bad = _put(archive, 1, **more), _put(archive, 2, **more, status="failed", reason=reason)
    assert PHONE not in repr(find(archive, CallQuery(), MASKED).rows)
    assert repr(find(archive, CallQuery(), EVERYTHING).rows).count(PHONE) >= 10
    for number in (done, bad):
        found = details(archive, number, MASKED)
        assert PHONE not in repr(found.row)
        assert found.path == path, "to open it by"
    assert PHONE not in repr(choices(archive, MASKED))
    assert PHONE not in repr(list(extracts.calls(archive, [done])))
    assert PHONE in repr(list(extracts.calls(archive, [done], reveal=True)))


# ------------------------------------------------------------------------------------------------ searching


@pytest.mark.parametrize(
    ("query", "tells"),
    [
        ("138", True), ("电话一三八", True), ("１3八", True), ("幺三八", True),
        ("yi san ba", True), ("yāo sān bā", True),
        ("13", False), ("一下", False), ("零 零 一三", True), ("退款", False), ("yi san", False), ("tui kuan", False),
    ],
)  # fmt: skip
def test_what_finds_a_number_out(query: str, tells: bool) -> None:
    assert tells_numbers(query) is tells


def test_numbers_cannot_be_found_out_by_searching(archive: Archive) -> None:
    """Digit by digit, as far as there is anything to be found, in words and by sound; nor by the customer's number."""
    _put(archive, 1, text=f"我的电话是{PHONE}", sounds="wo de dian hua shi yi san ba ling ling yi san ba ling ling wu")
    _put(archive, 2, text="您好", sounds="nin hao", customer="")
    spelt = dict(zip("0123456789", ["ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"], strict=True))

    def tried(viewer: Viewer, known: str, by_sound: bool) -> str:
        while len(known) < len(PHONE):
            for digit in "0123456789":
                query = known + digit
                asked = CallQuery(sounds=" ".join(spelt[one] for one in query)) if by_sound else CallQuery(words=query)
                if find(archive, asked, viewer).total == 1:
                    known = query
                    break
            else:
                return known
        return known

    for by_sound in (False, True):
        assert tried(EVERYTHING, "138", by_sound) == PHONE
        assert tried(MASKED, "138", by_sound) == "138"
    assert find(archive, CallQuery(customer="13800001234"), MASKED).total == 2, "as if it had not been asked"
    asked = CallQuery(words="电话 1380", customer="1")
    assert search.allowed(asked, MASKED) == CallQuery(words="电话")
    assert search.allowed(asked, EVERYTHING) == asked
