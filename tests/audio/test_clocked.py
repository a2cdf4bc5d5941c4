"""Two devices that are never on time become two channels that are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from callflow.audio.clocked import PATIENCE, PATIENCE_LOOPBACK, Joined, Timeline
from callflow.audio.source import FRAME, RATE, Block

BEGAN = 1000.0
ALIGNED = 0.02
"""Seconds that a channel may be off at any time: the bar for both together."""


@dataclass
class Device:
    """A simulated device: every sample says, in milliseconds, when it was really taken."""

    ppm: float = 0.0
    starts: float = 0.0
    gaps: list[tuple[float, float]] = field(default_factory=list)  # from, length: nothing is delivered
    jitter: float = 0.0  # seconds by which a time stamp is late at most
    stalls: list[tuple[float, float]] = field(default_factory=list)  # from, length: comes later, all at once
    busy: list[tuple[float, float, float]] = field(default_factory=list)  # from, length, seconds told too late
    seed: int = 0

    def pieces(self, seconds: float) -> Iterator[tuple[float, float, NDArray[np.int16]]]:
        """When a piece comes, the time it claims for its first sample, and its samples."""
        random = np.random.default_rng(self.seed)
        period = (1 + self.ppm * 1e-6) / RATE
        for first in range(0, int((seconds - self.starts) / period), FRAME):
            begin, end = (self.starts + (first + n) * period for n in (0, FRAME))
            if any(gap - 0.02 < begin < gap + length for gap, length in self.gaps):
                continue
            late = random.uniform(0, self.jitter)
            told = begin + late + sum(by for at, long, by in self.busy if at < begin < at + long)
            comes = max([end + late, *(stall + long for stall, long in self.stalls if stall < end < stall + long)])
            taken = begin + np.arange(FRAME) * period
            yield BEGAN + comes, BEGAN + told, stamped(taken)


def stamped(seconds: NDArray[np.floating]) -> NDArray[np.int16]:
    return (1 + (seconds * 1000).astype(np.int64) % 30_000).astype(np.int16)


def off_by(samples: NDArray[np.int16], at: float) -> NDArray[np.float64]:
    """Seconds between the place of each sample and the time it was taken; silence is left out."""
    here = 1 + ((at + np.arange(len(samples)) / RATE) * 1000) % 30_000
    off = (here - samples)[samples != 0]
    return np.asarray((off + 15_000) % 30_000 - 15_000) / 1000


def joined(agent: Device, customer: Device, seconds: float, patience: float = PATIENCE) -> tuple[Joined, list[Block]]:
    joint = Joined(BEGAN, PATIENCE, patience)
    waiting = sorted(
        [(*piece[:2], joint.agent, piece[2]) for piece in agent.pieces(seconds)]
        + [(*piece[:2], joint.customer, piece[2]) for piece in customer.pieces(seconds)],
        key=lambda piece: piece[:2],
        reverse=True,
    )
    blocks: list[Block] = []
    for tick in range(round(seconds * 50)):
        now = BEGAN + tick * 0.02
        while waiting and waiting[-1][0] <= now:
            _, at, channel, samples = waiting.pop()
            channel.add(at, samples)
        blocks += joint.blocks(now)
    return joint, blocks


def misplaced(blocks: list[Block]) -> float:
    """The largest distance between where a sample lies and where it belongs, in seconds, of both channels."""
    both = [off_by(samples, block.at) for block in blocks for samples in (block.agent, block.customer)]
    return float(max((np.abs(off).max() for off in both if len(off)), default=0.0))


SECONDS = st.floats(0.0, 12.0)
LENGTHS = st.floats(0.05, 4.0)
DEVICES = st.builds(
    Device,
    ppm=st.floats(-300, 300),
    starts=st.floats(0.0, 3.0),
    gaps=st.lists(st.tuples(SECONDS, LENGTHS), max_size=3),
    jitter=st.floats(0.0, 0.006),
    stalls=st.lists(st.tuples(SECONDS, st.floats(0.02, 0.6)), max_size=2),
    seed=st.integers(0, 9),
)


@given(DEVICES, DEVICES, st.sampled_from([PATIENCE, PATIENCE_LOOPBACK]))
def test_whatever_the_devices_do_the_channels_are_continuous_and_side_by_side(
    agent: Device, customer: Device, patience: float
) -> None:
    _, blocks = joined(agent, customer, 16.0, patience)
    assert [block.at for block in blocks] == pytest.approx([n * 0.02 for n in range(len(blocks))])
    assert all(len(block.agent) == len(block.customer) == FRAME for block in blocks)
    assert blocks[-1].end > 16.0 - PATIENCE - 0.2
    assert misplaced(blocks) < ALIGNED


@pytest.mark.parametrize("ppm", [-200, -50, 50, 200])
def test_drift_is_measured_and_corrected_over_minutes(ppm: float) -> None:
    joint, blocks = joined(Device(ppm=ppm), Device(), 300.0)
    assert misplaced(blocks) < ALIGNED / 2
    assert joint.agent.drift == pytest.approx(ppm, abs=20)
    assert joint.customer.drift == 0


def test_of_a_steady_device_every_sample_is_kept_as_it_is() -> None:
    _, blocks = joined(Device(jitter=0.003), Device(jitter=0.003), 60.0)
    taken = np.concatenate([block.agent for block in blocks])
    sent = np.concatenate([piece[2] for piece in Device(jitter=0.003).pieces(60.0)])
    first = int((taken != 0).argmax())
    assert first < 0.01 * RATE
    assert np.array_equal(taken[first:], sent[: len(taken) - first])


@given(st.floats(0.1, 60.0), st.sampled_from([PATIENCE, PATIENCE_LOOPBACK]))
def test_a_pause_lasts_as_long_as_it_did(length: float, patience: float) -> None:
    seconds = length + 4.0
    joint, blocks = joined(Device(), Device(gaps=[(2.0, length)]), seconds, patience)
    assert joint.customer.filled / RATE == pytest.approx(length, abs=0.05)
    assert misplaced(blocks) < ALIGNED


def test_pieces_that_come_late_but_come_are_not_silence() -> None:
    joint, _ = joined(Device(stalls=[(2.0, 0.9)]), Device(), 6.0)
    assert (joint.agent.filled, joint.agent.lost) == (0, 0)


@pytest.mark.parametrize("patience", [PATIENCE, PATIENCE_LOOPBACK])
@pytest.mark.parametrize("by", [0.013, 0.03, 0.08])
def test_a_busy_machine_that_tells_of_pieces_late_makes_no_silence(by: float, patience: float) -> None:
    late = Device(busy=[(2.0, 0.4, by), (8.0, 0.1, by)], jitter=0.003)
    joint, blocks = joined(late, late, 12.0, patience)
    for line in (joint.agent, joint.customer):
        assert line.filled <= 0.003 * RATE
        assert line.lost == 0
    assert misplaced(blocks) < ALIGNED


@pytest.mark.parametrize("length", [0.04, 0.09, 0.3])
def test_a_hole_is_silence_as_long_as_it_was(length: float) -> None:
    joint, blocks = joined(Device(gaps=[(3.0, length)], jitter=0.003), Device(), 8.0)
    assert joint.agent.filled / RATE == pytest.approx(length, abs=0.025)
    assert misplaced(blocks) < ALIGNED


def test_pieces_for_a_time_that_is_over_are_left_out() -> None:
    joint, blocks = joined(Device(stalls=[(2.0, 1.5)]), Device(), 6.0)
    assert joint.agent.lost > 0
    assert misplaced(blocks) < ALIGNED


def test_one_side_is_not_kept_waiting_while_the_other_is_paused() -> None:
    joint = Joined(BEGAN, PATIENCE, PATIENCE_LOOPBACK)
    for at, claimed, samples in Device().pieces(5.0):
        joint.agent.add(claimed, samples)
        blocks = list(joint.blocks(at))
    assert blocks
    assert at - BEGAN - blocks[-1].end < 0.07


def test_a_device_that_never_starts_is_silence() -> None:
    _, blocks = joined(Device(starts=99.0), Device(), 5.0)
    assert not any(block.agent.any() for block in blocks)
    assert misplaced(blocks) < ALIGNED


def test_what_was_taken_before_the_beginning_is_left_out() -> None:
    line = Timeline(BEGAN)
    for number in range(5):
        line.add(BEGAN - 0.01 + number * 0.02, np.full(FRAME, 7, np.int16))
    assert line.ready == 4.5 * FRAME
    assert line.lost == line.filled == 0


def test_a_wrong_time_of_the_first_piece_moves_nothing() -> None:
    line = Timeline(BEGAN)
    for number, wrong in enumerate([-0.02] + [0.0] * 200):
        line.add(BEGAN + 1 + wrong + number * 0.02, np.full(FRAME, 7, np.int16))
    assert line.filled == RATE
    assert line.stepped == 0
