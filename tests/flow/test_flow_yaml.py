"""YAML as flows may use it: what is dangerous, huge or broken is refused at its line and column."""

from __future__ import annotations

import pytest

from callflow.flow.located_yaml import MAX_CHARACTERS, MAX_DEPTH, Mapping, Scalar, Sequence, load
from callflow.problems import Location

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(f'*{a}' for _ in range(9))}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
)


def test_values_know_their_places() -> None:
    root, problems = load('短语:\n  问候: ["您好", 喂]  # 注释\n', "a.yaml")
    assert problems == []
    assert isinstance(root, Mapping)
    phrases = root.get("短语")
    assert isinstance(phrases, Mapping)
    key, wordings = phrases.entries["问候"]
    assert key.at == Location("a.yaml", 2, 3)
    assert isinstance(wordings, Sequence)
    first, second = wordings.items
    assert isinstance(first, Scalar)
    assert isinstance(second, Scalar)
    assert (first.value, first.at, first.text_at) == ("您好", Location("a.yaml", 2, 8), Location("a.yaml", 2, 9))
    assert (second.value, second.at, second.text_at) == ("喂", Location("a.yaml", 2, 14), Location("a.yaml", 2, 14))


def test_values_stay_as_they_were_written() -> None:
    """No YAML 1.1 surprises: off is no boolean, 0123 no octal, 12:30 no sexagesimal, 2024-01-01 no date."""
    root, _ = load("[off, 0123, '12:30', 2024-01-01, ~, null, 1e3]", "a.yaml")
    assert isinstance(root, Sequence)
    written = [item.value for item in root.items if isinstance(item, Scalar)]
    assert written == ["off", "0123", "12:30", "2024-01-01", "~", "null", "1e3"]


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("a: !!python/object/apply:os.system [id]", 1, 4),
        ("a:\n  b: !!python/name:os.system", 2, 6),
        ("a: !env HOME", 1, 4),
        ("!!map {a: b}", 1, 1),
        ("a: !!binary aGk=", 1, 4),
        ("a: &x 1", 1, 4),
        ("a: &x 1\nb: *x", 1, 4),
        ("&x a: 1", 1, 1),
        ("<<: *x", 1, 5),
        ("a: *nobody", 1, 4),
        ("a: 1\n---\nb: 2", 2, 1),
        (BOMB, 1, 4),
        ("[" * 50 + "]" * 50, 1, MAX_DEPTH + 1),
        ("[" * 1_000_000, 1, MAX_DEPTH + 1),
        ("{a: " * 500_000, 1, 4 * MAX_DEPTH - 2),
        ("".join(f"{' ' * n}a:\n" for n in range(100)), MAX_DEPTH, MAX_DEPTH),
    ],
)
def test_what_flows_must_not_use_is_refused_where_it_stands(source: str, line: int, column: int) -> None:
    _, problems = load(source, "a.yaml")
    assert [(p.rule, p.at) for p in problems] == [("yaml-forbidden", Location("a.yaml", line, column))]


def test_a_tag_that_says_only_text_is_harmless() -> None:
    root, problems = load("a: ! 12", "a.yaml")
    assert problems == []
    assert isinstance(root, Mapping)


def test_fifty_megabytes_are_refused_before_they_are_parsed() -> None:
    """The whole of it is broken YAML: a parser that began to read would say so."""
    root, problems = load("[" * 50_000_000, "a.yaml")
    assert root is None
    assert [problem.rule for problem in problems] == ["yaml-size"]
    assert str(MAX_CHARACTERS) in problems[0].message.en


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("a: [1, 2\nb: 3\n", 2, 2),
        ("a: 'x\n", 2, 1),
        ("a:\n\tb: 1\n", 2, 1),
        ("a: b: c\n", 1, 5),
        ("a:\n  b: 1\n c: 2\n", 3, 2),
        ("a: @x\n", 1, 4),
        ("- a\nb: 1\n", 2, 1),
        ("a: }\n", 1, 4),
        ("a: 1\n好: \x00\n", 2, 4),
        ("a: 1\nb: 2\nc: \x07x\n", 3, 4),
        ("a: 1\nb: \ud800\n", 2, 4),
        ("%YAML 9.9\n---\na: 1\n", 1, 1),
        ("%TAG ! tag:x\n", 2, 1),
        ("? [a, b]\n: 1\n", 1, 3),
    ],
)
def test_broken_yaml_is_told_with_line_and_column(source: str, line: int, column: int) -> None:
    _, problems = load(source, "a.yaml")
    (problem,) = problems
    assert problem.rule in ("yaml-syntax", "yaml-key")
    assert problem.at.file == "a.yaml"
    assert problem.at.line == line
    assert abs(problem.at.column - column) <= 2, problem
    assert any("一" <= sign <= "鿿" for sign in problem.message.zh)


def test_a_key_that_comes_twice_is_kept_once_and_told_with_the_first() -> None:
    root, problems = load("a: 1\nb: 2\n'a': 3\n", "a.yaml")
    assert isinstance(root, Mapping)
    assert root.get("a") == Scalar("1", Location("a.yaml", 1, 4))
    (problem,) = problems
    assert (problem.rule, problem.at) == ("yaml-duplicate", Location("a.yaml", 3, 1))
    assert "line 1" in problem.message.en
    assert "第 1 行" in problem.message.zh


@pytest.mark.parametrize(
    ("source", "place", "en", "zh"),
    [
        ("flow:\n\tstart: a\n", (2, 1), "spaces, not with a tab", "不要用制表符"),
        ("flow:\n  start: a\n\tb: c\n", (3, 1), "spaces, not with a tab", "不要用制表符"),
        ("flow：\n  start: a\n", (1, 5), "full-width colon", "全角冒号"),
        ("flow:\n  start：a\n  b: c\n", (2, 8), "full-width colon", "全角冒号"),
        ("flow:\n  b: c\n  start:a\n", (3, 8), "space must follow", "要有空格"),
        ("flow:\n  start:a\n  b: c\n", (2, 8), "space must follow", "要有空格"),
        ("flow:\n  start: a\n b: c\n", (3, 2), "indentation", "缩进"),
        ("flow:\n  start: a\n   b: c\n", (3, 4), "indentation", "缩进"),
        ("a:\n  - b\n - c\n", (3, 2), "indentation", "缩进"),
        ("a: b: c\n", (1, 5), "in quotes", "加引号"),
        ("a: @b\n", (1, 4), "in quotes", "加引号"),
        ("a: 'b\nc: d\n", (3, 1), "never closed", "没有配对"),
    ],
)
def test_broken_syntax_is_told_with_what_to_do(source: str, place: tuple[int, int], en: str, zh: str) -> None:
    _, (problem,) = load(source, "a.yaml")
    assert (problem.at.line, problem.at.column) == place
    assert en in problem.message.en
    assert zh in problem.message.zh
