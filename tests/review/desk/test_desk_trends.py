"""What figures say: pure, from counts by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from math import comb

import pytest

from callflow.archive.figures import KnownFlow
from callflow.archive.tallies import COUNTS, NONE, Counts
from callflow.review.agreement import Review
from callflow.review.desk import charts, trends
from callflow.review.desk.agents import percent
from callflow.review.desk.spans import Span
from callflow.review.exports.agent_month import strongest, weakest

ABOUT: dict[str, dict[str, object]] = {
    "greet": {"title": {"en": "Greet", "zh": "问候"}, "refs": ["1.1"], "severity": "minor"},
    "sorry": {"title": {"en": "Apologise", "zh": "致歉"}, "refs": ["1.2"], "severity": "major", "better": "对不起"},
    "rude": {"title": {"en": "Never rude", "zh": "禁语"}, "refs": ["9"], "severity": "severe", "never": True},
}


FLOWS = {1: KnownFlow("service", ABOUT)}


def counts(*verdicts: int, **more: int) -> Counts:
    """Of a rule how often met, missed, violated, not assessed, disputed; each in a call of its own."""
    met, missed, violated, *rest = verdicts
    usual = {"wrong": missed + violated, "judged": met + missed + violated, "touched": sum(verdicts[:4])}
    rest += [0] * (2 - len(rest))
    return (met, missed, violated, *rest, *({**usual, **more}.get(name, 0) for name in COUNTS[5:]))


def weeks(*of: Mapping[str, Sequence[int]], heard: int = 100) -> list[trends.RuleFigures]:
    """Weeks of ``heard`` calls each."""
    calls = {(1, ""): counts(0, 0, 0, judged=heard)}
    by_rule = [calls | {(1, rule): counts(*verdicts) for rule, verdicts in week.items()} for week in of]
    return trends.rule_figures(by_rule, FLOWS)


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


def one(week: Mapping[tuple[int, str], Counts], flows: Mapping[int, KnownFlow] = FLOWS) -> trends.RuleFigures:
    (found,) = trends.rule_figures([week], flows)
    return found


@pytest.mark.parametrize(
    ("heard", "rude", "share"),
    [
        (100, {}, 5 / 100),
        (100, {"touched": 25}, 5 / 80),  # twenty left open count neither way
        (5, {}, 5 / 5),  # the agent was not heard in the others
        (0, {"touched": 0}, 5 / 5),  # what was said surely in a call that is not heard otherwise
        (100, {"violated": 50, "touched": 5}, 5 / 100),  # ten times in each of five calls
    ],
)
def test_forbidden_words_count_against_the_calls_in_which_they_would_be_known(
    heard: int, rude: dict[str, int], share: float
) -> None:
    violated = rude.pop("violated", 5)
    week = {
        (1, ""): counts(0, 0, 0, judged=heard),
        (1, "rude"): counts(0, 0, violated, **{"wrong": 5, "judged": 5, **rude}),
    }
    assert one(week).share == share


def test_calls_of_flows_that_do_not_forbid_it_are_not_clean() -> None:
    flows = {1: KnownFlow("service", {}), 2: KnownFlow("service", ABOUT), 3: KnownFlow("sales", ABOUT)}
    week = {(n, ""): counts(0, 0, 0, judged=10 * n) for n in flows} | {(2, "rude"): counts(0, 0, 5)}
    assert (one(week, flows).flow, one(week, flows).assessed) == ("service", 20)


def test_rules_of_one_name_in_two_flows_are_two_rules() -> None:
    push = {"close": {"title": {"en": "Never push", "zh": "禁语"}, "severity": "fatal", "never": True}}
    thank = {"close": {"title": {"en": "Thank", "zh": "致谢"}, "severity": "major"}}
    flows = {1: KnownFlow("service", thank), 2: KnownFlow("sales", push), 3: KnownFlow("service", thank)}
    sales = {(2, ""): counts(0, 0, 0, judged=10), (2, "close"): counts(0, 0, 1)}
    sold, served = trends.rule_figures([sales | {(1, "close"): counts(10, 0, 0), (3, "close"): counts(4, 1, 0)}], flows)
    assert (sold.flow, sold.title.en, sold.severity, sold.met, sold.share) == ("sales", "Never push", "fatal", 0, 0.1)
    assert (served.flow, served.title.en, served.severity, served.met, served.missed) == (
        "service", "Thank", "major", 14, 1
    )  # fmt: skip


def test_what_was_only_withdrawn_is_no_rule_of_these_weeks() -> None:
    assert trends.rule_figures([{(1, "greet"): NONE, (1, ""): counts(0, 0, 0, judged=3)}], FLOWS) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((1, 2), (0, 2), "same"),  # two calls prove nothing
        ((0, 2), (2, 2), "same"),
        ((0, 3), (3, 3), "same"),
        ((0, 4), (3, 4), "same"),
        ((0, 5), (3, 5), "same"),
        ((0, 5), (5, 5), "worse"),
        ((5, 5), (0, 5), "better"),
        ((1, 9), (8, 9), "worse"),
        ((1, 10_000), (6, 10_000), "same"),
        ((1, 10_000), (10, 10_000), "worse"),
        ((30, 100), (28, 100), "same"),
        ((300, 1000), (250, 1000), "better"),
        ((300, 1000), (260, 1000), "same"),
        ((50_000, 200_000), (48_000, 200_000), "better"),
        ((0, 0), (5, 10), "same"),
        ((5, 10), (0, 0), "same"),
        ((0, 100), (0, 100), "same"),
        ((100, 100), (100, 100), "same"),
    ],
)
def test_chance_is_not_taken_for_a_change(before: tuple[int, int], after: tuple[int, int], said: str) -> None:
    assert trends.changed(before, after) == said


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
@pytest.mark.parametrize(("n", "m"), [(2, 2), (4, 4), (8, 8), (5, 40), (70, 70)])
def test_of_twenty_changes_by_chance_at_most_one_is_told(n: int, m: int, share: float) -> None:
    def likely(faults: int, of: int) -> float:
        return comb(of, faults) * share**faults * (1 - share) ** (of - faults)

    told = (
        likely(a, n) * likely(b, m)
        for a in range(n + 1)
        for b in range(m + 1)
        if trends.changed((a, n), (b, m)) != "same"
    )
    assert sum(told) <= 0.05


def test_faults_of_one_call_are_no_trials_of_their_own() -> None:
    """Six faults in one call are one call."""
    calm = {(1, "greet"): counts(60, 0, 0, judged=10)}
    bad = {(1, "greet"): counts(54, 6, 0, wrong=1, judged=10)}
    (greet,) = trends.rule_figures([calm, bad], FLOWS)
    assert (greet.before, greet.after, greet.change) == (0.0, 0.1, "same")


def clause(rule: str, refs: Sequence[str], met: int, missed: int) -> trends.RuleFigures:
    about = {rule: {"title": rule, "refs": list(refs)}}
    return one({(1, rule): counts(met, missed, 0)}, {1: KnownFlow("service", about)})


def test_strong_and_weak_are_clauses_that_were_assessed_ten_times() -> None:
    found = trends.clauses(
        [
            clause("greet", ["1.1"], 99, 1),
            clause("hold", ["2.1", "2.2"], 6, 6),  # one and the same rule: told once
            clause("hold-long", ["2.1"], 3, 0),
            clause("sorry", ["3.1"], 1, 8),  # not often enough
            clause("own", [], 5, 5),  # a rule without a clause speaks for itself
        ]
    )
    assert [(one.ref, one.met, one.assessed) for one in strongest(found, trends.LEAST)] == [("1.1", 99, 100)]
    weak = [(one.ref, one.title.en, one.met, one.assessed) for one in weakest(found, trends.LEAST)]
    assert weak == [("2.2", "hold", 6, 12), ("", "own", 5, 10)]
    both = next(one for one in found if one.ref == "2.1")
    assert (both.met, both.assessed, both.rules) == (9, 15, (("service", "hold"), ("service", "hold-long")))


def test_what_is_forbidden_is_neither_strong_nor_weak() -> None:
    assert trends.clauses(weeks({"rude": (0, 0, 90, 0, 0)})) == []


SORRY = ("service", "sorry")


def review(finding: int, reviewer: str, kind: str, settles: bool = True, flow: str = "service") -> Review:
    verdict = "met" if kind == "correct" else None
    return Review(finding, "sorry", "missed", reviewer, kind, verdict, settles, flow)  # type: ignore[arg-type]


def test_a_bad_rule_shows_when_enough_have_looked() -> None:
    few = trends.trusted([review(1, "anna", "correct")])[SORRY]
    assert few.precision is not None
    assert not few.doubtful
    many = [review(n, "anna", "correct" if n % 2 else "accept") for n in range(40)]
    assert trends.trusted(many)[SORRY].doubtful
    assert not trends.trusted([review(n, "anna", "accept") for n in range(40)])[SORRY].doubtful
    assert trends.trusted([review(1, "bea", "dispute", settles=False)])[SORRY].precision is None


def test_a_rule_is_not_doubted_for_one_of_its_name_in_another_flow() -> None:
    wrong = [review(n, "anna", "correct", flow="sales") for n in range(40)]
    trust = trends.trusted([*wrong, *(review(n, "anna", "accept") for n in range(100, 140))])
    assert (trust["sales", "sorry"].doubtful, trust[SORRY].doubtful) == (True, False)


def test_reviewers_agreement_is_by_rule() -> None:
    both = [review(n, who, kind) for n in range(4) for who, kind in (("anna", "accept"), ("bob", "accept"))]
    both += [review(9, "anna", "correct"), review(9, "bob", "correct"), review(10, "anna", "accept")]
    trust = trends.trusted([*both, review(10, "bob", "correct")])[SORRY]
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
