"""What a batch costs: 200 calls of five minutes on two workers, beside the bare recogniser on what was spoken in them.

``python scripts/bench_batch.py [--calls 200] [--workers 2] [--kind wav]``. The calls are the bundled ones put together,
each in another order and at another level, so that no two have the same content. ``--calls 10`` takes a few minutes;
200 calls as WAV need 4 GB of room.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from bench_row import Row

from callflow import models
from callflow.acoustics.listener import Listener
from callflow.audio.opus import OpusWriter
from callflow.audio.recording import Recording
from callflow.audio.source import RATE, Block
from callflow.speech.endpoint import Endpointer

CALLS = Path(__file__).resolve().parent.parent / "tests" / "calls"
SECONDS = 300.0
BARE = """
import sys, time
import numpy as np, sherpa_onnx
from pathlib import Path
model = Path(sys.argv[2])
find = lambda stem: str(next(model.glob(stem + "*.onnx")))
recognizer = sherpa_onnx.OnlineRecognizer.from_transducer(
    tokens=str(model / "tokens.txt"), encoder=find("encoder"), decoder=find("decoder"), joiner=find("joiner"),
    num_threads=1, sample_rate=16000, feature_dim=80, decoding_method="greedy_search")
began = time.process_time()
spoken = np.load(sys.argv[1])
for name in spoken.files:
    stream = recognizer.create_stream()
    samples = spoken[name]
    for start in range(0, len(samples), 3200):
        stream.accept_waveform(16000, samples[start:start + 3200].astype(np.float32) / 32768)
        while recognizer.is_ready(stream):
            recognizer.decode_stream(stream)
print(time.process_time() - began)
"""


class WavWriter:
    """Writes Blocks as two channels of a WAV file, as ``OpusWriter`` does as Opus."""

    def __init__(self, file: BinaryIO) -> None:
        self._wave = wave.open(file, "wb")  # noqa: SIM115
        self._wave.setparams((2, 2, RATE, 0, "NONE", ""))

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._wave.close()

    def write(self, block: Block) -> None:
        self._wave.writeframes(np.stack([block.agent, block.customer], axis=1).tobytes())


def long_call(path: Path, number: int) -> None:
    """A call of five minutes, unlike any other: the bundled ones in an order and at a level of its own."""
    chance = random.Random(number)
    names = sorted(file.stem for file in CALLS.glob("*.opus"))
    with open(path, "wb") as file, (WavWriter if path.suffix == ".wav" else OpusWriter)(file) as writer:
        at = 0.0
        while at < SECONDS:
            gain = chance.uniform(0.7, 1.0)
            with Recording(CALLS / f"{chance.choice(names)}.opus") as recording:
                for block in recording:
                    if at >= SECONDS:
                        break
                    agent, customer = ((side * gain).astype(np.int16) for side in (block.agent, block.customer))
                    writer.write(Block(at, agent, customer))
                    at += len(block.agent) / RATE


def spoken(recording: Path, out: Path) -> float:
    """The sound of all utterances of a recording, as callflow would have them decoded; returns its seconds."""
    listener, ends = Listener(), (Endpointer(), Endpointer())
    found: dict[str, list[np.ndarray]] = {}
    with Recording(recording) as blocks:
        for block in blocks:
            heard = listener.feed(block)
            sides = ((block.agent, heard.agent_voiced), (block.customer, heard.customer_voiced))
            for side, (samples, voiced) in enumerate(sides):
                for frame, flag in zip(samples.reshape(-1, 320).copy(), voiced.tolist(), strict=True):
                    for step in ends[side].push(frame, flag):
                        found.setdefault(f"{side}_{step.utterance.number}", []).extend(step.frames)
    joined = {name: np.concatenate(frames) for name, frames in found.items()}
    np.savez(out, **joined)  # type: ignore[arg-type]
    return sum(map(len, joined.values())) / RATE


def bare(recordings: list[Path], model: Path, folder: Path) -> tuple[float, float]:
    """CPU seconds of the bare recogniser on the voiced parts of ``recordings``, and how many seconds these are."""
    total = seconds = 0.0
    for recording in recordings:
        seconds += spoken(recording, folder / "spoken.npz")
        command = [sys.executable, "-c", BARE, str(folder / "spoken.npz"), str(model)]
        total += float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return total, seconds


def batch(folder: Path, archive: Path, workers: int) -> tuple[float, float, dict[str, float]]:
    """Seconds and CPU seconds (all processes) of a batch, and what it says of itself."""
    command = [sys.executable, "-m", "callflow", "replay", str(folder), "--archive", str(archive), "--json"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [*command, "--engine", "zipformer", "--workers", str(workers)], capture_output=True, text=True, check=True
    )
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, cpu, json.loads(done.stdout.splitlines()[-1])


def measure(calls: int = 200, workers: int = 2, kind: str = "opus") -> Iterator[Row]:
    """The rows of batches; none without the zipformer model."""
    model = models.find("zipformer")
    if model is None:
        yield Row("a batch of recordings", "not measured: no zipformer model here")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "calls"
        folder.mkdir()
        recordings = [folder / f"call-{number:03}.{kind}" for number in range(calls)]
        for number, path in enumerate(recordings):
            long_call(path, number)
        took, cpu, summary = batch(folder, Path(name) / "a.db", workers)
        assert summary["done"] == calls, summary
        speed, load = summary["sound"] / took, os.getloadavg()[0]
        what = f"batch of {calls} calls of five minutes ({kind}), zipformer, {workers} workers"
        yield Row(what, f"{speed:.0f} × real time ({took:.0f} s, load {load:.1f})", "≥ 20 ×", speed >= 20)
        sample = recordings[:: max(1, calls // 10)]
        alone, seconds = bare(sample, model, Path(name))
        share = (cpu / calls) / (alone / len(sample))
        figure = f"{share:.2f} ({cpu / calls:.1f} s against {alone / len(sample):.1f} s a call, of which "
        figure += f"{seconds / len(sample):.0f} s are voiced, both sides together)"
        yield Row("CPU of that batch beside the bare recogniser on the voiced parts", figure, "≤ 1.10", share <= 1.1)
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        kept = sum(file.stat().st_size for file in Path(name).glob("a.db*")) / calls / 1024
        yield Row("memory of its largest process; archive (SQLite)", f"{largest:.0f} MB; {kept:.0f} KB a call")
        again, _, _ = batch(folder, Path(name) / "a.db", workers)
        each = 1000 * again / calls
        yield Row("the same once more: nothing left to do", f"{again:.1f} s ({each:.0f} ms a call, hashing included)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kind", choices=("opus", "wav"), default="opus")
    options = parser.parse_args()
    for row in measure(options.calls, options.workers, options.kind):
        print(row.line(), flush=True)


if __name__ == "__main__":
    main()
