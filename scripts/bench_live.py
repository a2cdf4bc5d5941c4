"""Live calls with everything on them real: how soon, at what cost, and what is left behind after a day.

``python scripts/bench_live.py [latency] [processor] [day]``: these parts, or all. Half an hour, most of which is the
time it takes to say the sentences; leave the machine alone meanwhile.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from bench_row import Row

PROGRAMS = ("pulseaudio", "pactl", "pacat")
PACKAGES = ("pyaudio", "fastapi", "uvicorn", "playwright", "sherpa_onnx", "faster_whisper")
PARTS = ("latency", "processor", "day")


def measure(quick: bool = False, parts: tuple[str, ...] = PARTS) -> Iterator[Row]:
    """The rows of live calls; one that says what is missing where they cannot be taken. ``quick``: none of them."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    missing += [name for name in PACKAGES if not find_spec(name)]
    if quick or missing:
        yield Row("live calls", f"not measured: {', '.join(missing) or 'takes half an hour'}")
        return
    import bench_live_cost
    import bench_live_latency

    if "latency" in parts:
        yield from bench_live_latency.measure(report=__name__ == "__main__")
    if "processor" in parts:
        yield from bench_live_cost.processor()
    if "day" in parts:
        yield from bench_live_cost.day()


if __name__ == "__main__":
    for row in measure(parts=tuple(sys.argv[1:]) or PARTS):
        print(row.line(), flush=True)
