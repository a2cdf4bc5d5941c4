"""Speech for the tests of the engines: the bundled calls, and Korean spoken by espeak-ng."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from callflow import models
from callflow.acoustics.activity import VoiceActivity
from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE
from callflow.events import Heard, Speaker
from callflow.speech.transcriber import Session

CALLS = Path(__file__).parent.parent / "calls"


@dataclass(frozen=True)
class Sound:
    """One channel: samples, a voiced flag for each 20 ms, and what is said in it, one text an utterance."""

    samples: NDArray[np.int16]
    voiced: NDArray[np.bool_]
    said: tuple[str, ...] = ()

    def through(self, session: Session, *sizes: int) -> list[Heard]:
        """What a session hears of it when given blocks of ``sizes`` frames in turn (default: all at once)."""
        heard: list[Heard] = []
        at = turn = 0
        while at < len(self.voiced):
            size = sizes[turn % len(sizes)] if sizes else len(self.voiced)
            heard += session.accept(self.samples[at * FRAME : (at + size) * FRAME], self.voiced[at : at + size])
            at, turn = at + size, turn + 1
        return heard + session.finish()


def flagged(samples: NDArray[np.int16], said: tuple[str, ...] = ()) -> Sound:
    whole = samples[: len(samples) // FRAME * FRAME]
    return Sound(whole, VoiceActivity().feed(whole), said)


@cache
def channel(call: str, speaker: Speaker, utterances: int) -> Sound:
    """One side of a bundled call up to a second after the end of that many of its utterances."""
    truth = [json.loads(line) for line in (CALLS / f"{call}.truth.jsonl").read_text("utf-8").splitlines()]
    said = [event for event in truth if event.get("speaker") == speaker and event["type"] == "heard"][:utterances]
    blocks: list[NDArray[np.int16]] = []
    with Recording(CALLS / f"{call}.opus") as recording:
        for block in recording:
            if block.at >= said[-1]["end"] + 1.0:
                break
            blocks.append(block.agent if speaker == "agent" else block.customer)
    return flagged(np.concatenate(blocks), tuple(event["text"] for event in said))


@cache
def korean(words: str) -> Sound:
    """``words`` spoken by espeak-ng, a second of silence before and after."""
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed")
    wave = subprocess.run(
        ["espeak-ng", "-v", "ko", "-s", "120", "--stdout", words], capture_output=True, check=True, timeout=30
    ).stdout
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(io.BytesIO(wave), "r") as container:
        parts = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    noise = np.random.default_rng(7).normal(0, 4, RATE).astype(np.int16)
    return flagged(np.concatenate([noise, *parts, noise]))


@pytest.fixture
def bundled_call() -> Callable[[str, Speaker, int], Sound]:
    return channel


@pytest.fixture
def spoken_korean() -> Callable[[str], Sound]:
    return korean


@pytest.fixture
def model_dir() -> Callable[[str, str], Path]:
    """Finds a model, and skips the test where it or its engine's package is not installed."""

    def find(name: str, package: str) -> Path:
        pytest.importorskip(package, reason=f"{package} is not installed")
        path = models.find(name)
        if path is None:
            pytest.skip(f"model {name} is not installed (callflow models install {name})")
        return path

    return find
