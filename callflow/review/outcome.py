"""What came of a call: findings, fields, the score: for ``Story``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from callflow import events as ev
from callflow.call.reasons import REASONS
from callflow.call.spoken import plain_wording
from callflow.flow.model import Cause, Flow, Phrase, Rule
from callflow.review.utterances import Utterance
from callflow.review.words import SEVERITY_ORDER
from callflow.texts import Text

NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Judged:
    """How one rule came out. ``at`` is where to listen; ``None`` where nothing of the call bears on it.

    ``gloss`` is the wording of the phrase that was matched, where the evidence is pinyin. ``number``: its place among
    the findings of the call as they were told.
    """

    rule: str
    title: Text
    verdict: ev.Verdict
    severity: ev.Severity
    group: Text
    at: float | None
    refs: tuple[str, ...] = ()
    evidence: tuple[ev.Evidence, ...] = ()
    reason: Text = NOTHING
    better: str = ""
    gloss: str = ""
    cause: Cause | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Captured:
    """A field of the order: what the customer last gave, how far it came, and every step on the way."""

    name: str
    value: str
    stage: str
    at: float
    steps: tuple[ev.FieldValue, ...]


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One group of rules and its part of the score."""

    title: Text
    score: ev.GroupScore


def findings(events: Iterable[ev.Finding], utterances: Sequence[Utterance], flow: Flow) -> tuple[Judged, ...]:
    """The most severe first, then by time."""
    judged = [_judged(finding, flow) for finding in events]
    judged = [replace(one, gloss=_gloss(one, utterances), number=number) for number, one in enumerate(judged)]
    late = float("inf")
    return tuple(
        sorted(judged, key=lambda j: (SEVERITY_ORDER.index(j.severity), j.at if j.at is not None else late, j.rule))
    )


def _judged(finding: ev.Finding, flow: Flow) -> Judged:
    rule = flow.rules.get(finding.rule)
    phrase = flow.phrases.get(finding.rule)
    at = min((evidence.start for evidence in finding.evidence), default=None)
    if at is None and finding.verdict != "not_assessed":
        at = finding.at
    return Judged(
        rule=finding.rule,
        title=rule.title if rule else phrase_title(phrase, finding.rule, flow),
        verdict=finding.verdict,
        severity=finding.severity,
        group=_group_title(finding.group, flow),
        at=at,
        refs=finding.refs,
        evidence=finding.evidence,
        reason=_reason(finding, rule),
        better=(rule.better if rule else "") or (phrase.better if phrase else ""),
        cause=flow.causes.get(finding.cause),
    )


def _reason(finding: ev.Finding, rule: Rule | None) -> Text:
    if rule and rule.not_assessed:
        return rule.not_assessed  # the designer knows best why
    return REASONS.get(finding.reason, Text(finding.reason, finding.reason))


def phrase_title(phrase: Phrase | None, name: str, flow: Flow) -> Text:
    """A finding may be about a phrase itself: then its first wording is the clearest title. What was said stands beside
    it; a title that followed that could not be found among the rules."""
    if phrase is None or not phrase.wordings:
        return Text(name, name)
    wording = plain_wording(phrase, flow)
    return Text(f"Never say “{wording}”", f"禁语“{wording}”") if phrase.kind == "never" else Text(wording, wording)


def _gloss(finding: Judged, utterances: Sequence[Utterance]) -> str:
    for evidence in finding.evidence:
        for utterance in utterances:
            if utterance.sounds and evidence.speaker == utterance.speaker and evidence.start < utterance.end:
                for piece in utterance.pieces:
                    if piece.gloss and piece.text == evidence.said and utterance.start < evidence.end:
                        return piece.gloss
    return ""


def fields(values: Iterable[ev.FieldValue]) -> tuple[Captured, ...]:
    """Each field with its steps."""
    steps: dict[str, list[ev.FieldValue]] = {}
    for value in values:
        steps.setdefault(value.name, []).append(value)
    return tuple(_captured(name, values) for name, values in steps.items())


def _captured(name: str, steps: Sequence[ev.FieldValue]) -> Captured:
    """A field's value is the customer's, whatever was read back wrongly."""
    told = [step for step in steps if step.stage != "differs"] or steps
    return Captured(name, told[-1].value, steps[-1].stage, steps[-1].at, tuple(steps))


def groups(scores: Mapping[str, ev.GroupScore], flow: Flow) -> tuple[GroupResult, ...]:
    """The score's groups by their titles."""
    return tuple(GroupResult(_group_title(name, flow), score) for name, score in scores.items())


def _group_title(name: str, flow: Flow) -> Text:
    return flow.groups[name].title if name in flow.groups else Text(name, name)
