"""Provisional hits: how many of those shown while a line is being said are withdrawn, and how early they come."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from callflow.call.plan import Plan
from callflow.phrases.follower import Follower
from measures.false_alarms import sentences
from measures.lines import lines
from measures.noise import engines, forms, syllables

STEP = 2
"""Characters by which a partial is longer than the one before."""
REVISED = 0.2
"""The part of partials whose last two characters are wrong, and mended by the next."""
SECONDS = 0.25
"""A character takes so long to say (240 a minute)."""


def growing(words: Sequence[str], engine: str, draw: Random) -> Iterator[list[str]]:
    """The partials of an utterance, the last two characters of some of them misheard for a moment."""
    for end in range(STEP, len(words), STEP):
        partial = list(words[:end])
        if draw.random() < REVISED:
            tail = forms(engine, "".join(partial[-2:]), 1.0, str(draw.random())) if engine == "whisper" else None
            partial[-2:] = tail or engines()[engine].sounds(partial[-2:], 1.0, str(draw.random()))
        yield partial


def follow(plan: Plan, said: str, engine: str, seed: str) -> tuple[list[float], int]:
    """Seconds before the end of the line at which each provisional hit came, and how many were withdrawn."""
    words: list[str] = list(said) if engine == "whisper" else syllables(said)
    follower = Follower(plan.book, "agent")
    leads: list[float] = []
    withdrawn = 0
    for partial in growing(words, engine, Random(f"{seed} {said}")):
        change = follower.partial("".join(partial) if engine == "whisper" else partial)
        leads += [SECONDS * (len(words) - len(partial))] * len(change.hits)
        withdrawn += len(change.withdrawn)
    return leads, withdrawn + len(follower.final(said if engine == "whisper" else words).withdrawn)


def measure(plan: Plan) -> dict[str, Any]:
    """Shares by what is said (the guides' lines, ordinary talk) and form, as JSON."""
    talk = [sentence for trade in sentences("innocent").values() for sentence in trade]
    result: dict[str, Any] = {}
    for name, said in (("lines", [line.said for line in lines()]), ("ordinary talk", talk)):
        for engine in engines():
            leads: list[float] = []
            withdrawn = 0
            for seed in range(3 if name == "lines" else 1):
                for sentence in said:
                    came, gone = follow(plan, sentence, engine, str(seed))
                    leads += came
                    withdrawn += gone
            result[f"{name}, {engine}"] = {
                "shown": len(leads),
                "withdrawn": round(withdrawn / len(leads), 4) if leads else 0.0,
                "median seconds before the end": statistics.median(leads) if leads else 0.0,
            }
    return result
