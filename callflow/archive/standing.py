"""The verdicts that count: how findings are kept and given back, and what follows for their call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, cast, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive.tables import Call, Decision, FlowVersion, StoredFinding, User
from callflow.events import Evidence, Finding, GroupScore, Severity, Verdict

WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a call's score is made from. ``findings`` have the verdicts that count; ``rules`` is the flow's."""

    call_id: int
    flow: str
    digest: str
    rules: Mapping[str, Any]
    groups: Mapping[str, GroupScore]
    separate: bool
    findings: tuple[Finding, ...]


Rescore = Callable[[Judged], float | None]
"""Makes a score of verdicts that count. Handed in by those who know how: the archive knows no rules of scoring."""


def row(call_id: int, number: int, finding: Finding) -> dict[str, Any]:
    """``finding`` as the archive keeps it."""
    evidence = [asdict(one) | {"start": round(one.start, 3), "end": round(one.end, 3)} for one in finding.evidence]
    return {
        "call_id": call_id,
        "number": number,
        "rule": finding.rule[:200],
        "verdict": finding.verdict,
        "standing": finding.verdict,
        "severity": finding.severity,
        "group": finding.group[:200],
        "cause": finding.cause[:200],
        "refs": list(finding.refs),
        "reason": finding.reason,
        "at": round(finding.at, 3),
        "evidence": evidence,
    }


def finding(stored: StoredFinding, standing: bool = False) -> Finding:
    """The finding as the engine gave it, or with the verdict that stands now."""
    return Finding(
        at=stored.at,
        rule=stored.rule,
        verdict=cast(Verdict, stored.standing if standing else stored.verdict),
        severity=cast(Severity, stored.severity),
        group=stored.group,
        cause=stored.cause,
        refs=tuple(stored.refs),
        evidence=tuple(Evidence(**one) for one in stored.evidence),
        reason=stored.reason,
    )


def counts(findings: Iterable[tuple[str, str]]) -> dict[str, int]:
    """What a call carries of its findings, from verdict and severity of each."""
    found = {"met": 0, "faults": 0, "severe": 0, "not_assessed": 0, "kinds": 0}
    for verdict, severity in findings:
        found["kinds"] |= kinds(verdict, severity) if verdict != WITHDRAWN else 0
        if verdict in ("missed", "violated"):
            found["faults"] += 1
            found["severe"] += severity in ("severe", "fatal")
        elif verdict in found:
            found[verdict] += 1
    return found


def kinds(verdict: str = "", severity: str = "") -> int:
    """The bits of ``calls.kinds`` that stand for findings with this verdict and severity; ``""``: with any."""
    return sum(
        1 << place
        for place, (one, other) in enumerate(product(get_args(Verdict), get_args(Severity)))
        if verdict in ("", one) and severity in ("", other)
    )


def rule_on(session: Session, stored: StoredFinding) -> None:
    """What a finding's decisions make of it: the latest correction or acceptance by who may settle it stands.

    A dispute leaves the verdict as it was and is open until it is settled, or its author takes it back by an
    ``accept``. What was decided about another verdict than the engine gives now counts no more; where it held something
    else than the engine does now, the finding is open again.
    """
    decisions = session.execute(
        sa.select(Decision, User.role)
        .join(User, User.id == Decision.user_id)
        .where(Decision.finding_id == stored.id)
        .order_by(Decision.id)
    )
    stored.standing, overtaken = stored.verdict, False
    disputing: set[int] = set()
    for decision, role in decisions:
        settles = role != "agent" and decision.kind != "dispute"
        held = decision.verdict or decision.engine
        if decision.engine == stored.verdict and not settles:
            (disputing.add if decision.kind == "dispute" else disputing.discard)(decision.user_id)
        elif settles:
            disputing.clear()
            overtaken = decision.engine != stored.verdict and held != stored.verdict
            stored.standing = held if decision.engine == stored.verdict else stored.verdict
    stored.disputed = bool(disputing) or overtaken


def refresh(session: Session, call: Call, rescore: Rescore | None) -> None:
    """Bring a call's counts and its judged score in line with the verdicts that stand now."""
    session.flush()
    stored = session.scalars(
        sa.select(StoredFinding).where(StoredFinding.call_id == call.id).order_by(StoredFinding.number)
    ).all()
    for name, value in counts((one.standing, one.severity) for one in stored).items():
        setattr(call, name, value)
    call.disputed = sum(one.disputed for one in stored)
    if all(one.standing in (one.verdict, WITHDRAWN) for one in stored):
        call.judged = call.score
    elif rescore:
        flow = session.get(FlowVersion, call.flow_id) if call.flow_id else None
        call.judged = rescore(
            Judged(
                call.id,
                flow.name if flow else "",
                flow.digest if flow else "",
                flow.rules if flow else {},
                {name: GroupScore(**group) for name, group in (call.groups or {}).items()},
                call.separate,
                tuple(finding(one, standing=True) for one in stored if one.standing != WITHDRAWN),
            )
        )
