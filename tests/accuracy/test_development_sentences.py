"""The development sentences: ordinary talk that may be tuned on, so none of it may be in the test set."""

from __future__ import annotations

from measures.false_alarms import sentences


def test_there_are_enough_all_different() -> None:
    said = [sentence for trade in sentences("development").values() for sentence in trade]
    assert len(said) >= 600
    assert len(set(said)) == len(said)


def test_none_of_them_is_a_test_sentence() -> None:
    held_out = {sentence for trade in sentences("innocent").values() for sentence in trade}
    assert not held_out & {sentence for trade in sentences("development").values() for sentence in trade}
