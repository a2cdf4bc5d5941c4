"""What is captured of what is played, through a PulseAudio of its own: every sample, drift, faults noticed, cost.

``python scripts/bench_live_capture.py --minutes 30``: two channels of noise, different in every second, so that each
second is found again by itself, and its samples counted that are exactly those that were played.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from bench_row import Row
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from live.pulse import Pulse, running

from callflow.audio.devices import choose, devices
from callflow.audio.headset import Headset
from callflow.audio.source import FRAME, RATE

SINKS = ("mic", "far")
NEARBY = RATE // 2
"""Samples to either side of where a second is expected in which it is looked for."""
Samples = NDArray[np.int16]


def second(sink: str, number: int) -> Samples:
    """One second of noise that is like no other."""
    return np.random.default_rng([SINKS.index(sink), number]).integers(-9000, 9000, RATE).astype(np.int16)


def headset() -> Headset:
    found = devices()
    return Headset(choose(found, "microphone", "mic.monitor"), choose(found, "far_end", "far.monitor"))


def place_of(wanted: Samples, sound: Samples) -> int:
    size = 1 << (len(wanted) + len(sound)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    return int(np.fft.irfft(spectrum, size)[: len(sound)].argmax())


def compared(sink: str, sound: Samples, seconds: int) -> tuple[float, NDArray[np.float64]]:
    """The share of samples played that are in ``sound``, and by how many seconds each second is away from its place
    by the count of samples: that far the device's own clock is off by then.
    """
    found, places = 0, []
    begin = cursor = place_of(second(sink, 0), sound[: 20 * RATE])
    for number in range(seconds):
        played = second(sink, number)
        places.append((cursor - begin) / RATE - number)
        for piece in np.split(played, RATE // FRAME):
            same, cursor = matched(piece, sound, cursor)
            found += same
        if same < FRAME // 2:  # lost: look for the end of this second nearby
            first = max(0, cursor - RATE - NEARBY)
            cursor = first + place_of(played, sound[first : cursor + NEARBY]) + RATE
    return found / (seconds * RATE), np.array(places)


def matched(piece: Samples, sound: Samples, cursor: int) -> tuple[int, int]:
    """How many samples of ``piece`` are in ``sound`` at ``cursor``, one of them perhaps left out or repeated, and where
    the next piece is."""
    best = (0, cursor + len(piece))
    here = sound[cursor : cursor + len(piece)]
    head = int((piece[: len(here)] != here).argmax()) if not np.array_equal(piece, here) else len(piece)
    if head == len(piece):
        return head, best[1]
    for end in (cursor + len(piece) + shift for shift in (-2, -1, 1, 2)):
        there = sound[max(0, end - len(piece)) : end]
        if len(there) == len(piece):
            wrong = np.flatnonzero(piece != there)
            tail = len(piece) - 1 - int(wrong[-1]) if len(wrong) else len(piece)
            best = max(best, (min(len(piece), head + tail), end))
    return best


def share_and_drift(pulse: Pulse, folder: Path, seconds: int) -> Iterator[Row]:
    paths = {sink: folder / f"{sink}.captured" for sink in SINKS}
    late: list[float] = []
    with headset() as source, open(paths["mic"], "wb") as agent, open(paths["far"], "wb") as customer:
        for sink in SINKS:
            with open(folder / f"{sink}.played", "wb") as file:
                for number in range(seconds):
                    file.write(second(sink, number).tobytes())
        players = [pulse.play_file(sink, folder / f"{sink}.played") for sink in SINKS]
        spent, began = cpu(), time.perf_counter()
        last = float("inf")
        for block in source:
            agent.write(block.agent.tobytes())
            customer.write(block.customer.tobytes())
            late.append(time.monotonic() - source.began - block.end)
            if last == float("inf") and all(player.poll() is not None for player in players):
                last = block.at + 1.0  # what was played last is still on its way
            if block.at > last:
                break
        lasted = time.perf_counter() - began
        timelines = source.timelines
    used = cpu() - spent  # the capturing processes have ended, and are counted
    places = {}
    for sink, timeline in zip(SINKS, timelines, strict=True):
        share, places[sink] = compared(sink, np.fromfile(paths[sink], np.int16), seconds)
        left_out = max(0, -timeline.stepped) / (seconds * RATE)
        yield Row(
            f"{sink}: samples captured of {seconds / 60:g} min played, but for those left out against drift",
            f"{share + left_out:.4%}",
            "100 %",
            share + left_out >= 0.999999,
        )
        own = 1e6 * float(places[sink][-1]) / seconds
        yield Row(
            f"{sink}: the device's own clock", f"{-own:+.1f} ppm fast, corrected by {timeline.stepped:+d} samples"
        )
        yield Row(f"{sink}: samples left out because they came too late", str(timeline.lost))
    apart = 1000 * float(np.ptp(places["mic"] - places["far"]))
    yield Row("drift of both channels against each other", f"{apart:.2f} ms", "< 20 ms", apart < 20)
    minutes = np.array_split(np.array(late), max(2, seconds // 60))
    drift = 1000 * float(np.ptp([np.median(minute) for minute in minutes]))
    yield Row("drift against the clock, medians of minutes", f"{drift:.2f} ms", "< 20 ms", drift < 20)
    p50, p95 = (1000 * float(np.quantile(late, share)) for share in (0.5, 0.95))
    yield Row("a block's end until it is handed out, p50 / p95", f"{p50:.0f} / {p95:.0f} ms")
    yield Row("CPU of capture, all processes", f"{used / lasted:.1%} of a core")


def faults(pulse: Pulse) -> Iterator[Row]:
    """How long until what breaks is noticed, and how long after it is mended until it is heard again."""
    broken: list[tuple[str, Callable[[], None], Callable[[], None]]] = [
        ("device unplugged", lambda: pulse.unplug("mic"), lambda: pulse.plug("mic")),
        ("sound server killed", pulse.kill, pulse.start),
    ]
    for what, breaks, mends in broken * 3:
        with headset() as source:
            until(source, lambda source: source.began + 3 < time.monotonic())
            breaks()
            noticed = until(source, lambda source: "microphone.gone" in ids(source))
            mends()
            back = until(source, lambda source: "microphone.gone" not in ids(source))
        yield Row(f"{what}: noticed after", f"{noticed:.1f} s", "≤ 5 s", noticed <= 5)
        yield Row(f"{what}: heard again after", f"{back:.1f} s")


def ids(source: Headset) -> list[str]:
    return [notice.id for notice in source.notices.open]


def until(source: Headset, done: Callable[[Headset], bool]) -> float:
    began = time.monotonic()
    for _ in source:
        if done(source):
            break
    return time.monotonic() - began


def cpu() -> float:
    """CPU seconds of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--no-faults", action="store_true", help="only the share of samples, and drift")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as pulse:
        for row in share_and_drift(pulse, Path(folder), round(options.minutes * 60)):
            print(row.line(), flush=True)
        for row in () if options.no_faults else faults(pulse):
            print(row.line(), flush=True)


if __name__ == "__main__":
    main()
