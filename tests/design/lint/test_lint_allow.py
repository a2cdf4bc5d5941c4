"""Comments that silence a check: at their line or the next, with a reason, and only as long as they are needed."""

from __future__ import annotations

import pytest

from callflow.call.plan import Plan
from callflow.design.lint import inspect
from callflow.design.lint.allow import silence
from callflow.flow.read import read_flow
from callflow.problems import Location, Problem

FLOW = """\
flow: {{start: talk, on: {{call.hung_up: ended}}}}
states:
  talk: {{title: 通话}}
{before}  lost: {{title: 多余}}{behind}
  ended: {{final: true, title: 结束}}
"""


def found_in(source: str) -> list[Problem]:
    flow, problems = read_flow({"a.yaml": source}, "f")
    return inspect(Plan.of(flow) if flow else None, problems, {"a.yaml": source})


@pytest.mark.parametrize(
    ("before", "behind", "rules"),
    [
        ("", "", ["unreachable-state"]),
        ("", "  # lint: allow unreachable-state because the agent names it", []),
        ("", "  # lint: allow unreachable-state 因为 由坐席手动进入", []),
        ("  # lint: allow unreachable-state because the agent names it\n", "", []),
        ("  # lint: allow unreachable-state because the agent names it\n  # another comment\n", "", []),
        ("", "  # lint: allow unreachable-state", ["allow-without-reason"]),
        ("", "  # lint: allow dead-end because of nothing", ["unreachable-state", "allow-unneeded"]),
        ("", "  # lint: allow unreachable-stat because x", ["unreachable-state", "allow-unknown"]),
        ("  # lint: allow unreachable-state because x\n\n", "", ["allow-unneeded", "unreachable-state"]),
    ],
)
def test_a_comment_allows(before: str, behind: str, rules: list[str]) -> None:
    assert [one.rule for one in found_in(FLOW.format(before=before, behind=behind))] == rules


def test_an_unknown_name_is_told_at_its_place_with_the_one_that_was_meant() -> None:
    source = FLOW.format(before="", behind="  # lint: allow unreachable-stat because x")
    (told,) = [one for one in found_in(source) if one.rule == "allow-unknown"]
    assert told.at == Location("a.yaml", 4, source.splitlines()[3].index("unreachable") + 1)
    assert 'did you mean "unreachable-state"' in told.message.en
    assert told.edit
    assert told.edit.new == "unreachable-state"


def test_errors_cannot_be_allowed() -> None:
    source = FLOW.format(before="", behind="  # lint: allow unknown-key because x").replace(
        "{title: 多余}", "{titel: 多余}"
    )
    assert [one.rule for one in found_in(source)] == ["unknown-key"]


def test_words_in_quotes_are_no_comment() -> None:
    source = FLOW.format(before="", behind="").replace("多余", '"多余# lint: allow unreachable-state because x"')
    assert [one.rule for one in found_in(source)] == ["unreachable-state"]


def test_long_runs_of_comments_are_read_once() -> None:
    """Each comment that allows counts for what follows the run; to look for it anew from each would never end."""
    many = "# lint: allow dead-end because of nothing\n" * 20_000
    found = silence([], {"a.yaml": many + "flow: {start: talk}\n"}, {"dead-end"})
    assert [one.at.line for one in found] == list(range(1, 20_001))
