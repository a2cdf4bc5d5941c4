"""Files for batches: quick ones, as journals, and all kinds of broken ones; and workers that die."""

from __future__ import annotations

import json
import os
import signal
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from callflow import plans
from callflow.audio.recording import Recording
from callflow.audio.source import Source
from callflow.call.plan import Plan
from callflow.events import CallAnswered, CallContext, CallHungUp, Event, Heard
from callflow.journal import FORMAT, Header
from callflow.review.batch.task import Side

DEADLY = "deadly"


@cache
def plan() -> Plan:
    return plans.load()[0]


def call(number: int) -> list[Event]:
    """The inputs of a short call, each a little different."""
    agent = "您好，国资商城物流事业部，很高兴为您服务" if number % 2 else "这事不归我管"
    return [
        CallContext(at=0.0, engine="given", date=f"2026-03-02T{number // 60 % 24:02}:{number % 60:02}:00"),
        CallAnswered(at=1.0),
        Heard(at=4.0, speaker="agent", text=agent, start=1.5, end=3.5, utterance="a1"),
        Heard(at=8.0, speaker="customer", text=f"我的单号是{number}", start=5.0, end=7.5, utterance="c1"),
        CallHungUp(at=10.0 + number / 1000, by="customer"),
    ]


def journals(folder: Path, numbers: Sequence[int]) -> list[Path]:
    """A journal of its own for each number."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"call-{number:05}.jsonl" for number in numbers]
    for number, path in zip(numbers, paths, strict=True):
        path.write_text(
            "\n".join([Header("inbound").to_json(), *(event.to_json() for event in call(number)), ""]), encoding="utf-8"
        )
    return paths


def broken(folder: Path, many: int) -> list[Path]:
    """Files that are no calls, in every way that files are not."""
    folder.mkdir(exist_ok=True)
    newer = json.dumps({"type": "journal", "format": FORMAT + 1, "version": "9"}).encode()
    whole = sound(folder / "whole.wav").read_bytes()
    (folder / "whole.wav").unlink()
    kinds: list[tuple[str, bytes]] = [
        ("empty.wav", b""),
        ("text.wav", "这是一段文字，不是录音。\n".encode()),
        ("random.mp3", np.random.default_rng(2).bytes(20_000)),
        ("cut.wav", whole[:20]),
        ("text.jsonl", b"hello\n"),
        ("empty.jsonl", b""),
        ("newer.jsonl", newer),
        ("six.wav", sound(folder / "six.tmp", channels=6).read_bytes()),
        ("nothing.wav", sound(folder / "zero.tmp", seconds=0).read_bytes()),
        ("playlist.wav", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    ]
    paths = []
    for number in range(many):
        name, content = kinds[number % len(kinds)]
        paths.append(folder / f"bad-{number:03}-{name}")
        paths[-1].write_bytes(content)
    for temporary in folder.glob("*.tmp"):
        temporary.unlink()
    return paths


def sound(path: Path, channels: int = 2, seconds: float = 0.5, seed: int = 1) -> Path:
    """A recording in which nobody speaks."""
    noise = np.random.default_rng(seed).integers(-20, 20, int(8_000 * seconds) * channels, dtype=np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 8_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())
    return path


def open_recording(path: Path, agent: Side) -> Source:
    """Opens recordings; one with ``DEADLY`` in its name takes its process with it, as if it ate all memory."""
    if DEADLY in path.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return Recording(path, agent=agent)
