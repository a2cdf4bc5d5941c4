"""The same events give the same bytes, in every process: nothing hangs on the order of hashes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = Path(__file__).parent.parent / "calls"


def in_order(name: str) -> bytes:
    """The ideal events of a bundled call, by time."""
    lines = [*CALLS.joinpath(f"{name}.truth.jsonl").read_bytes().splitlines()]
    lines += CALLS.joinpath(f"{name}.opus.events.jsonl").read_bytes().splitlines()
    lines.sort(key=at)
    return b"\n".join(lines)


def at(line: bytes) -> float:
    """The time of an event."""
    return float(json.loads(line)["at"])


@pytest.mark.parametrize("name", ["exemplary", "order_wrong_readback", "faulty"])
def test_outputs_do_not_hang_on_hashes(name: str) -> None:
    events = in_order(name)
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "callflow", "simulate"],
            input=events,
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert b'"type":"score"' in outputs.pop()
