"""Keeps telephone, card and identity numbers out of what is shown to those who may not see them.

The words of a call are hidden as a live call hides them (``call/hiding.py``: told with pauses, read back in parts,
in characters or syllables), so that a number does not show in one place what it hides in another. What the engine said
about them, and what people wrote, is hidden text by text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from callflow.call.hiding import HEAD, LONG, MARKS, TAIL, TAIL_FROM, Hider
from callflow.call.spoken_values import digit_runs
from callflow.events import Event, Output
from callflow.phrases.sounds import HIDDEN, Sounds

MARK = "•"
PART = 4
"""Digits in a row that are hidden where they are a part of a long number of the same call."""
_MARKS = str.maketrans(dict.fromkeys(HIDDEN, MARK))
_NAMES = (
    "type",
    "rule",
    "phrase",
    "id",
    "utterance",
    "speaker",
    "verdict",
    "severity",
    "group",
    "stage",
    "status",
    "kind",
)
"""Fields of events that hold names of ours and never what somebody said."""


def hidden(events: Iterable[Event], sounds: Sounds) -> Iterator[Event]:
    """``events`` of one call, in order, without its numbers."""
    all_ = list(events)
    hider, texts = Hider(MARKS, sounds), _Texts(sounds)
    for event in all_:
        if isinstance(event, Output):
            texts.learn(event)
    for event in all_:
        yield texts.each(event if isinstance(event, Output) else hider.hide(event))


def hidden_text(text: str, sounds: Sounds) -> str:
    """``text`` with the middle of every long number in it replaced by dots: 138••••5678."""
    return _Texts(sounds).text(text)


class _Texts:
    """Hides the numbers in single texts; of numbers it has learnt also the parts that were told one by one."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds
        self._numbers: set[str] = set()

    def learn(self, event: Event) -> None:
        """Take note of the long numbers in what the engine made of a call."""
        for text in _texts(event):
            self._numbers.update(run.digits for run in digit_runs(self._sounds.of_text(text), LONG))

    def text(self, text: str) -> str:
        if len(text) < PART:
            return text.translate(_MARKS)
        keys = self._sounds.of_text(text)
        items = list(keys.source)
        for run in digit_runs(keys, PART):
            whole = run.digits if len(run.digits) >= LONG else self._whole(run.digits)
            before = whole.find(run.digits)
            tail = max(TAIL_FROM, len(whole) - TAIL)
            for count in range(len(run.digits)):
                if whole and HEAD <= before + count < tail:
                    items[keys.places[run.start + count]] = MARK
        return "".join(items).translate(_MARKS)

    def each(self, value: Any) -> Any:
        """A value of the protocol with its texts hidden; the same object where there are none."""
        changed = {}
        for one in fields(value):
            before = getattr(value, one.name)
            if one.name not in _NAMES and (new := self._hidden(before)) is not before:
                changed[one.name] = new
        return replace(value, **changed) if changed else value

    def _whole(self, part: str) -> str:
        return next((number for number in self._numbers if part in number), "")

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            new = self.text(value)
            return value if new == value else new
        if isinstance(value, tuple):
            parts = tuple(map(self._hidden, value))
            return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
        return self.each(value) if hasattr(value, "__dataclass_fields__") else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif hasattr(value, "__dataclass_fields__"):
        for one in fields(value):
            if one.name not in _NAMES:
                yield from _texts(getattr(value, one.name))
