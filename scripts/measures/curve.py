"""The threshold curve: recall against false alarms as the tolerance of matching is scaled, and where we stand on it.

Taken on the development sentences, never on the test set: the operating point is chosen from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from callflow.call.plan import Plan
from callflow.flow.model import PhraseKind
from callflow.phrases import policy
from callflow.phrases.book import Book
from measures.false_alarms import SEVERE, alarms, count, sentences
from measures.lines import KINDS, lines
from measures.noise import forms
from measures.text_recall import Trial, share, trials

FACTORS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)
"""Multiples of the tolerance; 0 allows no error at all, 1 is the operating point."""
CURVE_RATES = (0.0, 0.2, 0.4)


@contextmanager
def tolerance(factor: float) -> Iterator[None]:
    """All that ``policy`` allows, ``factor`` times."""
    errors, most_cost = policy.errors, policy.most_cost

    def scaled_errors(kind: PhraseKind, length: int, exact: bool = False, gapped: bool = False) -> int:
        most = errors(kind, length, exact, gapped)
        return max(most, min(length // 2 - 1, round(most * factor))) if most else 0

    def scaled_cost(kind: PhraseKind, length: int, edges: float = 2.0) -> float:
        return most_cost(kind, length, edges) * factor

    def least_score(kind: PhraseKind, length: int, edges: float = 2.0) -> float:
        return 1.0 - scaled_cost(kind, length, edges) / length - 1e-9

    with patch.multiple(policy, errors=scaled_errors, most_cost=scaled_cost, least_score=least_score):
        yield


def measure(plan: Plan, factors: Sequence[float] = FACTORS, draws: int = 2) -> list[dict[str, Any]]:
    """A point for each factor: recall by kind, severity and rate; false alarms; inexact lines to say, as JSON."""
    said = [sentence for trade in sentences("development").values() for sentence in trade]
    severe = {name for name, phrase in plan.flow.phrases.items() if phrase.severity in SEVERE}
    severe_lines = {line.id for line in lines() if severe & {hit.phrase for hit in plan.book.find(line.said, "agent")}}
    points = []
    for factor in factors:
        with tolerance(factor):
            points.append(_point(plan, factor, said, severe_lines, draws))
    return points


def _point(plan: Plan, factor: float, said: list[str], severe_lines: set[str], draws: int) -> dict[str, Any]:
    book = Book(plan.flow.phrases.values(), plan.flow.slots, plan.sounds)
    every = list(trials(plan, lines(), CURVE_RATES, draws, book, ["whisper"]))
    taboos = [trial for trial in every if trial.line.kind == "taboo"]
    groups = {kind: [trial for trial in every if trial.line.kind == kind] for kind in KINDS} | {
        "severe": [trial for trial in taboos if trial.line.id in severe_lines],
        "other": [trial for trial in taboos if trial.line.id not in severe_lines],
    }
    point: dict[str, Any] = {"factor": factor, "recall": {name: _by_rate(group) for name, group in groups.items()}}
    for rate in (0.0, 0.2):
        point[f"alarms at {rate:.0%}"] = count(alarms(plan, said, "whisper", rate, book=book), said)
    point["inexact lines to say per 1,000"] = round(1000 * _inexact(plan, book, said) / len(said), 1)
    return point


def _by_rate(of: Iterable[Trial]) -> dict[str, float]:
    of = list(of)
    return {f"{rate:.0%}": share(trial for trial in of if trial.rate == rate) for rate in CURVE_RATES}


def _inexact(plan: Plan, book: Book, said: Iterable[str]) -> int:
    """Lines to say that are found in ordinary talk, but not sound for sound."""
    hits = (hit for sentence in said for hit in book.find(forms("whisper", sentence, 0.0, ""), "agent"))
    return sum(not hit.exact and plan.flow.phrases[hit.phrase].kind == "say" for hit in hits)
