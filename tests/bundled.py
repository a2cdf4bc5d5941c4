"""The bundled calls of tests/calls: their events without a single error, and what a supervisor should find in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from ruamel.yaml import YAML

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.rehearse import Outcome, rehearse
from callflow.events import CallContext, Event, Finding, Heard, Match, Overlap, parse
from callflow.problems import Location
from callflow.workdays import with_day

CALLS = Path(__file__).parent / "calls"
NAMES = sorted(file.name.removesuffix(".truth.jsonl") for file in CALLS.glob("*.truth.jsonl"))
NEAR = 15.0
"""Seconds by which a finding may lie from where the list has it: at the complaint, or at the answer that lacks."""
NOT_IN_THE_FLOW_YET: set[str] = set()
"""Clauses in the lists for which the inbound flow has neither a rule nor a phrase yet."""


@dataclass(frozen=True)
class Expected:
    """One line of an expected list."""

    clause: str
    verdict: str
    start: float
    end: float

    def is_(self, finding: Finding) -> bool:
        """Whether ``finding`` is this one; it may lie anywhere from its trigger to the time it was told."""
        starts = [evidence.start for evidence in finding.evidence] or [self.start]
        ends = [evidence.end for evidence in finding.evidence] + [finding.at]
        near = min(starts) - NEAR <= self.end and self.start <= max(ends) + NEAR
        return near and self.clause in finding.refs and self.verdict == finding.verdict


def expected(name: str) -> list[Expected]:
    data = YAML(typ="safe").load((CALLS / f"{name}.expected.yaml").read_text(encoding="utf-8"))
    return [Expected(item["clause"], item["verdict"], item["start"], item["end"]) for item in data["findings"]]


@cache
def bundled_outcomes(flow_name: str) -> tuple[Plan, list[Outcome]]:
    """A bundled flow, and how all its rehearsals went."""
    plan = Plan.of(flowfiles.load(flow_name)[0])
    return plan, [rehearse(one, plan) for one in plan.flow.rehearsals]


def events(name: str) -> list[Event]:
    """What an ideal recogniser and a recording system would tell, in the order they would tell it."""
    lines = [
        parse(line, Location(name))
        for file in (f"{name}.opus.events.jsonl", f"{name}.truth.jsonl")
        for line in (CALLS / file).read_text(encoding="utf-8").splitlines()
    ]
    found = [line for line in lines if isinstance(line, Event)]
    assert len(found) == len(lines)
    heard = [event for event in found if isinstance(event, Heard)]
    found += [
        Overlap(at=min(a.end, c.end), start=a.start, end=min(a.end, c.end), speaker="agent")
        for a, c in product(heard, heard)
        if a.speaker == "agent" and c.speaker == "customer" and c.start < a.start < c.end
    ]
    dates = [event.date for event in found if isinstance(event, CallContext)]
    context, _ = with_day(CallContext(at=0.0, engine="truth", date=dates[0] if dates else ""))
    rest = [event for event in found if not isinstance(event, CallContext)]
    return [context, *sorted(rest, key=lambda event: event.at)]


def findings(outputs: list[Event], *verdicts: str) -> list[Finding]:
    return [output for output in outputs if isinstance(output, Finding) and output.verdict in verdicts]


def lost(wanted: Sequence[Expected], outputs: list[Event], plan: Plan) -> list[Expected]:
    """What the list names and the engine did not find; clauses that the flow does not have yet left out."""
    found = findings(outputs, "met", "missed", "violated", "not_assessed")

    def said(one: Expected) -> bool:
        """Whether it is a line that no rule demands here, but that the agent said and the engine heard."""
        return one.verdict == "met" and any(
            isinstance(output, Match)
            and one.clause in plan.flow.phrases[output.phrase].refs
            and one.start - 1 <= output.start <= one.end + 1
            for output in outputs
        )

    return [
        one
        for one in wanted
        if one.clause not in NOT_IN_THE_FLOW_YET and not said(one) and not any(one.is_(finding) for finding in found)
    ]


def invented(wanted: Sequence[Expected], outputs: list[Event]) -> list[Finding]:
    """Faults that the engine found and the list does not name."""
    return [f for f in findings(outputs, "missed", "violated") if not any(one.is_(f) for one in wanted)]
