"""Every mistake in a flow is a Problem at its place, with a rule and, for a slip, the name that was meant.

``cases/*.yaml`` are flows with mistakes. Below each mistake a comment points at its column with ``^`` (``#<`` for the
first column) and says the rule and a part of the message. Exactly these Problems must come, in the order of place.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callflow.call.plan import Plan
from callflow.errors import BadFlow
from callflow.flow.read import read_flow
from callflow.problems import Location, Problem, has_errors

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
MARK = re.compile(r"^#(?: *\^|<) (?P<rule>[a-z-]+): (?P<says>.*)$")

GOOD = """\
flow: {start: greeting}
phrases:
  greeting: {say: 您好}
states:
  greeting: {title: 问候}
"""


def problems_of(sources: dict[str, str]) -> list[Problem]:
    """What is wrong in a flow, wordings included."""
    flow, problems = read_flow(sources, "case")
    assert problems == sorted(problems)
    assert (flow is None) == has_errors(problems)
    if flow is not None:
        try:
            Plan.of(flow)
        except BadFlow as error:
            problems = sorted([*problems, *error.problems])
    return problems


def expected_in(source: str, file: str) -> list[tuple[Location, str, str]]:
    """The marks of a case: where, which rule, what the message says."""
    marks: list[tuple[Location, str, str]] = []
    line = 0
    for number, content in enumerate(source.splitlines(), start=1):
        mark = MARK.match(content)
        if mark is None:
            line = number
        else:
            column = 1 if content.startswith("#<") else content.index("^") + 1
            marks.append((Location(file, line, column), mark["rule"], mark["says"]))
    return sorted(marks)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_exactly_the_marked_mistakes_are_reported(path: Path) -> None:
    source = path.read_text("utf-8")
    expected = expected_in(source, path.name)
    found = problems_of({path.name: source})
    assert [(problem.at, problem.rule) for problem in found] == [(at, rule) for at, rule, _ in expected], "\n".join(
        map(str, found)
    )
    for problem, (_, _, says) in zip(found, expected, strict=True):
        assert says in problem.message.en, problem
        assert re.search(r"[一-鿿]", problem.message.zh), problem


def test_a_small_flow_has_no_problems() -> None:
    assert problems_of({"a.yaml": GOOD}) == []


# ------------------------------------------------------------------------------------------------------ two files


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        ("phrases:\n  greeting: {say: 喂}\n", "phrases"),
        ("states:\n  greeting: {}\n", "states"),
        ("flow: {start: greeting}\n", "flow"),
    ],
)
def test_a_name_defined_in_two_files_is_told_with_both_places(second: str, kind: str) -> None:
    (problem,) = problems_of({"a.yaml": GOOD, "b.yaml": second})
    assert problem.rule == "duplicate-name"
    assert problem.at.file == "b.yaml"
    assert kind in problem.message.en


@pytest.mark.parametrize("kind", ["rules", "fields", "groups", "slots", "variables"])
def test_every_kind_of_name_is_unique_over_all_files(kind: str) -> None:
    bodies = {"rules": "{expect: agent greeting}", "fields": "{asked_by: greeting}", "variables": "x"}
    more = f"{kind}:\n  one: {bodies.get(kind, '{}')}\n"
    (problem,) = problems_of({"a.yaml": GOOD + more, "b.yaml": more})
    assert (problem.rule, problem.at) == ("duplicate-name", Location("b.yaml", 2, 3))
    assert "a.yaml:7:3" in problem.message.en
    assert "a.yaml:7:3" in problem.message.zh


def test_problems_of_many_files_are_sorted_by_place() -> None:
    wrong = "phrases:\n" + "".join(f"  p{n}: {{sya: 您好}}\n" for n in range(10))
    found = problems_of({"b.yaml": wrong.replace("p", "q"), "a.yaml": GOOD + wrong.replace("phrases", "rules")})
    assert [p.at.file for p in found] == ["a.yaml"] * 20 + ["b.yaml"] * (len(found) - 20)


@pytest.mark.parametrize("section", ["phrases", "rules", "variables", "flow"])
def test_what_a_call_needs_does_not_stand_where_no_call_reads_it(section: str) -> None:
    """Files of rehearsals are not read in a call: what stood there would be rehearsed and never heard."""
    bodies = {"phrases": "{bye: {say: 再见}}", "rules": "{r: {expect: agent greeting}}", "variables": "{one: x}"}
    more = f"rehearsals: []\n{section}: {bodies.get(section, '{start: greeting}')}\n"
    found = problems_of({"a.yaml": GOOD, "b.rehearsals.yaml": more})
    (problem,) = [one for one in found if one.rule == "not-a-rehearsal"]
    assert (problem.at, problem.message.en.split(":")[0]) == (Location("b.rehearsals.yaml", 2, 1), section)


# ---------------------------------------------------------------------------------------------------- many mistakes


def test_of_very_many_unknown_names_the_first_are_told_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """To compare each of thousands with each of thousands takes as long as anyone waits."""
    monkeypatch.setattr("callflow.flow.names.MOST_COMPARED", 200 * 300)
    known = "".join(f"  g{n}: {{title: 组}}\n" for n in range(300))
    unknown = "".join(f"  p{n}: {{say: 您好, group: gg{n}}}\n" for n in range(300))
    found = problems_of({"a.yaml": f"{GOOD}groups:\n{known}", "b.yaml": f"phrases:\n{unknown}"})
    told = [one for one in found if one.rule == "unknown-group"]
    assert len(told) == 300
    assert ["did you mean" in one.message.en for one in told] == [True] * 200 + [False] * 100


def test_two_hundred_mistakes_are_all_reported_in_order() -> None:
    source = GOOD + "rules:\n" + "".join(f"  r{n}: {{expect: agent gone{n}, severty: major}}\n" for n in range(100))
    found = problems_of({"a.yaml": source})
    unknown = [p for p in found if p.rule in ("unknown-phrase", "unknown-key")]
    assert len(unknown) == 200
    assert [(p.at.line, p.rule) for p in unknown] == [
        (line, rule) for line in range(7, 107) for rule in ("unknown-phrase", "unknown-key")
    ]


# ------------------------------------------------------------------------------------------------- hardly a flow


@pytest.mark.parametrize("source", ["", "# nothing but a comment\n", "---\n", "{}\n", "\ufeff"])
def test_an_empty_flow_lacks_a_start(source: str) -> None:
    assert "no-flow" in [problem.rule for problem in problems_of({"a.yaml": source})]


@pytest.mark.parametrize("source", ["- a\n- b\n", "just a text\n", "3\n"])
def test_a_file_is_made_of_sections(source: str) -> None:
    assert ("wrong-kind", Location("a.yaml", 1, 1)) in [(p.rule, p.at) for p in problems_of({"a.yaml": source})]


def test_no_files_at_all() -> None:
    assert [problem.rule for problem in problems_of({})] == ["no-flow"]


def test_a_flow_needs_its_start_state() -> None:
    (problem,) = problems_of({"a.yaml": GOOD.replace("{start: greeting}", "{title: x}")})
    assert (problem.rule, problem.at) == ("missing-key", Location("a.yaml", 1, 7))
    (problem,) = problems_of({"a.yaml": GOOD.replace("{start: greeting}", "{start: }")})
    assert (problem.rule, problem.at.line) == ("empty-text", 1)


@pytest.mark.parametrize("name", ["a.b", "previous", "", " ", "x y"])
def test_a_state_s_name_can_be_referred_to(name: str) -> None:
    """A dot would make it another's child; a blank would end it in a term; previous means something else."""
    found = problems_of({"a.yaml": GOOD + f"  {name!r}: {{}}\n"})
    assert ("bad-name", Location("a.yaml", 6, 3)) in [(p.rule, p.at) for p in found]


def test_ten_thousand_states_deep_is_too_deep() -> None:
    source = "flow: {start: a}\nstates: " + "{a: {states: " * 10_000 + "{}" + "}}" * 10_000
    assert "yaml-forbidden" in [problem.rule for problem in problems_of({"a.yaml": source})]


def test_where_a_file_is_broken_its_names_are_not_called_unknown() -> None:
    """One mistake, one Problem: what the others refer to may well stand behind the broken line."""
    rules = "rules:\n  greet: {expect: agent welcome, severty: major}\n"
    found = problems_of({"a.yaml": GOOD, "b.yaml": "phrases:\n  welcome: {say: 您好\n", "c.yaml": rules})
    assert [(p.at.file, p.rule) for p in found] == [("b.yaml", "yaml-syntax"), ("c.yaml", "unknown-key")]
