"""What is wrong with the sound is noticed within five seconds of it, ends by itself, and is never made up."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from callflow.audio.notices import Notice, Notices
from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block
from callflow.audio.watch import Watch
from callflow.texts import text

CALLS = sorted((Path(__file__).parent.parent / "calls").glob("*.opus"))
Samples = NDArray[np.int16]


def watched(agent: Samples, customer: Samples) -> list[tuple[float, str, bool]]:
    """When which notice began (``True``) or ended."""
    watch, found = Watch(), []
    for first in range(0, min(len(agent), len(customer)) - FRAME + 1, FRAME):
        block = Block(first / RATE, agent[first : first + FRAME], customer[first : first + FRAME])
        found += [(block.end, notice.id, not notice.ended) for notice in watch.feed(block)]
    return found


def ids(found: list[tuple[float, str, bool]]) -> set[str]:
    return {name for _, name, _ in found}


def channels(call: Path) -> tuple[Samples, Samples]:
    blocks = list(Recording(call))
    return np.concatenate([block.agent for block in blocks]), np.concatenate([block.customer for block in blocks])


def mixed(*sounds: NDArray[np.float64] | Samples) -> Samples:
    return np.clip(sum(sound.astype(float) for sound in sounds), -32768, 32767).astype(np.int16)


def noise(seconds: float, level: float, seed: int = 0) -> Samples:
    return (np.random.default_rng(seed).normal(size=round(seconds * RATE)) * level).clip(-32768, 32767).astype(np.int16)


def room(sound: Samples, delay: float, decibels: float) -> NDArray[np.float64]:
    """What a microphone hears of it: later, softer, with the echo of a room."""
    random = np.random.default_rng(7)
    echo = random.normal(size=1600) * np.exp(-np.arange(1600) / 300)
    echo[0] = 4.0
    echo *= 10 ** (decibels / 20) / np.sqrt((echo**2).sum())
    later = np.concatenate([np.zeros(round(delay * RATE)), sound.astype(float)])
    size = 1 << (len(later) + len(echo)).bit_length()
    return np.fft.irfft(np.fft.rfft(later, size) * np.fft.rfft(echo, size), size)[: len(sound)]


def tone(seconds: float) -> Samples:
    return (4000 * np.sin(2 * np.pi * 450 * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


@pytest.mark.parametrize("call", CALLS, ids=lambda path: path.stem)
def test_of_a_call_with_nothing_wrong_nothing_is_noticed(call: Path) -> None:
    agent, customer = channels(call)
    assert watched(mixed(agent, noise(len(agent) / RATE, 10)), customer) == []


@pytest.mark.parametrize("call", CALLS[::2], ids=lambda path: path.stem)
@pytest.mark.parametrize(("decibels", "delay"), [(-12, 0.04), (-24, 0.2)])
def test_the_customer_in_the_microphone_is_noticed_within_five_seconds_of_speech(
    call: Path, decibels: float, delay: float
) -> None:
    agent, customer = channels(call)
    found = watched(mixed(agent, noise(len(agent) / RATE, 10), room(customer, delay, decibels)), customer)
    assert ids(found) == {"bleed"}
    spoken = [np.sqrt(np.mean(piece.astype(float) ** 2)) > 180 for piece in seconds_of(customer)]
    rings = [is_ring(piece) for piece in seconds_of(customer)]
    before = list(zip(spoken, rings, strict=True))[: round(found[0][0])]
    assert sum(speaks and not ring for speaks, ring in before) <= 5


def seconds_of(sound: Samples) -> Iterator[Samples]:
    return (sound[first : first + RATE] for first in range(0, len(sound) - RATE + 1, RATE))


def is_ring(second: Samples) -> bool:
    power = np.abs(np.fft.rfft(second.astype(float))) ** 2
    return bool(power[440:461].sum() > 0.5 * power.sum())


def test_bleed_is_over_when_the_customer_speaks_and_is_not_heard() -> None:
    agent, customer = channels(CALLS[0])
    both = np.concatenate([mixed(agent, noise(len(agent) / RATE, 10), room(customer, 0.1, -15)), agent])
    found = watched(both, np.concatenate([customer, customer]))
    assert [began for _, name, began in found if name == "bleed"] == [True, False]


def test_a_voice_that_comes_back_on_the_other_channel_may_be_a_swap() -> None:
    agent, customer = channels(CALLS[0])
    assert ids(watched(agent, mixed(customer, room(agent, 0.05, -15)))) == {"swapped.echo"}


def test_the_same_sound_on_both_channels_is_told_as_that() -> None:
    agent, _ = channels(CALLS[0])
    assert ids(watched(agent, agent)) == {"same"}


def test_the_ring_tone_on_the_microphone_alone_means_a_swap() -> None:
    quiet = noise(6, 10)
    assert ids(watched(tone(6), quiet)) == {"swapped.tone"}
    assert ids(watched(quiet, tone(6))) == set()
    assert ids(watched(mixed(quiet, room(tone(6), 0.1, -10)), tone(6))) == set()


def test_peaks_cut_off_are_noticed_and_end() -> None:
    too_loud = noise(5, 60_000, 1)
    found = watched(np.concatenate([noise(3, 500), too_loud, noise(20, 500)]), noise(28, 10))
    assert [(name, began) for _, name, began in found] == [
        ("microphone.clipping", True),
        ("microphone.clipping", False),
    ]
    assert found[0][0] <= 3 + 5
    assert ids(watched(noise(8, 10), np.concatenate([noise(3, 500), too_loud]))) == {"far_end.clipping"}


def test_one_loud_click_is_no_clipping() -> None:
    sound = noise(6, 500)
    sound[RATE : RATE + 10] = 32767
    assert watched(sound, noise(6, 10)) == []


def test_a_microphone_that_goes_dead_is_noticed_within_five_seconds_and_heard_again() -> None:
    dead = np.zeros(8 * RATE, np.int16)
    found = watched(np.concatenate([noise(10, 50), dead, noise(3, 50)]), noise(21, 10))
    assert [(name, began) for _, name, began in found] == [("microphone.silent", True), ("microphone.silent", False)]
    assert 10 < found[0][0] <= 15


def test_a_headset_that_mutes_itself_in_pauses_is_not_dead() -> None:
    pause, speech = np.zeros(2 * RATE, np.int16), noise(2, 500)
    turns = np.concatenate([speech, pause, speech, pause, speech, pause, speech, np.zeros(20 * RATE, np.int16), speech])
    assert watched(turns, noise(len(turns) / RATE, 10)) == []


def test_a_far_end_that_says_nothing_is_what_one_is_like_between_calls() -> None:
    assert watched(noise(30, 50), np.zeros(30 * RATE, np.int16)) == []


def test_the_silence_of_a_microphone_that_is_gone_is_not_told_twice() -> None:
    watch = Watch()
    silence = np.zeros(FRAME, np.int16)
    assert [n for k in range(500) for n in watch.feed(Block(k * 0.02, silence, silence), microphone_gone=True)] == []


def test_of_each_notice_the_latest_state_is_taken_once() -> None:
    notices = Notices()
    gone, back = Notice("microphone.gone", text("gone", "断开")), Notice("microphone.gone", text("back", "恢复"), True)
    notices.put(back)
    assert notices.take() == []
    notices.put(gone)
    notices.put(gone)
    assert notices.open == [gone]
    assert notices.take() == [gone]
    assert notices.take() == []
    notices.put(back)
    notices.put(gone)
    notices.put(back)
    assert notices.take() == [back]
    assert notices.open == []
