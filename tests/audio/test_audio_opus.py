"""Sound out: what is written is what was heard, channel for channel."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from callflow.audio.opus import OpusWriter
from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block


def blocks(seconds: float, agent_hz: float, customer_hz: float) -> list[Block]:
    """Two tones of one loudness, in blocks of uneven length."""
    frames = int(seconds * RATE / FRAME)
    time = np.arange(frames * FRAME) / RATE
    agent, customer = ((8_000 * np.sin(2 * np.pi * hz * time)).astype(np.int16) for hz in (agent_hz, customer_hz))
    cuts = [0, 1, 6, *range(11, frames, 7), frames]
    return [
        Block(a * FRAME / RATE, agent[a * FRAME : b * FRAME], customer[a * FRAME : b * FRAME])
        for a, b in pairwise(cuts)
    ]


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples.astype(float)))) * RATE / len(samples))


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("bit_rate", [24_000, 32_000])
def test_every_channel_comes_back_with_its_own_sound_and_its_length(
    tmp_path: Path, separate: bool, bit_rate: int
) -> None:
    path = tmp_path / "call.webm"
    with path.open("wb") as file, OpusWriter(file, separate, bit_rate) as writer:
        for block in blocks(7.3, 500, 1_200):
            writer.write(block)
    with Recording(path) as sound:
        assert sound.channels == (2 if separate else 1)
        back = list(sound)
    agent = np.concatenate([block.agent for block in back])
    assert len(agent) / RATE == pytest.approx(7.3, abs=0.05)
    assert loudest_hz(agent) == pytest.approx(500, abs=2)
    if separate:
        assert loudest_hz(np.concatenate([block.customer for block in back])) == pytest.approx(1_200, abs=2)
    assert path.stat().st_size < 7.3 * bit_rate / 8 * 1.3 + 2_000


def test_a_call_without_a_single_block_is_still_a_file(tmp_path: Path) -> None:
    path = tmp_path / "call.webm"
    with path.open("wb") as file, OpusWriter(file):
        pass
    assert path.stat().st_size > 0


def test_no_room_is_an_os_error() -> None:
    with (  # noqa: PT012 (it may break at any block, or at the end)
        Path("/dev/full").open("wb", buffering=0) as file,
        pytest.raises(OSError),  # noqa: PT011
        OpusWriter(file) as writer,
    ):
        for block in blocks(30, 500, 1_200):
            writer.write(block)
