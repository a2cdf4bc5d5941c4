"""How far reviewers agree with each other, and with the engine. Pure.

Both rest on what people decided about findings. Between reviewers: Cohen's kappa over the findings that both of a pair
have looked at. Of the engine: how many of its faults stood when somebody looked, by rule, with Wilson's interval, so
that a rule that is wrong half the time shows, and one that was looked at twice does not pretend to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Literal

from callflow.archive.extracts import Decided
from callflow.events import Verdict
from callflow.review.scorecard import FAULTS, VERDICTS

Kind = Literal["accept", "dispute", "correct"]
DISPUTED = "disputed"
"""What a reviewer holds who disputes a finding without saying what it should be."""
Z = 1.959963984540054
"""Of the normal distribution, for an interval that holds the truth 95 times of 100."""


@dataclass(frozen=True, slots=True)
class Review:
    """What one reviewer decided about one finding; ``verdict`` with ``correct`` only, ``engine`` the engine's.

    ``settles``: whether it counts for the score; an agent's own word does not. ``flow``: whose rule it is.
    """

    finding: int
    rule: str
    engine: Verdict
    reviewer: str
    kind: Kind
    verdict: Verdict | None = None
    settles: bool = True
    flow: str = ""

    @property
    def held(self) -> str:
        """The verdict the reviewer holds."""
        if self.kind == "correct" and self.verdict:
            return self.verdict
        return self.engine if self.kind == "accept" else DISPUTED


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of a pair of reviewers: findings that both looked at, on how many they hold the same, and kappa.

    ``kappa`` is ``None`` where it is undefined: nothing in common, or both gave one and the same verdict throughout.
    """

    first: str
    second: str
    common: int
    same: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Precision:
    """Of a rule: how many of its faults somebody decided about, how many stood, and the interval of their share.

    ``flow``: the name of the flow that it is a rule of.
    """

    rule: str
    reviewed: int
    upheld: int
    low: float
    high: float
    flow: str = ""

    @property
    def share(self) -> float:
        return self.upheld / self.reviewed


def reviews_of(decided: Iterable[Decided]) -> list[Review]:
    """What was decided in an archive, in its order; an agent's own word settles nothing.

    What was decided about another verdict than the engine gives now says nothing about the rule as it is, and is left
    out, as it no longer stands (``archive.standing``).
    """
    return [
        Review(
            finding=one.finding,
            rule=one.rule,
            engine=VERDICTS[one.engine],
            reviewer=one.user,
            kind=_KINDS[one.kind],
            verdict=VERDICTS.get(one.verdict),
            settles=one.role != "agent",
            flow=one.flow,
        )
        for one in decided
        if one.holds
    ]


_KINDS: dict[str, Kind] = {"accept": "accept", "dispute": "dispute", "correct": "correct"}


def agreements(reviews: Iterable[Review]) -> list[Agreement]:
    """Every pair that has anything in common, by name; of a reviewer's decisions on a finding the last counts.

    Agents who defend themselves are no reviewers: only those whose decision settles anything are compared.
    """
    held: dict[str, dict[int, str]] = {}
    for review in (one for one in reviews if one.settles):
        held.setdefault(review.reviewer, {})[review.finding] = review.held
    pairs = (_agreement(a, b, held[a], held[b]) for a, b in combinations(sorted(held), 2))
    return [pair for pair in pairs if pair.common]


def _agreement(first: str, second: str, one: Mapping[int, str], other: Mapping[int, str]) -> Agreement:
    common = [(one[finding], other[finding]) for finding in one if finding in other]
    same = sum(a == b for a, b in common)
    return Agreement(first, second, len(common), same, kappa(common))


def kappa(ratings: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two raters' ``ratings``: agreement beyond chance over what is possible beyond chance."""
    count = len(ratings)
    if not count:
        return None
    firsts, seconds = Counter(a for a, _ in ratings), Counter(b for _, b in ratings)
    same = sum(a == b for a, b in ratings)
    by_chance = sum(firsts[verdict] * seconds[verdict] for verdict in firsts)
    return None if by_chance == count * count else (same * count - by_chance) / (count * count - by_chance)


def precision(reviews: Iterable[Review], verdicts: Sequence[Verdict] = FAULTS) -> list[Precision]:
    """By rule, the least certain to be good first: of the engine's findings with one of ``verdicts`` how many stood.

    Of the decisions on a finding that settle it the last counts; a dispute settles nothing.
    """
    settled = (review for review in reviews if review.settles and review.kind != "dispute")
    last = {review.finding: review for review in settled if review.engine in verdicts}
    counts: dict[tuple[str, str], list[int]] = {}
    for review in last.values():
        count = counts.setdefault((review.flow, review.rule), [0, 0])
        count[0] += 1
        count[1] += review.held == review.engine
    rules = [Precision(rule, n, good, *wilson(good, n), flow) for (flow, rule), (n, good) in counts.items()]
    return sorted(rules, key=lambda one: (one.high, one.share, one.flow, one.rule))


def wilson(good: int, count: int) -> tuple[float, float]:
    """Wilson's interval for a share of ``good`` in ``count``; all there is where nothing was counted."""
    if not count:
        return 0.0, 1.0
    share, z2 = good / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z * sqrt(share * (1 - share) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)
