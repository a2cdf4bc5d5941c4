"""One call and its score, from a journal or from an archive: what ``callflow score`` and the desk show."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from callflow import flowfiles
from callflow.archive import extracts
from callflow.archive.extracts import KeptCall, KeptFinding
from callflow.archive.masking import Masker, masked_name
from callflow.archive.store import Archive
from callflow.call.plan import Plan
from callflow.errors import ArchiveError
from callflow.events import Event, Evidence, Finding, GroupScore, Score, Severity, Verdict
from callflow.journal import Journal, header_of, parse_journal
from callflow.review import known
from callflow.review.judge import flow_version, version_of
from callflow.review.replay import rejudge
from callflow.review.scorecard import VERDICTS, Line, Scorecard, Scored, score
from callflow.texts import Text, text

Chosen = Callable[[str], Scorecard | None]
"""The scorecard to use for calls of a flow, by the flow's name; ``None``: the flow's own weights."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A score with what is needed to show it.

    ``name``: of the recording or journal; ``version``: of the flow that found the findings; ``agent``: the agent's
    channel of the recording, ``""`` where both speak on one; ``titles``: of every rule in it.
    """

    name: str
    flow: str
    version: str
    agent: Literal["left", "right", ""]
    card: Scorecard
    scored: Scored
    titles: Mapping[str, Text]
    call: int | None = None

    def title(self, line: Line) -> Text:
        """What a line is about."""
        if line.kind == "clean":
            said = any(other.verdict == "violated" for other in self.scored.of_group(line.group))
            return (
                text("No other forbidden phrase", "其余没有禁语") if said else text("No forbidden phrase", "没有说禁语")
            )
        return self.titles.get(line.rule, Text(line.rule, line.rule))

    def channel(self, speaker: str | None) -> Literal["left", "right", "both", ""]:
        """Where to hear a speaker."""
        if not speaker:
            return ""
        if not self.agent:
            return "both"
        return "left" if (speaker == "agent") == (self.agent == "left") else "right"


def of_journal(
    journal: Journal, plan: Plan, name: str, card: Scorecard | None = None, *, reveal: bool = False
) -> Explained:
    """The score of a journal as it was judged; one without a score (it was cut off) is judged by ``plan``.

    Long numbers are masked in what it quotes, unless ``reveal``; so they are by ``of_call``.
    """
    events: list[Event] = journal.events
    files = journal.header.files
    scores = [event for event in events if isinstance(event, Score)]
    if not scores:
        events = []
        rejudge(journal.events, plan, events.append)
        scores = [event for event in events if isinstance(event, Score)]
        files = plan.flow.hashes
    version = flow_version(plan.flow)
    groups = scores[-1].groups if scores else {}
    flow_s = known.scorecard_of(version.rules, groups)
    findings = [event for event in events if isinstance(event, Finding)]
    if not reveal:
        name, masker = masked_name(name), Masker.of(events)
        findings = [masker.finding(finding) for finding in findings]
    scored = score(card or flow_s, findings, heard=known.was_heard(flow_s, groups))
    separate = all(getattr(event, "separate", True) for event in events)
    return Explained(
        name=name,
        flow=journal.header.flow or plan.flow.name,
        version=version_of(journal.header.flow, tuple(sorted(flowfiles.of_calls(files).items()))),
        agent=journal.header.agent if separate else "",
        card=card or flow_s,
        scored=scored,
        titles={finding.rule: known.title_of(version.rules, finding.rule) for finding in findings},
    )


def journal_of(content: bytes, call_id: int) -> Journal:
    """The journal of an archived call. Raises ``BadJournal``."""
    return parse_journal(content, f"call {call_id}")


def of_call(archive: Archive, call_id: int, chosen: Chosen = lambda flow: None, *, reveal: bool = False) -> Explained:
    """The score of an archived call by the verdicts that stand. Raises ``ArchiveError`` where there is none."""
    (call,) = list(extracts.calls(archive, [call_id], journals=True, reveal=reveal)) or (None,)
    if call is None:
        raise ArchiveError(
            text("call {n} is not in the archive, or was not judged", "归档库中没有通话 {n}，或其未被评定", n=call_id),
            text("look for its number on the page of calls", "请在通话列表中查找编号"),
        )
    kept = extracts.findings(archive, [call_id], reveal=reveal)[call_id]
    return explained(call, kept, chosen(call.flow))


def explained(call: KeptCall, kept: Sequence[KeptFinding], card: Scorecard | None = None) -> Explained:
    """The same from what was read already."""
    groups = known.group_scores(call.groups)
    flow_s = known.scorecard_of(call.rules, groups)
    findings = [finding_of(one) for one in kept]
    standing = {place: _verdict(one.standing) for place, one in enumerate(kept)}
    scored = score(card or flow_s, findings, heard=known.was_heard(flow_s, groups), standing=standing)
    return Explained(
        name=Path(call.path).name,
        flow=call.flow,
        version=call.version,
        agent=_channel(call),
        card=card or flow_s,
        scored=scored,
        titles={one.rule: known.title_of(call.rules, one.rule) for one in kept},
        call=call.id,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call's score by the verdicts that stand and by one scorecard; ``groups`` as that card has them."""

    call: KeptCall
    total: float | None
    groups: Mapping[str, GroupScore]
    fatal: Sequence[str] = ()

    def share(self, group: str) -> float | None:
        """The share of its points that the call has in a group, 0 to 1."""
        points = self.groups.get(group)
        return points.points / points.of if points and points.of else None


def outcome_of(call: KeptCall, kept: Sequence[KeptFinding] | None, card: Scorecard | None = None) -> Outcome:
    """``kept`` may be ``None`` where every verdict is the engine's and ``card`` the flow's own: then all is known."""
    if kept is None:
        return Outcome(call, call.judged, known.group_scores(call.groups))
    told = explained(call, kept, card)
    total = told.scored.total
    return Outcome(call, None if total is None else float(total), groups_of(told), told.scored.fatal)


def groups_of(explained: Explained) -> dict[str, GroupScore]:
    """Each group's points of its weight, as its lines have them."""
    groups = {}
    for name, share in explained.card.groups.items():
        lines = explained.scored.of_group(name)
        got, lost = float(sum(line.points for line in lines)), float(sum(line.lost for line in lines))
        if got + lost:
            groups[name] = GroupScore(float(share.weight) * got / (got + lost), float(share.weight))
    return groups


def finding_of(kept: KeptFinding) -> Finding:
    """A finding as the engine told it."""
    return Finding(
        at=kept.at,
        rule=kept.rule,
        verdict=_verdict(kept.verdict),
        severity=_severity(kept.severity),
        group=kept.group,
        cause=kept.cause,
        refs=kept.refs,
        evidence=tuple(Evidence(**one) for one in kept.evidence),
        reason=kept.reason,
    )


def _channel(call: KeptCall) -> Literal["left", "right", ""]:
    if not call.separate:
        return ""
    return header_of(zlib.decompress(call.journal), f"call {call.id}").agent if call.journal else "left"


_SEVERITIES: dict[str, Severity] = {s: s for s in ("minor", "major", "severe", "fatal")}


def _verdict(word: str) -> Verdict:
    return VERDICTS.get(word, "not_assessed")


def _severity(word: str) -> Severity:
    return _SEVERITIES.get(word, "minor")
