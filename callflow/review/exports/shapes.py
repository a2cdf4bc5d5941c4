"""Scores, differences, agreement and exports as programs get them: the JSON of the command line and of the desk's API.

Frozen dataclasses of plain values, which FastAPI describes by itself and ``data`` turns into JSON. Words that somebody
said are as whoever read them was given them: masked (``archive.masking``), unless they were asked for as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from callflow.events import Evidence
from callflow.flow.model import Flow
from callflow.review import words
from callflow.review.agreement import Agreement, Precision
from callflow.review.compare import Change, Compared, Differences, Side, Tally
from callflow.review.scorecard import Line
from callflow.review.scored import Explained
from callflow.review.whatif_table import by_weight, title
from callflow.texts import Text


@dataclass(frozen=True, slots=True)
class Both:
    """A text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Words:
    """Words as heard: seconds of the call, who said them, and the channel of the recording to hear them on."""

    start: float
    end: float
    speaker: str
    channel: str
    said: str


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One line of a score; see ``scorecard.Line``."""

    kind: str
    group: str
    title: Both
    points: float
    lost: float
    rule: str
    verdict: str
    engine: str
    severity: str
    refs: list[str]
    number: int | None
    at: float | None
    evidence: list[Words]
    reason: str


@dataclass(frozen=True, slots=True)
class GroupPoints:
    """Points of one group of ``of`` that it could have had in this call."""

    name: str
    title: Both
    points: float
    of: float


@dataclass(frozen=True, slots=True)
class CallScore:
    """A call's score and every line of it. The lines' points add up to ``total``."""

    call: int | None
    name: str
    flow: str
    flow_version: str
    scorecard: Both
    total: float | None
    uncapped: float | None
    fatal: list[str]
    groups: list[GroupPoints]
    lines: list[ScoreLine]


@dataclass(frozen=True, slots=True)
class Moment:
    """A change in one call, to click on."""

    call: int
    agent: str
    began: str
    at: float
    clock: str
    old: str | None
    new: str | None
    said: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What changes for one rule or one agent. ``faults``: by how many there are more (or fewer)."""

    name: str
    title: Both
    appears: int
    vanishes: int
    changes: int
    faults: int
    calls: int
    score_moves: float | None
    examples: list[Moment]


@dataclass(frozen=True, slots=True)
class Moved:
    """A call whose score moves."""

    call: int
    agent: str
    began: str
    old: float | None
    new: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that could not be judged again, and why."""

    call: int
    why: Both


@dataclass(frozen=True, slots=True)
class FlowDifferences:
    """What a changed flow would say; see ``compare.Differences``."""

    calls: int
    touched: int
    mean_old: float | None
    mean_new: float | None
    up: int
    down: int
    faults_old: int
    faults_new: int
    rules: list[Changed]
    agents: list[Changed]
    largest: list[Moved]
    failed: list[Failed]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How reviewers agree with each other, and with the engine by rule."""

    pairs: list[Agreement]
    rules: list[Precision]


def data(shape: Any) -> Any:
    """A shape as JSON knows it."""
    return asdict(shape)


def both(message: Text) -> Both:
    return Both(message.en, message.zh)


def score_of(explained: Explained) -> CallScore:
    """A score as programs get it."""
    scored, card = explained.scored, explained.card
    groups = []
    for name, share in card.groups.items():
        if lines := scored.of_group(name):
            points = sum(line.points for line in lines)
            groups.append(
                GroupPoints(name, both(share.title), float(points), float(points + sum(o.lost for o in lines)))
            )
    return CallScore(
        call=explained.call,
        name=explained.name,
        flow=explained.flow,
        flow_version=explained.version,
        scorecard=both(card.title),
        total=None if scored.total is None else float(scored.total),
        uncapped=None if scored.uncapped is None else float(scored.uncapped),
        fatal=list(scored.fatal),
        groups=groups,
        lines=[_line(explained, line) for line in scored.lines],
    )


def _line(explained: Explained, line: Line) -> ScoreLine:
    return ScoreLine(
        kind=line.kind,
        group=line.group,
        title=both(explained.title(line)),
        points=float(line.points),
        lost=float(line.lost),
        rule=line.rule,
        verdict=line.verdict,
        engine=line.engine,
        severity=line.severity if line.kind != "clean" else "",
        refs=list(line.refs),
        number=line.number,
        at=line.at,
        evidence=[_words(explained, one) for one in line.evidence],
        reason=line.reason,
    )


def _words(explained: Explained, one: Evidence) -> Words:
    speaker = one.speaker or ""
    return Words(one.start, one.end, speaker, explained.channel(one.speaker), one.said)


def differences_of(found: Differences, old: Flow, new: Flow) -> FlowDifferences:
    """What a changed flow would say, as programs get it."""
    scored = found.all.scored

    def changed(tally: Tally, name: Text) -> Changed:
        return Changed(
            name=tally.name,
            title=both(name),
            appears=tally.appears,
            vanishes=tally.vanishes,
            changes=tally.changes,
            faults=tally.worse - tally.better,
            calls=tally.calls,
            score_moves=round(tally.moved, 4) if tally.scored else None,
            examples=[_moment(example.call.id, example.call.agent, example.call.began, example.change)
                      for example in tally.examples],
        )  # fmt: skip

    return FlowDifferences(
        calls=found.calls,
        touched=found.touched,
        mean_old=round(found.all.before / scored, 4) if scored else None,
        mean_new=round(found.all.after / scored, 4) if scored else None,
        up=found.up,
        down=found.down,
        faults_old=found.faults_old,
        faults_new=found.faults_new,
        rules=[changed(one, title(one.name, new, old)) for one in by_weight(list(found.rules.values()))],
        agents=[changed(one, Text(one.name, one.name)) for one in by_weight(list(found.agents.values()))],
        largest=[Moved(one.call.id, one.call.agent, one.call.began, one.old, one.new) for one in found.largest],
        failed=[Failed(one.call.id, _why(one)) for one in found.failed],
    )


def _why(one: Compared) -> Both:
    return both(one.failed) if one.failed else Both("", "")


def _moment(call: int, agent: str, began: str, change: Change) -> Moment:
    at, said = change.at, change.said
    return Moment(call, agent, began, at, words.clock(at), _verdict(change.old), _verdict(change.new), said)


def _verdict(side: Side | None) -> str | None:
    return side.verdict if side else None


def reviewed_of(pairs: Iterable[Agreement], rules: Iterable[Precision]) -> Reviewed:
    """How reviewers agree, as programs get it."""
    return Reviewed(list(pairs), list(rules))
