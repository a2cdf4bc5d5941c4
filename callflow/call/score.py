"""Points for a call, from its findings alone."""

from __future__ import annotations

from collections.abc import Iterable

from callflow.events import Finding, GroupScore, Score
from callflow.flow.model import Flow

WEIGHT = {"minor": 1.0, "major": 3.0, "severe": 6.0, "fatal": 12.0}
"""What a finding counts inside its group."""
CLEAN_CREDIT = 6.0
"""What a group that has forbidden phrases starts with: saying none of them is worth as much as one severe rule met."""


def score(flow: Flow, findings: Iterable[Finding], at: float, heard: bool) -> Score:
    """Points by group and in all. ``heard``: the agent was heard, on a channel of the agent's own.

    A group's share is the weight of what was met over the weight of what could be judged, forbidden phrases included;
    what was not assessed counts neither way, and a group in which nothing was assessed is left out of the total.
    """
    counts: dict[str, dict[str, int]] = {name: {} for name in flow.groups}
    forbids = {phrase.group for phrase in flow.phrases.values() if phrase.kind == "never"} if heard else set()
    good = {name: CLEAN_CREDIT if name in forbids else 0.0 for name in flow.groups}
    bad = dict.fromkeys(flow.groups, 0.0)
    unjudged: list[str] = []
    for finding in findings:
        if finding.verdict == "not_assessed":
            unjudged.append(finding.rule)
        if finding.group not in counts:
            continue
        tally = counts[finding.group]
        tally[finding.verdict] = tally.get(finding.verdict, 0) + 1
        if finding.verdict == "met":
            good[finding.group] += WEIGHT[finding.severity]
        elif finding.verdict in ("missed", "violated"):
            bad[finding.group] += WEIGHT[finding.severity]
    groups = {
        name: GroupScore(points=group.weight * good[name] / (good[name] + bad[name]), of=group.weight, **counts[name])
        for name, group in flow.groups.items()
        if good[name] + bad[name] > 0
    }
    of = sum(group.of for group in groups.values())
    total = 100 * sum(group.points for group in groups.values()) / of if of else None
    return Score(at=at, total=total, groups=groups, not_assessed=tuple(dict.fromkeys(unjudged)))
