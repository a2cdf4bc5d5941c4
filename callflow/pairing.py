"""Which findings of two judgings of one call are about the same thing. Pure.

A finding has no name of its own, only its rule and its moment, and a changed flow may hear the same thing some seconds
elsewhere. So findings of one rule are paired: first those at the same moment, then the nearest. Pairing is symmetrical:
with the sides swapped the pairs are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from callflow.events import Finding

NEAR = 20.0
"""Seconds by which two findings of one rule may lie apart and still be about the same thing."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding as far as pairing looks at it. ``at``: ``moment`` of it."""

    verdict: str
    severity: str
    at: float


def placed(finding: Finding) -> Placed:
    return Placed(finding.verdict, finding.severity, moment(finding))


def moment(finding: Finding) -> float:
    """Where to listen to it: where the words began that it rests on, else when it was found."""
    return min((one.start for one in finding.evidence), default=finding.at)


def pairs(old: Sequence[Placed], new: Sequence[Placed]) -> list[tuple[int, int]]:
    """The places of findings of one rule that belong together; what is in none of the pairs has no partner."""
    left_old, left_new = set(range(len(old))), set(range(len(new)))
    found: list[tuple[int, int]] = []
    for i, j in sorted(product(left_old, left_new), key=lambda pair: _distance(old[pair[0]], new[pair[1]])):
        if i in left_old and j in left_new and abs(old[i].at - new[j].at) <= NEAR:
            left_old.remove(i)
            left_new.remove(j)
            found.append((i, j))
    return found


def _distance(one: Placed, other: Placed) -> tuple[float, bool, float, list[tuple[str, str]]]:
    """How far two findings are apart; the same whichever comes first."""
    named = sorted([(one.verdict, one.severity), (other.verdict, other.severity)])
    return abs(one.at - other.at), one.verdict != other.verdict, one.at + other.at, named
