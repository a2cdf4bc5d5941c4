"""The one masker: keeps telephone, card and identity numbers out of what is shown to those who may not see them.

The middle of every long number becomes dots (138••••5678). What was said in a call is hidden as a live call hides it
(``call.hiding``: told with pauses, read back in parts, in characters or in syllables), so that one place does not show
what another hides. A quotation from a call is masked as the line it was taken from: on its own, a part of a number
looks like nothing. Always mask before cutting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any, TypeVar

from callflow.call.fields import BACK_CHANNEL
from callflow.call.hiding import HEAD, LONG, MARKS, TAIL, TAIL_FROM, Hider, around_dates, numbers_in
from callflow.call.spoken_values import WRITTEN_DIGITS, digit_runs
from callflow.events import Event, Finding, Heard, Output
from callflow.phrases.sounds import HIDDEN, Keys, Sounds, plain_syllable

Row = TypeVar("Row", bound=Any)
MARK = "•"
PART = 4
"""Digits in a row that are hidden where they are a part of a long number of the same call."""
SEARCHED = 3
"""Digits in a row that somebody may not look for who may not see numbers: trying one after the other, they would tell
what is hidden. Two are told by so many calls, dates and amounts that they tell nothing."""
_MARKS = str.maketrans(dict.fromkeys(HIDDEN, MARK))
_PAUSE = r"(?: *[，,、])? +"
_WORD = r"[^\W\d_]+[0-5]?"
_SPELT = re.compile(rf"(?<![^\W_]){_WORD}(?:{_PAUSE}{_WORD})+(?![^\W_])")
_LETTER = re.compile("[A-Za-z\u00c0-\u01dc]")
_SYLLABLE = re.compile(r"[^\W_]+")
_NAMES = frozenset((
    "type", "rule", "phrase", "id", "utterance", "speaker", "verdict", "severity", "group", "stage", "status", "kind",
))  # fmt: skip
"""Fields of events that hold names of ours and never what somebody said."""


@cache
def _sounds() -> Sounds:
    """How characters sound: digits sound the same in every flow."""
    return Sounds()


def masked(words: str) -> str:
    """``words`` that stand alone (a name, a file, a note) with the middle of every long number hidden.

    What was masked before stays as it is.
    """
    return _Numbers().text(words)


def masked_name(path: str) -> str:
    """The same for a file's name or path, in which a day and a time may stand and stay."""
    return around_dates(path, _Numbers().text)


def masked_fields(row: Row, *names: str) -> Row:
    """A dataclass of the archive with some of its texts masked."""
    masked_ones: dict[str, Any] = {name: masked(getattr(row, name)) for name in names}
    return replace(row, **masked_ones)


def masked_lines(lines: str) -> str:
    """What was said in a call, a line for each utterance, with the numbers hidden that run over several lines, too."""
    hider, numbers = Hider(MARKS, _sounds()), _Numbers()
    shown: list[str] = []
    going_on = False
    for place, line in enumerate(lines.split("\n")):
        digits = has_digits(line)
        if digits or going_on:  # what cannot be part of a number need not be looked at: most lines
            going_on = digits or _is_short(line)
            line = numbers.text(_line(hider, place, line))
        shown.append(line)
    return "\n".join(shown)


def tells_numbers(words: str) -> bool:
    """Whether a query looks for so many digits in a row, in any spelling, that it could find a number out."""
    syllables = tuple(words.split())
    keys = [_sounds().of_text(words), *([_sounds().of_syllables(syllables)] if all(map(_is_spelt, syllables)) else ())]
    return any(digit_runs(each, SEARCHED) for each in keys)


def has_digits(words: str) -> bool:
    """Whether there could be a part of a number in ``words`` at all: in most there is none."""
    return bool(WRITTEN_DIGITS.search(words) or _LETTER.search(words))


class Masker:
    """Masks what is quoted from one call, or told of it. ``lines``: all that was said in it, as the archive has it."""

    def __init__(self, lines: str) -> None:
        pairs = zip(lines.split("\n"), masked_lines(lines).split("\n"), strict=True)
        self._hidden = [(line, shown) for line, shown in pairs if line != shown]
        self._numbers = _Numbers()
        for line, _ in self._hidden:
            self._numbers.learn(line)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Masker:
        """The masker of a call by its events."""
        finals = [event for event in events if isinstance(event, Heard) and event.final]
        said = sorted(finals, key=lambda heard: (heard.start, heard.end))
        return cls("\n".join((heard.text or " ".join(heard.sounds)).replace("\n", " ") for heard in said))

    def learn(self, words: str) -> None:
        """Take note of the long numbers in ``words``: where their parts stand alone, they are hidden, too."""
        self._numbers.learn(words)

    def text(self, words: str) -> str:
        """``words`` as the line shows them that they were taken from; else with the numbers in them hidden."""
        if len(words) >= 2:
            for line, shown in self._hidden:
                start = line.find(words)
                if start >= 0 and (part := _same_part(line, shown, start, len(words))) != words:
                    return part
        return self._numbers.text(words)

    def finding(self, finding: Finding) -> Finding:
        """A finding with its evidence masked."""
        evidence = tuple(replace(one, said=self.text(one.said)) for one in finding.evidence)
        return replace(finding, evidence=evidence)


def masked_events(events: Iterable[Event]) -> Iterator[Event]:
    """``events`` of one call, in order, without its numbers."""
    all_ = list(events)
    hider, masker = Hider(MARKS, _sounds()), Masker.of(all_)
    for event in all_:
        if isinstance(event, Output):
            for words in _texts(event):
                masker.learn(words)
    for event in all_:
        yield _each(event, masker.text) if isinstance(event, Output) else _each(hider.hide(event), _dotted)


def _dotted(words: str) -> str:
    """Marks that stand for hidden digits as dots."""
    return words.translate(_MARKS)


def _each(value: Any, text: Callable[[str], str]) -> Any:
    """A value of the protocol with its texts as ``text`` makes them; the same object where that changes nothing."""
    if isinstance(value, str):
        new = text(value)
        return value if new == value else new
    if isinstance(value, tuple):
        parts = tuple(_each(part, text) for part in value)
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    if not hasattr(value, "__dataclass_fields__"):
        return value
    before = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in _NAMES}
    changed = {name: new for name, old in before.items() if (new := _each(old, text)) is not old}
    return replace(value, **changed) if changed else value


class _Numbers:
    """Hides the numbers in single texts; of numbers it has learnt also the parts that were told one by one."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, words: str) -> None:
        self._known.update(run.digits for run in digit_runs(_sounds().of_text(words), LONG))

    def text(self, words: str) -> str:
        """What stands between dots is looked at piece by piece: around what is hidden there is no number left."""
        return MARK.join(map(self._piece, words.translate(_MARKS).split(MARK)))

    def _piece(self, words: str) -> str:
        if len(words) < PART or not has_digits(words):
            return words
        keys = _sounds().of_text(words)
        items = list(keys.source)
        for number in _long_numbers(keys, words):
            for count, place in enumerate(number):
                if _is_middle(count, len(number)):
                    items[keys.places[place]] = MARK
        for run in digit_runs(keys, PART) if self._known else ():
            whole = self._whole(run.digits)
            before = whole.find(run.digits)
            for count in range(len(run.digits)):
                if _is_middle(before + count, len(whole)):
                    items[keys.places[run.start + count]] = MARK
        return _SPELT.sub(_spelt, "".join(items))

    def _whole(self, part: str) -> str:
        return next((number for number in self._known if part in number), "")


def _long_numbers(keys: Keys, words: str) -> list[Sequence[int]]:
    """The places of the digits of each long number; fillers (呃，然后) may stand between them, but no letters."""
    if _LETTER.search(words):
        return [range(run.start, run.end) for run in digit_runs(keys, LONG)]
    return [number.places for number in numbers_in(keys) if len(number.places) >= LONG]


def _is_middle(place: int, length: int) -> bool:
    """Whether a digit of a number of so many is hidden."""
    return length >= LONG and HEAD <= place < max(TAIL_FROM, length - TAIL)


def _spelt(found: re.Match[str]) -> str:
    """Syllables with blanks between, in which there may be a number."""
    written = found.group()
    places = [syllable.span() for syllable in _SYLLABLE.finditer(written)]
    keys = _sounds().of_syllables([written[start:end] for start, end in places])
    hidden = [
        keys.places[run.start + count]
        for run in digit_runs(keys, LONG)
        for count in range(len(run.digits))
        if _is_middle(count, len(run.digits))
    ]
    for number in reversed(hidden):
        start, end = places[number]
        written = written[:start] + MARK + written[end:]
    return written


def _line(hider: Hider, number: int, line: str) -> str:
    """An utterance as it is hidden after those before it; nobody knows any more who spoke, or when."""
    syllables = tuple(line.split(" "))
    sounds = syllables if all(map(_is_spelt, syllables)) else ()
    heard = Heard(at=number, speaker="customer", text="" if sounds else line, sounds=sounds, start=number, end=number)
    hidden = hider.hide(heard)
    assert isinstance(hidden, Heard)
    return (hidden.text or " ".join(hidden.sounds)).translate(_MARKS)


def _is_short(line: str) -> bool:
    """Whether a number may go on after a line: one without digits that is longer than a back channel ends it."""
    items = line.split(" ") if " " in line and _LETTER.search(line) else line
    return sum(any(map(str.isalnum, item)) for item in items) <= BACK_CHANNEL


def _is_spelt(word: str) -> bool:
    return bool(plain_syllable(word)) or word in HIDDEN


def _same_part(line: str, shown: str, start: int, length: int) -> str:
    """What was ``line[start : start + length]`` in a masked line: signs keep their places, syllables do not."""
    if len(line) == len(shown):
        return shown[start : start + length]
    first = line[:start].count(" ")
    return " ".join(shown.split(" ")[first : first + line[start : start + length].count(" ") + 1])


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
