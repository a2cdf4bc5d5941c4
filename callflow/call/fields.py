"""The fields of a form: heard from the customer, read back by the agent, confirmed or corrected.

A value is taken where the agent asked for it (the field's ``asked_by`` phrase) or where the customer names the field
and tells it ("装货地址是…"); a question, 等一下 or a complaint is no value.
A read-back that differs from what was heard is told at once, as it is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from callflow.call.log import Fact
from callflow.call.spoken_values import SHORTEST_RUN, DigitRun, ValueReader, agree, digit_runs
from callflow.events import Event, FieldValue, Heard, Speaker
from callflow.flow.model import FieldSpec
from callflow.phrases.sounds import Keys, Sounds

YES, NO = "agrees", "disagrees"
"""Names of the customer's phrases that confirm and refuse a read-back."""
ANSWER_TIME = 30.0
"""Seconds after the agent's question in which the customer's words are taken as the answer."""
BACK_CHANNEL = 4
"""So many syllables of the agent's (嗯，好的) leave the question standing that the customer has not answered yet."""
PAUSE = 4.0
"""Seconds by which a pause may split a dictated number or address."""
SAME_NAME, SAME_TEXT = 0.7, 0.55
"""From which likeness of sound on a read-back counts as the same: two recognisers' errors lie between the two."""
LEFT_OUT = 2
"""A number read back that stops so few digits before its end was to be the whole of it: the rest was left out."""
OTHER_STRETCH = 1.0
"""Syllables wrong in one place from which on a text read back is another one: 建国路 for 解放路, in a long address."""
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
    draft: str = ""
    read_so_far: str = ""

    def takes(self, value: str, key: str) -> None:
        self.value, self.key, self.read_so_far = value, key, ""

    def is_short(self, digits: str) -> bool:
        """Whether these are less than half of the number."""
        return len(digits) < len(self.value) // 2


class FieldTracker:
    """Follows the fields of one call. Every method returns the facts that came of it; outputs go to ``out``."""

    def __init__(self, specs: Mapping[str, FieldSpec], sounds: Sounds, out: list[Event]) -> None:
        self._reader = ValueReader(sounds)
        self._sounds = sounds
        self._fields = {
            name: _Field(spec, tuple(sounds.of_text(label).key for label in spec.labels))
            for name, spec in specs.items()
        }
        labels = [label for field in self._fields.values() for label in field.labels]
        self._any_label = re.compile("|".join(labels) or "$.")
        self._asks = {spec.asked_by: name for name, spec in specs.items()}
        self._expecting: str = ""
        self._asked_at = -100.0
        self._replied = False
        """The customer has spoken since the question; if that was no answer, what comes later is none either."""
        self._last: str = ""
        self._read_back: list[str] = []
        self._reached: set[tuple[str, str]] = set()
        self._out = out

    def value(self, name: str) -> str:
        """What is known of a field, ``""`` where nothing is."""
        return self._fields[name].value if name in self._fields else ""

    def edit(self, name: str, value: str, at: float) -> list[Fact]:
        """The agent typed the value in the overlay: that is a confirmed one."""
        if name not in self._fields:
            return []
        field = self._fields[name]
        if field.stage == "confirmed" and field.value == value:
            return []
        field.takes(value, self._sounds.of_text(value).key)
        field.draft = ""
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
        if not self._any_label.search(keys.key):  # most sentences
            return places
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
        self._replied = True
        answered, self._read_back = self._read_back, []
        if answered and NO in said:
            if not self._corrects():
                self._expecting, self._asked_at = answered[-1], event.end
            self._fields[answered[-1]].ended = -100.0
        elif YES in said:
            if self._corrects():
                self._expecting = ""
            for field in (self._fields[name] for name in answered):
                if field.stage != "confirmed":
                    facts += self._reach(field, "confirmed", self._fact(event, keys), event.at)
        about_else = any(phrase not in (YES, NO) for phrase in said)
        for name, start, end in self._answers(event, keys, about_else):
            facts += self._take(self._fields[name], event, keys, start, end, corrects=NO in said)
        return facts

    def _corrects(self) -> bool:
        """Whether the agent has just read a value back wrongly, so that the customer's words may correct it."""
        return bool(self._expecting) and self._fields[self._expecting].stage == "differs"

    def _answers(self, event: Heard, keys: Keys, about_else: bool) -> list[tuple[str, int, int]]:
        """Which fields the customer's words give, with the span of the key that may hold the value.

        ``about_else``: the words hit a cue of the flow, so that without a label only digits can be an answer.
        """
        asked = self._expecting if event.start - self._asked_at <= ANSWER_TIME else ""
        found = [
            (name, start, end)
            for name, (start, end) in self._labelled(keys).items()
            if start < end
            and (name == asked or self._fields[name].spec.kind == "digits" or self._reader.gives(keys, start, end))
        ]
        if found:
            return found
        going_on = self._last if self._last and event.start - self._fields[self._last].ended <= PAUSE else ""
        name = asked or going_on
        if not name or (about_else and self._fields[name].spec.kind != "digits"):
            return []
        return [(name, 0, len(keys.key))]

    def _take(self, field: _Field, event: Heard, keys: Keys, start: int, end: int, corrects: bool) -> list[Fact]:
        spec, lately = field.spec, self._last == field.spec.name and event.start - field.ended <= PAUSE
        if spec.kind == "digits":
            found = self._dictated(field, keys, start, end, goes_on=lately and bool(field.draft))
        else:
            found = self._told(field, keys, start, end, lately and field.stage in ("heard", "corrected"), corrects)
        if not found:
            return []
        field.ended, self._last = event.end, spec.name
        value, key = found
        if spec.kind == "digits":
            field.draft = value
            if len(value) < spec.least:
                # A part of a number: not yet a value, but the rest will come after the pause.
                return []
        self._expecting = ""
        if value == field.value and field.stage == "differs":
            # The customer insists on what we heard: it is still for the agent to read it back.
            return []
        field.takes(value, key)
        stage = "heard" if field.stage in ("", "heard") else "corrected"
        return self._reach(field, stage, self._fact(event, keys), event.at)

    def _dictated(self, field: _Field, keys: Keys, start: int, end: int, goes_on: bool) -> tuple[str, str] | None:
        runs = digit_runs(keys, 2 if goes_on else SHORTEST_RUN)
        found = "".join(run.digits for run in runs if start <= run.start < end)
        value = field.draft + found if goes_on and len(field.draft) < field.spec.most else found
        return (value, self._reader.key(value)) if found and len(value) <= field.spec.most else None

    def _told(
        self, field: _Field, keys: Keys, start: int, end: int, goes_on: bool, corrects: bool
    ) -> tuple[str, str] | None:
        name = field.spec.kind == "name"
        start, end = self._reader.given(keys, start, end, name, later=goes_on, corrects=corrects)
        if not field.spec.least <= end - start <= field.spec.most or (goes_on and name):
            return None
        value, key = self._reader.words(keys, start, end), keys.key[start:end]
        return (f"{field.value} {value}", field.key + key) if goes_on else (value, key)

    # ------------------------------------------------------------------------------------ the agent

    def _agent(self, event: Heard, keys: Keys, said: tuple[str, ...]) -> list[Fact]:
        # A read-back sounds much like the question; what follows the label tells them apart.
        asks_back = self._reader.asks_back(keys)
        asked = [] if asks_back else [self._asks[name] for name in said if name in self._asks]
        facts: list[Fact] = []
        known = {name: field for name, field in self._fields.items() if field.value and name not in asked}
        labelled = self._labelled(keys) if known else {}
        runs = digit_runs(keys) if known else []
        for name, field in known.items():
            if field.spec.kind == "digits":
                same = self._digits_read(field, runs, labelled, asks_back)
            else:
                same = self._words_read(field, keys, labelled.get(name) if asks_back else None)
            if same is None:
                continue
            value, good = same
            field.draft = ""
            if self._last == name:
                self._last = ""
            if good:
                self._read_back.append(name)
                if self._corrects():
                    self._expecting = ""
                if field.stage != "confirmed":
                    facts += self._reach(field, "read_back", self._fact(event, keys), event.at)
            else:
                facts += self._differs(field, value, event, keys)
        if asked:
            self._expecting, self._asked_at, self._last = asked[-1], event.end, ""
            self._replied = False
        elif self._replied and len(keys) > BACK_CHANNEL and not self._corrects() and not self._dictating():
            self._expecting = ""
        return facts

    def _dictating(self) -> bool:
        """Whether digits were asked for, which may come in parts with words of the agent's between."""
        return bool(self._expecting) and self._fields[self._expecting].spec.kind == "digits"

    def _digits_read(
        self, field: _Field, runs: list[DigitRun], labelled: Mapping[str, tuple[int, int]], asks_back: bool
    ) -> tuple[str, bool] | None:
        """What of the number is read back in these words, and whether it is right; ``None``: not a read-back.

        Digits after the field's label are taken as its read-back; others, as in "13812345678是您的电话", have to be
        like its value, and those behind the label of another field belong to that: 八十八号 of an address tells of no
        telephone. Behind one that is no number a whole number may still come, as in "联系人王建国，13812345678".
        """
        start, end = labelled.get(field.spec.name, (0, 0))
        named = [run for run in runs if start <= run.start < end]
        runs = named or [run for run in runs if not self._belongs_elsewhere(run, field, labelled)]
        if not runs:
            return None
        if named:
            field.read_so_far = ""
        spoken = field.read_so_far + "".join(run.digits for run in runs)
        if not named and not self._alike(field, spoken):
            return None
        nearly_all = asks_back and len(spoken) >= len(field.value) - LEFT_OUT
        if len(spoken) < len(field.value) and agree(field.value[: len(spoken)], spoken) and not nearly_all:
            field.read_so_far = spoken
            return None
        field.read_so_far = ""
        return spoken, agree(spoken, field.value)

    def _belongs_elsewhere(self, run: DigitRun, field: _Field, labelled: Mapping[str, tuple[int, int]]) -> bool:
        return any(
            start <= run.start < end and (self._fields[name].spec.kind == "digits" or field.is_short(run.digits))
            for name, (start, end) in labelled.items()
        )

    def _alike(self, field: _Field, spoken: str) -> bool:
        """Whether digits without a label can be the number's: few only where they are its beginning, or go on."""
        beginning = field.value[: len(spoken)]
        if field.is_short(spoken) and not field.read_so_far:
            return agree(beginning, spoken)
        return self._reader.likeness(self._reader.key(spoken), self._reader.key(beginning)) >= 0.5

    def _words_read(self, field: _Field, keys: Keys, named: tuple[int, int] | None) -> tuple[str, bool] | None:
        if named:
            start, end = self._reader.plain(keys, *named)
            if start < end:
                read = keys.key[start:end]
                if field.spec.kind == "name":
                    good = self._reader.same_name(field.key, read, SAME_NAME)
                else:
                    good = self._reader.likeness(read, field.key) >= SAME_TEXT
                    good = good and self._reader.worst_stretch(field.key, read) < OTHER_STRETCH
                # What was taken from the customer may have words around it (a label that was misheard).
                within = 3 <= len(read) < len(field.key) and self._reader.holds(field.key, read, SPOKEN_WITHOUT_LABEL)
                return self._reader.words(keys, start, end), good or within
        spoken = len(field.key) >= 2 and self._reader.holds(keys.key, field.key, SPOKEN_WITHOUT_LABEL)
        return (field.value, True) if spoken else None

    def _differs(self, field: _Field, value: str, event: Heard, keys: Keys) -> list[Fact]:
        field.stage = "differs"
        self._expecting, self._asked_at = field.spec.name, event.end
        fact = self._fact(event, keys)
        self._out.append(FieldValue(at=event.at, name=field.spec.name, value=value, stage="differs"))
        return [Fact(f"field {field.spec.name} differs", fact.start, fact.end, fact.speaker, fact.said)]

    # ------------------------------------------------------------------------------------ stages

    def _reach(self, field: _Field, stage: str, fact: Fact, at: float) -> list[Fact]:
        field.stage = stage
        self._out.append(FieldValue(at=at, name=field.spec.name, value=field.value, stage=stage))  # type: ignore[arg-type]
        facts = [Fact(f"field {field.spec.name} {stage}", fact.start, fact.end, fact.speaker, fact.said)]
        form = field.spec.form
        together = [other for other in self._fields.values() if other.spec.form == form]
        for whole in ("heard", "read_back", "confirmed"):
            if (form, whole) not in self._reached and all(ORDER[f.stage] >= ORDER[whole] for f in together):
                self._reached.add((form, whole))
                key = f"fields {form} {whole}" if form else f"fields {whole}"
                facts.append(Fact(key, fact.start, fact.end, fact.speaker, fact.said))
        return facts

    def _fact(self, event: Heard, keys: Keys) -> Fact:
        speaker: Speaker = event.speaker
        return Fact("", event.start, event.end, speaker, event.text or " ".join(event.sounds))
