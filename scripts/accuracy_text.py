"""Takes the text part of docs/accuracy.md: `scripts/accuracy text` runs it.

Writes ``tests/accuracy/results/text.json``, the curve in ``docs/accuracy-curve.svg`` and the page's part. With names
of measures (recall, alarms, provisional, read-back, curve) it takes only these, prints them and writes nothing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from measures import curve, false_alarms, page, partials, plot, read_back, text_recall
from measures.lines import ROOT
from measures.text_page import written

from callflow import plans
from callflow.call.plan import Plan

RESULTS = ROOT / "tests" / "accuracy" / "results" / "text.json"
MEASURES: dict[str, Callable[[Plan], object]] = {
    "recall": text_recall.measure,
    "alarms": false_alarms.measure,
    "provisional": partials.measure,
    "read-back": read_back.measure,
    "curve": curve.measure,
}


def main(names: list[str]) -> None:
    plan, _ = plans.load()
    results = {}
    for name in names or MEASURES:
        began = time.monotonic()
        results[name] = MEASURES[name](plan)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    text = json.dumps(results, ensure_ascii=False, indent=1)
    if names:
        print(text)
        return
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    (ROOT / "docs" / "accuracy-curve.svg").write_text(plot.drawn(results["curve"]), encoding="utf-8")  # type: ignore[arg-type]
    page.put("text", written(results))


if __name__ == "__main__":
    main(sys.argv[1:])
