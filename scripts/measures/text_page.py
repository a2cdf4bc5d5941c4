"""The text part of docs/accuracy.md: method, figures against bars, the curve, what is worst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measures.noise import RATES
from measures.page import percent, table
from measures.read_back import MISTAKES
from measures.text_recall import DRAWS

Json = Mapping[str, Any]
AT = [f"{rate:.0%}" for rate in RATES]
FORMS = {"whisper": "characters (as whisper writes)", "zipformer": "syllables (as zipformer gives)"}
BARS = ((0.995, "0%"), (0.97, "20%"), (0.90, "40%"))

METHOD = """
### Method

*Noise.* Each character is misheard with the same chance (10 to 40 %), and how, is drawn from
`tests/accuracy/confusions.json`, which counts what the two recognisers really made of recordings of the same lines:
written with another character of the same sound, heard as another syllable, left out, or one added. Of the syllables
misheard, what they are heard as follows the counts of that syllable, or of its initial and final where there are few.
As whisper writes, about half of the wrong characters sound right; as zipformer gives them, there are only syllables,
every wrong one sounds wrong, and nothing tells where a sentence ends: its 40 % are far more noise than the 40 % of
characters that the bars speak of. Seeds are fixed, so that the figures can be taken again.

*Recall.* Every text of every `say` and `taboo` clause, its gaps filled and something ordinary said around it
(`tests/accuracy/lines.yaml`), once clean and {draws} times at each rate. A line is found where a phrase is found that
cites its clause and is of its kind.

*False alarms.* A forbidden phrase found in one of the sentences of `tests/accuracy/innocent`, which were written for
it and on which nothing was tuned. An hour of agent speech is 14,400 characters.

*Provisional prompts.* Each line as partials that grow by two characters; in every fifth the last two are misheard,
and mended by the next. Withdrawn is what was shown and not confirmed. Seconds at 240 characters a minute.

*Read-back.* A value is asked for, dictated and read back to the engine, rightly or wrongly; dictation and read-back
are both misheard. Caught is what the engine calls different. What noise makes of the customer's own words is taken
for the value, so with noise right read-backs are questioned because something else was heard.

*Threshold curve.* All that matching tolerates (`callflow/phrases/policy.py`), multiplied by 0 to 1.5. False alarms here
are those on `tests/accuracy/development`, ordinary sentences that may be tuned on; of lines to say nobody knows which
are false, so that all counts that were found and not sound for sound.
"""


def written(results: Json) -> str:
    """The page's part, from the results of all measures."""
    parts = [
        "## Text",
        "### Against the bars",
        _bars(results),
        METHOD.format(draws=DRAWS).strip(),
        "### Recall",
        *(_recall(name, results["recall"]["engines"][name]) for name in FORMS),
        _worst(results["recall"]),
        "### False alarms",
        _alarms(results["alarms"]),
        "### Provisional prompts",
        _provisional(results["provisional"]),
        "### Read-back",
        *(_read_back(name, results["read-back"]["engines"][name]) for name in FORMS),
        "### Threshold curve",
        "![Recall against false alarms](accuracy-curve.svg)",
        _curve(results["curve"]),
    ]
    return "\n\n".join(parts)


def _bars(results: Json) -> str:
    recall = results["recall"]["engines"]["whisper"]["all"]
    alarms = results["alarms"]["forms"]["whisper 0%"]
    read = results["read-back"]["engines"]["whisper"]
    lines = [row for name, row in results["provisional"].items() if name.startswith("lines")]
    withdrawn = sum(row["shown"] * row["withdrawn"] for row in lines) / sum(row["shown"] for row in lines)
    rows = [
        [
            f"recall of say and taboo, {at.replace('%', ' %')} of characters misheard",
            percent(recall[at]),
            f"≥ {percent(bar)}",
            recall[at] >= bar,
        ]
        for bar, at in BARS
    ]
    caught, questioned = read["all, caught"]["0%"], read["all, questioned though right"]["0%"]
    rows += [
        ["false alarms per 1,000 agent sentences", str(alarms["per 1,000"]), "≤ 1", alarms["per 1,000"] <= 1],
        ["severe ones", str(alarms["severe per 1,000"]), "≤ 0.3", alarms["severe per 1,000"] <= 0.3],
        ["wrong read-backs caught, clean", percent(caught), "≥ 98 %", caught >= 0.98],
        ["right ones questioned, clean", percent(questioned), "≤ 2 %", questioned <= 0.02],
        ["provisional prompts withdrawn, both forms", percent(withdrawn), "≤ 5 %", withdrawn <= 0.05],
    ]
    return table(["what", "figure", "bar", "reached"], [[*row[:3], "yes" if row[3] else "**no**"] for row in rows])


def _recall(name: str, groups: Json) -> str:
    rows = [[group, *(percent(by_rate[at]) for at in AT)] for group, by_rate in groups.items()]
    return table([FORMS[name], *AT], rows)


def _worst(recall: Json) -> str:
    rows = [[one["line"], one["text"], percent(one["missed"]), one["heard"]] for one in recall["worst"]]
    missed = recall["missed when clean"]
    clean = (
        f"Missed even when clean ({len(missed)}): {'; '.join(missed[:40])}." if missed else "None is missed when clean."
    )
    often = table(["line", "text", "missed", "heard for example as"], rows)
    return f"{clean}\n\nMissed most often at 10 and 20 %:\n\n{often}"


def _alarms(alarms: Json) -> str:
    head = ["form and noise", "sentences", "alarms", "per 1,000", "severe per 1,000", "per hour", "severe per hour"]
    rows = [[name, *(str(value) for value in row.values())] for name, row in alarms["forms"].items()]
    each = ", ".join(f"{phrase} {count}" for phrase, count in alarms["alarms"].items())
    return f"{table(head, rows)}\n\nBy phrase, on clean text: {each or 'none'}."


def _provisional(provisional: Json) -> str:
    rows = [
        [name, str(row["shown"]), percent(row["withdrawn"]), f"{row['median seconds before the end']:.1f} s"]
        for name, row in provisional.items()
    ]
    return table(["what is said", "shown", "withdrawn", "before the end (median)"], rows)


def _read_back(name: str, rows: Json) -> str:
    names = ["all", *MISTAKES]
    wanted = [f"{kind}, caught" for kind in names] + [
        f"{kind}, questioned though right" for kind in ("all", "number", "name", "address")
    ]
    return table([FORMS[name], *AT], [[row, *(percent(rows[row][at]) for at in AT)] for row in wanted])


def _curve(points: list[Json]) -> str:
    head = [
        "tolerance",
        "taboo 0 / 20 / 40 %",
        "severe 20 %",
        "say 0 / 20 / 40 %",
        "alarms per 1,000",
        "severe",
        "at 20 % noise",
        "inexact lines to say",
    ]
    rows = []
    for point in points:
        recall = point["recall"]
        here = "**" if point["factor"] == 1.0 else ""
        rows.append(
            [
                f"{here}{point['factor']:g}{here}",
                " / ".join(percent(share) for share in recall["taboo"].values()),
                percent(recall["severe"]["20%"]),
                " / ".join(percent(share) for share in recall["say"].values()),
                str(point["alarms at 0%"]["per 1,000"]),
                str(point["alarms at 0%"]["severe per 1,000"]),
                str(point["alarms at 20%"]["per 1,000"]),
                str(point["inexact lines to say per 1,000"]),
            ]
        )
    return table(head, rows)
