"""``--fix`` changes the words that are wrong and nothing else, and only where it is sure what was meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.lint import inspect
from callflow.design.lint.mend import mend, mend_all
from callflow.errors import BadFlow
from callflow.flow.read import read_flow
from callflow.problems import Edit, Location, Problem, sole_nearest
from callflow.texts import Text

GOOD = """\
# 注释 stays    as it is
flow: {start: talk,   on: {call.hung_up: ended}}   # oddly spaced

phrases:
  greeting:
    say: ["您好", '[{客户}，]您好']   # quoted both ways
    refs: [JJ-1.1.1,  JJ-1.1.2]
  agen: {say: "12345"}
slots: {客户: {least: 1, most: 6}}
states:
  talk: {title: 通话}
  ended: {title: 结束, final: true}
rules:
  greet:
    expect:   {all: [agent greeting, agent agen]}
    severity: major
"""


def problems_of(source: str) -> list[Problem]:
    flow, problems = read_flow({"a.yaml": source}, "f")
    try:
        return inspect(Plan.of(flow) if flow else None, problems, {"a.yaml": source})
    except BadFlow as error:
        return error.problems


def mended(source: str) -> str:
    """As ``--fix`` does it: until nothing is left to mend."""
    changed, left, _ = mend_all({"a.yaml": source}, problems_of(source), lambda texts: problems_of(texts["a.yaml"]))
    assert not any(problem.edit for problem in left), "there is an end to it"
    return changed.get("a.yaml", source)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("severity: major", "severty: major"),
        ("severity: major", "severity: majr"),
        ("agent greeting", "agent greting"),
        ("agent agen]", "agent agn]"),
        ("final: true", "finl: true"),
        ("states:\n", "staets:\n"),
        ("rules:\n", "rules：\n"),
        ("severity: major", "severity：major"),
        ("call.hung_up: ended", "call.hung_up: endd"),
        ('"12345"', "12345"),
        ("start: talk", "start: tlk"),
        ("[JJ-1.1.1,  JJ-1.1.2]", "[JJ-1.1.1,  JJ-1.1.2, JJ-1.1.1]"),
        ("""["您好", '[{客户}，]您好']""", """["您好", '[{客户}，]您好' , "您好"]"""),
        ("    refs: [JJ-1.1.1,  JJ-1.1.2]\n", "    refs:\n    - JJ-1.1.1\n    - JJ-1.1.2\n    - JJ-1.1.1\n"),
        ("  greeting:\n    say", "  'greeting':\n    sya"),
    ],
)
def test_a_slip_is_mended_and_all_else_stays(right: str, wrong: str) -> None:
    assert right in GOOD
    source = GOOD.replace(right, wrong, 1)
    back = mended(source)
    if wrong.startswith("  'greeting'"):
        assert back == GOOD.replace("  greeting:", "  'greeting':")
    elif "- JJ" in wrong:
        assert back == source.replace(
            "    - JJ-1.1.1\n    - JJ-1.1.2\n    - JJ-1.1.1\n", "    - JJ-1.1.1\n    - JJ-1.1.2\n"
        )
    else:
        assert back == GOOD


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_line_ends_stay(ends: str) -> None:
    source = GOOD.replace("severity", "severty").replace("\n", ends)
    assert mended(source) == GOOD.replace("\n", ends)


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("greting", {"greeting", "closing"}, "greeting"),
        ("hold1", {"hold2", "hold3"}, None),
        ("a-b", {"a-c", "a-d"}, None),
        ("xyz", {"abc"}, None),
        ("unles", {"unless", "unlock"}, "unless"),
        ("by", {"be"}, "be"),
        ("", {"a"}, None),
    ],
)
def test_only_one_name_can_have_been_meant(name: str, known: set[str], meant: str | None) -> None:
    assert sole_nearest(name, known) == meant


def test_what_is_not_there_any_more_is_left() -> None:
    edit = Edit(Location("a.yaml", 1, 1), "gone", "new")
    assert mend({"a.yaml": "here\n"}, [Problem(edit.at, Text("x", "x"), "r", edit=edit)]) == ({}, [])


REPEATED = """\
phrases:
  p:
    say:
    - 您好
    - 再见   # of it
    - 您好   # again
    refs: [A-1.1, A-1.2,   # two
           A-1.1, A-1.3]   # behind
    group: wordng
groups: {wording: {}}
"""


def test_every_form_of_an_item_that_repeats_is_taken_out() -> None:
    """With a comment behind it, first on its line, over two lines; no other comment goes with it."""
    expected = REPEATED.replace("    - 您好   # again\n", "").replace("           A-1.1, A", "           A")
    assert mended(REPEATED).replace("wordng", "wording") == expected.replace("wordng", "wording")
    lines = "rehearsals:\nphrases:\n  p:\n    say:\n    - 您 好\n    - 您\n      好\n    - 再见\n"
    assert mended(lines) == lines.replace("    - 您\n      好\n", "")


def test_however_many_mistakes_a_line_has_and_however_many_end_the_reading() -> None:
    right = ", ".join(f"p{n}: {{say: 您好{n}}}" for n in range(8))
    source = f"phrases: {{{right}}}\n"
    assert mended(source.replace("say", "sya")) == source
    lines = "flow:\n  start: talk\nstates:\n  talk:\n" + "".join(f"  state{n}:\n" for n in range(8))
    assert mended(re.sub(r"(state\d):", r"\1：", lines)) == lines


def test_a_file_is_rewritten_with_its_mode_and_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    flowfiles.rewrite(flowfiles.read_sources(str(link)), {"link.yaml": "a: 二\r\n"})
    assert path.read_bytes() == "\ufeffa: 二\r\n".encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]
