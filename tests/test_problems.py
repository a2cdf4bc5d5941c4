"""Problems are values: sortable, located, one line each, with the nearest name for a slip."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.errors import BadFlow, CallflowError
from callflow.problems import Level, Location, Problem, did_you_mean, has_errors, nearest
from callflow.texts import Text, text

KEYS = ("by", "say", "never", "cue", "unless", "boundary", "better", "severity", "group", "refs", "on", "in", "within")


def problem(file: str, line: int, column: int = 1, en: str = "wrong", level: Level = Level.ERROR) -> Problem:
    return Problem(Location(file, line, column), Text(en, "错"), "some-rule", level)


def test_problems_sort_by_file_line_and_column_not_by_digits() -> None:
    ordered = [problem("a.yaml", 2, 9), problem("a.yaml", 2, 10), problem("a.yaml", 10, 1), problem("b.yaml", 1, 1)]
    shuffled = ordered[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled) == ordered
    assert BadFlow(text("bad", "错"), shuffled).problems == ordered


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (Location("a.yaml", 3, 7), "a.yaml:3:7"),
        (Location("a.yaml", 3), "a.yaml:3"),
        (Location("a.yaml"), "a.yaml"),
    ],
)
def test_a_place_reads_as_editors_read_it(at: Location, shown: str) -> None:
    assert str(at) == shown


def test_a_problem_in_both_languages() -> None:
    one = Problem(Location("a.yaml", 3, 7), Text("unknown key", "未知的键"), "unknown-key", Level.WARNING)
    assert one.in_("en") == str(one) == "a.yaml:3:7: warning: unknown key [unknown-key]"
    assert one.in_("zh") == one.in_("zh_CN.UTF-8") == "a.yaml:3:7: 警告: 未知的键 [unknown-key]"


def test_only_errors_stop_the_work() -> None:
    assert not has_errors([])
    assert not has_errors([problem("a", 1, level=Level.WARNING)])
    assert has_errors([problem("a", 1, level=Level.WARNING), problem("a", 2)])


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("wihtin", "within"),
        ("withn", "within"),
        ("Severity", "severity"),
        ("serverity", "severity"),
        ("neverr", "never"),
        ("yb", "by"),
        ("bu", "by"),
        ("byy", "by"),
        ("b", "by"),
        ("ref", "refs"),
    ],
)
def test_a_slip_finds_what_was_meant(slip: str, meant: str) -> None:
    assert nearest(slip, KEYS) == meant
    assert f'"{meant}"' in did_you_mean(slip, KEYS).en
    assert f"“{meant}”" in did_you_mean(slip, KEYS).zh


@pytest.mark.parametrize("name", ["colour", "", "x", "完全不同的名字", "because-of-that"])
def test_where_nothing_is_near_nothing_is_suggested(name: str) -> None:
    assert nearest(name, KEYS) is None
    assert did_you_mean(name, KEYS) == Text("", "")


def test_nothing_is_known_nothing_is_suggested() -> None:
    assert nearest("by", ()) is None


def test_chinese_names_are_suggested_too() -> None:
    fields = ("联系人", "联系电话", "货物名称", "装货地址", "送货地址", "单号")
    assert nearest("联系电活", fields) == "联系电话"
    assert nearest("货物名", fields) == "货物名称"


_any_text = st.text() | st.text("\n\r\t\x1b\x00\u2028{}[0m:", max_size=12)


@given(_any_text, _any_text)
def test_whatever_a_name_is_made_of_a_message_is_one_line(name: str, file: str) -> None:
    """A name may hold line breaks or terminal codes; what is printed holds neither."""
    message = Text(f'unknown "{name}"', f"未知“{name}”")
    for language in ("en", "zh"):
        for line in (
            Problem(Location(file, 1, 1), message, "rule").in_(language),
            CallflowError(message).in_(language),
        ):
            assert len(line.splitlines()) == 1
            assert "\x1b" not in line
            line.encode()


@given(_any_text, st.lists(_any_text, max_size=4))
def test_any_name_can_be_looked_up(name: str, known: list[str]) -> None:
    assert nearest(name, known) in (None, *known)


def test_an_error_says_what_and_what_to_do() -> None:
    error = CallflowError(text('no flow "{n}"', "没有流程“{n}”", n="{x}"), text("give a name", "请给出名字"))
    assert error.in_("en") == 'no flow "{x}" — give a name'
    assert error.in_("zh") == "没有流程“{x}” — 请给出名字"
    assert str(error) == 'no flow "{x}"'
    assert CallflowError(text("alone", "独")).in_("en") == "alone"
