"""The speech part of docs/accuracy.md: hears what is spoken, counts, and writes the page and its data."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from measures import page
from measures.alignment import align, of_heard, of_text
from measures.confusions import table as confusion_table
from measures.confusions import write as write_confusions
from measures.hearing import Hearing, hear, hearings
from measures.lines import KINDS, ROOT, lines
from measures.recall import FAIR, Outcome, alarms, outcomes, provisional
from measures.spoken import Spoken, settings, spoken

from callflow import plans
from callflow.call.plan import Plan
from callflow.errors import CallflowError
from callflow.speech.engines import choose, open_transcriber

ENGINES = ("zipformer", "whisper")
FIGURES = ROOT / "tests" / "accuracy" / "speech.json"
MACHINE = "espeak"
"""The voice that no person has: its figures stand apart."""
BAR = 0.95

Heard = dict[Spoken, Hearing]


def main() -> None:
    """Hear what has not been heard, then count everything again; ``--count``: count only."""
    os.nice(10)
    wanted = spoken()
    heard: dict[str, Heard] = {}
    for engine in ENGINES:
        if "--count" not in sys.argv:
            try:
                hear(engine, partial(open_transcriber, choose(engine)), wanted)
            except CallflowError as error:
                print(f"{engine} hears nothing new: {error}")
        heard[engine] = hearings(engine, wanted)
    plan, _ = plans.load()
    found = {engine: outcomes(plan, lines(), heard[engine]) for engine in heard}
    write_confusions({engine: confusion_table(_pairs(heard[engine])) for engine in heard})
    figures = {engine: _figures(plan, found[engine], heard[engine]) for engine in heard}
    FIGURES.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page.put("speech", _page(plan, figures))
    print(f"written to {page.PAGE.name}")


def _pairs(heard: Heard) -> list[Any]:
    return [align(of_text(one.text), of_heard(h.utterances)) for one, h in heard.items() if one.voice != MACHINE]


def _figures(plan: Plan, found: Sequence[Outcome], heard: Heard) -> dict[str, Any]:
    """All figures of one engine."""
    false = alarms(plan, heard)
    hits = provisional(plan, heard.values())
    return {
        "recall": [
            {"voice": voice, "kind": kind, **_count([o for o in found if (o.voice, o.line.kind) == (voice, kind)])}
            for voice in settings()["voices"]
            for kind in KINDS
        ],
        "all": {kind: _count([o for o in found if o.line.kind == kind and o.voice != MACHINE]) for kind in KINDS},
        "missed": [
            {"line": o.line.id, "voice": o.voice, "said": o.line.said, "heard": o.heard, "errors": round(o.errors, 2)}
            for o in found
            if o.fair and not o.found and o.voice != MACHINE
        ],
        "innocent": sum(one.innocent for one in heard),
        "alarms": [{"phrase": a.phrase, "severity": a.severity, "said": a.said, "heard": a.heard} for a in false],
        "provisional": {"shown": hits.shown, "withdrawn": hits.withdrawn, "lead": hits.lead},
        "cost": round(sum(h.cpu for h in heard.values()) / max(1.0, sum(h.seconds for h in heard.values())), 3),
    }


def _count(found: Sequence[Outcome]) -> dict[str, Any]:
    fair = [o for o in found if o.fair]
    return {
        "lines": len(found),
        "found": sum(o.found for o in found),
        "fair": len(fair),
        "fair_found": sum(o.found for o in fair),
        "error": round(sum(o.wrong for o in found) / max(1, sum(o.said for o in found)), 4),
    }


def _page(plan: Plan, figures: dict[str, Any]) -> str:
    cited = {clause for phrase in plan.flow.phrases.values() for clause in phrase.refs}
    silent = sorted({line.clause for line in lines()} - cited)
    lacking = f" No phrase cites {', '.join(silent)}, whose lines count as missed." if silent else ""
    parts = [_how() + lacking, *(_engine(name, row) for name, row in figures.items())]
    return "\n\n".join(parts)


def _how() -> str:
    voices = ", ".join(f"`{name}`" for name in settings()["voices"])
    level, noise = (settings()["line"][part] for part in ("level", "noise"))
    return f"""## Speech

The {len(lines())} lines of the guides (every `say` and `taboo` text of `flows/inbound/clauses.yaml`, gaps filled and
something ordinary said around it: `tests/accuracy/lines.yaml`) spoken by the voices
{voices} (`tests/accuracy/voices.yaml`), band-limited, 8 kHz mu-law, speech at {level} dB
and line noise at {noise} dB full scale, heard through the same endpointing and recogniser sessions as a replay. A line
is *found* where a phrase that cites its clause is found in what was heard. *Syllable error* is the recogniser's own:
toneless syllables wrong, left out or added, of those said.
The bar ({100 * BAR:.0f} %) is for lines of which it is below {100 * FAIR:.0f} %. `{MACHINE}` is a machine's voice
that nobody has on the telephone; it is in no total. Vosk is not measured: no Mandarin model of it is to be had here.
Where a voice has fewer lines than others, it had not spoken them all when the figures were taken."""


def _engine(name: str, row: dict[str, Any]) -> str:
    rows = [
        [f"{one['voice']}, {one['kind']}", str(one["lines"]), page.percent(one["error"]), *_recall(one)]
        for one in row["recall"]
        if one["lines"]
    ]
    rows += [
        [f"**all but {MACHINE}, {kind}**", str(one["lines"]), page.percent(one["error"]), *_recall(one)]
        for kind, one in row["all"].items()
    ]
    table = page.table(
        ["voice, kind", "lines", "syllable error", "found", f"lines below {100 * FAIR:.0f} %", "found of these"], rows
    )
    false, said = len(row["alarms"]), _said(row["alarms"])
    severe = sum(alarm["severity"] in ("severe", "fatal") for alarm in row["alarms"])
    shown = row["provisional"]
    return f"""### {name}

{table}

- False alarms: {false} in {row["innocent"]} innocent sentences, near misses among them; {severe} severe.{said}
- {_provisional(shown)}
- Processor time: {100 * row["cost"]:.0f} % of real time, on a machine that was busy otherwise.

{_missed(row["missed"])}"""


def _recall(one: dict[str, Any]) -> list[str]:
    of_all, of_fair = page.percent(one["found"], one["lines"]), page.percent(one["fair_found"], one["fair"])
    return [of_all, str(one["fair"]), of_fair]


def _said(found: Sequence[dict[str, str]]) -> str:
    return "".join(f"\n  - {one['said']}: `{one['phrase']}`, heard as {one['heard']}" for one in found)


def _provisional(shown: dict[str, Any]) -> str:
    if not shown["shown"]:
        return "Provisional hits: none, it hears an utterance only when it is over."
    return (
        f"Provisional hits: {shown['shown']} shown, {shown['withdrawn']} withdrawn"
        f" ({page.percent(shown['withdrawn'], shown['shown'])}); the final came {shown['lead']} s later (median)."
    )


def _missed(missed: Sequence[dict[str, Any]]) -> str:
    if not missed:
        return "Nothing was missed of the lines that were heard fairly."
    rows = [
        [f"{one['line']} ({one['voice']})", one["said"], one["heard"], page.percent(one["errors"])]
        for one in missed[:MOST]
    ]
    more = f", the first {MOST} of {len(missed)}" if len(missed) > MOST else ""
    return f"Missed although heard fairly{more}:\n\n" + page.table(
        ["line", "said", "heard", "syllable error"], rows, texts=3
    )


MOST = 40
"""Missed lines that the page shows; ``speech.json`` has them all."""


if __name__ == "__main__":
    main()
