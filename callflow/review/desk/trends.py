"""What figures say: what is missed most, whether it gets better, what is done well, which rules are bad. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, sqrt
from typing import Literal

from callflow.archive.figures import KnownFlow
from callflow.archive.tallies import COUNTS, NONE, VERDICTS, Counts, Rule
from callflow.review import known
from callflow.review.agreement import Precision, Review, agreements, precision
from callflow.review.exports.agent_month import Clause
from callflow.texts import Text

SHOWN = 5
LEAST = 10
"""So often a clause must have been assessed to be called strong or weak."""
ENOUGH = 5
"""So often reviewers must have decided about a rule before it is called a bad one."""
EXACT = 20
"""Where chance would leave fewer calls than this in any part, how likely a change is is counted, else approximated."""
Change = Literal["better", "worse", "same"]
Named = tuple[str, str]
"""A rule by the name of its flow and its own."""


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """A rule of a flow over some weeks. ``weekly``: how often it went wrong, and of how many times, by week.

    ``by_call``: in how many calls it went wrong, and of how many. ``forbidden``: what must not be said. It is only ever
    violated, so ``weekly`` counts calls, too: of those in which the agent was heard and nothing like it was left open.
    """

    flow: str
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
    by_call: tuple[tuple[int, int], ...]
    forbidden: bool = False

    @property
    def name(self) -> Named:
        """By what it is told apart from rules of other flows."""
        return self.flow, self.rule

    @property
    def faults(self) -> int:
        return self.missed + self.violated

    @property
    def assessed(self) -> int:
        return _sum(self.weekly)[1]

    @property
    def share(self) -> float:
        """Of the times it was assessed how often it went wrong."""
        return _share(self.weekly) or 0.0

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
        half = len(self.by_call) // 2
        return changed(_sum(self.by_call[:half]), _sum(self.by_call[half:]))


@dataclass(frozen=True, slots=True)
class ClauseFigures(Clause):
    """A clause, or where there is none a rule, over some weeks; ``rules``: those that it was assessed by."""

    rules: tuple[Named, ...] = ()


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


def by_name(week: Mapping[Rule, Counts], flows: Mapping[int, KnownFlow]) -> dict[Named, Counts]:
    """The counts of rules by the name of their flow, the versions of it added up; calls themselves left out."""
    found: dict[Named, Counts] = {}
    for (number, rule), counts in week.items():
        if rule:
            name = _flow(number, flows), rule
            found[name] = _added([found.get(name, NONE), counts])
    return found


def _flow(number: int, flows: Mapping[int, KnownFlow]) -> str:
    return flows[number].name if number in flows else ""


def _added(all_: Iterable[Counts]) -> Counts:
    return tuple(sum(column) for column in zip(NONE, *all_, strict=True))


def rule_figures(weeks: Sequence[Mapping[Rule, Counts]], flows: Mapping[int, KnownFlow]) -> list[RuleFigures]:
    """The rules that had any finding in ``weeks`` (of each the counts by rule), by flow and name.

    ``flows``: what their versions tell, the oldest first. A rule of the same name in another flow is another rule.
    """
    named = [by_name(week, flows) for week in weeks]
    names = sorted({name for week in named for name, counts in week.items() if any(counts)})
    return [_figures(name, [week.get(name, NONE) for week in named], weeks, flows) for name in names]


def _figures(
    name: Named, counts: Sequence[Counts], weeks: Sequence[Mapping[Rule, Counts]], flows: Mapping[int, KnownFlow]
) -> RuleFigures:
    flow, rule = name
    versions = [number for number, one in flows.items() if one.name == flow and rule in one.rules]
    rules = flows[versions[-1]].rules if versions else {}
    about = rules.get(rule, {})
    all_ = dict(zip(COUNTS, _added(counts), strict=True))
    of_weeks = [dict(zip(COUNTS, week, strict=True)) for week in counts]
    if forbidden := bool(about.get("never")):
        by_call = weekly = tuple(_clean(rule, week, versions) for week in weeks)
    else:
        by_call = tuple((week["wrong"], week["judged"]) for week in of_weeks)
        faults = [week["missed"] + week["violated"] for week in of_weeks]
        weekly = tuple((wrong, week["met"] + wrong) for week, wrong in zip(of_weeks, faults, strict=True))
    return RuleFigures(
        flow=flow,
        rule=rule,
        title=known.title_of(rules, rule),
        refs=tuple(map(str, about.get("refs") or ())),
        severity=str(about.get("severity") or ""),
        better=str(about.get("better") or ""),
        **{name: all_[name] for name in VERDICTS},
        weekly=weekly,
        by_call=by_call,
        forbidden=forbidden,
    )


def _clean(rule: str, week: Mapping[Rule, Counts], versions: Iterable[int]) -> tuple[int, int]:
    """In how many calls something forbidden was said, and of how many in which it would be known."""
    wrong = of = 0
    for number in versions:
        one = dict(zip(COUNTS, week.get((number, rule), NONE), strict=True))
        heard = dict(zip(COUNTS, week.get((number, ""), NONE), strict=True))["judged"]
        wrong += one["wrong"]
        of += heard - one["touched"] + one["judged"]  # those in which it was not said, and those in which it was
    return wrong, of


def most_missed(rules: Sequence[RuleFigures]) -> list[RuleFigures]:
    """What went wrong most often."""
    return sorted((one for one in rules if one.faults), key=lambda one: (-one.faults, one.rule))[:SHOWN]


def clauses(rules: Iterable[RuleFigures]) -> list[ClauseFigures]:
    """How often each clause was met; what may only be left unsaid cannot be met, and is none of them."""
    by_ref: dict[str, list[RuleFigures]] = {}
    for rule in rules:
        if rule.assessed and not rule.forbidden:
            for ref in rule.refs or (f"{rule.flow} {rule.rule}",):
                by_ref.setdefault(ref, []).append(rule)
    return [
        ClauseFigures(
            ref=ref if of_ref[0].refs else "",
            title=max(of_ref, key=lambda one: one.assessed).title,
            met=sum(one.met for one in of_ref),
            assessed=sum(one.assessed for one in of_ref),
            others=len(of_ref) - 1,
            rules=tuple(one.name for one in of_ref),
        )
        for ref, of_ref in by_ref.items()
    ]


def changed(before: tuple[int, int], after: tuple[int, int]) -> Change:
    """Whether in a greater or smaller share of calls something went wrong than before: ``(in so many, of so many)``.

    ``same`` where chance alone makes as much of a difference more often than one time in twenty.
    """
    (a, n), (b, m) = before, after
    if not n or not m or _by_chance(a, n, b, m) > 0.05:
        return "same"
    return "worse" if b / m > a / n else "better"


def _by_chance(a: int, n: int, b: int, m: int) -> float:
    """How often chance makes as much of a difference: by Fisher's exact test; of many by Yates' approximation of it."""
    wrong, all_ = a + b, n + m
    if min(n, m) * min(wrong, all_ - wrong) < EXACT * all_:

        def likely(first: int) -> float:
            return exp(_ways(wrong, first) + _ways(all_ - wrong, n - first) - _ways(all_, n))

        most = likely(a) * (1 + 1e-6)  # those that are as likely, but for what logarithms cost
        return sum(p for first in range(max(0, wrong - m), min(wrong, n) + 1) if (p := likely(first)) <= most)
    share = wrong / all_
    gap = abs(a / n - b / m) - (1 / n + 1 / m) / 2
    return erfc(max(0.0, gap) / sqrt(2 * share * (1 - share) * (1 / n + 1 / m)))


def _ways(of: int, some: int) -> float:
    """The logarithm of in how many ways ``some`` can be chosen ``of`` many."""
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)


def trusted(reviews: Sequence[Review]) -> dict[Named, Trust]:
    """By flow and rule how far it can be trusted; rules that nobody has looked at are left out."""
    by_rule: dict[Named, list[Review]] = {}
    for review in reviews:
        by_rule.setdefault((review.flow, review.rule), []).append(review)
    precise = {(one.flow, one.rule): one for one in precision(reviews)}
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
