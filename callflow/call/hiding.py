"""Keeps telephone, card and identity numbers out of what is stored: most of their digits become marks.

They are hidden before the engine hears them, so that what is stored is exactly what was judged, and judging it again
gives the same. Each digit has a mark of its own, drawn anew for every call: a number read back wrongly still differs
from the right one. Who knows the marks (the screen of the call, while it lasts) can show the digits again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callflow.call.fields import PAUSE
from callflow.call.spoken_values import SHORTEST_RUN, DigitRun, digit_runs
from callflow.events import AgentAction, Event, Heard, Word
from callflow.phrases.sounds import HIDDEN, Keys, Sounds

MARKS = HIDDEN
"""The ten marks; a call uses them in an order of its own."""
HEAD, TAIL_FROM, TAIL = 3, 7, 4
"""Of a number the first three digits stay, and the last four from the eighth on: 138αβγδ5678."""
LONG = 7
"""So many digits in a row are such a number; fewer (an amount, a year) are none, unless more may follow."""
SHORTEST_PART = 2
"""Digits in a row that can go on with a number after a pause."""


class Hider:
    """Hides the numbers of one call. ``marks``: ``MARKS`` in the order of the digits 0 to 9 that they stand for."""

    def __init__(self, marks: Sequence[str], sounds: Sounds) -> None:
        digits = "0123456789"
        self._marks = dict(zip(digits, marks, strict=True))
        self._digits = str.maketrans(dict(zip(marks, digits, strict=True)))
        self._sounds = sounds
        self._told: dict[str, tuple[int, float]] = {}  # by speaker: digits of a number so far, and when they ended

    def hide(self, event: Event) -> Event:
        """``event`` without its numbers; any other event as it is. Call it once for each, in order."""
        if isinstance(event, AgentAction) and event.value:
            keys = self._sounds.of_text(event.value)
            return replace(event, value="".join(self._hidden(keys, digit_runs(keys), 0, final=True)))
        return self._heard(event) if isinstance(event, Heard) else event

    def shown(self, text: str) -> str:
        """``text`` with its digits again."""
        return text.translate(self._digits)

    def _heard(self, event: Heard) -> Heard:
        told, ended = self._told.get(event.speaker, (0, 0.0))
        goes_on = told if event.start - ended <= PAUSE else 0
        out = event
        if event.sounds:
            out = replace(out, sounds=tuple(self._items(event, self._sounds.of_syllables(event.sounds), goes_on)))
        if event.text:
            out = replace(out, text="".join(self._items(event, self._sounds.of_text(event.text), goes_on)))
        return replace(out, words=_words(event, out.text)) if out.text != event.text else out

    def _items(self, event: Heard, keys: Keys, goes_on: int) -> list[str]:
        """The characters or syllables of ``event``; ``goes_on``: digits that the speaker told right before."""
        runs = digit_runs(keys, SHORTEST_PART if goes_on else SHORTEST_RUN)
        if event.final:
            last = runs[-1] if runs and runs[-1].end == len(keys) else None
            before = goes_on if last and last.start == 0 else 0
            self._told[event.speaker] = (before + len(last.digits), event.end) if last else (0, 0.0)
        return self._hidden(keys, runs, goes_on, event.final)

    def _hidden(self, keys: Keys, runs: Sequence[DigitRun], goes_on: int, final: bool) -> list[str]:
        items = list(keys.source)
        for run in runs:
            before = goes_on if run.start == 0 else 0
            length = before + len(run.digits)
            if length < LONG and not before and final and run.end < len(keys):
                continue
            tail = max(TAIL_FROM, length - TAIL) if final else length
            tail_end = TAIL_FROM + TAIL if before else length
            for number, digit in enumerate(run.digits, start=before):
                if number >= HEAD and not tail <= number < tail_end:
                    items[keys.places[run.start + number - before]] = self._marks.get(digit, digit)
        return items


def _words(event: Heard, hidden: str) -> tuple[Word, ...]:
    """The timed words of ``event`` with their characters as in ``hidden``; none where they do not fit its text."""
    words: list[Word] = []
    place = 0
    for word in event.words:
        place = event.text.find(word.text, place)
        if place < 0:
            return ()
        words.append(Word(hidden[place : place + len(word.text)], word.start, word.end))
        place += len(word.text)
    return tuple(words)
