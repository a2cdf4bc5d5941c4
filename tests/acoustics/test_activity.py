"""Voice activity: voices at any level and over noise, and none in noise, hum, tones and direct current."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from callflow.acoustics.activity import HANGOVER, VoiceActivity
from callflow.acoustics.spectrum import FRAME, RATE, SECONDS, Spectrum

Samples = NDArray[np.int16]
Sound = Callable[..., Samples]


def voiced(samples: Samples) -> NDArray[np.bool_]:
    return VoiceActivity().feed(samples[: len(samples) // FRAME * FRAME])


def mixed(*sounds: Samples) -> Samples:
    length = min(map(len, sounds))
    both = np.sum([sound[:length].astype(np.int64) for sound in sounds], axis=0)
    return np.asarray(both.clip(-32767, 32767), np.int16)


@pytest.mark.parametrize("level", [30, 300, 3000, 12_000])
@pytest.mark.parametrize("colour", [-1, 0, 1])
def test_noise_is_no_voice(noise: Sound, quiet: Sound, level: float, colour: float) -> None:
    sudden = np.concatenate((quiet(1), noise(6, level, colour), quiet(1), noise(2, level, colour)))
    assert not voiced(sudden).any()


def test_tones_and_direct_current_are_no_voice(tone: Sound, quiet: Sound) -> None:
    for hertz in (435, 450, 465):
        assert not voiced(tone([0.35] * 12, hertz)).any()
        assert not voiced(tone([0.5, 0.5, 1, 4, 1, 1], hertz)).any()
    assert not voiced(np.full(RATE * 2, 9000, np.int16)).any()
    assert not voiced(quiet(2)).any()


def test_a_steady_hum_becomes_background() -> None:
    time = np.arange(10 * RATE) / RATE
    hum = sum((np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 20)), np.zeros(len(time)))
    assert not voiced((3000 * hum).astype(np.int16))[round(3.3 / SECONDS) :].any()


@pytest.mark.parametrize("hertz", [85, 140, 220, 320])
@pytest.mark.parametrize("level", [120, 1000, 9000])
def test_a_voice_is_voiced_from_its_begin_to_its_end(
    voice: Sound, noise: Sound, telephone: Callable[[Samples], Samples], hertz: float, level: float
) -> None:
    length = round(6 * RATE)
    sound = np.zeros(length, np.int16)
    sound[2 * RATE : 4 * RATE] = voice(2, hertz, level)
    found = voiced(telephone(mixed(sound, noise(6, level / 12, 0.5))))
    begin, end = round(2 / SECONDS), round(4 / SECONDS)
    assert not found[:begin].any()
    assert found[begin + 5 : end].mean() > 0.97
    assert not found[end + HANGOVER + 2 :].any()


@pytest.mark.parametrize("who", ["cmn", "cmn+f3"])
@pytest.mark.parametrize(("level", "ratio"), [(0.5, 100), (0.5, 8), (0.05, 15), (0.015, 100)])
def test_speech_over_the_telephone(
    speech: dict[str, Samples],
    noise: Sound,
    telephone: Callable[[Samples], Samples],
    who: str,
    level: float,
    ratio: float,
) -> None:
    said = speech[who].astype(float) / np.abs(speech[who]).max() * 32767 * level
    around = np.concatenate((np.zeros(2 * RATE), said, np.zeros(2 * RATE))).astype(np.int16)
    line = telephone(mixed(around, noise(len(around) / RATE + 1, float(np.std(said)) / ratio)))
    found = voiced(line)
    power = np.square(said[: len(said) // FRAME * FRAME].reshape(-1, FRAME)).mean(axis=1)
    loud = np.flatnonzero(power > power.mean() / 4) + 2 * RATE // FRAME
    assert found[loud].mean() > 0.9
    assert not found[: 2 * RATE // FRAME - 3].any(), "but for what the line's filter puts before the sound"
    assert not found[-2 * RATE // FRAME + HANGOVER + 2 :].any()


@pytest.mark.parametrize("hertz", [430, 450, 470])
def test_tone_frames(tone: Sound, voice: Sound, noise: Sound, hertz: float) -> None:
    figures = Spectrum().feed(mixed(tone([1.0], hertz), noise(1, 300))[np.newaxis])
    assert figures.tone[0, 2:].all()
    for other in (tone([1.0], 415), tone([1.0], 485), tone([1.0], 900), voice(1, 150), voice(1, 90), noise(1)):
        assert not Spectrum().feed(other[np.newaxis]).tone[0, 2:-1].any()


def test_power_is_relative_to_full_scale(tone: Sound) -> None:
    figures = Spectrum().feed(tone([1.0], 1000, 32767)[np.newaxis])
    assert figures.power[0, 1:-1] == pytest.approx(0.5, rel=0.05)
    figures = Spectrum().feed(tone([1.0], 100, 32767)[np.newaxis])
    assert figures.power[0, 1:-1].max() < 0.001, "below the band"
