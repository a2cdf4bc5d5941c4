"""Keeps telephone, card and identity numbers out of what is stored: most of their digits become marks.

They are hidden before the engine hears them, so that what is stored is exactly what was judged, and judging it again
gives the same. Each digit has a mark of its own, drawn anew for every call: a number read back wrongly still differs
from the right one. Who knows the marks (the screen of the call, while it lasts) can show the digits again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from callflow.call.fields import BACK_CHANNEL, PAUSE
from callflow.call.spoken_values import DigitRun, digit_runs
from callflow.events import AgentAction, Event, Heard, TransferFailed, TransferStarted, Word
from callflow.phrases.sounds import HIDDEN, Keys, Sounds, plain_syllable

MARKS, OTHER_MARKS = HIDDEN[:10], HIDDEN[10:]
"""The ten marks, which each call uses in an order of its own; and ten others for the part of a call that goes on after
a crash, as nobody knows any more what the first ones stood for."""
HEAD, TAIL_FROM, TAIL = 3, 7, 4
"""Of a number the first three digits stay, and the last four from the eighth on: 138αβγδ5678."""
LONG = 7
"""So many digits in a row are such a number; fewer (an amount, a year) are none, unless more may follow."""
SHORTEST_PART = 2
"""Digits in a row that can be part of a number told with pauses or fillers; one alone is a plain word (一下)."""
_UNITS = "元块毛角分钱年月日点天秒个件台只岁米斤万"
_UNIT_SYLLABLES = frozenset((
    "yuan", "kuai", "mao", "jiao", "fen", "qian", "nian", "yue", "ri", "dian", "tian", "miao", "ge", "jian", "tai",
    "zhi", "sui", "mi", "jin", "wan",
))  # fmt: skip
"""What follows an amount or a date: the number ends there."""
_TIME = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_DAY = r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ALONE = r"(?<!\d)(?<!\d[-_ .—–])"
_DATED = re.compile(
    rf"((?<![^/\\])\d{{1,4}}_{_DAY}[-_T]?{_TIME}(?![-_ .—–]?\d)|{_ALONE}{_DAY}(?:[-_T]?{_TIME})?(?![-_ .—–]?\d))"
)
"""A day, maybe with the time, with no other digits beside it but an agent's code before both."""


def around_dates(name: str, change: Callable[[str], str]) -> str:
    """``change`` made to all of a file's name but the day and time in it (``1002_20261123-1405``): as long as a
    telephone number, and none. Only for names of files: elsewhere such digits may be part of an identity number."""
    return "".join(part if place % 2 else change(part) for place, part in enumerate(_DATED.split(name)))


@dataclass(frozen=True, slots=True)
class Number:
    """Digits of one number with fillers between them: their places in the key, in order."""

    digits: str
    places: tuple[int, ...]


class Hider:
    """Hides the numbers of one call. ``marks``: ``MARKS`` in the order of the digits 0 to 9 that they stand for.

    ``tail``: the last digits of a number stay.
    """

    def __init__(self, marks: Sequence[str], sounds: Sounds, *, tail: bool = True) -> None:
        digits = "0123456789"
        self._tail = tail
        self._marks = dict(zip(digits, marks, strict=True))
        self._digits = str.maketrans(dict(zip(marks, digits, strict=True)))
        self._sounds = sounds
        self._told: dict[str, tuple[int, float]] = {}  # by speaker: digits of a number so far, and when they ended

    def hide(self, event: Event) -> Event:
        """``event`` without its numbers; any other event as it is. Call it once for each, in order."""
        if isinstance(event, Heard):
            return self._heard(event)
        if isinstance(event, AgentAction):
            value = self._hidden(keys := self._sounds.of_text(event.value), numbers_in(keys), 0, final=True)
            return replace(event, value="".join(value), target=self._written(event.target))
        if isinstance(event, TransferStarted):
            return replace(event, to=self._written(event.to))
        return replace(event, reason=self._written(event.reason)) if isinstance(event, TransferFailed) else event

    def shown(self, text: str) -> str:
        """``text`` with its digits again."""
        return text.translate(self._digits)

    def _written(self, name: str) -> str:
        """What a telephone system or the overlay names, without the long numbers in it; extensions stay."""
        keys = self._sounds.of_text(name)
        numbers = [_number([run]) for run in digit_runs(keys, LONG)]
        return "".join(self._hidden(keys, numbers, 0, final=True))

    def _heard(self, event: Heard) -> Heard:
        told, ended = self._told.get(event.speaker, (0, 0.0))
        goes_on = told if event.start - ended <= PAUSE else 0
        out = event
        so_far = 0
        if event.sounds:
            items, so_far = self._items(event, self._sounds.of_syllables(event.sounds), goes_on)
            out = replace(out, sounds=tuple(items))
        if event.text:
            items, digits = self._items(event, self._sounds.of_text(event.text), goes_on)
            out, so_far = replace(out, text="".join(items)), max(so_far, digits)
        if event.final:
            self._told[event.speaker] = so_far, event.end
        return replace(out, words=_words(event, out.text)) if out.text != event.text else out

    def _items(self, event: Heard, keys: Keys, goes_on: int) -> tuple[list[str], int]:
        """The characters or syllables of ``event``, and how many digits of a number have been told at its end.

        ``goes_on``: digits that the speaker told right before.
        """
        numbers = numbers_in(keys, goes_on > 0)
        if not numbers:
            return list(keys.source), goes_on if len(keys.key) <= BACK_CHANNEL else 0
        last = numbers[-1]
        before = goes_on if len(numbers) == 1 and last.places[0] <= BACK_CHANNEL else 0
        so_far = before + len(last.digits) if _may_go_on(keys, last) else 0
        return self._hidden(keys, numbers, goes_on, event.final), so_far

    def _hidden(self, keys: Keys, numbers: Sequence[Number], goes_on: int, final: bool) -> list[str]:
        items = list(keys.source)
        for nth, number in enumerate(numbers):
            before = goes_on if nth == 0 and number.places[0] <= BACK_CHANNEL else 0
            length = before + len(number.digits)
            if length < LONG and not before and final and not _may_go_on(keys, number):
                continue
            tail = max(TAIL_FROM, length - TAIL) if final else length
            tail_end = TAIL_FROM + TAIL if before else length
            for count, (digit, place) in enumerate(zip(number.digits, number.places, strict=True), start=before):
                if count >= HEAD and not (self._tail and tail <= count < tail_end):
                    items[keys.places[place]] = self._marks.get(digit, digit)
        return items


def numbers_in(keys: Keys, goes_on: bool = False) -> list[Number]:
    """The numbers in what was said: runs of digits, with no more than a filler (呃, 然后) between them.

    ``goes_on``: another part was told right before, so that a single digit may be one.
    """
    if not digit_runs(keys, 1 if goes_on and len(keys.key) == 1 else SHORTEST_PART):
        return []  # most sentences
    numbers: list[list[DigitRun]] = []
    for run in digit_runs(keys, 1):
        if numbers and run.start - numbers[-1][-1].end <= BACK_CHANNEL and not _is_unit(keys, numbers[-1][-1].end):
            numbers[-1].append(run)
        else:
            numbers.append([run])
    if goes_on and len(keys.key) == 1:
        return [_number(runs) for runs in numbers]
    return [_number(part) for runs in numbers if (part := _without_single_ends(runs))]


def _number(runs: Sequence[DigitRun]) -> Number:
    return Number(
        "".join(run.digits for run in runs), tuple(place for run in runs for place in range(run.start, run.end))
    )


def _without_single_ends(runs: list[DigitRun]) -> list[DigitRun]:
    parts = [i for i, run in enumerate(runs) if len(run.digits) >= SHORTEST_PART]
    return runs[parts[0] : parts[-1] + 1] if parts else []


def _may_go_on(keys: Keys, number: Number) -> bool:
    """Whether ``number`` is so near the end of what was said that more of it may follow."""
    end = number.places[-1] + 1
    return len(keys.key) - end <= BACK_CHANNEL and not _is_unit(keys, end)


def _is_unit(keys: Keys, place: int) -> bool:
    if place >= len(keys.key):
        return False
    item = keys.source[keys.places[place]]
    return item in _UNITS if isinstance(keys.source, str) else plain_syllable(item) in _UNIT_SYLLABLES


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
