"""The sound of a SIP call, 16 kHz on our side, 8 or 16 kHz on the line: int16 bytes in and out, gapless."""

from __future__ import annotations

import numpy as np
from baresip import AudioInfo, AudioNotActive, AudioRestarted, Call
from numpy.typing import NDArray

_LEAD, _MOST_WAITING = 0.04, 0.2
"""Seconds of silence before a voice, so that a late piece leaves no hole; seconds that wait to be sent, at most."""
_TAPS = 63
_AT = np.arange(_TAPS) - _TAPS // 2
# Half-band low-pass: cuts at 4 kHz of 16 kHz; every other coefficient but the middle one is zero.
_FILTER = (np.sinc(_AT / 2) / 2 * np.hamming(_TAPS)).astype(np.float32)
_FILTER /= _FILTER.sum()


class Doubler:
    """8 kHz to 16 kHz, 2 ms late."""

    def __init__(self) -> None:
        self._past = np.zeros(_TAPS - 1, np.float32)

    def double(self, samples: bytes) -> bytes:
        spread = np.zeros(len(samples) // 2 * 2, np.float32)
        spread[::2] = np.frombuffer(samples, np.int16)
        out, self._past = _filtered(self._past, spread * 2)
        return out.tobytes()


class Halver:
    """16 kHz to 8 kHz, 2 ms late."""

    def __init__(self) -> None:
        self._past = np.zeros(_TAPS - 1, np.float32)
        self._odd = 0

    def halve(self, samples: bytes) -> bytes:
        new = np.frombuffer(samples, np.int16).astype(np.float32)
        out, self._past = _filtered(self._past, new)
        half = out[self._odd :: 2]
        self._odd = (self._odd + len(new)) % 2
        return half.tobytes()


def _filtered(past: NDArray[np.float32], new: NDArray[np.float32]) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """``new`` through the filter, after ``past``; and what is the past of the next."""
    if not len(new):
        return np.zeros(0, np.int16), past
    line = np.concatenate([past, new])
    out = np.convolve(line, _FILTER, "valid")
    return np.clip(np.rint(out), -32_768, 32_767).astype(np.int16), line[-len(past) :]


class Voice:
    """The sound of whichever call is on the line, 16 kHz on our side, whatever was agreed on the other."""

    def __init__(self) -> None:
        self._said = bytearray()
        self._down, self._up = Halver(), Doubler()

    def say(self, samples: bytes) -> None:
        """The agent's voice: kept until the line takes it, a second at most."""
        self._said += samples
        del self._said[: max(0, len(self._said) - 32_000)]

    def exchange(self, call: Call) -> bytes:
        """Send what was said, take what has come; both are nothing while the line has no sound."""
        try:
            info = call.audio.info()
            if info.tx_ready and self._said:
                self._send(call, info)
            heard = call.audio.read(16_000) if info.rx_ready else b""
        except (AudioNotActive, AudioRestarted):
            return b""
        return heard if info.rx_sample_rate == 16_000 else self._up.double(heard)

    def _send(self, call: Call, info: AudioInfo) -> None:
        said, self._said = bytes(self._said), bytearray()
        second = 2 * info.tx_sample_rate  # in bytes
        if info.tx_buffered > second * _MOST_WAITING:
            return  # the microphone's clock is faster than the line's: leave a piece out before they drift apart
        lead = b"" if info.tx_buffered else bytes(int(second * _LEAD) & ~1)
        call.audio.write(lead + (said if info.tx_sample_rate == 16_000 else self._down.halve(said)))
