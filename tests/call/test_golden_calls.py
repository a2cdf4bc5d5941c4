"""The bundled calls, heard without a single error: everything that the expected list names is found, nothing else.

The transcripts are those the recordings were made from, so that what fails here fails in the engine or in the flow,
not in a recogniser. Interruptions are taken from the times of the lines.
"""

from __future__ import annotations

import pytest
from bundled import NAMES, NOT_IN_THE_FLOW_YET, Expected, events, expected, findings, invented, lost

from callflow.call.plan import Plan
from callflow.design.rehearse import play
from callflow.events import Event, Match, Score


@pytest.fixture(scope="module", params=NAMES)
def call(request: pytest.FixtureRequest, inbound: Plan) -> tuple[list[Expected], list[Event]]:
    return expected(request.param), play(events(request.param), inbound)


def test_all_that_is_expected_is_found(call: tuple[list[Expected], list[Event]], inbound: Plan) -> None:
    assert lost(*call, inbound) == []


def test_nothing_is_invented(call: tuple[list[Expected], list[Event]]) -> None:
    assert [(f.rule, f.verdict, f.refs, f.evidence) for f in invented(*call)] == []


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
