"""Whole calls: tones and what they mean, and that blocks may be cut anywhere."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from callflow.acoustics.activity import VoiceActivity
from callflow.acoustics.listener import Listener
from callflow.acoustics.spectrum import FRAME, RATE, Spectrum
from callflow.events import CallAnswered, CallHungUp, CallRinging, Event, Heard, Overlap, Silence, Tone

Samples = NDArray[np.int16]
Sound = Callable[..., Samples]


@dataclass
class Block:
    agent: Samples
    customer: Samples


@dataclass
class Outcome:
    events: list[Event]
    agent: NDArray[np.bool_]
    customer: NDArray[np.bool_]

    def calls(self) -> list[tuple[str, float]]:
        return [(event.type, round(event.at, 2)) for event in self.events if event.type.startswith("call.")]

    def tones(self) -> list[tuple[str, float, float]]:
        return [(e.tone, round(e.start, 1), round(e.end, 1)) for e in self.events if isinstance(e, Tone)]


def listen(
    agent: Samples, customer: Samples | None = None, cuts: list[int] | None = None, infer: bool = True
) -> Outcome:
    """Feed both channels, filled with silence to one length, in blocks that end at the frames ``cuts``."""
    customer = np.zeros(0, np.int16) if customer is None else customer
    length = -(-max(len(agent), len(customer)) // FRAME) * FRAME
    agent, customer = (np.pad(side, (0, length - len(side))) for side in (agent, customer))
    listener = Listener(infer_calls=infer)
    ends = [*range(5 * FRAME, length, 5 * FRAME)] if cuts is None else [cut * FRAME for cut in cuts]
    events: list[Event] = []
    voiced: list[NDArray[np.bool_]] = []
    start = 0
    for end in [*ends, length]:
        fed = listener.feed(Block(agent[start:end], customer[start:end]))
        assert all(start / RATE < event.at <= end / RATE + 1e-9 for event in fed.events), "known by what has been fed"
        events += fed.events
        voiced.append(np.stack((fed.agent_voiced, fed.customer_voiced)))
        start = end
    events += listener.finish()
    assert [event.at for event in events] == sorted(event.at for event in events)
    both = np.concatenate(voiced, axis=1)
    return Outcome(events, both[0], both[1])


@pytest.mark.parametrize("hertz", [435, 450, 465])
@pytest.mark.parametrize("pace", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("hiss", [0, 250])
def test_a_call_from_ring_to_busy(
    tone: Sound, voice: Sound, quiet: Sound, noise: Sound, hertz: float, pace: float, hiss: float
) -> None:
    rings = tone([1 * pace, 4 * pace, 1 * pace, 4 * pace, 0.6 * pace, 0.5], hertz)
    sound = np.concatenate((quiet(0.5), rings, voice(3), quiet(1), tone([0.35 * pace] * 10, hertz), quiet(1)))
    if hiss:
        sound = sound + noise(len(sound) / RATE, hiss)[: len(sound)]
    found = listen(sound)
    answered = 0.5 + 10.6 * pace
    busy = 0.5 + len(rings) / RATE + 4
    assert [kind for kind, _ in found.calls()] == ["call.ringing"] * 3 + ["call.answered", "call.hung_up"]
    expected = [0.5 + pace, 0.5 + 5 * pace, 0.5 + 10 * pace, answered, busy + 1.4 * pace]
    for (kind, at), happened in zip(found.calls(), expected, strict=True):
        assert happened <= at < happened + 0.5, kind
    assert [event.ring for event in found.events if isinstance(event, CallRinging)] == [1, 2, 3]
    assert [name for name, _, _ in found.tones()] == ["ringback"] * 3 + ["busy"]
    _, begin, end = found.tones()[-1]
    assert begin == pytest.approx(busy, abs=0.1)
    assert end == pytest.approx(busy + 9 * 0.35 * pace, abs=0.15)
    first = round((0.5 + len(rings) / RATE) * RATE / FRAME)
    assert not found.agent[:first].any(), "tones are no voice"
    assert not found.agent[first + 165 :].any()


def test_tones_may_be_on_either_channel_or_on_both(tone: Sound, voice: Sound, quiet: Sound) -> None:
    rings = tone([1, 4, 1, 2])
    spoken = np.concatenate((np.zeros_like(rings), voice(2), quiet(1)))
    expected = ["call.ringing", "call.ringing", "call.answered"]
    for agent, customer in ((spoken, rings), (np.concatenate((rings, voice(2))), rings)):
        found = listen(agent, customer)
        assert [kind for kind, _ in found.calls()] == expected
        assert 8 < found.calls()[-1][1] < 8.4


def test_the_customer_talking_while_it_rings_answers_nothing(tone: Sound, voice: Sound, quiet: Sound) -> None:
    rings = tone([1, 4, 1, 4, 1, 2.5])
    agent = np.concatenate((np.zeros_like(rings), voice(2)))
    customer = np.concatenate((quiet(2), voice(1.5), quiet(8)))
    talk, ring = (np.pad(sound, (0, len(agent) - len(sound))) for sound in (customer, rings))
    found = listen(agent, talk + ring)
    assert [kind for kind, _ in found.calls()] == ["call.ringing"] * 3 + ["call.answered"]
    assert found.calls()[-1][1] > 13.5


def test_the_ring_that_does_not_come_answers(tone: Sound, quiet: Sound) -> None:
    found = listen(np.concatenate((tone([1, 4, 1]), quiet(8))))
    kind, at = found.calls()[-1]
    assert kind == "call.answered"
    assert at == pytest.approx(11.1, abs=0.1)


def test_a_recording_that_begins_within_a_ring(tone: Sound, voice: Sound) -> None:
    found = listen(np.concatenate((tone([0.6, 4, 1, 2]), voice(2))))
    assert [event.ring for event in found.events if isinstance(event, CallRinging)] == [1, 2]


def test_without_rings_the_first_voice_answers(voice: Sound, quiet: Sound) -> None:
    found = listen(quiet(5), np.concatenate((quiet(2), voice(1))))
    ((kind, at),) = found.calls()
    assert kind == "call.answered"
    assert at == pytest.approx(2.1, abs=0.1)
    assert listen(quiet(5)).calls() == []


def test_calls_are_inferred_only_where_wanted(tone: Sound, voice: Sound) -> None:
    found = listen(np.concatenate((tone([1, 4]), voice(2), tone([0.35] * 8))), infer=False)
    assert found.calls() == []
    assert [name for name, _, _ in found.tones()] == ["ringback", "busy"]


def melody(hertz: list[float], seconds: float, harmonics: int, rests: bool) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    fade = np.minimum(1, np.minimum(time, seconds - time) / 0.02) * np.exp(-time * (1.5 if rests else 0))
    order = range(1, harmonics + 1)
    notes = [np.sum([np.sin(2 * np.pi * h * k * time) / k**1.5 for k in order], axis=0) * fade for h in hertz]
    return (3000 * np.concatenate(notes)).astype(np.int16)


@pytest.mark.parametrize("seconds", [0.35, 0.7, 1.0])
@pytest.mark.parametrize("harmonics", [1, 4])
@pytest.mark.parametrize("rests", [True, False])
def test_hold_music_is_no_tone(seconds: float, harmonics: int, rests: bool) -> None:
    tune = melody([440, 494, 523, 440, 440, 587, 440, 392, 440, 349] * 3, seconds, harmonics, rests)
    found = listen(tune, np.roll(tune, 3000))
    assert found.tones() == []
    assert not any(isinstance(event, CallRinging | CallHungUp) for event in found.events)


def test_other_cadences_and_frequencies_are_no_tones(tone: Sound, noise: Sound) -> None:
    for sound in (
        tone([0, 1] + [0.7, 0.7] * 6),  # congestion
        tone([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.4] * 3),  # number unobtainable
        tone([10.0]),
        tone([1, 4] * 3, 400),
        tone([0.35, 0.35] * 5, 480),
        noise(10, 2000),
    ):
        assert listen(sound).tones() == []


def test_speech_is_no_tone(speech: dict[str, Samples]) -> None:
    found = listen(speech["cmn"], speech["cmn+f3"])
    assert found.tones() == []
    assert found.calls()[0][1] < 0.3


def test_turns_of_real_speech(speech: dict[str, Samples], quiet: Sound) -> None:
    first, second = speech["cmn"], speech["cmn+f3"]
    half = quiet(len(first) / RATE / 2)
    agent = np.concatenate((first, quiet(3), first))
    customer = np.concatenate((half, second, quiet(1)))
    found = listen(agent, customer)
    (cut_in, *_) = [event for event in found.events if isinstance(event, Overlap)]
    assert cut_in.speaker == "customer"
    assert cut_in.start == pytest.approx(len(half) / RATE, abs=0.25)
    (silence,) = [event for event in listen(agent).events if isinstance(event, Silence)]
    assert silence.start == pytest.approx(len(first) / RATE, abs=0.2)
    assert silence.end == pytest.approx(len(first) / RATE + 3, abs=0.2)


def test_rate_of_real_speech(speech: dict[str, Samples]) -> None:
    said = speech["cmn"]
    listener = Listener()
    listener.feed(Block(said[: len(said) // FRAME * FRAME], np.zeros(len(said) // FRAME * FRAME, np.int16)))
    words = "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？"
    rate = listener.rate(Heard(at=20, speaker="agent", text=words, start=0, end=len(said) / RATE))
    assert rate is not None
    assert 120 < rate.per_minute < 400


@pytest.fixture(scope="module")
def long_call(tone: Sound, voice: Sound, quiet: Sound, noise: Sound) -> tuple[Samples, Samples]:
    """A bit of everything, over a hiss."""
    rings = tone([1, 4, 1, 1])
    agent = np.concatenate((quiet(1.01), rings, voice(3), quiet(2.5), voice(2, 120, 11_000), tone([0.35] * 9)))
    customer = np.concatenate((np.zeros(len(rings) + RATE * 3, np.int16), voice(2, 230, 2000), quiet(4), voice(1, 210)))
    length = len(agent) // FRAME * FRAME
    hiss = noise(length / RATE, 40)[:length]
    customer = np.pad(customer, (0, max(0, length - len(customer))))[:length]
    return agent[:length] + hiss, customer + hiss[::-1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 200))
def test_blocks_may_be_cut_anywhere(long_call: tuple[Samples, Samples], seed: int, count: int) -> None:
    frames = len(long_call[0]) // FRAME
    cuts = sorted(random.Random(seed).sample(range(1, frames), min(count, frames - 1)))
    whole, cut = listen(*long_call, cuts=[]), listen(*long_call, cuts=cuts)
    assert cut.events == whole.events
    assert np.array_equal(cut.agent, whole.agent)
    assert np.array_equal(cut.customer, whole.customer)
    kinds = {event.type for event in whole.events}
    assert kinds >= {"call.ringing", "call.answered", "call.hung_up", "acoustic.tone", "acoustic.loudness"}
    assert kinds >= {"acoustic.silence", "acoustic.overlap", "acoustic.voice"}
    assert sum(isinstance(event, CallAnswered) for event in whole.events) == 1


@settings(max_examples=60, deadline=None)
@given(
    levels=st.lists(st.sampled_from([0, 1, 50, 3000, 30_000]), min_size=2, max_size=30),
    cut=st.integers(1, 29),
    seed=st.integers(0, 1000),
)
def test_figures_are_the_same_to_the_last_bit(levels: list[int], cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = np.concatenate([rng.integers(-level, level + 1, (2, FRAME), np.int16) for level in levels], axis=1)
    whole = Spectrum(2).feed(samples)
    at = min(cut, len(levels) - 1) * FRAME
    split = Spectrum(2)
    parts = split.feed(samples[:, :at]), split.feed(samples[:, at:])
    for figure, first, second in zip(whole, *parts, strict=True):
        assert np.concatenate((first, second), axis=1).tobytes() == figure.tobytes()
    one = Spectrum(1).feed(samples[1:])
    assert all(np.array_equal(figure[1], alone[0]) for figure, alone in zip(whole, one, strict=True))
    voice = VoiceActivity()
    steps = [voice.feed(samples[0, start : start + FRAME]) for start in range(0, samples.shape[1], FRAME)]
    assert np.array_equal(np.concatenate(steps), VoiceActivity().feed(samples[0]))


def test_nothing_fed_is_nothing_heard() -> None:
    empty = np.zeros(0, np.int16)
    found = listen(empty, empty, cuts=[])
    assert (found.events, len(found.agent)) == ([], 0)
    assert Listener().finish() == []
