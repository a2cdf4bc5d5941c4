"""Read-back: a value dictated and read back in a call, rightly and wrongly, both misheard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from ruamel.yaml import YAML

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.events import FieldValue, Heard, Speaker
from measures.lines import ROOT
from measures.noise import RATES, engines, forms

VALUES = ROOT / "tests" / "accuracy" / "values.yaml"
CALLS = 120
"""Values of each kind."""
DIGITS = "零一二三四五六七八九"
MISTAKES = (
    *("number: one digit changed", "number: two digits swapped", "number: a digit left out"),
    *("name: another surname", "address: another street"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A value, and what is read back for it: itself, or what is wrong in the way that ``mistake`` names."""

    field: str
    kind: str
    mistake: str
    value: str
    read: str


def cases(calls: int = CALLS) -> Iterator[Case]:
    """All values, each with its right and its wrong read-backs."""
    draw = Random(5)
    values = _values()
    for _ in range(calls):
        for field, length in (("联系电话", 11), ("单号", draw.randint(8, 12))):
            number = "一" * (length == 11) + "".join(draw.choice(DIGITS) for _ in range(length - (length == 11)))
            yield Case(field, "number", "", number, number)
            for mistake, read in _wrong_numbers(number, draw).items():
                yield Case(field, "number", mistake, number, read)
        row = draw.choice(values["surnames"])
        surname, other = draw.sample(row, 2)
        given = draw.choice(values["given names"])
        yield Case("联系人", "name", "", surname + given, surname + given)
        yield Case("联系人", "name", "another surname", surname + given, other + given)
        place, number = draw.choice(values["places"]), draw.choice(values["numbers"])
        at = draw.randrange(len(values["streets"]))
        street, other = values["streets"][at], values["streets"][at - 1]
        field = draw.choice(["装货地址", "送货地址"])
        yield Case(field, "address", "", place + street + number, place + street + number)
        yield Case(field, "address", "another street", place + street + number, place + other + number)


def played(plan: Plan, case: Case, engine: str, rate: float, seed: str) -> str:
    """``caught`` where the read-back is called wrong, ``passed`` where it is taken as right, ``none`` where neither."""
    frames = _values()["fields"][case.field]
    draw = Random(f"{seed} {case.field} {case.value}")
    guide = Guide(plan)
    said = (
        ("agent", draw.choice(frames["ask"]), 0.0),
        ("customer", draw.choice(frames["given"]).format(case.value), rate),
        ("agent", draw.choice(frames["read"]).format(case.read), rate),
    )
    stages: list[str] = []
    for number, (speaker, words, misheard) in enumerate(said):
        stages = []
        for output in guide.feed(_heard(speaker, words, engine, misheard, number, seed)):  # type: ignore[arg-type]
            if isinstance(output, FieldValue) and output.name == case.field:
                stages.append(output.stage)
    return "caught" if "differs" in stages else "passed" if "read_back" in stages else "none"


def measure(plan: Plan, calls: int = CALLS, rates: tuple[float, ...] = RATES) -> dict[str, Any]:
    """Wrong ones caught and right ones questioned, by engine, kind, mistake and rate, as JSON."""
    result: dict[str, Any] = {"values of each kind": calls, "engines": {}}
    every = list(cases(calls))
    for engine in engines():
        rows: dict[str, dict[str, float]] = {}
        for rate in rates:
            found: dict[str, list[bool]] = {}
            for number, case in enumerate(every):
                caught = played(plan, case, engine, rate, f"{number} {rate}") == "caught"
                outcome = "caught" if case.mistake else "questioned though right"
                for name in _rows(case):
                    found.setdefault(f"{name}, {outcome}", []).append(caught)
            for name, outcomes in found.items():
                rows.setdefault(name, {})[f"{rate:.0%}"] = round(sum(outcomes) / len(outcomes), 4)
        result["engines"][engine] = rows
    return result


def _rows(case: Case) -> list[str]:
    return ["all", case.kind, *([f"{case.kind}: {case.mistake}"] if case.mistake else [])]


def _wrong_numbers(number: str, draw: Random) -> Mapping[str, str]:
    at = draw.randrange(1, len(number))
    places = [i for i, (one, next_one) in enumerate(pairwise(number)) if one != next_one and i]
    swap = draw.choice(places)
    return {
        "one digit changed": number[:at] + draw.choice(DIGITS.replace(number[at], "")) + number[at + 1 :],
        "two digits swapped": number[:swap] + number[swap + 1] + number[swap] + number[swap + 2 :],
        "a digit left out": number[:at] + number[at + 1 :],
    }


def _heard(speaker: Speaker, words: str, engine: str, rate: float, number: int, seed: str) -> Heard:
    heard = forms(engine, words, rate, f"{seed} {number}")
    start = 5.0 * number
    return Heard(
        at=start + 4.2,
        speaker=speaker,
        text=heard if isinstance(heard, str) else "",
        sounds=() if isinstance(heard, str) else tuple(heard),
        start=start,
        end=start + 4.0,
        utterance=f"u{number}",
    )


@cache
def _values() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(VALUES.read_text(encoding="utf-8")))
