"""Changes to a YAML file's text: what was asked for is there, and everything else as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from callflow.flow.yaml_edits import Edits, Spot, outline

FILE = """\
# 顶部的说明
phrases:
  one:          # why one is there
    say:
      - "甲"    # the first
      # a line of its own
      - 乙
      - '丙：1'
    group: a    # of group a
  two: {never: [甲, "乙",   # inside
                '丙'], better: 好, severity: major}
  three:
    say: 您好   # alone
    better: >
      folded
      text

  # before the last
rules: {}
"""


def read(source: str) -> dict[str, dict[str, object]]:
    return dict(YAML(typ="safe").load(source)["phrases"])


def spot(source: str, *path: str) -> Spot:
    found = outline(source)
    for key in path:
        assert found
        entry = found.get(key)
        assert entry
        found = entry[1]
    assert found
    return found


def edited(path: str, change: str, arguments: tuple[object, ...], source: str = FILE) -> str:
    edits = Edits(source)
    getattr(edits, change)(spot(source, "phrases", *([path] if path else [])), *arguments)
    return edits.text()


CASES: list[tuple[str, str, str, tuple[object, ...], str, str]] = [
    ("a wording", "one", "list_of", ("say", ["甲", "乙二", "丙：1"]), "- 乙\n", "- 乙二\n"),
    ("quotes stay", "one", "list_of", ("say", ["甲乙", "乙", "丙：1"]), '"甲"', '"甲乙"'),
    ("quotes where needed", "one", "list_of", ("say", ["甲", "乙: 二", "丙：1"]), "- 乙\n", '- "乙: 二"\n'),
    ("one less", "one", "list_of", ("say", ["甲", "丙：1"]), "      - 乙\n", ""),
    (
        "one more",
        "one",
        "list_of", ("say", ["甲", "乙", "丙：1", "丁"]),
        "'丙：1'\n",
        "'丙：1'\n      - \"丁\"\n",
    ),
    ("in front", "one", "list_of", ("say", ["丁", "甲", "乙", "丙：1"]), '- "甲"', '- "丁"\n      - "甲"'),
    ("in brackets", "two", "list_of", ("never", ["甲", "乙", "丙", "丁"]), "'丙']", "'丙', 丁]"),
    ("out of brackets", "two", "list_of", ("never", ["乙", "丙"]), "[甲, ", "["),
    ("between comments", "two", "list_of", ("never", ["甲", "丁", "丙"]), '"乙",', '"丁",'),
    ("a value", "one", "set", ("group", "b",), "group: a ", "group: b "),
    ("a new key", "one", "set", ("better", "好: 的",), "# of group a\n", '# of group a\n    better: "好: 的"\n'),
    ("a new key in braces", "two", "set", ("group", "a",), "severity: major}", "severity: major, group: a}"),
    ("a key less", "one", "remove", ("group",), "    group: a    # of group a\n", ""),
    ("a key less in braces", "two", "remove", ("severity",), ", severity: major", ""),
    ("a list of what was one", "three", "list_of", ("say", ["您好", "您"]), "say: 您好 ", 'say: ["您好", "您"] '),
    ("a folded text", "three", "set", ("better", "新",), ">\n      folded\n      text\n", '"新"\n'),
    (
        "a new entry",
        "",
        "entry", ("phrases", "four", ["say: 好"]),
        "      text\n",
        "      text\n  four:\n    say: 好\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "change", "arguments", "was", "now"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_what_was_asked_for_changes(
    name: str, path: str, change: str, arguments: tuple[object, ...], was: str, now: str, newline: str
) -> None:
    source, was, now = (text.replace("\n", newline) for text in (FILE, was, now))
    assert source.count(was) == 1
    assert edited(path, change, arguments, source) == source.replace(was, now)


WORDS = st.text("甲乙丙丁，。(|)[]{}'\"#:- ab1\\=", min_size=1, max_size=6).filter(
    lambda word: word == word.strip() != ""
)


@given(st.lists(WORDS, min_size=1, max_size=6, unique=True), st.sampled_from(["one", "two", "three"]))
def test_any_texts_come_back_as_they_went_in(values: list[str], name: str) -> None:
    key = "never" if name == "two" else "say"
    text = edited(name, "list_of", (key, values))
    now, before = read(text), read(FILE)
    listed = now[name][key]
    assert ([listed] if isinstance(listed, str) else listed) == values
    assert {**now, name: None} == {**before, name: None}
    for comment in ("# 顶部的说明", "# why one is there", "# of group a", "# before the last"):
        assert text.count(comment) == 1


def test_entries_are_added_where_a_section_is_empty_or_missing() -> None:
    empty = "phrases: {}\nrules: {}"
    edits = Edits(empty)
    edits.entry(spot(empty, "phrases"), "phrases", "a", ["say: 好"])
    assert read(edits.text()) == {"a": {"say": "好"}}
    missing = Edits("rules: {}")
    missing.entry(None, "phrases", "a", ["say: 好"])
    assert read(missing.text()) == {"a": {"say": "好"}}
