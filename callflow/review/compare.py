"""What two flows say of the same calls: which findings appear, vanish or change. Pure.

Findings are paired (see ``pairing``); what is left over has appeared or vanished. With the sides swapped, what appears
vanishes, and what changes changes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from callflow import pairing
from callflow.events import Finding, Severity, Verdict
from callflow.review.scorecard import FAULTS
from callflow.texts import Text

EXAMPLES = 5
"""Calls shown for each rule."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one flow says of one thing in a call."""

    verdict: Verdict
    severity: Severity
    at: float
    said: str = ""

    @property
    def fault(self) -> bool:
        return self.verdict in FAULTS


@dataclass(frozen=True, slots=True)
class Change:
    """One thing on which the flows differ. ``old`` is ``None`` where it appears, ``new`` where it vanishes."""

    rule: str
    old: Side | None
    new: Side | None

    @property
    def kind(self) -> Literal["appears", "vanishes", "changes"]:
        if self.old is None:
            return "appears"
        return "vanishes" if self.new is None else "changes"

    @property
    def at(self) -> float:
        """The moment to listen to."""
        side = self.new or self.old
        return side.at if side else 0.0

    @property
    def said(self) -> str:
        return (self.new.said if self.new else "") or (self.old.said if self.old else "")

    @property
    def swapped(self) -> Change:
        return Change(self.rule, self.new, self.old)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one flow says of a whole call."""

    findings: tuple[Finding, ...] = ()
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Which call it is: its number in the archive, who took it, and when (ISO 8601, ``""`` for unknown)."""

    id: int
    agent: str = ""
    began: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One call under both flows; ``failed`` says why it could not be judged."""

    call: Call
    changes: tuple[Change, ...] = ()
    old: float | None = None
    new: float | None = None
    faults: tuple[int, int] = (0, 0)
    failed: Text | None = None

    @property
    def moved(self) -> float:
        """Points by which the score goes up (or, negative, down)."""
        return 0.0 if self.old is None or self.new is None else self.new - self.old


def compared(call: Call, old: Verdicts, new: Verdicts) -> Compared:
    """One call under both flows."""
    faults = (_faults(old.findings), _faults(new.findings))
    return Compared(call, tuple(changes(old.findings, new.findings)), old.total, new.total, faults)


def _faults(findings: Sequence[Finding]) -> int:
    return sum(finding.verdict in FAULTS for finding in findings)


def changes(old: Sequence[Finding], new: Sequence[Finding]) -> list[Change]:
    """On what the flows differ, in the order of time; nothing for a flow and itself."""
    found: list[Change] = []
    for rule in dict.fromkeys(finding.rule for finding in (*old, *new)):
        olds, news = ([finding for finding in findings if finding.rule == rule] for findings in (old, new))
        found += [Change(rule, *sides) for sides in _sides(olds, news)]
    return sorted(found, key=lambda change: (min(_times(change)), change.rule))


def _sides(old: Sequence[Finding], new: Sequence[Finding]) -> Iterator[tuple[Side | None, Side | None]]:
    """The pairs that differ, and what has no partner; all of one rule."""
    left_old, left_new = dict(enumerate(map(_side, old))), dict(enumerate(map(_side, new)))
    for i, j in pairing.pairs([*map(pairing.placed, old)], [*map(pairing.placed, new)]):
        one, other = left_old.pop(i), left_new.pop(j)
        if (one.verdict, one.severity) != (other.verdict, other.severity):
            yield one, other
    yield from ((side, None) for side in left_old.values())
    yield from ((None, side) for side in left_new.values())


def _side(finding: Finding) -> Side:
    said = next((evidence.said for evidence in finding.evidence if evidence.said), "")
    return Side(finding.verdict, finding.severity, pairing.moment(finding), said)


def _times(change: Change) -> list[float]:
    return [side.at for side in (change.old, change.new) if side]


# ------------------------------------------------------------------------------------------------ over many calls


@dataclass(frozen=True, slots=True)
class Example:
    """A call to click on: where in it the flows differ, and the words."""

    call: Call
    change: Change


@dataclass(slots=True)
class Tally:
    """What changed of one rule, or of one agent's calls. ``faults``: in all, by the old flow and by the new one."""

    name: str
    appears: int = 0
    vanishes: int = 0
    changes: int = 0
    worse: int = 0
    better: int = 0
    calls: int = 0
    examples: list[Example] = field(default_factory=list)
    before: float = 0.0
    after: float = 0.0
    scored: int = 0

    def add(self, call: Call, change: Change) -> None:
        setattr(self, change.kind, getattr(self, change.kind) + 1)
        was, is_ = bool(change.old and change.old.fault), bool(change.new and change.new.fault)
        self.worse += is_ and not was
        self.better += was and not is_
        if len(self.examples) < EXAMPLES:
            self.examples.append(Example(call, change))

    @property
    def moved(self) -> float:
        """Points by which the mean score of the calls goes up or down."""
        return (self.after - self.before) / self.scored if self.scored else 0.0


@dataclass(slots=True)
class Differences:
    """What changes over all calls that were compared.

    ``rules`` and ``agents`` are by name; ``failed``: calls that could not be judged, and why; ``largest``: those whose
    score moves most.
    """

    calls: int = 0
    touched: int = 0
    up: int = 0
    down: int = 0
    all: Tally = field(default_factory=lambda: Tally(""))
    rules: dict[str, Tally] = field(default_factory=dict)
    agents: dict[str, Tally] = field(default_factory=dict)
    failed: list[Compared] = field(default_factory=list)
    largest: list[Compared] = field(default_factory=list)
    faults_old: int = 0
    faults_new: int = 0

    @classmethod
    def of(cls, all_: Iterable[Compared]) -> Differences:
        differences = cls()
        for one in all_:
            differences.add(one)
        return differences

    def add(self, one: Compared) -> None:
        """Take in one call; the order of calls matters for the examples only."""
        if one.failed:
            self.failed.append(one)
            return
        self.calls += 1
        self.touched += bool(one.changes)
        self.faults_old += one.faults[0]
        self.faults_new += one.faults[1]
        agent = self.agents.setdefault(one.call.agent, Tally(one.call.agent))
        rules = {change.rule: self.rules.setdefault(change.rule, Tally(change.rule)) for change in one.changes}
        for change in one.changes:
            for tally in (self.all, agent, rules[change.rule]):
                tally.add(one.call, change)
        for tally in (self.all, agent, *rules.values()):
            tally.calls += 1
            if one.old is not None and one.new is not None:
                tally.before, tally.after, tally.scored = (
                    tally.before + one.old,
                    tally.after + one.new,
                    tally.scored + 1,
                )
        self.up += one.moved > _SAME
        self.down += one.moved < -_SAME
        if abs(one.moved) > _SAME:
            self.largest = sorted([*self.largest, replace(one, changes=())], key=lambda c: (-abs(c.moved), c.call.id))
            del self.largest[EXAMPLES:]


_SAME = 0.005
"""Points within which a score has not moved."""
