"""How long ``callflow lint`` takes: of the bundled flows, and of a generated flow of 50,000 lines.

``.venv/bin/python scripts/bench_lint.py``. The generated flow is written to a folder of its own that goes afterwards.
Its phrases are put together from pieces of the development sentences, so that they sound as service talk does: that
is the hard case, as there is much that is nearly the same.
"""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench_row import Row
from measures.false_alarms import sentences

from callflow.flowfiles import available

LINES = 50_000
EACH = 220
"""Phrases of each kind, situations and rules in one file."""
RUNS = 5
HEAD = """\
flow: {start: talk, on: {call.hung_up: ended}}
states:
  talk: {title: {zh: 通话, en: Talk}}
  ended: {title: {zh: 结束, en: End}, final: true}
groups:
  g: {title: {zh: 组, en: Group}}
"""


def measure() -> Iterator[Row]:
    """The rows of docs/performance.md."""
    warm, cpu = took(*available())
    what = "`callflow lint` of all bundled flows, compiled before"
    yield Row(what, f"{warm:.2f} s (CPU {cpu:.2f} s)", "≤ 1 s", warm <= 1)
    with tempfile.TemporaryDirectory() as folder:
        lines = generate(Path(folder))
        cold, cpu = took(folder, runs=1)
        what = f"the same of a flow of {lines:,} lines, read and compiled anew"
        yield Row(what, f"{cold:.1f} s (CPU {cpu:.1f} s)", "≤ 10 s", cold <= 10)


def took(*flows: str, runs: int = RUNS) -> tuple[float, float]:
    """Wall and CPU seconds of the whole command, the median of several; one run before them fills the cache."""
    command = [sys.executable, "-m", "callflow", "lint", *flows, "--format", "json"]
    times = []
    for number in range(runs + (runs > 1)):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        assert done.returncode in (0, 1), done
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if number or runs == 1:
            times.append((time.perf_counter() - start, cpu))
    return statistics.median(wall for wall, _ in times), statistics.median(cpu for _, cpu in times)


def generate(folder: Path) -> int:
    """Write a flow of so many lines; returns how many."""
    chance = random.Random(1)
    talk = ["".join(filter(str.isalnum, said)) for trade in sentences("development").values() for said in trade]

    def words(least: int) -> str:
        said = ""
        while len(said) < least:
            source = chance.choice(talk)
            start = chance.randrange(max(1, len(source) - 4))
            said += source[start : start + chance.randint(2, 4)]
        return said

    (folder / "flow.yaml").write_text(HEAD, encoding="utf-8")
    total = HEAD.count("\n")
    for number in range(10_000):
        if total >= LINES:
            break
        entries = "\n".join(_section(number, words)) + "\n"
        (folder / f"part{number}.yaml").write_text(entries, encoding="utf-8")
        total += entries.count("\n")
    return total


def _section(number: int, words: Callable[[int], str]) -> Iterator[str]:
    yield "phrases:"
    for n in range(EACH):
        name = f"{number}-{n}"
        yield from (
            f"  say-{name}:",
            f'    say: ["{words(8)}，{words(5)}", "({words(3)}|{words(4)}){words(6)}[{words(2)}]"]',
        )
        yield from ("    group: g", f"  never-{name}:", "    never:", f'      - "{words(7)}"')
        yield from (f'      - "({words(2)}|{words(3)}){words(4)}"', f'    unless: ["{words(6)}吗"]')
        yield from (f"    better: {words(12)}", "    severity: minor", "    group: g")
        yield from (
            f"  cue-{name}:",
            "    by: customer",
            f'    cue: ["{words(6)}", "{words(4)}[{words(2)}]{words(3)}"]',
        )
    yield "situations:"
    for n in range(EACH):
        name = f"{number}-{n}"
        yield from (
            f"  sit-{name}:",
            f"    title: {{zh: {words(5)}, en: Situation {n}}}",
            f"    begins: [customer cue-{name}]",
        )
        yield from ("    lasts: 45s", f"    prompts: [say-{name}, {{tip: {words(8)}}}]")
    yield "rules:"
    for n in range(EACH):
        name = f"{number}-{n}"
        yield from (
            f"  rule-{name}:",
            f"    title: {{zh: {words(5)}, en: Rule {n}}}",
            "    group: g",
            "    severity: minor",
        )
        yield from (f"    after: situation sit-{name}", f"    expect: agent say-{name}", "    within: 20s")


if __name__ == "__main__":
    for row in measure():
        print(row.line())
