"""The process beside the server: whatever it does, nobody waits for it who only asks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from callflow import flowfiles
from callflow.call.plan import Plan
from callflow.design.studio.bench import MOST_PROBLEMS, Bench, Job
from callflow.problems import Level, Location, Problem
from callflow.texts import Text

FLOWS = Path(__file__).parent.parent.parent.parent / "flows"
KEY = ("a", "logistics")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return dict(flowfiles.read_sources(str(FLOWS / "examples" / "logistics")).texts)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(talkative)
    yield bench
    bench.close()


def talkative(plan: Plan) -> tuple[Sequence[Problem], Sequence[str]]:
    """A check that finds more than a pipe takes; it is stuck over a flow with a phrase called so."""
    while "stuck" in plan.flow.phrases:
        time.sleep(0.1)
    words = Text("much " * 200, "很多" * 200)
    return [Problem(Location("flow.yaml", n), words, "talk", Level.WARNING) for n in range(1, 1_000)], ["talk"]


def job(texts: dict[str, str], number: int, more: str = "") -> Job:
    filling = "# 填充\n" * 100_000
    return Job(KEY, f"h{number}", "logistics", {**texts, "more.yaml": f"{more}\n{filling}# {number}\n"})


def test_while_the_process_does_not_read_everybody_else_can_ask(texts: dict[str, str], bench: Bench) -> None:
    """What is sent, and what comes back, are both larger than a pipe: once they waited for each other for ever."""
    bench.put(job(texts, 0))
    assert bench.wait(KEY, "h0", 60)
    os.kill(bench._process.pid, signal.SIGSTOP)
    for number in (1, 2):
        bench.put(job(texts, number))
        time.sleep(0.3)
        assert _free(bench)
    os.kill(bench._process.pid, signal.SIGCONT)
    told = bench.wait(KEY, "h2", 60)
    assert told
    assert told.good
    assert told.problems
    assert len(told.problems) == MOST_PROBLEMS


def test_a_process_that_is_stuck_is_ended_and_the_next_text_has_another(texts: dict[str, str]) -> None:
    bench = Bench(talkative, stuck=3.0)
    try:
        bench.put(job(texts, 0, "phrases: {stuck: {say: 卡住}}"))
        told = bench.wait(KEY, "h0", 60)
        assert told
        assert told.broken
        bench.put(job(texts, 1))
        told = bench.wait(KEY, "h1", 60)
        assert told
        assert told.done
    finally:
        bench.close()


def test_nobody_waits_while_the_process_takes_its_time(texts: dict[str, str], bench: Bench) -> None:
    """It starts, and reads what is sent: without the lock."""
    asked: list[bool] = []
    real = bench._start

    def start() -> Connection:
        asked.append(_free(bench))
        return real()

    bench._start = start  # type: ignore[method-assign]
    bench.put(job(texts, 0))
    assert bench.wait(KEY, "h0", 60)
    assert asked == [True]


def _free(bench: Bench) -> bool:
    """Whether another thread can ask at this moment."""
    thread = threading.Thread(target=bench.told, args=(KEY,), daemon=True)
    thread.start()
    thread.join(10)
    return not thread.is_alive()
