"""The bundled calls, heard without a single error: everything that the expected list names is found, nothing else.

The transcripts are those the recordings were made from, so that what fails here fails in the engine or in the flow,
not in a recogniser. Interruptions are taken from the times of the lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from callflow.call.plan import Plan
from callflow.design.rehearse import play
from callflow.events import CallContext, Event, Finding, Heard, Match, Overlap, Score, parse
from callflow.problems import Location

CALLS = Path(__file__).parent.parent / "calls"
NAMES = sorted(file.name.removesuffix(".truth.jsonl") for file in CALLS.glob("*.truth.jsonl"))
NEAR = 15.0
"""Seconds by which a finding may lie from where the list has it: at the complaint, or at the answer that lacks."""
NOT_IN_THE_FLOW_YET = {"JJ-1.6.1", "KF-2.2.3b", "KF-2.2.3c", "KF-2.2.5a", "KF-3.2.3"}
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
    return [CallContext(at=0.0, engine="truth"), *sorted(found, key=lambda event: event.at)]


@pytest.fixture(scope="module", params=NAMES)
def call(request: pytest.FixtureRequest, inbound: Plan) -> tuple[list[Expected], list[Event]]:
    return expected(request.param), play(events(request.param), inbound)


def findings(outputs: list[Event], *verdicts: str) -> list[Finding]:
    return [output for output in outputs if isinstance(output, Finding) and output.verdict in verdicts]


def test_all_that_is_expected_is_found(call: tuple[list[Expected], list[Event]], inbound: Plan) -> None:
    wanted, outputs = call
    found = findings(outputs, "met", "missed", "violated", "not_assessed")

    def said(one: Expected) -> bool:
        """Whether it is a line that no rule demands here, but that the agent said and the engine heard."""
        return one.verdict == "met" and any(
            isinstance(output, Match)
            and one.clause in inbound.flow.phrases[output.phrase].refs
            and one.start - 1 <= output.start <= one.end + 1
            for output in outputs
        )

    lost = [one for one in wanted if not said(one) and not any(one.is_(finding) for finding in found)]
    assert [one for one in lost if one.clause not in NOT_IN_THE_FLOW_YET] == []


def test_nothing_is_invented(call: tuple[list[Expected], list[Event]]) -> None:
    wanted, outputs = call
    invented = [f for f in findings(outputs, "missed", "violated") if not any(one.is_(f) for one in wanted)]
    assert [(f.rule, f.verdict, f.refs, f.evidence) for f in invented] == []


def test_what_is_not_in_the_flow_yet_is_not(inbound: Plan) -> None:
    rules, phrases = inbound.flow.rules.values(), inbound.flow.phrases.values()
    known = {ref for rule in rules for ref in rule.refs} | {ref for phrase in phrases for ref in phrase.refs}
    assert known & NOT_IN_THE_FLOW_YET == set()


def test_the_best_call_scores_best(inbound: Plan) -> None:
    totals = {}
    for name in NAMES:
        score = play(events(name), inbound)[-1]
        assert isinstance(score, Score)
        totals[name] = score.total or 0.0
    assert totals["exemplary"] > 90
    assert totals["faulty"] < 30
    assert totals["faulty"] < totals["order_wrong_readback"] < totals["exemplary"]


def test_every_word_of_evidence_was_said(call: tuple[list[Expected], list[Event]]) -> None:
    outputs = call[1]
    said = "".join(output.said for output in outputs if isinstance(output, Match))
    for finding in findings(outputs, "violated"):
        assert all(evidence.said in said for evidence in finding.evidence)
