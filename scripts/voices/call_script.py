"""A call written down: who says what, and what the telephone does meanwhile. YAML in, a timeline out.

A script is a list of steps, each a mapping with one of these keys first::

    ring: 2                 two rings on the customer's channel, 5 s apart
    answered: 1.5           the agent answers, 1.5 s after the last ring began
    agent: 您好             the agent says it (customer: the customer does). " | " is a pause inside the line
    music: 10               10 s of hold music on the customer's channel; `over: true` lets the next lines run over it
    event: call.held        a telephony event, with its own fields beside it (to, reason, by)
    wait: 0.8               silence

``after`` on a line is the pause before it in seconds (negative: it cuts in); without it, one is drawn from
``pauses``. ``finds`` on any step lists what a supervisor should find there: ``{clause, verdict, words?, why?}``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

RING_PERIOD = 5.0
"""Seconds from one ring to the next: 1 s of tone and 4 s of silence."""

GROUP_PAUSE = 0.7
"""Seconds of silence where a line has " | ": between groups of digits."""

PAUSES = (0.4, 0.8)


@dataclass(frozen=True)
class Line:
    """Words of one speaker without a pause inside; seconds on the call's clock."""

    speaker: str
    text: str
    start: float
    end: float
    utterance: str


@dataclass
class Timeline:
    """A call laid out in time. ``tones`` and ``music`` are on the customer's channel, as (start, seconds)."""

    lines: list[Line] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    finds: list[dict[str, Any]] = field(default_factory=list)
    tones: list[float] = field(default_factory=list)
    music: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0


def lay_out(script: Mapping[str, Any], length: Callable[[str, str], float]) -> Timeline:
    """Put every step of ``script`` in its place; ``length(speaker, text)`` is how long a line takes to say."""
    draw = random.Random(script["seed"])
    out = Timeline()
    now = float(script.get("lead", 0.6))
    for step in script["script"]:
        kind, value = next(iter(step.items()))
        began = now
        if kind == "ring":
            for ring in range(value):
                out.tones.append(now + ring * RING_PERIOD)
                out.events.append({"type": "call.ringing", "at": now + ring * RING_PERIOD, "ring": ring + 1})
            now += (value - 1) * RING_PERIOD
        elif kind == "answered":
            began = now = now + value
            out.events.append({"type": "call.answered", "at": now})
        elif kind == "music":
            out.music.append((now, value))
            now += 0 if step.get("over") else value
        elif kind == "wait":
            now += value
        elif kind == "event":
            fields = {key: item for key, item in step.items() if key not in ("event", "finds")}
            out.events.append({"type": value, "at": now, **fields})
        elif kind in ("agent", "customer"):
            low, high = script.get("pauses", PAUSES)
            began = now = now + step.get("after", round(draw.uniform(low, high), 2))
            now = _say(out, kind, value, now, length)
        else:
            raise ValueError(f"unknown step {kind!r}")
        out.finds += _finds(step.get("finds", ()), kind, value, began, now)
    out.seconds = now + 0.5
    return out


def _say(out: Timeline, speaker: str, text: str, now: float, length: Callable[[str, str], float]) -> float:
    number = 1 + len({line.utterance.split(".")[0] for line in out.lines if line.speaker == speaker})
    groups = text.split(" | ")
    for index, group in enumerate(groups):
        now += GROUP_PAUSE if index else 0
        end = now + length(speaker, group)
        name = f"{speaker[0]}{number}" + (f".{index + 1}" if len(groups) > 1 else "")
        out.lines.append(Line(speaker, group, now, end, name))
        now = end
    return now


def _finds(finds: Iterable[dict[str, Any]], kind: str, value: Any, start: float, end: float) -> list[dict[str, Any]]:
    spoken = kind in ("agent", "customer")
    base: dict[str, Any] = {"start": round(start, 2), "end": round(end, 2)}
    if spoken:
        base |= {"speaker": kind, "words": value.replace(" | ", "，")}
    return [{"clause": find["clause"], "verdict": find["verdict"], **base, **find} for find in finds]
