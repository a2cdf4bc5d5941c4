"""Recall: how many of the guides' lines the phrase book finds when they are said, clean and misheard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from callflow.call.plan import Plan
from callflow.phrases.book import Book
from measures.lines import KINDS, Line, lines
from measures.noise import RATES, engines, forms

DRAWS = 10
"""Each line is misheard so often at each rate."""
WORST = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One line, heard once."""

    line: Line
    engine: str
    rate: float
    heard: str | list[str]
    found: bool


def serving(plan: Plan) -> dict[tuple[str, str], frozenset[str]]:
    """By clause and its kind the agent's phrases that serve it: a taboo is never served by a line to say, nor a say by
    one that is forbidden."""
    found: dict[tuple[str, str], set[str]] = {}
    for phrase in plan.flow.phrases.values():
        for clause in phrase.refs if phrase.by == "agent" else ():
            for kind in KINDS:
                if phrase.kind != {"say": "never", "taboo": "say"}[kind]:
                    found.setdefault((clause, kind), set()).add(phrase.name)
    return {key: frozenset(names) for key, names in found.items()}


def trials(
    plan: Plan,
    said: Iterable[Line],
    rates: Iterable[float] = RATES,
    draws: int = DRAWS,
    book: Book | None = None,
    heard_by: Iterable[str] = ("whisper", "zipformer"),
) -> Iterator[Trial]:
    """Every line at every rate, as each engine hears it; once where nothing is misheard. ``book``: another one."""
    book, served = book or plan.book, serving(plan)
    said = list(said)
    for engine in heard_by:
        for rate in rates:
            for line in said:
                for draw in range(draws if rate else 1):
                    heard = forms(engine, line.said, rate, f"{draw} {line.id}")
                    hits = {hit.phrase for hit in book.find(heard, "agent")}
                    found = bool(hits & served.get((line.clause, line.kind), frozenset()))
                    yield Trial(line, engine, rate, heard, found)


def share(of: Iterable[Trial]) -> float:
    """The part that was found."""
    found = [trial.found for trial in of]
    return round(sum(found) / len(found), 4) if found else 0.0


def measure(plan: Plan) -> dict[str, Any]:
    """Recall by engine, kind, guide and rate, and the worst lines, as JSON."""
    every = list(trials(plan, lines()))
    guides = sorted({trial.line.id[:2] for trial in every})
    result: dict[str, Any] = {"lines": len(lines()), "draws": DRAWS, "engines": {}}
    for engine in engines():
        mine = [trial for trial in every if trial.engine == engine]
        groups = {
            "all": mine,
            **{kind: [trial for trial in mine if trial.line.kind == kind] for kind in KINDS},
            **{guide: [trial for trial in mine if trial.line.id.startswith(guide)] for guide in guides},
        }
        result["engines"][engine] = {
            name: {f"{rate:.0%}": share(trial for trial in group if trial.rate == rate) for rate in RATES}
            for name, group in groups.items()
        }
    result["missed when clean"] = sorted({f"{t.line.id} {t.line.said}" for t in every if not t.rate and not t.found})
    result["worst"] = _worst(trial for trial in every if trial.engine == "whisper" and 0 < trial.rate <= 0.2)
    return result


def _worst(of: Iterable[Trial]) -> list[dict[str, Any]]:
    """The lines that are missed most often at up to 20 % of characters misheard, with an example."""
    missed: Counter[str] = Counter()
    of = list(of)
    example = {trial.line.id: trial for trial in of if not trial.found}
    missed.update(trial.line.id for trial in of if not trial.found)
    tried = Counter(trial.line.id for trial in of)
    return [
        {"line": name, "text": example[name].line.text, "missed": round(count / tried[name], 3), "heard": str(heard)}
        for name, count in missed.most_common(WORST)
        for heard in [example[name].heard]
    ]
