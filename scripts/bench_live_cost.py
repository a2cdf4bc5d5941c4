"""What live calls cost: processor time of a whole call, and the memory that is left behind after a day of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from bench_row import Row
from live_probe import opened, plan
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from live.desk import CALLS, judged_again
from live.pulse import running as pulse_running

from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block
from callflow.events import CallContext, Event
from callflow.journal import read_events
from callflow.live.ears import Ears
from callflow.live.lines import Lines
from callflow.live.overlay import Overlay
from callflow.live.recogniser import Recogniser
from callflow.live.session import Intake, LiveSession
from callflow.live.setting import Setting
from callflow.speech import engines
from callflow.telephony.source import Inbox, Reported, Signal
from callflow.texts import Text

CALL = "exemplary"
TICKS = os.sysconf("SC_CLK_TCK")
BETWEEN = 38.0
"""Seconds between two calls of the day: 200 of them are 8 h then."""
DAY = 200
"""Calls; memory is read after a tenth of them and at the end."""

# ------------------------------------------------------------------------------------ processor time


def tree(root: int) -> dict[int, str]:
    """A process and all below it, with their command lines."""
    parents, found = {}, {root: ""}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= dict.fromkeys(more, "")
    return {pid: (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ") for pid in found}


def spent(pid: int) -> float:
    """CPU seconds of a process, and of those it has started and that have ended."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def part(command: str) -> str:
    """What a process of callflow does."""
    if "sound_card" in command:
        return "capture"
    return "recogniser" if "spawn_main" in command else "helper" if "resource_tracker" in command else "session"


def channels(name: str) -> dict[str, NDArray[np.int16]]:
    """Both channels of a bundled call, by sink."""
    with Recording(CALLS / f"{name}.opus") as recording:
        blocks = list(recording)
    return {
        "mic": np.concatenate([block.agent for block in blocks]),
        "far": np.concatenate([block.customer for block in blocks]),
    }


def processor() -> Iterator[Row]:
    """`callflow live` as a user starts it, with one page open, in a call and between two."""
    sound = channels(CALL)
    with tempfile.TemporaryDirectory() as folder, pulse_running(Path(folder)) as pulse:
        command = [sys.executable, "-m", "callflow", "live", "--engine", "zipformer", "--calls", "keys"]
        command += ["--microphone", "mic.monitor", "--far-end", "far.monitor", "--journals", f"{folder}/calls"]
        live = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert live.stdout
        with opened(live.stdout.readline().strip()) as page:
            try:
                page.wait_for_timeout(10_000)
                processes = tree(live.pid)
                idle = share(processes, lambda: page.wait_for_timeout(20_000))
                page.locator("#keys [data-act=answer]").click()

                def call() -> None:
                    for player in [pulse.play(sink, samples) for sink, samples in sound.items()]:
                        while player.poll() is None:
                            page.wait_for_timeout(500)

                busy = share(processes, call)
            finally:
                live.terminate()
                live.wait()
    total = sum(busy.values())
    parts = ", ".join(f"{name} {value:.1%}" for name, value in busy.items() if value >= 0.001)
    yield Row(
        "live: CPU of a call, zipformer on both channels", f"{total:.1%} of a core ({parts})", "≤ 20 %", total <= 0.2
    )
    yield Row("live: CPU between two calls", f"{sum(idle.values()):.1%} of a core")


def share(processes: dict[int, str], happens: Callable[[], object]) -> dict[str, float]:
    """The share of a core that each part takes while something ``happens``."""
    before, began = {pid: spent(pid) for pid in processes}, time.monotonic()
    happens()
    lasted = time.monotonic() - began
    shares: dict[str, float] = {}
    for pid, command in processes.items():
        shares[part(command)] = shares.get(part(command), 0.0) + (spent(pid) - before[pid]) / lasted
    return shares


# ------------------------------------------------------------------------------------ a day


class Day:
    """Bundled calls one after another, as a source; ``reported``: what a telephone system tells of them."""

    separate = True

    def __init__(self, count: int) -> None:
        self.warnings: list[Text] = []
        self.reported: list[Event] = []
        names = sorted(path.name.removesuffix(".opus") for path in CALLS.glob("*.opus"))
        self._blocks = self._played([names[number % len(names)] for number in range(count)])
        self.clock = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Block]:
        return self._blocks

    def __next__(self) -> Block:
        return next(self._blocks)

    def _played(self, names: Sequence[str]) -> Iterator[Block]:
        quiet = np.zeros(FRAME, np.int16)
        for name in names:
            began = self.clock
            events, _ = read_events(CALLS / f"{name}.opus.events.jsonl")
            self.reported += [replace(one, at=one.at + began) for one in events if not isinstance(one, CallContext)]
            for block in Recording(CALLS / f"{name}.opus", block_seconds=FRAME / RATE):
                self.clock = began + block.end
                yield Block(began + block.at, block.agent, block.customer)
            for _ in range(round(BETWEEN / FRAME * RATE)):
                yield Block(self.clock, quiet, quiet)
                self.clock += FRAME / RATE


class Telephone(Inbox):
    """Tells what happened on the line of ``day`` when the session has come to it."""

    def __init__(self, day: Day) -> None:
        super().__init__()
        self._day = day
        self.session: LiveSession | None = None

    def waiting(self) -> list[Signal]:
        now = self.session.clock if self.session else -1.0
        signals: list[Signal] = []
        while self._day.reported and self._day.reported[0].at <= now:
            signals.append(Reported(self._day.reported.pop(0), "", time.monotonic()))
        return signals

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    line = next(line for line in (Path("/proc") / str(pid) / "status").read_text().splitlines() if "VmRSS" in line)
    return int(line.split()[1]) / 1024


def day(count: int = DAY) -> Iterator[Row]:
    """``count`` calls through one session and one recogniser, as fast as they go; then each journal judged again."""
    source = Day(count)
    telephone = Telephone(source)
    intake = Intake()
    with tempfile.TemporaryDirectory() as folder, Overlay() as overlay:
        recogniser = Recogniser(engines.choose("zipformer", "live"), intake.put)
        recogniser.start()
        setting = Setting(Path(folder), engine="zipformer", live=False)
        running = LiveSession(plan(), source, Ears([recogniser]), intake, overlay, setting, Lines([telephone]))
        telephone.session = running
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        read: dict[int, tuple[float, float]] = {}
        while thread.is_alive():
            done = len(list(Path(folder).glob("*.jsonl")))
            if done in (count // 10, count) and done not in read and recogniser.pid:
                read[done] = resident(os.getpid()), resident(recogniser.pid)
            time.sleep(0.05)
        recogniser.close()
        first, last = (read[number] for number in (min(read), max(read)))
        growth = sum(last) - sum(first)
        yield Row(
            f"live: memory after {min(read)} → {max(read)} calls ({source.clock / 3600:.1f} h in all)",
            f"session {first[0]:.0f} → {last[0]:.0f} MB, recogniser {first[1]:.0f} → {last[1]:.0f} MB",
            "growth ≤ 20 MB",
            growth <= 20,
        )
        journals = sorted(Path(folder).glob("*.jsonl"))
        same = [then == now for then, now in map(judged_again, journals)]
        yield Row(
            "live: journals of these calls judged again, prompts and findings byte for byte",
            f"{sum(same)} of {len(same)} the same",
            "all",
            all(same) and len(same) == count,
        )
