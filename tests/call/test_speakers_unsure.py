"""On one channel, where the speakers were told apart: what is sure is judged, what is not is held against nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from callflow.call.plan import Plan
from callflow.call.reasons import REASONS
from callflow.design.rehearse import play, script
from callflow.events import CallContext, Event, Finding, Heard, Match
from callflow.flow.model import Flow

Played = Callable[..., list[Event]]
Read = Callable[[str], Flow]
TOLD = CallContext(at=0.0, separate=False, told_apart=0.95)
HARDLY = replace(TOLD, told_apart=0.6)
HELD = "rules: {it: {after: call.held, expect: agent sorry, within: 5s}}"


def findings(outputs: list[Event], rule: str = "it") -> list[tuple[str, str]]:
    return [(o.verdict, o.reason) for o in outputs if isinstance(o, Finding) and o.rule == rule]


@pytest.mark.parametrize(
    ("context", "call", "outcome"),
    [
        (TOLD, "[call.held, agent: 对不起。]", ("met", "")),
        (TOLD, "[call.held, agent: 您好。, wait: 30s]", ("missed", "")),
        (HARDLY, "[call.held, agent: 对不起。]", ("not_assessed", "one-channel")),
        (HARDLY, "[call.held, agent: 您好。, wait: 30s]", ("not_assessed", "one-channel")),
    ],
)
def test_how_surely_the_speakers_are_told_decides_what_is_judged(
    played: Played, context: CallContext, call: str, outcome: tuple[str, str]
) -> None:
    assert findings(played(HELD, call, context)) == [outcome]


def test_who_cuts_in_needs_two_channels_however_sure_the_words_are(played: Played) -> None:
    outputs = played("rules: {it: {never: acoustic.overlap agent}}", "[agent: 您好。]", TOLD)
    assert findings(outputs) == [("not_assessed", "one-channel")]


def unsure(read: Read, sections: str, steps: str, sure: float | None) -> list[Event]:
    """The outputs of a call on one channel of which every utterance is so sure to be its speaker's."""
    call = read(f"rehearsals: [{{name: call, call: {steps}}}]").rehearsals[0]
    events = [event for event in script(call.steps) if isinstance(event, Event)]
    said = [replace(event, speaker_confidence=sure) if isinstance(event, Heard) else event for event in events]
    return play([TOLD, *said], Plan.of(read(sections)))


@pytest.mark.parametrize(
    ("sure", "outcome"),
    [(0.95, ("met", "")), (0.6, ("not_assessed", "speaker-unsure")), (None, ("met", ""))],
)
def test_words_of_nobody_in_particular_neither_fulfil_nor_fail_a_rule(
    read: Read, sure: float | None, outcome: tuple[str, str]
) -> None:
    assert findings(unsure(read, HELD, "[call.held, agent: 对不起。, wait: 30s]", sure)) == [outcome]
    assert outcome[1] in {"", *REASONS}


def test_a_forbidden_line_of_nobody_in_particular_is_told_and_nobody_is_blamed(
    read: Read,
) -> None:
    outputs = unsure(read, "", "[agent: 你问我我问谁。]", 0.6)
    assert any(isinstance(output, Match) for output in outputs)
    finding = next(output for output in outputs if isinstance(output, Finding))
    assert (finding.verdict, finding.reason, finding.evidence[0].speaker) == ("not_assessed", "speaker-unsure", None)
    sure = unsure(read, "", "[agent: 你问我我问谁。]", 0.95)
    assert [output.verdict for output in sure if isinstance(output, Finding)] == ["violated"]
