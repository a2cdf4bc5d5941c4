"""What calls did, to lay over the graph of their flow: the path of one, or the heat of many."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt

from callflow.design.graph.model import BEGINNING, Move, Overlay
from callflow.events import Event, State
from callflow.texts import text

MOST_STEPS = 4
"""Steps of one call between the same two states that are told one by one."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A call came from ``source`` to ``target`` at ``at`` and stayed for ``stayed`` seconds."""

    source: str
    target: str
    at: float
    stayed: float


def path(events: Iterable[Event], title: str, language: str) -> Overlay:
    """The way of one call: its steps are numbered and have their time, its states how long it was in them."""
    steps = list(_steps(events))
    ways: dict[tuple[str, str], list[str]] = {}
    for number, step in enumerate(steps, start=1):
        ways.setdefault((step.source, step.target), []).append(f"{number}. {clock(step.at)}")
    moves = [Move(*way, _listed(told), 0.5) for way, told in ways.items()]
    stayed = _stayed(steps)
    most = max(stayed.values(), default=0.0) or 1.0
    words = {state: clock(seconds) for state, seconds in stayed.items()}
    return Overlay(title, words, {state: 0.3 + 0.7 * s / most for state, s in stayed.items()}, tuple(moves))


def heat(calls: Iterable[Iterable[Event]], language: str) -> Overlay:
    """The ways of many calls: how many came through each state, for how long, and how many went each way."""
    count = 0
    visitors: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    ways: Counter[tuple[str, str]] = Counter()
    for events in calls:
        count += 1
        steps = list(_steps(events))
        for state, stayed in _stayed(steps).items():
            visitors[state] += 1
            seconds[state] += stayed
        ways.update({(step.source, step.target) for step in steps})
    most = max(ways.values(), default=1)
    moves = tuple(Move(*way, f"{n}", sqrt(n / most)) for way, n in sorted(ways.items()))
    words = {
        state: text(
            "{p:.0f} % of calls, {t} each", "{p:.0f} % 的通话，平均 {t}", p=100 * n / count, t=clock(seconds[state] / n)
        ).in_(language)
        for state, n in visitors.items()
    }
    title = text("{n} call" if count == 1 else "{n} calls", "{n} 通电话", n=count).in_(language)
    return Overlay(title, words, {state: n / count for state, n in visitors.items()}, moves)


def _steps(events: Iterable[Event]) -> Iterator[_Step]:
    """The steps of a call, from what the engine said to it."""
    last: State | None = None
    end = 0.0
    for event in events:
        end = max(end, event.at)
        if isinstance(event, State):
            if last:
                yield _Step(last.from_ or BEGINNING, last.to, last.at, event.at - last.at)
            last = event
    if last:
        yield _Step(last.from_ or BEGINNING, last.to, last.at, end - last.at)


def _stayed(steps: Iterable[_Step]) -> dict[str, float]:
    stayed: dict[str, float] = {}
    for step in steps:
        stayed[step.target] = stayed.get(step.target, 0.0) + step.stayed
    return stayed


def _listed(steps: list[str]) -> str:
    shown = steps if len(steps) <= MOST_STEPS else [*steps[: MOST_STEPS - 1], f"… ×{len(steps)}"]
    return "\n".join(shown)


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: ``1:05``."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}"
