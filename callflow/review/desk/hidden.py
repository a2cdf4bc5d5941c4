"""Keeps telephone, card and identity numbers out of what is shown to those who may not see them.

The words of a call are hidden as a live call hides them (``call/hiding.py``: told with pauses, read back in parts,
in characters or syllables), so that a number does not show in one place what it hides in another. What the engine said
about them, and what people wrote, is hidden text by text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from callflow.call.hiding import HEAD, LONG, MARKS, TAIL, Hider
from callflow.call.spoken_values import digit_runs
from callflow.events import Event, Output
from callflow.phrases.sounds import HIDDEN, Sounds

MARK = "•"
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
    hider = Hider(MARKS, sounds)
    for event in events:
        yield _each_text(event if isinstance(event, Output) else hider.hide(event), sounds)


def hidden_text(text: str, sounds: Sounds) -> str:
    """``text`` with the middle of every long number in it replaced by dots: 138••••5678."""
    if len(text) < LONG:
        return text
    keys = sounds.of_text(text)
    items = list(keys.source)
    for run in digit_runs(keys, LONG):
        tail = max(HEAD, len(run.digits) - TAIL)
        for place in range(run.start + HEAD, run.start + tail):
            items[keys.places[place]] = MARK
    return "".join(items).translate(_MARKS)


def _each_text(value: Any, sounds: Sounds) -> Any:
    changed = {}
    for each in fields(value):
        if each.name not in _NAMES and (new := _hidden(before := getattr(value, each.name), sounds)) is not before:
            changed[each.name] = new
    return replace(value, **changed) if changed else value


def _hidden(value: Any, sounds: Sounds) -> Any:
    """The same with texts hidden wherever they are in it; the same object where there are none."""
    if isinstance(value, str):
        new = hidden_text(value.translate(_MARKS), sounds)
        return value if new == value else new
    if isinstance(value, tuple):
        parts = tuple(_hidden(part, sounds) for part in value)
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return _each_text(value, sounds) if hasattr(value, "__dataclass_fields__") else value
