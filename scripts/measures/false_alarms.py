"""False alarms: taboos that are found in ordinary service talk, where nobody said one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from callflow.call.plan import Plan
from callflow.phrases.book import Book
from measures.lines import ROOT
from measures.noise import forms

TEST, DEVELOPMENT = (ROOT / "tests" / "accuracy" / name for name in ("innocent", "development"))
SEVERE = ("severe", "fatal")
CHARACTERS_PER_HOUR = 240 * 60
"""How much an agent says in an hour of speech."""


def sentences(folder: str) -> dict[str, list[str]]:
    """The ordinary sentences of ``innocent`` (the test set) or ``development``, by trade."""
    files = sorted((ROOT / "tests" / "accuracy" / folder).glob("*.txt"))
    return {file.stem: file.read_text(encoding="utf-8").splitlines() for file in files}


def alarms(
    plan: Plan, said: Iterable[str], engine: str, rate: float, seed: str = "1", book: Book | None = None
) -> list[dict[str, Any]]:
    """Every taboo found in ``said``, as ``engine`` hears it with ``rate`` misheard."""
    book = book or plan.book
    found = []
    for sentence in said:
        for hit in book.find(forms(engine, sentence, rate, seed), "agent"):
            phrase = plan.flow.phrases[hit.phrase]
            if phrase.kind == "never":
                one = {"phrase": hit.phrase, "severity": phrase.severity, "said": hit.said, "sentence": sentence}
                found.append(one)
    return found


def count(found: Iterable[dict[str, Any]], said: Iterable[str]) -> dict[str, float]:
    """Alarms per 1,000 sentences and per hour of speech, all and severe ones."""
    said, found = list(said), list(found)
    hours = sum(char.isalnum() for sentence in said for char in sentence) / CHARACTERS_PER_HOUR
    severe = sum(one["severity"] in SEVERE for one in found)
    return {
        "sentences": len(said),
        "alarms": len(found),
        "per 1,000": round(1000 * len(found) / len(said), 2),
        "severe per 1,000": round(1000 * severe / len(said), 2),
        "per hour": round(len(found) / hours, 2),
        "severe per hour": round(severe / hours, 2),
    }


def measure(plan: Plan, folder: str = "innocent") -> dict[str, Any]:
    """Alarms by form and noise, by trade, and each of them, as JSON."""
    trades = sentences(folder)
    said = [sentence for trade in trades.values() for sentence in trade]
    result: dict[str, Any] = {"forms": {}}
    for engine in ("whisper", "zipformer"):
        for rate in (0.0, 0.2):
            result["forms"][f"{engine} {rate:.0%}"] = count(alarms(plan, said, engine, rate), said)
    every = alarms(plan, said, "whisper", 0.0)
    places = {sentence: trade for trade, mine in trades.items() for sentence in mine}
    by_trade = Counter(places[one["sentence"]] for one in every)
    result["trades"] = {trade: by_trade[trade] for trade in trades}
    # By phrase only: whoever reads a sentence of the test set will, sooner or later, tune on it.
    result["alarms"] = dict(Counter(f"{one['phrase']} ({one['severity']})" for one in every).most_common())
    return result
