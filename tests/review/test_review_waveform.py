"""The outline of a call: loud where somebody speaks, whatever the length."""

import re

import numpy as np
import pytest

from callflow.audio.source import FRAME, Block
from callflow.review.waveform import BINS, Waveform


def heights(path: str) -> list[int]:
    """The upper half of an outline."""
    points = re.findall(r"[\d.]+,(-?\d+)", path)
    return [-int(y) for y in points[: len(points) // 2]]


def waveform(frames: int, loud_from: int, level: int = 8_000) -> Waveform:
    agent = np.zeros(frames * FRAME, np.int16)
    agent[loud_from * FRAME :] = level
    shape = Waveform()
    for n in range(0, frames, 5):
        part = slice(n * FRAME, (n + 5) * FRAME)
        shape.add(Block(n * 0.02, agent[part], np.zeros_like(agent[part])))
    return shape


@pytest.mark.parametrize("frames", [10, 1_000, 9_999, 100_000])
def test_it_rises_where_the_sound_begins_and_the_other_channel_stays_a_line(frames: int) -> None:
    shape = waveform(frames, frames // 2)
    agent, customer = (heights(path) for path in shape.paths())
    assert len(agent) == min(frames, BINS)
    half = len(agent) // 2
    assert set(agent[: half - 1]) == {1}
    assert set(agent[half + 1 :]) == {100}
    assert set(customer) == {1}
    assert shape.seconds == pytest.approx(frames * 0.02)


def test_full_scale_in_both_directions_is_no_overflow() -> None:
    assert max(heights(waveform(10, 0, -32_768).paths()[0])) == 100


def test_a_faint_hiss_is_not_blown_up_to_a_voice() -> None:
    assert max(heights(waveform(10, 0, 20).paths()[0])) < 20


def test_no_sound_is_no_outline() -> None:
    assert Waveform().paths() == ("", "")
