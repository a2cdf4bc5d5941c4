"""The development sentences: ordinary talk that may be tuned on, so none of it may be in the test set."""

from __future__ import annotations

from measures.false_alarms import sentences
from measures.heldout import recognised_cues, wrong_situations
from measures.lines import ROOT, read

from callflow import flowfiles
from callflow.call.plan import Plan


def test_there_are_enough_all_different() -> None:
    said = [sentence for trade in sentences("development").values() for sentence in trade]
    assert len(said) >= 600
    assert len(set(said)) == len(said)


def test_none_of_them_is_a_test_sentence() -> None:
    held_out = {sentence for trade in sentences("innocent").values() for sentence in trade}
    assert not held_out & {sentence for trade in sentences("development").values() for sentence in trade}


def test_no_cue_to_tune_on_is_held_out() -> None:
    def utterances(folder: str) -> set[str]:
        cues = read(ROOT / "tests" / "accuracy" / folder / "cues.yaml")
        return {*cues["none"], *(said for texts in cues["situations"].values() for said in texts)}

    assert not utterances("development") & utterances("heldout")


def test_customers_are_understood_as_they_speak() -> None:
    plan = Plan.of(flowfiles.load("inbound")[0])
    cues = read(ROOT / "tests" / "accuracy" / "development" / "cues.yaml")
    heard = recognised_cues(plan, cues["situations"])
    assert heard["recognised"] >= 0.93 * heard["cues"], heard["missed"]
    assert wrong_situations(plan, cues["none"])["per 100"] <= 1.5
