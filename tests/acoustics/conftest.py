"""Sounds for the tests of acoustics: made by numpy, except for speech, which espeak-ng says where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.int16]
Sound = Callable[..., Samples]


def _samples(sound: NDArray[np.float64]) -> Samples:
    return sound.clip(-32767, 32767).astype(np.int16)


@pytest.fixture(scope="session")
def voice() -> Sound:
    """``voice(seconds, hertz=140, level=4000)``: a buzz with the harmonics, the wavering pitch and the four syllables
    a second of a voice."""

    def make(seconds: float, hertz: float = 140, level: float = 4000) -> Samples:
        time = np.arange(round(seconds * RATE)) / RATE
        phase = 2 * np.pi * np.cumsum(hertz * (1 + 0.04 * np.sin(2 * np.pi * 2.3 * time))) / RATE
        harmonics = [k for k in range(1, 24) if k * hertz < 3400]
        buzz = sum((np.sin(k * phase) / (1 + abs(k * hertz - 600) / 300) for k in harmonics), np.zeros(len(time)))
        syllables = 0.05 + 0.95 * np.abs(np.sin(2 * np.pi * 2 * time + 0.6))
        return _samples(level * buzz / buzz.std() * syllables)

    return make


@pytest.fixture(scope="session")
def tone() -> Sound:
    """``tone(bursts, hertz=450, level=4000)``: seconds of tone and of silence, in turn."""

    def make(bursts: list[float], hertz: float = 450, level: float = 4000) -> Samples:
        parts = [
            level * (index % 2 == 0) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
            for index, seconds in enumerate(bursts)
        ]
        return np.concatenate(parts).astype(np.int16)

    return make


@pytest.fixture(scope="session")
def noise() -> Sound:
    """``noise(seconds, level=300, colour=0)``: power falls with frequency to the ``colour``; 1 is pink, -1 is hiss."""

    def make(seconds: float, level: float = 300, colour: float = 0) -> Samples:
        count = round(seconds * RATE)
        bins = np.fft.rfft(np.random.default_rng(11).normal(size=count))
        sound = np.fft.irfft(bins / np.sqrt(np.arange(len(bins)) + 20.0) ** colour, count)
        return _samples(level * sound / sound.std())

    return make


@pytest.fixture(scope="session")
def quiet() -> Sound:
    """``quiet(seconds)``: digital silence."""
    return lambda seconds: np.zeros(round(seconds * RATE), np.int16)


@pytest.fixture(scope="session")
def telephone() -> Callable[[Samples], Samples]:
    """Puts sound through a telephone: 300 to 3400 Hz at 8 kHz, 8 bits of u-law."""

    def make(samples: Samples) -> Samples:
        bins = np.fft.rfft(samples.astype(float))
        hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
        bins[(hertz < 300) | (hertz > 3400)] = 0
        line = np.fft.irfft(bins, len(samples)).clip(-32767, 32767) / 32768
        code = np.round(np.log1p(255 * np.abs(line)) / np.log(256) * 127) / 127
        return _samples(np.sign(line) * np.expm1(code * np.log(256)) / 255 * 32124)

    return make


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Samples]:
    """Two sentences of Mandarin by two robots, without the silence around them."""
    espeak = shutil.which("espeak-ng")
    if not espeak:
        pytest.skip("espeak-ng is not installed; it speaks for these tests")
    folder: Path = tmp_path_factory.mktemp("speech")
    said = {
        "cmn": "您好，国资商城物流事业部，很高兴为您服务，请问有什么可以帮到您？",
        "cmn+f3": "我想查一下我的货到哪里了，已经等了三天，怎么还没有到？",
    }
    spoken: dict[str, Samples] = {}
    for name, words in said.items():
        path = folder / f"{name}.wav"
        subprocess.run([espeak, "-v", name, "-s", "170", "-w", str(path), words], check=True)
        with wave.open(str(path)) as file:
            data = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)
            count = len(data) * RATE // file.getframerate()
            data = np.interp(np.arange(count) * file.getframerate() / RATE, np.arange(len(data)), data)
        loud = np.flatnonzero(np.abs(data) > 300)
        spoken[name] = data[loud[0] : loud[-1]].astype(np.int16)
    return spoken
