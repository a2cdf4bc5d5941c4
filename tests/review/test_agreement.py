"""Agreement between reviewers and the engine's precision, against values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from archive_samples import call, finding

from callflow.archive import calls, decisions, extracts, users
from callflow.archive.calls import NewFlow
from callflow.archive.store import Archive
from callflow.events import Finding, Verdict
from callflow.review.agreement import Kind, Review, agreements, kappa, precision, reviews_of, wilson


def review(
    finding: int,
    reviewer: str,
    kind: Kind = "accept",
    verdict: Verdict | None = None,
    rule: str = "r",
    engine: Verdict = "missed",
    settles: bool = True,
) -> Review:
    return Review(finding, rule, engine, reviewer, kind, verdict, settles)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Cohen's own layout: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: po 0.7, pe 0.5.
        ({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}, 0.4),
        ({("a", "a"): 3, ("b", "b"): 7}, 1.0),
        ({("a", "b"): 1, ("b", "a"): 1}, -1.0),
        # Three verdicts: po = 5/10, pe = (4·5 + 3·3 + 3·2)/100 = 0.35.
        ({("m", "m"): 3, ("m", "v"): 1, ("v", "v"): 1, ("v", "m"): 1, ("v", "n"): 1, ("n", "n"): 1, ("n", "m"): 1,
          ("n", "v"): 1}, (0.5 - 0.35) / 0.65),
        ({("a", "a"): 10}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_kappa_by_hand(table: dict[tuple[str, str], int], expected: float | None) -> None:
    ratings = [pair for pair, count in table.items() for _ in range(count)]
    assert kappa(ratings) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("good", "count", "low", "high"),
    [  # (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.96
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.27753),
        (10, 10, 0.72247, 1.0),
        (5, 10, 0.23659, 0.76341),
        (81, 263, 0.25530, 0.36621),
    ],
)
def test_wilson_by_hand(good: int, count: int, low: float, high: float) -> None:
    assert list(wilson(good, count)) == pytest.approx([low, high], abs=1e-4)


def test_agents_who_defend_themselves_are_no_reviewers() -> None:
    own = [review(n, "agent", "dispute", settles=False) for n in range(4)]
    assert agreements([*own, *(review(n, "wang") for n in range(4))]) == []


def test_pairs_of_reviewers_are_compared_where_both_looked() -> None:
    reviews = [
        *(review(n, "wang") for n in range(4)),
        *(review(n, "li", "correct", "met") if n == 3 else review(n, "li") for n in range(1, 6)),
        review(99, "zhao"),
    ]
    (pair,) = agreements(reviews)
    assert (pair.first, pair.second, pair.common, pair.same) == ("li", "wang", 3, 2)
    assert pair.kappa == pytest.approx(0.0)


def test_of_a_reviewer_the_last_word_counts() -> None:
    reviews = [review(1, "li", "dispute"), review(2, "li"), review(1, "li"), review(1, "wang"), review(2, "wang")]
    (pair,) = agreements(reviews)
    assert (pair.common, pair.same, pair.kappa) == (2, 2, None), "both said missed throughout: kappa is undefined"


def test_a_correction_to_the_engine_s_own_verdict_is_an_acceptance() -> None:
    assert review(1, "li", "correct", "missed").held == review(1, "li").held


def test_precision_shows_the_bad_rule_first() -> None:
    reviews = [
        *(review(n, "li", rule="good") for n in range(20)),
        *(review(n, "li", "correct", "met", rule="bad") for n in range(20, 35)),
        *(review(n, "li", rule="bad") for n in range(35, 40)),
        review(40, "li", "correct", "met", rule="rare"),
        review(42, "li", "dispute", rule="open"),
        review(41, "li", "correct", "met", rule="never-a-fault", engine="not_assessed"),
    ]
    rules = precision(reviews)
    assert [(one.rule, one.reviewed, one.upheld) for one in rules] == [("bad", 20, 5), ("rare", 1, 0), ("good", 20, 20)]
    assert (rules[0].low, rules[0].high) == wilson(5, 20)


def test_precision_counts_only_what_settles_and_only_the_last() -> None:
    reviews = [
        review(1, "agent", "dispute", settles=False),
        review(2, "li", "correct", "met"),
        review(2, "wang", "accept"),
        review(2, "zhao", "dispute"),
    ]
    assert [(one.reviewed, one.upheld) for one in precision(reviews)] == [(1, 1)]


def reviewed(archive: Archive) -> tuple[list[tuple[str, str, int, int]], list[tuple[int, int]]]:
    """Of each rule how many faults were reviewed and how many stood; of each pair what they have in common."""
    reviews = reviews_of(extracts.decided(archive))
    precise = [(one.flow, one.rule, one.reviewed, one.upheld) for one in precision(reviews)]
    return sorted(precise), [(pair.common, pair.same) for pair in agreements(reviews)]


@pytest.mark.parametrize("now", [(finding("sorry", "met"),), ()], ids=["judged otherwise", "withdrawn"])
def test_a_rule_that_was_mended_is_not_held_wrong_for_what_it_said_before(
    tmp_path: Path, now: tuple[Finding, ...]
) -> None:
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        calls.add(archive, [call(n, findings=(finding("sorry", "missed"),)) for n in range(1, 7)])
        anna, bob = (users.add(archive, name, "correct horse", "admin") for name in ("anna", "bob"))
        for one in range(1, 7):
            decisions.decide(archive, one, anna, "correct", "met")
            decisions.decide(archive, one, bob, "accept" if one > 4 else "correct", "" if one > 4 else "met")
        assert reviewed(archive) == ([("inbound", "sorry", 6, 2)], [(6, 4)])
        calls.add(archive, [call(n, findings=now) for n in range(1, 5)], again=True)
        assert reviewed(archive) == ([("inbound", "sorry", 2, 2)], [(2, 0)])


def test_rules_of_one_name_in_two_flows_are_reviewed_apart(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        for n, name in ((1, "sales"), (2, "service")):
            calls.add(archive, [call(n, flow=NewFlow(name, f"{n}" * 64), findings=(finding("sorry", "missed"),))])
        anna = users.add(archive, "anna", "correct horse", "admin")
        decisions.decide(archive, 1, anna, "correct", "met")
        decisions.decide(archive, 2, anna, "accept")
        assert reviewed(archive) == ([("sales", "sorry", 1, 0), ("service", "sorry", 1, 1)], [])
