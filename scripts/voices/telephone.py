"""What a telephone line adds: its band, mu-law, tones, hold music and noise. Arrays are mono float32 at 8 kHz."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

Sound = NDArray[np.float32]
RATE = 8_000
"""Samples a second of a telephone line."""

_BAND = butter(4, (250, 3_450), "bandpass", fs=RATE, output="sos")


def through_line(speech: Sound, rate: int, dbfs: float) -> Sound:
    """Speech at ``rate`` as a line carries it: 8 kHz, 250 to 3450 Hz, its voiced part at ``dbfs`` (RMS)."""
    narrow = sosfilt(_BAND, resample_poly(speech, RATE, rate)).astype(np.float32)
    frames = narrow[: len(narrow) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    voiced = power[power > power.max() / 1000]
    loud: Sound = narrow * np.float32(_gain(dbfs) / np.sqrt(voiced.mean()))
    return np.clip(loud, -0.98, 0.98)


def ring() -> Sound:
    """One ring as a caller hears it: 450 Hz for 1 s (the 4 s of silence are not part of it)."""
    return _faded(np.sin(2 * np.pi * 450 * np.arange(RATE) / RATE) * _gain(-18), 0.01)


def music(seconds: float, dbfs: float = -26) -> Sound:
    """Hold music: broken chords on a soft organ, two notes a second over a slow bass."""
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    count = round(seconds * RATE)
    out = np.zeros(count + RATE, np.float32)
    for step in range(int(seconds * 4)):
        chord = chords[step // 8 % 4]
        _add(out, step * RATE // 4, _note(2 * chord[(0, 1, 2, 1)[step % 4]], 0.5))
        if step % 8 == 0:
            _add(out, step * RATE // 4, _note(chord[0], 2.0))
    out = out[:count]
    return _faded(out * _gain(dbfs) / np.sqrt((out**2).mean()), 0.05)


def noise(count: int, dbfs: float, random: np.random.Generator) -> Sound:
    """Line noise at ``dbfs``: a hiss that falls towards the high end, with a little mains hum."""
    hiss = sosfilt(butter(1, 1_200, fs=RATE, output="sos"), random.standard_normal(count))
    hum = 0.2 * np.sin(2 * np.pi * 100 * np.arange(count) / RATE + random.uniform(0, 6))
    both = hiss / np.sqrt((hiss**2).mean()) + hum
    return np.asarray(both * _gain(dbfs) / np.sqrt((both**2).mean()), np.float32)


def mu_law(sound: Sound) -> NDArray[np.int16]:
    """There and back through the 8-bit code of a digital line (ITU-T G.711 mu-law), as 16-bit samples."""
    samples = np.clip(np.round(sound * 32_768), -32_635, 32_635).astype(np.int32)
    biased = np.abs(samples) // 4 + 33
    segment = np.floor(np.log2(biased)).astype(np.int32) - 5
    step = biased >> (segment + 1) & 15
    decoded = ((2 * step + 33) << segment) - 33
    return np.asarray(np.sign(samples) * decoded * 4, np.int16)


def _note(hertz: float, seconds: float) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k**2 for k in (1, 2, 3))
    return _faded(wave * np.exp(-2 * time / seconds), 0.02)


def _faded(sound: NDArray[np.floating], seconds: float) -> Sound:
    """Without clicks: ``seconds`` of fade at both ends."""
    ramp = np.minimum(1, np.arange(len(sound)) / (seconds * RATE))
    return (sound * ramp * ramp[::-1]).astype(np.float32)


def _add(out: Sound, at: int, sound: Sound) -> None:
    room = out[at : at + len(sound)]
    room += sound[: len(room)]


def _gain(dbfs: float) -> float:
    return float(10 ** (dbfs / 20))
