"""What replay costs beside the bare recogniser: processor time and memory of whole processes on the same sound."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bench_row import Row

from callflow import models
from callflow.audio.opus import OpusWriter
from callflow.audio.recording import Recording
from callflow.audio.source import RATE, Block

CALLS = Path(__file__).resolve().parent.parent / "tests" / "calls"
NAMES = ("exemplary", "order_wrong_readback", "faulty")
BARE = """
import sys
import numpy as np, sherpa_onnx
from pathlib import Path
from callflow.audio.recording import Recording
model = Path(sys.argv[2])
find = lambda stem: str(next(model.glob(stem + "*.onnx")))
recognizer = sherpa_onnx.OnlineRecognizer.from_transducer(
    tokens=str(model / "tokens.txt"), encoder=find("encoder"), decoder=find("decoder"), joiner=find("joiner"),
    num_threads=1, sample_rate=16000, feature_dim=80, decoding_method="greedy_search")
streams = recognizer.create_stream(), recognizer.create_stream()
for block in Recording(sys.argv[1], block_seconds=0.2):
    for stream, samples in zip(streams, (block.agent, block.customer)):
        stream.accept_waveform(16000, samples.astype(np.float32) / 32768)
        while recognizer.is_ready(stream):
            recognizer.decode_stream(stream)
"""


def joined(path: Path, seconds: float) -> None:
    """A recording of ``seconds``: the bundled calls over and over."""
    with open(path, "wb") as file, OpusWriter(file) as writer:
        at = 0.0
        while at < seconds:
            for name in NAMES:
                for block in Recording(CALLS / f"{name}.opus"):
                    if at >= seconds:
                        return
                    writer.write(Block(at, block.agent, block.customer))
                    at += len(block.agent) / RATE


def cost(arguments: list[str]) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of a process."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(recording: Path, model: Path) -> tuple[list[str], list[str]]:
    """The command line of callflow, and that of the bare recogniser."""
    replay = [sys.executable, "-m", "callflow", "replay", str(recording), "--engine", "zipformer", "--threads", "1"]
    return replay, [sys.executable, "-c", BARE, str(recording), str(model)]


def measure(quick: bool = False) -> Iterator[Row]:
    """The rows of replay; none without the zipformer model."""
    model = models.find("zipformer")
    if model is None:
        yield Row("replay beside the bare recogniser", "not measured: no zipformer model here")
        return
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "five_minutes.opus"
        joined(recording, 288)
        runs = [tuple(cost(command) for command in commands(recording, model)) for _ in range(3)]
        ratio = statistics.median(ours[0] / bare[0] for ours, bare in runs)
        spent = [statistics.median(run[i][0] for run in runs) for i in (0, 1)]
        figure = f"{ratio:.2f} ({spent[0]:.1f} s against {spent[1]:.1f} s for 288 s of sound)"
        yield Row("replay beside the bare recogniser (zipformer, one thread), CPU", figure, "≤ 1.10", ratio <= 1.10)
        if quick:
            return
        short, long = Path(folder) / "short.opus", Path(folder) / "long.opus"
        joined(short, 180)
        joined(long, 3 * 3600)
        ours, bare = ([cost(commands(path, model)[i])[1] for path in (short, long)] for i in (0, 1))
        growth = ours[1] - ours[0]
        figure = f"{ours[0]:.0f} → {ours[1]:.0f} MB (bare recogniser {bare[0]:.0f} → {bare[1]:.0f} MB)"
        yield Row("memory of replay, 3 min → 3 h", figure, "growth ≤ 50 MB", bool(np.less_equal(growth, 50)))


if __name__ == "__main__":
    for row in measure(quick="--quick" in sys.argv):
        print(row.line())
