"""How long the engine takes for one final, and how many calls a second are judged again from their journals."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench_phrases import elapsed, ordinary_text
from bench_row import Row

from callflow import flowfiles
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import CallAnswered, Event, Heard
from callflow.journal import Header, JournalWriter, inputs_of, read_events
from callflow.review.replay import rejudge

CALLS = Path(__file__).resolve().parent.parent / "tests" / "calls"
NAMES = ("exemplary", "order_wrong_readback", "faulty")
FINALS = 10_000


def bundled(name: str) -> list[Event]:
    """The ideal events of a bundled call: what was really said, and what the telephone system reported."""
    events: list[Event] = []
    for file in (f"{name}.truth.jsonl", f"{name}.opus.events.jsonl"):
        found, problems = read_events(CALLS / file)
        assert not problems, problems
        events += found
    return sorted(events, key=lambda event: event.at)


def finals(count: int) -> Iterator[Heard]:
    """Finals of both speakers in turn, every third from a bundled call, each half a second after the last."""
    said = [event for name in NAMES for event in bundled(name) if isinstance(event, Heard)]
    ordinary = [part for part in ordinary_text(count * 20).split("。") if part]
    at = 1.0
    for number in range(count):
        known = said[number % len(said)]
        words = known.text if number % 3 == 0 else ordinary[number % len(ordinary)]
        end = at + 0.2 * len(words)
        yield Heard(
            at=end + 0.2,
            speaker=known.speaker if number % 3 == 0 else ("agent", "customer")[number % 2],
            text=words,
            start=at,
            end=end,
            utterance=f"u{number}",
        )
        at = end + 0.5


def feed_times(plan: Plan) -> list[float]:
    """Seconds that each of ``FINALS`` finals took."""
    guide = Guide(plan)
    guide.feed(CallAnswered(at=0.5))
    times: list[float] = []
    for event in finals(FINALS):
        started = time.process_time()
        guide.feed(event)
        times.append(time.process_time() - started)
    return times


def long_journal(plan: Plan, path: Path) -> float:
    """Write the three calls after one another as one journal; returns its length in seconds."""
    shift = 0.0
    with JournalWriter(path, Header(plan.flow.name, plan.flow.hashes)) as journal:
        events: list[Event] = []
        for name in NAMES:
            call = [event for event in bundled(name) if event.type != "call.hung_up"]
            for event in call:
                moved = {"at": event.at + shift}
                if isinstance(event, Heard):
                    moved |= {"start": event.start + shift, "end": event.end + shift}
                events.append(replace(event, **moved))  # type: ignore[arg-type]
            shift = events[-1].at + 1
        rejudge(events, plan, journal.write)
    return shift


def measure() -> Iterator[Row]:
    """The engine's rows."""
    plan = Plan.of(flowfiles.load()[0])
    times = sorted(feed_times(plan))
    median = statistics.median(times) * 1e6
    high = times[int(0.95 * len(times))] * 1e6
    figure = f"median {median:.0f} µs, p95 {high:.0f} µs"
    yield Row("`Guide.feed` of a final, whole flow loaded", figure, "≤ 100 µs", median <= 100)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.jsonl"
        length = long_journal(plan, path)
        started, calls = time.process_time(), 0
        while time.process_time() - started < 3:
            rejudge(inputs_of(path.read_bytes(), path.name), plan, lambda event: None)
            calls += 1
        rate = calls / (time.process_time() - started)
    what = f"re-judging a call of {length:.0f} s from its journal, one core"
    yield Row(what, f"{rate:.0f} calls/s", "≥ 150", rate >= 150)
    yield Row("re-judging the ten bundled calls in turn, all that is done for a final", f"{per_final(plan):.0f} µs")


def per_final(plan: Plan) -> float:
    """Microseconds for each final of the bundled calls, judged whole one after another: all different calls."""
    calls = [bundled(file.name.removesuffix(".truth.jsonl")) for file in sorted(CALLS.glob("*.truth.jsonl"))]
    finals = sum(isinstance(event, Heard) for call in calls for event in call)

    def all_of_them() -> None:
        for call in calls:
            rejudge(call, plan, lambda event: None)

    best = min(elapsed(all_of_them) for _ in range(20))
    return best / finals * 1e6


if __name__ == "__main__":
    for row in measure():
        print(row.line())
