"""The real command as a person runs it, and files to run it on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from callflow import plans
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import CallAnswered, CallContext, CallHungUp, Event, Heard
from callflow.journal import Header, JournalWriter

ROOT = Path(__file__).resolve().parent.parent


PROBLEM = re.compile(r"^.+: (error|warning|错误|警告): .+ \[[a-z-]+\]$")


ERROR = {"en": "callflow: error: ", "zh": "callflow: 错误: "}


OUTPUTS = ("--journal", "out.jsonl", "--report", "out.html")


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
    return {**kept, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


def callflow(
    *arguments: str, cwd: Path, given: bytes = b"", limit: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a person would."""
    command = [sys.executable, "-m", "callflow", *arguments]
    return subprocess.run(
        command, cwd=cwd, input=given, capture_output=True, env=environment(), preexec_fn=limit, check=False
    )


def complaint(stderr: str, language: str = "en") -> tuple[str, list[str]]:
    """The one line that says what was wrong, and the Problems above it."""
    assert "Traceback" not in stderr
    *problems, last = stderr.splitlines()
    assert last.startswith(ERROR[language]), stderr
    assert all(PROBLEM.match(line) for line in problems), stderr
    return last.removeprefix(ERROR[language]), problems


def sound(path: Path, channels: int = 2, seconds: float = 1.0) -> Path:
    """A recording in which nobody speaks: quiet noise."""
    noise = np.random.default_rng(1).integers(-20, 20, int(8_000 * seconds) * channels, dtype=np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 8_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())
    return path


def journal(path: Path, turns: int = 1) -> Path:
    """The journal of a call with so many taboos, as a replay would have written it."""
    lines = call_of(turns)
    with JournalWriter(path, Header("inbound", plan().flow.hashes, "call.wav")) as writer:
        for line in lines:
            writer.write(line)
    return path


@cache
def plan() -> Plan:
    return plans.load(cache=False)[0]


@cache
def call_of(turns: int) -> list[Event]:
    """What goes in, and what the engine says to it."""
    guide = Guide(plan())
    call: list[Event] = [CallContext(at=0.0), CallAnswered(at=1.0)]
    call += [
        Heard(
            at=10.0 * n, speaker="agent", text="这事不归我管", start=10.0 * n - 2, end=10.0 * n - 1, utterance=f"a{n}"
        )
        for n in range(1, turns + 1)
    ]
    call.append(CallHungUp(at=10.0 * turns + 10, by="customer"))
    return [*(line for event in call for line in (event, *guide.feed(event))), *guide.close()]


def listing(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
