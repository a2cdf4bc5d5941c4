"""What figures say: pure, from counts by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from callflow.review.agreement import Review
from callflow.review.desk import charts, trends
from callflow.review.desk.agents import percent
from callflow.review.desk.spans import Span

ABOUT: dict[str, dict[str, object]] = {
    "greet": {"title": {"en": "Greet", "zh": "问候"}, "refs": ["1.1"], "severity": "minor"},
    "sorry": {"title": {"en": "Apologise", "zh": "致歉"}, "refs": ["1.2"], "severity": "major", "better": "对不起"},
    "rude": {"title": {"en": "Never rude", "zh": "禁语"}, "refs": ["9"], "severity": "severe", "never": True},
}


def weeks(*of: Mapping[str, Sequence[int]]) -> list[trends.RuleFigures]:
    return trends.rule_figures(of, [100] * len(of), ABOUT)


def test_what_is_missed_most_comes_first_with_how_it_went() -> None:
    before = {"greet": (95, 5, 0, 0, 0), "sorry": (50, 50, 0, 3, 1), "rude": (0, 0, 8, 0, 0)}
    after = {"greet": (95, 5, 0, 0, 0), "sorry": (80, 20, 0, 2, 0), "rude": (0, 0, 25, 0, 0)}
    found = weeks(before, after)
    assert [(one.rule, one.faults, one.change) for one in trends.most_missed(found)] == [
        ("sorry", 70, "better"),
        ("rude", 33, "worse"),
        ("greet", 10, "same"),
    ]
    sorry = next(one for one in found if one.rule == "sorry")
    assert (sorry.before, sorry.after, sorry.share, sorry.not_assessed, sorry.disputed) == (0.5, 0.2, 0.35, 5, 1)
    rude = next(one for one in found if one.rule == "rude")
    assert rude.share == 33 / 200  # of the calls there were: what must not be said is never met


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((1, 2), (0, 2), "same"),  # two calls prove nothing
        ((30, 100), (28, 100), "same"),
        ((300, 1000), (250, 1000), "better"),
        ((0, 0), (5, 10), "same"),
        ((5, 10), (0, 0), "same"),
        ((0, 100), (0, 100), "same"),
        ((100, 100), (100, 100), "same"),
    ],
)
def test_chance_is_not_taken_for_a_change(before: tuple[int, int], after: tuple[int, int], said: str) -> None:
    assert trends.changed(before, after) == said


def test_strong_and_weak_need_ten_times_and_what_is_forbidden_is_neither() -> None:
    found = weeks(
        {"greet": (99, 1, 0, 0, 0), "sorry": (2, 8, 0, 0, 0), "rude": (0, 0, 90, 0, 0), "new": (9, 0, 0, 0, 0)}
    )
    assert [one.rule for one in trends.strongest(found)] == ["greet"]
    assert [one.rule for one in trends.weakest(found)] == ["sorry"]


def review(finding: int, reviewer: str, kind: str, settles: bool = True) -> Review:
    verdict = "met" if kind == "correct" else None
    return Review(finding, "sorry", "missed", reviewer, kind, verdict, settles)  # type: ignore[arg-type]


def test_a_bad_rule_shows_when_enough_have_looked() -> None:
    few = trends.trusted([review(1, "anna", "correct")])["sorry"]
    assert few.precision is not None
    assert not few.doubtful
    many = [review(n, "anna", "correct" if n % 2 else "accept") for n in range(40)]
    assert trends.trusted(many)["sorry"].doubtful
    assert not trends.trusted([review(n, "anna", "accept") for n in range(40)])["sorry"].doubtful
    assert trends.trusted([review(1, "bea", "dispute", settles=False)])["sorry"].precision is None


def test_reviewers_agreement_is_by_rule() -> None:
    both = [review(n, who, kind) for n in range(4) for who, kind in (("anna", "accept"), ("bob", "accept"))]
    both += [review(9, "anna", "correct"), review(9, "bob", "correct"), review(10, "anna", "accept")]
    trust = trends.trusted([*both, review(10, "bob", "correct")])["sorry"]
    assert (trust.common, trust.same) == (6, 5)
    assert trust.kappa == pytest.approx((5 / 6 - 22 / 36) / (1 - 22 / 36))


def span(**given: str) -> Span:
    return Span.of(given, date(2026, 1, 7), date(2026, 11, 29))


def test_weeks_are_whole_and_those_of_the_latest_calls() -> None:
    assert (span().since, span().until, len(span().weeks)) == ("2026-09-07", "2026-11-29", 12)
    asked = span(since="2026-11-04", until="2026-11-11")
    assert (asked.since, asked.until, len(asked.steps)) == ("2026-11-02", "2026-11-15", 14)
    assert Span.of({}, date(2026, 11, 20), date(2026, 11, 29)).since == "2026-11-16"
    assert all(a[1] == b[0] for a, b in zip(span().weeks, span().weeks[1:], strict=False))
    assert "since=2026-11-02&until=2026-11-15&rule=sorry" in asked.calls(rule="sorry")


@pytest.mark.parametrize(
    "given",
    [
        {"since": "yesterday", "until": "0001-01-01"},
        {"since": "9999-12-31"},
        {"since": "1971-01-01", "until": "2500-01-01"},
        {"team": "\x1b[2J", "agent": "x" * 9000, "sort": "'; DROP TABLE calls"},
        {"since": "2026-11-29", "until": "2026-01-01"},
    ],
)
def test_any_address_gives_some_weeks(given: dict[str, str]) -> None:
    made = span(**given)
    assert 1 <= len(made.weeks) <= 105
    assert made.weeks[0][0] < made.weeks[-1][1]
    assert len(made.agent) <= 200


def test_drawings_take_whatever_there_is() -> None:
    assert charts.bars([]).path == ""
    assert charts.bars([None, 0.0, 0.5]).path.count("z") == 2
    assert charts.line([]).dots == ()
    assert len(charts.line([80.0, None, 90.0, 70.0]).lines) == 1
    assert charts.line([50.0]).dots[0][0] == charts.LEFT


def test_shares_as_people_read_them() -> None:
    assert [percent(share) for share in (None, 0.0, 0.004, 0.0994, 0.0996, 1.0)] == [
        "—", "0 %", "0.4 %", "9.9 %", "10 %", "100 %"
    ]  # fmt: skip
