"""What an agent's month was like: the score over time, what is done well, what is not, what to coach. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from callflow import pairing
from callflow.archive.extracts import KeptCall, KeptFinding
from callflow.review import known
from callflow.review.exports.cells import local
from callflow.review.scorecard import FAULTS
from callflow.review.scored import Explained, Outcome, finding_of, groups_of
from callflow.texts import Text

SHOWN = 5
"""Clauses in each list, and things to coach."""
LEAST = 2
"""So often a clause must have been assessed to be called strong or weak."""
CLIPS = 2
"""Moments to listen to for each thing to coach."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One call of the month with its findings and its score by the verdicts that stand."""

    call: KeptCall
    findings: Sequence[KeptFinding]
    explained: Explained

    @property
    def total(self) -> float | None:
        total = self.explained.scored.total
        return None if total is None else float(total)


@dataclass(frozen=True, slots=True)
class Point:
    """A call on the time axis: ``day`` of the month (with the hour as its fraction), and its score."""

    call: int
    day: float
    score: float


@dataclass(frozen=True, slots=True)
class Clause:
    """How often a clause was met of the times it was assessed, in all the rules that serve it.

    ``title``: of the rule that it mostly came from, beside ``others``; ``forbidden``: only ever violated, so that there
    is nothing it could be met by.
    """

    ref: str
    title: Text
    met: int
    assessed: int
    forbidden: bool = False
    others: int = 0

    @property
    def share(self) -> float:
        return self.met / self.assessed


C = TypeVar("C", bound=Clause)


@dataclass(frozen=True, slots=True)
class GroupMean:
    """A group's mean share of its points, 0 to 1; ``team``: the same of the team's calls, ``None`` for unknown."""

    title: Text
    share: float
    team: float | None


@dataclass(frozen=True, slots=True)
class Clip:
    """A moment to listen to."""

    call: int
    began: datetime | None
    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """Something to coach: how often it went wrong, the points it cost in all, what to say instead, where to listen."""

    rule: str
    title: Text
    refs: tuple[str, ...]
    severity: str
    times: int
    calls: int
    lost: float
    better: str
    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """An agent's month. ``before``: the mean score of the month before; ``team_mean``: of the team's calls."""

    agent: str
    name: str
    team: str
    first: datetime
    days: int
    calls: int
    minutes: float
    mean: float | None
    before: float | None
    team_mean: float | None
    faults: int
    severe: int
    disputed: int
    points: tuple[Point, ...] = ()
    groups: tuple[GroupMean, ...] = ()
    strongest: tuple[Clause, ...] = ()
    weakest: tuple[Clause, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    versions: tuple[str, ...] = field(default=())


def month_of(
    first: datetime, days: int, calls: Sequence[Judged], team: Iterable[Outcome], before: Iterable[Outcome]
) -> Month:
    """The month that begins at ``first`` and has so many days; ``team``: its calls in it, ``before``: the agent's
    calls of the month before. There must be at least one call."""
    about = calls[-1].call
    team_calls = list(team)
    clauses = clauses_of(calls)
    return Month(
        agent=about.agent,
        name=about.agent_name,
        team=about.team,
        first=first,
        days=days,
        calls=len(calls),
        minutes=sum(one.call.duration for one in calls) / 60,
        mean=mean(one.total for one in calls),
        before=mean(one.total for one in before),
        team_mean=mean(one.total for one in team_calls),
        faults=sum(one.call.faults for one in calls),
        severe=sum(one.call.severe for one in calls),
        disputed=sum(one.call.disputed for one in calls),
        points=tuple(_points(calls)),
        groups=tuple(_groups(calls, team_calls)),
        strongest=strongest(clauses),
        weakest=weakest(clauses),
        lessons=tuple(lessons_of(calls)),
        versions=tuple(dict.fromkeys(f"{one.call.flow} {one.call.version[:8]}" for one in calls)),
    )


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are known."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def _points(calls: Iterable[Judged]) -> Iterable[Point]:
    for one in calls:
        began, total = local(one.call.began), one.total
        if began is not None and total is not None:
            yield Point(one.call.id, began.day + (began.hour + began.minute / 60) / 24, total)


def _groups(calls: Sequence[Judged], team: Sequence[Outcome]) -> Iterable[GroupMean]:
    """By the agent's weakest group first."""
    titles: dict[str, Text] = {}
    for one in calls:
        titles |= {name: share.title for name, share in one.explained.card.groups.items() if name not in titles}
    own = [Outcome(one.call, one.total, groups_of(one.explained)) for one in calls]
    found = []
    for name, title in titles.items():
        share = mean(one.share(name) for one in own)
        if share is not None:
            found.append(GroupMean(title, share, mean(one.share(name) for one in team)))
    return sorted(found, key=lambda group: group.share)


def clauses_of(calls: Iterable[Judged]) -> list[Clause]:
    """Every clause that was assessed, with how often it was met."""
    met: Counter[str] = Counter()
    assessed: Counter[str] = Counter()
    violated: Counter[str] = Counter()
    titles: dict[str, Counter[Text]] = {}
    for one in calls:
        for finding in one.findings:
            if finding.standing == "not_assessed":
                continue
            title = known.title_of(one.call.rules, finding.rule)
            for ref in finding.refs:
                assessed[ref] += 1
                met[ref] += finding.standing == "met"
                violated[ref] += finding.standing == "violated"
                titles.setdefault(ref, Counter())[title] += 1
    return [
        Clause(ref, of.most_common(1)[0][0], met[ref], assessed[ref], violated[ref] == assessed[ref], len(of) - 1)
        for ref, of in titles.items()
    ]


def strongest(clauses: Iterable[C], least: int = LEAST) -> tuple[C, ...]:
    """The clauses that are met most surely: none that went wrong more than once in ten times.

    ``least``: of those that were assessed so often.
    """
    good = [one for one in clauses if one.assessed >= least and one.share >= 0.9]
    return _apart(sorted(good, key=lambda one: (-one.share, -one.assessed, one.ref)))


def weakest(clauses: Iterable[C], least: int = LEAST) -> tuple[C, ...]:
    """The clauses that are met least."""
    bad = [one for one in clauses if one.assessed >= least and one.share < 0.9]
    return _apart(sorted(bad, key=lambda one: (one.share, -one.assessed, one.ref)))


def _apart(clauses: Iterable[C]) -> tuple[C, ...]:
    """The first few, each with another title: several clauses of one rule would only say the same again."""
    by_title: dict[Text, C] = {}
    for one in clauses:
        by_title.setdefault(one.title, one)
    return tuple(by_title.values())[:SHOWN]


def lessons_of(calls: Iterable[Judged]) -> list[Lesson]:
    """What cost most points over the month."""
    lost: Counter[str] = Counter()
    found: dict[str, list[tuple[Judged, KeptFinding]]] = {}
    for one in calls:
        for line in one.explained.scored.lines:
            if line.kind == "finding" and line.verdict in FAULTS and line.number is not None:
                lost[line.rule] += int(line.lost * 100)
                found.setdefault(line.rule, []).append((one, one.findings[line.number]))
    worst = sorted(found, key=lambda rule: (-lost[rule], -len(found[rule]), rule))[:SHOWN]
    return [_lesson(rule, found[rule], lost[rule] / 100) for rule in worst]


def _lesson(rule: str, found: Sequence[tuple[Judged, KeptFinding]], lost: float) -> Lesson:
    last, finding = found[-1]
    about = last.call.rules.get(rule)
    with_words = sorted(found, key=lambda pair: not _said(pair[1]))  # first where there is something to hear
    return Lesson(
        rule=rule,
        title=known.title_of(last.call.rules, rule),
        refs=finding.refs,
        severity=finding.severity,
        times=len(found),
        calls=len({one.call.id for one, _ in found}),
        lost=lost,
        better=str(about.get("better", "")) if isinstance(about, Mapping) else "",
        clips=tuple(_clip(*pair) for pair in with_words[:CLIPS]),
    )


def _said(finding: KeptFinding) -> str:
    return next((str(seen["said"]) for seen in finding.evidence if seen.get("said")), "")


def _clip(one: Judged, finding: KeptFinding) -> Clip:
    return Clip(one.call.id, local(one.call.began), pairing.moment(finding_of(finding)), _said(finding))
