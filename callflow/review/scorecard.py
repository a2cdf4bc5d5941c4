"""A scorecard: what a call is worth, and why, line by line. Pure.

The engine scores every call by itself (``call/score.py``), the same for everybody. A scorecard says what counts how
much in one house: weights of groups and of severities, and items that are fatal. It is applied to the verdicts that
*stand*, the engine's or what people decided about them, so that a score follows a settled dispute. The default, made of
the flow's groups, comes to the engine's score.

Every line of a score is a finding with what it rests on, or the credit for forbidden phrases that were not said. Points
are hundredths, given out so that the lines add up to the score to the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from callflow import pairing
from callflow.call.score import CLEAN_CREDIT, WEIGHT
from callflow.events import Evidence, Finding, Severity, Verdict
from callflow.flow.model import Flow
from callflow.texts import Text, text

FAULTS: tuple[Verdict, ...] = ("missed", "violated")
VERDICTS: dict[str, Verdict] = {v: v for v in ("met", "missed", "violated", "not_assessed")}
"""The verdicts by their names, as they come out of databases and files."""
_HUNDREDTH = Decimal("0.01")
FULL = 10_000
"""Hundredths of a point that a call can have."""


@dataclass(frozen=True, slots=True)
class Share:
    """A group's part of the score. ``clean``: what it starts with for forbidden phrases that are not said; 0: none."""

    title: Text
    weight: Fraction
    clean: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Fatal:
    """What makes a whole call fail: a fault of severity ``fatal``, or of one of ``rules``; then at most ``cap``."""

    cap: Fraction
    rules: frozenset[str] = frozenset()

    def is_(self, finding: Finding, verdict: Verdict) -> bool:
        return verdict in FAULTS and (finding.severity == "fatal" or finding.rule in self.rules)


def _engine_s() -> dict[Severity, Fraction]:
    weights: dict[Severity, Fraction] = {}
    for severity in ("minor", "major", "severe", "fatal"):
        weights[severity] = Fraction(WEIGHT[severity])
    return weights


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Weights of groups and severities. ``fatal`` is ``None`` where nothing makes a whole call fail."""

    title: Text
    groups: Mapping[str, Share]
    severities: Mapping[Severity, Fraction] = field(default_factory=_engine_s)
    fatal: Fatal | None = None

    @classmethod
    def of(cls, flow: Flow) -> Scorecard:
        """The default: the flow's own groups and the engine's weights."""
        forbidden = {phrase.group for phrase in flow.phrases.values() if phrase.kind == "never"}
        shares = {
            name: Share(
                group.title, exactly(group.weight), Fraction(CLEAN_CREDIT) if name in forbidden else Fraction(0)
            )
            for name, group in flow.groups.items()
        }
        return cls(text("the flow's own weights", "流程自带权重"), shares)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a score. ``points`` were reached, ``lost`` were not; both 0 for what was not assessed.

    ``kind``: a ``finding``, the credit for a ``clean`` group, or the ``fatal`` cap (``points`` negative). ``number``:
    the finding's place among the call's, ``verdict`` what stands, ``engine`` what the engine said. ``at`` is the moment
    to listen to. Refs are the clauses; the flow's version stands in ``Scored``.
    """

    kind: Literal["finding", "clean", "fatal"]
    group: str
    points: Decimal
    lost: Decimal = Decimal(0)
    number: int | None = None
    rule: str = ""
    verdict: Verdict = "met"
    engine: Verdict = "met"
    severity: Severity = "minor"
    refs: tuple[str, ...] = ()
    at: float | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A score of 0 to 100 and its lines, by group in the scorecard's order; ``None`` where nothing was assessed.

    ``uncapped``: what it would be without fatal items; ``fatal``: the rules that failed the call.
    """

    total: Decimal | None
    lines: tuple[Line, ...]
    uncapped: Decimal | None
    fatal: tuple[str, ...] = ()

    def of_group(self, name: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.group == name)


def score(
    card: Scorecard, findings: Sequence[Finding], *, heard: bool, standing: Mapping[int, Verdict] | None = None
) -> Scored:
    """The score of a call by ``card``.

    ``heard``: the agent was heard, on a channel of the agent's own, so that not having said something is known.
    ``standing``: by a finding's place in ``findings`` (from 0), the verdict that people decided on; the engine's else.
    """
    verdicts = [(standing or {}).get(number, finding.verdict) for number, finding in enumerate(findings)]
    parts = [
        *_clean(card, heard),
        *(_finding(card, number, *pair) for number, pair in enumerate(zip(findings, verdicts, strict=True))),
    ]
    total, worths = _worths(card, parts)
    lines = [line for line, _ in parts]
    if total is None:
        return Scored(None, _in_order(card, lines), None)
    reached = _hundredths(total)
    pairs = list(zip(lines, worths, strict=True))
    gained = _apportioned([_of(worth, _good(line)) for line, worth in pairs], reached)
    lost = _apportioned([_of(worth, not _good(line)) for line, worth in pairs], FULL - reached)
    lines = [
        replace(line, points=_points(plus), lost=_points(minus))
        for line, plus, minus in zip(lines, gained, lost, strict=True)
    ]
    return _capped(card, findings, Scored(_points(reached), _in_order(card, lines), _points(reached)))


def _clean(card: Scorecard, heard: bool) -> list[tuple[Line, Fraction]]:
    """The credit that groups with forbidden phrases start with, whatever else is found in them."""
    return [
        (Line("clean", name, Decimal(0)), share.clean) for name, share in card.groups.items() if heard and share.clean
    ]


def _finding(card: Scorecard, number: int, finding: Finding, verdict: Verdict) -> tuple[Line, Fraction]:
    counts = verdict != "not_assessed" and finding.group in card.groups
    line = Line(
        kind="finding",
        group=finding.group,
        points=Decimal(0),
        number=number,
        rule=finding.rule,
        verdict=verdict,
        engine=finding.verdict,
        severity=finding.severity,
        refs=finding.refs,
        at=moment(finding),
        evidence=finding.evidence,
        reason=finding.reason,
    )
    return line, card.severities[finding.severity] if counts else Fraction(0)


def moment(finding: Finding) -> float | None:
    """Where to listen; ``None``: nowhere, as what was not assessed rests on nothing."""
    return None if finding.verdict == "not_assessed" and not finding.evidence else pairing.moment(finding)


def _worths(card: Scorecard, parts: Sequence[tuple[Line, Fraction]]) -> tuple[Fraction | None, list[Fraction]]:
    """The score in hundredths and what each part is worth in it, exactly; a group with nothing in it has no share."""
    sums: dict[str, Fraction] = {}
    for line, weight in parts:
        sums[line.group] = sums.get(line.group, Fraction(0)) + weight
    of = sum((card.groups[name].weight for name, all_ in sums.items() if all_), Fraction(0))
    if not of:
        return None, [Fraction(0)] * len(parts)
    worths = [
        FULL * card.groups[line.group].weight * weight / (of * sums[line.group]) if weight else Fraction(0)
        for line, weight in parts
    ]
    total = sum((worth for (line, _), worth in zip(parts, worths, strict=True) if _good(line)), Fraction(0))
    return total, worths


def _good(line: Line) -> bool:
    return line.verdict == "met"


def _of(worth: Fraction, counts: bool) -> Fraction:
    return worth if counts else Fraction(0)


def _apportioned(worths: Sequence[Fraction], whole: int) -> list[int]:
    """``worths`` as whole numbers that add up to ``whole``: each rounded down, the largest remainders up."""
    down = [int(worth) for worth in worths]
    left = whole - sum(down)
    by_remainder = sorted(range(len(worths)), key=lambda i: (down[i] - worths[i], i))
    for i in by_remainder[:left]:
        down[i] += 1
    return down


def _capped(card: Scorecard, findings: Sequence[Finding], scored: Scored) -> Scored:
    """The score with the cap of fatal items, as a line of its own that rests on what the first of them rests on."""
    if card.fatal is None or scored.total is None:
        return scored
    failed = [
        line
        for line in sorted(scored.lines, key=lambda line: -1 if line.number is None else line.number)
        if line.number is not None and card.fatal.is_(findings[line.number], line.verdict)
    ]
    rules = tuple(dict.fromkeys(line.rule for line in failed))
    cap = _points(_hundredths(card.fatal.cap * 100))
    if not failed or scored.total <= cap:
        return replace(scored, fatal=rules)
    line = replace(failed[0], kind="fatal", group="", points=cap - scored.total, lost=Decimal(0))
    return Scored(cap, (*scored.lines, line), scored.uncapped, rules)


def _in_order(card: Scorecard, lines: Iterable[Line]) -> tuple[Line, ...]:
    """By group as the scorecard has them, what belongs to none last; the credit first, then as found."""
    places = {name: place for place, name in enumerate(card.groups)}
    return tuple(sorted(lines, key=lambda line: places.get(line.group, len(places))))


def _hundredths(value: Fraction) -> int:
    return round(value)


def _points(hundredths: int) -> Decimal:
    return hundredths * _HUNDREDTH


def exactly(number: float) -> Fraction:
    """A weight as it was written: 0.1 is a tenth."""
    return Fraction(repr(float(number)))
