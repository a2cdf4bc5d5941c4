"""Utterances from voiced flags. A flag is ``#`` (voice) or ``.``; each stands for five frames, 0.1 s."""

import numpy as np
import pytest
from numpy.typing import NDArray

from callflow.audio.source import FRAME
from callflow.speech.endpoint import LIMIT, PRE_ROLL, SECOND, Endpointer, Step

PER_MARK = 5


def frames_of(marks: str) -> list[tuple[NDArray[np.int16], bool]]:
    """Frames whose first sample is their number, so that they can be told apart."""
    flags = [mark == "#" for mark in marks for _ in range(PER_MARK)]
    return [(np.full(FRAME, number % 30_000, np.int16), flag) for number, flag in enumerate(flags)]


def run(marks: str) -> list[Step]:
    endpointer = Endpointer()
    steps = [step for frame, flag in frames_of(marks) for step in endpointer.push(frame, flag)]
    return [*steps, *endpointer.flush()]


def spans(steps: list[Step]) -> list[tuple[float, float]]:
    """When the voice of each utterance begins and ends."""
    return [(round(step.utterance.start, 2), round(step.utterance.end, 2)) for step in steps if step.last]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ("", []),
        ("..........", []),
        (".....#..........", []),  # 0.1 s: a click
        (".....#....#....#....", []),  # clicks that do not add up
        (".....######..........", [(0.5, 0.9)]),  # the last 0.2 s of voice are the flag's hangover
        ("#####..........", [(0.0, 0.3)]),  # from the first frame on
        (".....#####", [(0.5, 0.8)]),  # the channel ends while somebody speaks
        (".....#####.....#####..........", [(0.5, 1.8)]),  # a pause of 0.5 s goes on
        (".....#####......#####..........", [(0.5, 0.8), (1.6, 1.9)]),  # one of 0.6 s ends it
    ],
)
def test_utterances_are_where_the_voice_is(marks: str, expected: list[tuple[float, float]]) -> None:
    assert spans(run(marks)) == expected


def test_an_utterance_brings_the_sound_before_its_voice_and_every_frame_once() -> None:
    steps = run("." * 20 + "#" * 10 + "." * 20)
    numbers = [int(frame[0]) for step in steps for frame in step.frames]
    first_voiced, ended = 20 * PER_MARK, 30 * PER_MARK + 30
    assert numbers == list(range(first_voiced - PRE_ROLL, ended))
    assert [step.last for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[0].utterance.begin == numbers[0]


def test_silence_is_never_handed_out() -> None:
    assert run("." * 500) == []


def test_speech_without_pause_is_cut_where_it_is_quietest_and_nothing_is_lost() -> None:
    endpointer, steps = Endpointer(), list[Step]()
    quiet = 575  # between patience and limit
    for number in range(1200):
        loudness = 100 if abs(number - quiet) <= 2 else 10_000
        steps += endpointer.push(np.full(FRAME, loudness, np.int16), True)
    steps += endpointer.flush()
    lengths = [sum(len(s.frames) for s in steps if s.utterance.number == n) for n in (1, 2, 3)]
    assert sum(lengths) == 1200
    assert abs(lengths[0] - quiet) <= 2
    assert all(length <= LIMIT for length in lengths)


def test_a_short_gap_is_enough_to_cut_a_long_utterance() -> None:
    assert spans(run("#" * 112 + "." + "#" * 20 + "." * 10))[0][1] == pytest.approx(11.0, abs=0.1)
    assert len(spans(run("#" * 80 + "." + "#" * 20 + "." * 10))) == 1  # but not before its time


def test_utterances_are_numbered_and_times_count_from_the_start_of_the_channel() -> None:
    steps = [step for step in run("." * 600 + "#####" + "." * 10 + "#####" + "." * 10) if step.last]
    assert [step.utterance.number for step in steps] == [1, 2]
    assert steps[0].utterance.start == 600 * PER_MARK / SECOND
