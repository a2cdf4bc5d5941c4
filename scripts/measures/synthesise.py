"""Makes the recordings that ``spoken`` lists. Runs in the environment of the voices, goes on where it was stopped.

Every recording is a telephone call's: agent left, customer right (line noise alone), 8 kHz, band-limited, mu-law.
"""

from __future__ import annotations

import sys
import time
import wave
import zlib
from pathlib import Path

import numpy as np
from voices.engines import RATE as VOICE_RATE
from voices.engines import Voice, speak
from voices.telephone import RATE, mu_law, noise, through_line

from measures.spoken import Spoken, settings, spoken


def main(voices: list[str]) -> None:
    """Make what is missing, of these voices or of all."""
    wanted = [one for one in spoken() if not voices or one.voice in voices]
    # In no order of subjects, so that what there is after a while is a fair sample of a voice.
    missing = sorted((one for one in wanted if not one.sound.exists()), key=lambda one: zlib.crc32(one.name.encode()))
    print(f"{len(missing)} of {len(wanted)} recordings to be made", flush=True)
    began = time.monotonic()
    for done, one in enumerate(missing, 1):
        if not one.sound.exists():  # another run may have made it meanwhile
            record(one)
        if done % 25 == 0 or done == len(missing):
            print(f"  {done:5d}  {(time.monotonic() - began) / done:.1f} s each", flush=True)


def record(one: Spoken) -> None:
    """Speak one line over the telephone."""
    line = settings()["line"]
    speech = through_line(speak(one.text, Voice(**settings()["voices"][one.voice])), VOICE_RATE, line["level"])
    lead, tail = (round(line[part] * RATE) for part in ("lead", "tail"))
    random = np.random.default_rng(zlib.crc32(f"{one.name} {one.voice}".encode()))
    both = np.stack([noise(lead + len(speech) + tail, line["noise"], random) for _ in range(2)])
    both[0, lead : lead + len(speech)] += speech
    write(one.sound, mu_law(np.clip(both, -0.98, 0.98)))


def write(file: Path, samples: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> None:
    """Write ``[channels, n]`` as WAV, all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    with wave.open(str(partial), "wb") as out:
        out.setnchannels(len(samples))
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.T.astype("<i2").tobytes())
    partial.replace(file)


if __name__ == "__main__":
    main(sys.argv[1:])
