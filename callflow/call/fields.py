"""The fields of an order: heard from the customer, read back by the agent, confirmed or corrected.

A value is taken where the agent asked for it (the field's ``asked_by`` phrase) or where the customer names the field.
A read-back that differs from what was heard is told at once, as it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from callflow.call.log import Fact
from callflow.call.spoken_values import SHORTEST_RUN, DigitRun, ValueReader, digit_runs
from callflow.events import Event, FieldValue, Heard, Speaker
from callflow.flow.model import FieldSpec
from callflow.phrases.sounds import Keys, Sounds

YES, NO = "agrees", "disagrees"
"""Names of the customer's phrases that confirm and refuse a read-back."""
ANSWER_TIME = 30.0
"""Seconds after the agent's question in which the customer's words are taken as the answer."""
PAUSE = 4.0
"""Seconds by which a pause may split a dictated number or address."""
SAME_NAME, SAME_TEXT = 0.7, 0.55
"""From which likeness of sound on a read-back counts as the same: two recognisers' errors lie between the two."""
SPOKEN_WITHOUT_LABEL = 0.85
ORDER = {"": 0, "heard": 1, "differs": 1, "corrected": 1, "read_back": 2, "confirmed": 3}


@dataclass(slots=True)
class _Field:
    spec: FieldSpec
    labels: tuple[str, ...]
    stage: str = ""
    value: str = ""
    key: str = ""
    ended: float = -100.0
    read_so_far: str = ""


class FieldTracker:
    """Follows the fields of one call. Every method returns the facts that came of it; outputs go to ``out``."""

    def __init__(self, specs: Mapping[str, FieldSpec], sounds: Sounds, out: list[Event]) -> None:
        self._reader = ValueReader(sounds)
        self._sounds = sounds
        self._fields = {
            name: _Field(spec, tuple(sounds.of_text(label).key for label in spec.labels))
            for name, spec in specs.items()
        }
        self._asks = {spec.asked_by: name for name, spec in specs.items()}
        self._expecting: str = ""
        self._asked_at = -100.0
        self._last: str = ""
        self._read_back: list[str] = []
        self._reached: set[str] = set()
        self._out = out

    def value(self, name: str) -> str:
        """What is known of a field, ``""`` where nothing is."""
        return self._fields[name].value if name in self._fields else ""

    def edit(self, name: str, value: str, at: float) -> list[Fact]:
        """The agent typed the value in the overlay: that is a confirmed one."""
        if name not in self._fields:
            return []
        field = self._fields[name]
        field.value, field.key = value, self._sounds.of_text(value).key
        return self._reach(field, "confirmed", Fact("", at, at, "agent", value), at)

    def heard(self, event: Heard, keys: Keys, phrases: Iterable[str]) -> list[Fact]:
        """Take in a final with the names of the phrases that were found in it."""
        if not self._fields:
            return []
        said = tuple(phrases)
        if event.speaker == "agent":
            return self._agent(event, keys, said)
        return self._customer(event, keys, said)

    def _labelled(self, keys: Keys) -> dict[str, tuple[int, int]]:
        """The fields that are named in what was said, each with the span from its label to the next one."""
        places: dict[str, tuple[int, int]] = {}
        for name, field in self._fields.items():
            ends = [(keys.key.rfind(label) + len(label), len(label)) for label in field.labels if label in keys.key]
            if ends:
                end, length = max(ends)
                places[name] = (end - length, end)
        return {
            name: (end, min((other for other, _ in places.values() if other >= end), default=len(keys.key)))
            for name, (_, end) in places.items()
        }

    # ------------------------------------------------------------------------------------ the customer

    def _customer(self, event: Heard, keys: Keys, said: tuple[str, ...]) -> list[Fact]:
        facts: list[Fact] = []
        answered, self._read_back = self._read_back, []
        if answered and NO in said:
            self._expecting, self._asked_at = answered[-1], event.end
            self._fields[answered[-1]].ended = -100.0
        elif answered and YES in said:
            for name in answered:
                facts += self._reach(self._fields[name], "confirmed", self._fact(event, keys), event.at)
        for name, start, end in self._answers(event, keys):
            facts += self._take(self._fields[name], event, keys, start, end)
        return facts

    def _answers(self, event: Heard, keys: Keys) -> list[tuple[str, int, int]]:
        """Which fields the customer's words give, with the span of the key that may hold the value."""
        found = [(name, start, end) for name, (start, end) in self._labelled(keys).items() if start < end]
        if found:
            return found
        if self._expecting and event.start - self._asked_at <= ANSWER_TIME:
            return [(self._expecting, 0, len(keys.key))]
        if self._last and event.start - self._fields[self._last].ended <= PAUSE:
            return [(self._last, 0, len(keys.key))]
        return []

    def _take(self, field: _Field, event: Heard, keys: Keys, start: int, end: int) -> list[Fact]:
        goes_on = self._last == field.spec.name and event.start - field.ended <= PAUSE and field.stage == "heard"
        if field.spec.kind == "digits":
            shortest = 2 if goes_on else SHORTEST_RUN
            found = "".join(run.digits for run in digit_runs(keys, shortest) if start <= run.start < end)
            value = field.value + found if goes_on and len(field.value) < field.spec.most else found
            if not found or len(value) > field.spec.most:
                return []
            key = self._sounds.of_text(value).key
        else:
            start, end = self._reader.plain(keys, start, end)
            if end - start < field.spec.least or end - start > field.spec.most:
                return []
            value, key = self._reader.words(keys, start, end), keys.key[start:end]
            if goes_on and field.spec.kind == "text":
                value, key = f"{field.value} {value}", field.key + key
            elif goes_on:
                return []
        stage = "corrected" if field.stage in ("read_back", "differs", "confirmed") else "heard"
        field.value, field.key, field.ended, field.read_so_far = value, key, event.end, ""
        self._last = field.spec.name
        if field.spec.kind != "digits" or len(value) >= field.spec.least:
            self._expecting = ""
        else:
            # A part of a number: not yet a value, but the rest will come after the pause.
            field.stage = "heard"
            return []
        return self._reach(field, stage, self._fact(event, keys), event.at)

    # ------------------------------------------------------------------------------------ the agent

    def _agent(self, event: Heard, keys: Keys, said: tuple[str, ...]) -> list[Fact]:
        # A read-back sounds much like the question; what follows the label tells them apart.
        asks_back = self._reader.asks_back(keys)
        asked = [] if asks_back else [self._asks[name] for name in said if name in self._asks]
        facts: list[Fact] = []
        known = {
            name: field
            for name, field in self._fields.items()
            if len(field.value) >= field.spec.least and name not in asked
        }
        labelled = self._labelled(keys) if known else {}
        runs = digit_runs(keys) if known else []
        for name, field in known.items():
            named = labelled.get(name)
            if field.spec.kind == "digits":
                same = self._digits_read(field, runs, named)
            else:
                same = self._words_read(field, keys, named if asks_back else None)
            if same is None:
                continue
            value, good = same
            if good:
                self._read_back.append(name)
                if field.stage != "confirmed":
                    facts += self._reach(field, "read_back", self._fact(event, keys), event.at)
            else:
                facts += self._differs(field, value, event, keys)
        if asked:
            self._expecting, self._asked_at, self._last = asked[-1], event.end, ""
        return facts

    def _digits_read(
        self, field: _Field, runs: list[DigitRun], named: tuple[int, int] | None
    ) -> tuple[str, bool] | None:
        """What of the number is read back in these words, and whether it is right; ``None``: not a read-back."""
        if named:
            runs = [run for run in runs if named[0] <= run.start < named[1]]
        if not runs:
            return None
        if named:
            field.read_so_far = ""
        spoken = field.read_so_far + "".join(run.digits for run in runs)
        alike = self._reader.likeness(self._reader.key(spoken), self._reader.key(field.value[: len(spoken)]))
        if not named and alike < 0.5:
            return None
        if len(spoken) < len(field.value) and field.value.startswith(spoken):
            field.read_so_far = spoken
            return None
        field.read_so_far = ""
        return spoken, spoken == field.value

    def _words_read(self, field: _Field, keys: Keys, named: tuple[int, int] | None) -> tuple[str, bool] | None:
        if named:
            start, end = self._reader.plain(keys, *named)
            if start < end:
                wanted = SAME_NAME if field.spec.kind == "name" else SAME_TEXT
                good = self._reader.likeness(keys.key[start:end], field.key) >= wanted
                return self._reader.words(keys, start, end), good
        spoken = len(field.key) >= 2 and self._reader.holds(keys.key, field.key, SPOKEN_WITHOUT_LABEL)
        return (field.value, True) if spoken else None

    def _differs(self, field: _Field, value: str, event: Heard, keys: Keys) -> list[Fact]:
        field.stage = "differs"
        fact = self._fact(event, keys)
        self._out.append(FieldValue(at=event.at, name=field.spec.name, value=value, stage="differs"))
        return [Fact(f"field {field.spec.name} differs", fact.start, fact.end, fact.speaker, fact.said)]

    # ------------------------------------------------------------------------------------ stages

    def _reach(self, field: _Field, stage: str, fact: Fact, at: float) -> list[Fact]:
        field.stage = stage
        self._out.append(FieldValue(at=at, name=field.spec.name, value=field.value, stage=stage))  # type: ignore[arg-type]
        facts = [Fact(f"field {field.spec.name} {stage}", fact.start, fact.end, fact.speaker, fact.said)]
        for whole in ("heard", "read_back", "confirmed"):
            if whole not in self._reached and all(ORDER[f.stage] >= ORDER[whole] for f in self._fields.values()):
                self._reached.add(whole)
                facts.append(Fact(f"fields {whole}", fact.start, fact.end, fact.speaker, fact.said))
        return facts

    def _fact(self, event: Heard, keys: Keys) -> Fact:
        speaker: Speaker = event.speaker
        return Fact("", event.start, event.end, speaker, event.text or " ".join(event.sounds))
