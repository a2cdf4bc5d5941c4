"""Scorecards: the lines add up to the score, the default is the engine's, and every point says what it rests on."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from bundled import NAMES, events
from commandline import plan
from hypothesis import given
from hypothesis import strategies as st

from callflow.call.guide import Guide
from callflow.call.score import score as engine_score
from callflow.events import Evidence, Finding, Heard, Severity, Verdict
from callflow.events import Score as EngineScore
from callflow.review import scorecard_file
from callflow.review.scorecard import Fatal, Scorecard, Share, score
from callflow.texts import Text

SEVERITIES: tuple[Severity, ...] = ("minor", "major", "severe", "fatal")
VERDICTS: tuple[Verdict, ...] = ("met", "missed", "violated", "not_assessed")
HERE = Evidence(12.0, 14.0, "agent", "这事不归我管")


def finding(verdict: Verdict = "met", severity: Severity = "major", group: str = "a", rule: str = "r") -> Finding:
    return Finding(
        at=20.0, rule=rule, verdict=verdict, severity=severity, group=group, refs=("KF-1",), evidence=(HERE,)
    )


def card(**groups: float) -> Scorecard:
    shares = {name: Share(Text(name, name), Fraction(weight)) for name, weight in groups.items()}
    return Scorecard(Text("t", "t"), shares)


findings = st.lists(
    st.builds(
        finding,
        st.sampled_from(VERDICTS),
        st.sampled_from(SEVERITIES),
        st.sampled_from(["a", "b", "c", "elsewhere"]),
        st.sampled_from(["r", "s", "t"]),
    ),
    max_size=40,
)
weight = st.fractions(0, 100, max_denominator=1000)
cards = st.builds(
    lambda shares, severities, fatal: Scorecard(
        Text("t", "t"),
        {name: Share(Text(name, name), *pair) for name, pair in zip("abc", shares, strict=True)},
        dict(zip(SEVERITIES, severities, strict=True)),
        fatal,
    ),
    st.lists(st.tuples(weight, weight), min_size=3, max_size=3),
    st.lists(weight, min_size=4, max_size=4),
    st.none()
    | st.builds(Fatal, st.fractions(0, 100, max_denominator=100), st.sets(st.sampled_from("rs")).map(frozenset)),
)


@given(cards, findings, st.booleans())
def test_the_lines_add_up_to_the_score_to_the_last_hundredth(card: Scorecard, all_: list[Finding], heard: bool) -> None:
    scored = score(card, all_, heard=heard)
    if scored.total is None:
        assert not any(line.points or line.lost for line in scored.lines)
        return
    assert sum(line.points for line in scored.lines) == scored.total
    assert 0 <= scored.total <= 100
    assert scored.uncapped is not None
    uncapped = [line for line in scored.lines if line.kind != "fatal"]
    assert sum(line.points for line in uncapped) == scored.uncapped
    assert sum(line.points + line.lost for line in uncapped) == 100
    assert all(line.points >= 0 and line.lost >= 0 for line in uncapped)


@given(cards, findings, st.booleans())
def test_every_finding_has_one_line_and_what_was_not_assessed_counts_neither_way(
    card: Scorecard, all_: list[Finding], heard: bool
) -> None:
    scored = score(card, all_, heard=heard)
    numbers = [line.number for line in scored.lines if line.kind == "finding"]
    assert sorted(number for number in numbers if number is not None) == list(range(len(all_)))
    for line in scored.lines:
        if line.verdict == "not_assessed":
            assert not line.points
            assert not line.lost
    assessed = [one for one in all_ if one.verdict != "not_assessed"]
    assert score(card, assessed, heard=heard).total == scored.total


@given(findings, st.integers(0, 39))
def test_a_better_verdict_never_costs_points(all_: list[Finding], place: int) -> None:
    scored = score(card(a=10, b=20, c=5), all_, heard=True)
    if place < len(all_) and all_[place].verdict in ("missed", "violated"):
        better = score(card(a=10, b=20, c=5), all_, heard=True, standing={place: "met"})
        assert better.total is not None
        assert scored.total is not None
        assert better.total >= scored.total


@pytest.mark.parametrize("name", NAMES)
def test_the_default_is_the_engine_s_score(name: str) -> None:
    guide = Guide(plan())
    inputs = events(name)
    outputs = [output for event in inputs for output in guide.feed(event)] + guide.close()
    (engine,) = (output for output in outputs if isinstance(output, EngineScore))
    heard = any(isinstance(event, Heard) and event.speaker == "agent" for event in inputs)
    found = [output for output in outputs if isinstance(output, Finding)]
    scored = score(Scorecard.of(plan().flow), found, heard=heard)
    assert engine.total is not None
    assert scored.total == round(Decimal(engine.total), 2)
    for group, points in engine.groups.items():
        of = sum(other.of for other in engine.groups.values())
        mine = sum(line.points for line in scored.of_group(group))
        assert abs(float(mine) - 100 * points.points / of) < 0.01 * (1 + len(scored.of_group(group)))
    assert engine.total == engine_score(plan().flow, found, 0.0, heard).total


def test_a_point_says_what_it_rests_on() -> None:
    (line,) = score(card(a=1), [finding("violated")], heard=False).lines
    assert (line.rule, line.refs, line.at, line.evidence) == ("r", ("KF-1",), 12.0, (HERE,))
    assert (line.verdict, line.engine) == ("violated", "violated")
    assert [line.points, line.lost] == [0, 100]


def test_points_by_hand() -> None:
    """a: 3 of 3 + 6 → a third of 10; b: all of 30. (10/3 + 30) of 40 → 83.33."""
    all_ = [
        finding("met"),
        finding("missed", "severe"),
        finding("met", "minor", "b"),
        finding("not_assessed", group="c"),
    ]
    scored = score(card(a=10, b=30, c=60), all_, heard=False)
    assert scored.total == Decimal("83.33")
    assert [(line.points, line.lost) for line in scored.lines] == [
        (Decimal("8.33"), 0),
        (0, Decimal("16.67")),
        (75, 0),
        (0, 0),
    ]


def test_a_settled_dispute_moves_the_score_and_the_line_keeps_what_the_engine_said() -> None:
    scored = score(card(a=1), [finding("violated"), finding("met")], heard=False, standing={0: "not_assessed"})
    assert scored.total == 100
    assert (scored.lines[0].verdict, scored.lines[0].engine) == ("not_assessed", "violated")


@pytest.mark.parametrize(
    ("all_", "cap", "total", "fatal"),
    [
        ([finding("violated", "fatal"), finding("met")], 0, "0", ("r",)),
        ([finding("violated", "fatal", rule="r"), *[finding("met", "fatal")] * 9], 60, "60", ("r",)),
        ([finding("missed", "minor", rule="s"), *[finding("met", "fatal")] * 9], 0, "0", ("s",)),
        ([finding("violated", "fatal"), finding("met")], 90, "20", ("r",)),
        ([finding("not_assessed", "fatal"), finding("met")], 0, "100", ()),
        ([finding("violated", "severe"), finding("met")], 0, "33.33", ()),
    ],
)
def test_a_fatal_fault_caps_the_score_and_says_so(
    all_: list[Finding], cap: int, total: str, fatal: tuple[str, ...]
) -> None:
    base = card(a=1)
    scored = score(Scorecard(base.title, base.groups, base.severities, Fatal(Fraction(cap), frozenset({"s"}))), all_,
                   heard=False)  # fmt: skip
    assert scored.total == Decimal(total)
    assert scored.fatal == fatal
    capped = [line for line in scored.lines if line.kind == "fatal"]
    assert scored.uncapped is not None
    assert sum(line.points for line in capped) == scored.total - scored.uncapped
    assert all(line.evidence == (HERE,) for line in capped)


def test_nothing_assessed_is_no_score() -> None:
    assert score(card(a=1), [finding("not_assessed")], heard=True).total is None
    assert score(card(a=1), [], heard=True).total is None


# ------------------------------------------------------------------------------------------------ the file

GOOD = """
scorecard:
  title: {zh: 热线评分表, en: Hotline}
  groups: {greeting: 40, wording: {weight: 12.5, clean: 3}, manner: 0}
  severities: {fatal: 20}
  fatal: {cap: 30, rules: [say-goodbye-x]}
""".replace("say-goodbye-x", next(iter(plan().flow.rules)))


def test_a_scorecard_is_read_and_what_it_does_not_name_stays_the_flow_s() -> None:
    read, problems = scorecard_file.read(GOOD, "card.yaml", plan().flow)
    assert problems == []
    assert read is not None
    assert read.title.zh == "热线评分表"
    default = Scorecard.of(plan().flow)
    assert [read.groups["greeting"].weight, read.groups["manner"].weight] == [40, 0]
    assert [read.groups["wording"].weight, read.groups["wording"].clean] == [Fraction("12.5"), 3]
    assert read.groups["order"] == default.groups["order"]
    assert [read.severities["fatal"], read.severities["minor"]] == [20, default.severities["minor"]]
    assert read.fatal == Fatal(Fraction(30), frozenset({next(iter(plan().flow.rules))}))
    assert list(read.groups) == list(plan().flow.groups)


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        ("scorecard: {groups: {greting: 3}}", "1:22", 'unknown group "greting" — did you mean "greeting"?'),
        ("scorecard:\n  groups:\n    greeting: many", "3:15", "must be a number"),
        ("scorecard:\n  groups:\n    greeting: -1", "3:15", "must be a number"),
        ("scorecard:\n  groups:\n    greeting: {weigth: 3}", "3:16", 'did you mean "weight"'),
        ("scorecard: {severities: {grave: 3}}", "1:26", "unknown key"),
        ("scorecard: {fatal: {cap: 101}}", "1:26", "from 0 to 100"),
        ("scorecard: {fatal: {rules: [no-such-rule]}}", "1:29", "unknown rule"),
        ("scorecard: {title: x, weights: {}}", "1:23", 'unknown key "weights"'),
        ("scorecards: {}", "1:1", "needs scorecard"),
        ("scorecard: 3", "1:12", "must be a mapping"),
        ("[]", "1:1", "starts with scorecard:"),
        ("", "card.yaml", "starts with scorecard:"),
        ("scorecard: {groups: &a {}}", "1:21", "anchors"),
    ],
)
def test_mistakes_are_told_with_their_place(source: str, place: str, message: str) -> None:
    read, problems = scorecard_file.read(source, "card.yaml", plan().flow)
    assert read is None
    told = [str(problem) for problem in problems]
    assert any(place in one and message in one for one in told), told


def test_a_scorecard_in_which_nothing_counts_is_refused() -> None:
    groups = ", ".join(f"{name}: 0" for name in plan().flow.groups)
    read, problems = scorecard_file.read(f"scorecard: {{groups: {{{groups}}}}}", "card.yaml", plan().flow)
    assert read is None
    assert "every group has the weight 0" in str(problems[0])
