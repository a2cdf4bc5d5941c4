"""Takes every figure that docs/performance.md states, as ratios of one run where speed is concerned, and writes it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import bench_engine
import bench_lint
import bench_live
import bench_phrases
import bench_rejudge
import bench_replay
import bench_studio
from bench_row import Row

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
HEAD = """# Performance

Taken by `scripts/bench` on {day}: {machine}. Python {python}, callflow on one thread unless said otherwise.
Machines differ, and this one is shared: where a figure has "of the bare …" beside it, both were taken in the same run.

| what | figure | bar | reached |
|---|---|---|---|
"""
METHOD = """
## How

- **Sound matching**: 300,000 characters of made-up service sentences (orders, logistics, banking, utilities, retail,
  support) that seldom say one of the phrases but share their vocabulary; best of five passes. *Bare iter* is
  `pyahocorasick`'s `iter` over the same text and phrases, doing nothing with what it finds. Where nearly every sentence
  says a phrase the work is in the hits: in a trial on such text the exact ratio fell to 0.1 and the tolerant rate to
  0.8 M characters/s.
- **`Guide.feed`**: 10,000 finals, a third from the three bundled calls, the rest made-up service sentences, agent and
  customer in turn, with the inbound flow; the median of single calls.
- **Re-judging**: three bundled calls after one another (301 s, 76 utterances) as one journal file with its outputs;
  read from disk, judged, closed; repeated for three seconds on one core. It is read by `journal.inputs_of`, which
  passes over outputs and partials; `callflow replay CALL.jsonl` reads and checks every line (`read_journal`).
- **Re-judging archived calls**: three bundled calls in a row as zipformer heard them, archived as a batch does;
  decompressed, read and judged for three seconds of processor time. Then `callflow diff`'s own machinery over copies of
  it, with the same flow on both sides: calls a second from when all workers are at it, and processor seconds.
- **Replay beside the bare recogniser**: the three bundled calls as one recording, both channels. CPU seconds (user and
  system) of whole processes: `callflow replay` with report and journal off, and a loop that feeds the same samples to
  the same recogniser and does nothing else; median of three runs in turn.
- **Memory**: peak resident memory of the same two processes over a recording of three minutes and one of three hours
  (the bundled calls over and over).
- **Lint**: whole processes, Python's own start included. A flow of 50,000 lines is put together from pieces of the
  development sentences (5,900 phrases, 2,000 situations and rules); `python scripts/bench_lint.py` takes these rows
  alone.
- **Studio**: `callflow serve` over a copy of the flows; a hundred keys are typed into the largest file of the inbound
  flow over HTTP, each timed from sending to the whole answer (the draft saved, Problems, the diagram as Mermaid). The
  page waits 60 ms for a further key first. `python scripts/bench_studio.py` takes these rows alone.
- **Live calls**: see `docs/live.md`; `python scripts/bench_live.py` takes these rows alone.
"""


def main() -> None:
    """Measure everything and write the page; ``--quick`` leaves out what takes minutes and writes nothing."""
    quick = "--quick" in sys.argv[1:]
    rows: list[Row] = []
    for row in measurements(quick):
        rows.append(row)
        print(row.line(), flush=True)
    if not quick:
        head = HEAD.format(day=date.today().isoformat(), machine=machine(), python=platform.python_version())
        PAGE.write_text(head + "".join(row.line() + "\n" for row in rows) + METHOD, encoding="utf-8")
        print(f"written to {PAGE.name}")


def measurements(quick: bool) -> Iterator[Row]:
    """Every row of the table."""
    for rate in bench_phrases.measure():
        yield from phrase_row(rate)
    yield from bench_engine.measure()
    yield from bench_rejudge.measure(160 if quick else 640)
    yield from bench_replay.measure(quick)
    yield from bench_live.measure(quick)
    yield from bench_lint.measure()
    yield from bench_studio.measure()


def phrase_row(rate: bench_phrases.Rate) -> Iterator[Row]:
    """A rate of the phrase matcher against its bar."""
    figure = f"{rate.rate / 1e6:.2f} M characters/s, {rate.ratio:.2f} of the bare iter"
    if "exact" in rate.name:
        yield Row(rate.name, figure, "≥ 0.3 of bare iter", rate.ratio >= 0.3)
    elif "tolerant" in rate.name:
        bar = 1.0 if "5000" in rate.name.replace(",", "") else 2.0
        yield Row(rate.name, figure, f"≥ {bar:g} M characters/s", rate.rate >= bar * 1e6)
    else:
        yield Row(rate.name, figure)


def machine() -> str:
    """Processor, cores and memory, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {memory:.0f} GiB"


if __name__ == "__main__":
    main()
