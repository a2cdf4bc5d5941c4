"""What the accuracy bench must not fall below, on a part of it that is quick to take and on the development sentences.

The figures themselves, and the bars, are in docs/accuracy.md; `scripts/accuracy` takes them. Where a bar is not reached
yet, the floor here is what was.
"""

from __future__ import annotations

import pytest
from measures import false_alarms, partials, read_back, text_recall
from measures.lines import lines

from callflow import plans
from callflow.call.plan import Plan

MOST_ALARMS = 6
"""The development sentences are thick with the taboos' words: ten times what ordinary talk has."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plans.load()[0]


@pytest.mark.parametrize(("rate", "floor"), [(0.0, 0.995), (0.2, 0.91), (0.4, 0.81)])
def test_lines_of_the_guides_are_found(plan: Plan, rate: float, floor: float) -> None:
    trials = list(text_recall.trials(plan, lines(), [rate], 1, heard_by=["whisper"]))
    missed = [f"{trial.line.id}: {trial.heard}" for trial in trials if not trial.found]
    assert len(missed) <= (1 - floor) * len(trials), missed


def test_ordinary_talk_sets_off_no_alarms(plan: Plan) -> None:
    said = [sentence for trade in false_alarms.sentences("development").values() for sentence in trade]
    found = false_alarms.alarms(plan, said, "whisper", 0.0)
    assert len(found) <= MOST_ALARMS, found


def test_provisional_hits_hold(plan: Plan) -> None:
    followed = [partials.follow(plan, line.said, "whisper", "1") for line in lines()]
    shown, withdrawn = sum(len(leads) for leads, _ in followed), sum(gone for _, gone in followed)
    assert withdrawn <= 0.05 * shown


def test_wrong_read_backs_are_caught_and_right_ones_pass(plan: Plan) -> None:
    rows = read_back.measure(plan, calls=20, rates=(0.0,))["engines"]["whisper"]
    assert rows["all, caught"]["0%"] >= 0.98, rows
    assert rows["all, questioned though right"]["0%"] <= 0.02, rows
