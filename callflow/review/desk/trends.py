"""What figures say: what is missed most, whether it gets better, what is done well, which rules are bad. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

from callflow.archive.tallies import COUNTS
from callflow.review import known
from callflow.review.agreement import Precision, Review, Z, agreements, precision
from callflow.texts import Text

SHOWN = 5
LEAST = 10
"""So often a rule must have been assessed to be called strong or weak."""
ENOUGH = 5
"""So often reviewers must have decided about a rule before it is called a bad one."""
Change = Literal["better", "worse", "same"]


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """A rule over some weeks. ``weekly``: faults, and of how many times, by week.

    ``forbidden``: what must not be said. It is only ever violated, and is counted by the calls that there were.
    """

    rule: str
    title: Text
    refs: tuple[str, ...]
    severity: str
    better: str
    met: int
    missed: int
    violated: int
    not_assessed: int
    disputed: int
    weekly: tuple[tuple[int, int], ...]
    calls: int = 0
    forbidden: bool = False

    @property
    def faults(self) -> int:
        return self.missed + self.violated

    @property
    def assessed(self) -> int:
        return max(self.calls, self.faults) if self.forbidden else self.met + self.faults

    @property
    def share(self) -> float:
        """Of the times it was assessed how often it went wrong."""
        return self.faults / self.assessed if self.assessed else 0.0

    @property
    def shares(self) -> list[float | None]:
        """The same week by week."""
        return [_share([week]) for week in self.weekly]

    @property
    def before(self) -> float | None:
        """The share of the former half of the weeks."""
        return _share(self.weekly[: len(self.weekly) // 2])

    @property
    def after(self) -> float | None:
        return _share(self.weekly[len(self.weekly) // 2 :])

    @property
    def change(self) -> Change:
        """Whether it gets better; ``same`` where chance alone would often make as much of a difference."""
        half = len(self.weekly) // 2
        return changed(_sum(self.weekly[:half]), _sum(self.weekly[half:]))


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a rule can be trusted: the engine's precision, and how reviewers agree about it.

    ``kappa``: the mean of all pairs of reviewers, weighted by what they have in common; ``None`` for undefined.
    """

    precision: Precision | None = None
    common: int = 0
    same: int = 0
    kappa: float | None = None

    @property
    def doubtful(self) -> bool:
        """Reviewers have seen enough to say that the rule is wrong too often: surely in more than one of five."""
        return self.precision is not None and self.precision.reviewed >= ENOUGH and self.precision.high < 0.8


def rule_figures(
    weeks: Sequence[Mapping[str, Sequence[int]]], calls: Sequence[int], about: Mapping[str, Mapping[str, Any]]
) -> list[RuleFigures]:
    """The rules that had any finding in ``weeks`` (of each the ``COUNTS`` by rule), by name; ``calls`` in each week."""
    names = sorted({rule for week in weeks for rule in week})
    return [_figures(rule, [week.get(rule, (0,) * len(COUNTS)) for week in weeks], calls, about) for rule in names]


def _figures(
    rule: str, weeks: Sequence[Sequence[int]], calls: Sequence[int], rules: Mapping[str, Mapping[str, Any]]
) -> RuleFigures:
    about = rules.get(rule, {})
    forbidden = bool(about.get("never"))
    met, missed, violated, not_assessed, disputed = (sum(column) for column in zip(*weeks, strict=True))
    return RuleFigures(
        rule=rule,
        title=known.title_of(rules, rule),
        refs=tuple(map(str, about.get("refs") or ())),
        severity=str(about.get("severity") or ""),
        better=str(about.get("better") or ""),
        met=met,
        missed=missed,
        violated=violated,
        not_assessed=not_assessed,
        disputed=disputed,
        weekly=tuple(_of_week(week, all_ if forbidden else 0) for week, all_ in zip(weeks, calls, strict=True)),
        calls=sum(calls),
        forbidden=forbidden,
    )


def _of_week(week: Sequence[int], calls: int) -> tuple[int, int]:
    faults = week[1] + week[2]
    return faults, max(calls, week[0] + faults)


def most_missed(rules: Sequence[RuleFigures]) -> list[RuleFigures]:
    """What went wrong most often."""
    return sorted((one for one in rules if one.faults), key=lambda one: (-one.faults, one.rule))[:SHOWN]


def strongest(rules: Sequence[RuleFigures]) -> list[RuleFigures]:
    """What is done most reliably: at least nine times of ten. What may only be left unsaid cannot be met."""
    good = [one for one in rules if one.assessed >= LEAST and one.met and one.share <= 0.1]
    return _apart(sorted(good, key=lambda one: (one.share, -one.assessed, one.rule)))


def weakest(rules: Sequence[RuleFigures]) -> list[RuleFigures]:
    """What goes wrong for the greatest share of the times."""
    bad = [one for one in rules if one.assessed >= LEAST and not one.forbidden and one.share > 0.1]
    return _apart(sorted(bad, key=lambda one: (-one.share, -one.assessed, one.rule)))


def _apart(rules: Sequence[RuleFigures]) -> list[RuleFigures]:
    """The first few, each with another title."""
    by_title: dict[Text, RuleFigures] = {}
    for one in rules:
        by_title.setdefault(one.title, one)
    return list(by_title.values())[:SHOWN]


def changed(before: tuple[int, int], after: tuple[int, int]) -> Change:
    """Whether a share of faults, as ``(faults, of)``, went down or up by more than chance (5 %) makes likely."""
    (a, n), (b, m) = before, after
    if not n or not m:
        return "same"
    pooled = (a + b) / (n + m)
    by_chance = Z * sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    gap = b / m - a / n
    return "same" if abs(gap) <= by_chance else "worse" if gap > 0 else "better"


def trusted(reviews: Sequence[Review]) -> dict[str, Trust]:
    """By rule how far it can be trusted; rules that nobody has looked at are left out."""
    by_rule: dict[str, list[Review]] = {}
    for review in reviews:
        by_rule.setdefault(review.rule, []).append(review)
    precise = {one.rule: one for one in precision(reviews)}
    return {rule: _trust(of_rule, precise.get(rule)) for rule, of_rule in by_rule.items()}


def _trust(reviews: Sequence[Review], precise: Precision | None) -> Trust:
    pairs = agreements(review for review in reviews if review.settles)
    defined = [(pair.kappa, pair.common) for pair in pairs if pair.kappa is not None]
    weight = sum(common for _, common in defined)
    mean = sum(kappa * common for kappa, common in defined) / weight if weight else None
    return Trust(precise, sum(pair.common for pair in pairs), sum(pair.same for pair in pairs), mean)


def _sum(weeks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(faults for faults, _ in weeks), sum(of for _, of in weeks)


def _share(weeks: Sequence[tuple[int, int]]) -> float | None:
    faults, of = _sum(weeks)
    return faults / of if of else None
