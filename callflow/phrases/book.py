"""The phrase book: all that can be said, compiled once and shared by all calls.

``find`` goes from what was heard to hits in steps that can each be looked at alone: sounds (``sounds``), places of
lines (``matcher``), then for each place whether it may count (speaker, sentence boundaries, guards), then which of
overlapping hits stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from callflow.events import SPEAKERS, Speaker
from callflow.flow.model import Phrase, PhraseKind, Slot
from callflow.phrases import policy
from callflow.phrases.boundaries import Edges
from callflow.phrases.matcher import Found, Line, Literal, Matcher
from callflow.phrases.sounds import UNKNOWN, Keys, Sounds, reading
from callflow.phrases.template import Pattern, expand

Heard = Keys | str | Sequence[str]
"""What was heard: keys, or text, or pinyin syllables."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase was said. ``start`` and ``end`` count characters of the text, or syllables where those were heard.

    ``score`` is 1 for sound for sound and less for every error; ``said`` are the words as heard; ``exact`` means
    that no sound differed.
    """

    phrase: str
    start: int
    end: int
    score: float
    said: str
    exact: bool


class Book:
    """The phrases of a flow, ready to be found in what a speaker said. Immutable; share it between calls.

    Raises ``TemplateError`` for a wording that cannot be expanded; ``flow.read`` reports those with their place first.
    """

    def __init__(self, phrases: Iterable[Phrase], slots: Mapping[str, Slot], sounds: Sounds | None = None) -> None:
        self.phrases = tuple(phrases)
        self.sounds = sounds or Sounds()
        compiler = _Compiler(self.sounds, slots)
        self._edges = Edges(self.sounds)
        self._matchers: dict[Speaker, Matcher] = {}
        for speaker in SPEAKERS:
            own = [(i, phrase) for i, phrase in enumerate(self.phrases) if phrase.by == speaker]
            self._matchers[speaker] = Matcher(
                (line for i, p in own for line in compiler.lines(i, p.wordings, p.kind, p.exact)), self.sounds
            )
        self._guards = {
            i: _Guard(compiler.lines(i, phrase.unless, "say"), self.sounds)
            for i, phrase in enumerate(self.phrases)
            if phrase.unless
        }

    def keys(self, heard: Heard) -> Keys:
        """``heard`` as keys."""
        if isinstance(heard, Keys):
            return heard
        return self.sounds.of_text(heard) if isinstance(heard, str) else self.sounds.of_syllables(heard)

    def find(self, heard: Heard, speaker: Speaker, *, complete: bool = True) -> list[Hit]:
        """What ``speaker`` said of the book, in the order it was said.

        Of an utterance that is not ``complete``, hits are held back as long as the words to come may undo them.
        """
        keys = self.keys(heard)
        found = self._matchers[speaker].find(keys.key)
        if not found:
            return []
        return [self._hit(keys, f) for f in self.resolve(self.counting(keys, found, complete))]

    def counting(self, keys: Keys, found: Iterable[Found], complete: bool = True) -> list[Found]:
        """Of the lines found those that count: at the boundaries their phrase asks for and not guarded."""
        return [
            f
            for f in found
            if self._edges.allow(keys, f, self.phrases[f.line.owner].boundary, complete)
            and not self._guarded(keys.key, f, complete)
            and (complete or f.cost == 0 or f.end < len(keys))  # an inexact hit at the end is still growing
        ]

    def _guarded(self, key: str, found: Found, complete: bool) -> bool:
        guard = self._guards.get(found.line.owner)
        return guard is not None and (guard.stops(key, found) or (not complete and guard.may_come(key, found)))

    def resolve(self, found: Iterable[Found]) -> list[Found]:
        """Of overlapping lines those that stand, in the order they begin.

        Better, then longer, then earlier lines go first. A line loses to one before it

        - of the same phrase, where they overlap at all;
        - of the same kind, where they share more than half of it, if it is inexact or must never be said: of two
          similar phrases the better explains what was heard;
        - that should be said and is longer, if it must never be said and lies within: 不可能 in 不可能让您吃亏.

        An exact line to say, or cue, stands also within a longer one: it was said as well.
        """
        stands: list[Found] = []
        for group in _overlapping(found):
            group.sort(key=lambda f: (-f.score, f.start - f.end, f.start, self._name(f)))
            first = len(stands)
            for f in group:
                if not any(self._beats(other, f) for other in stands[first:]) and not (
                    self._kind(f) == "never" and any(self._covers(other, f) for other in group)
                ):
                    stands.append(f)
        return sorted(stands, key=lambda f: (f.start, f.end, self._name(f)))

    def _beats(self, other: Found, f: Found) -> bool:
        shared = min(other.end, f.end) - max(other.start, f.start)
        if shared <= 0:
            return False
        if other.line.owner == f.line.owner:
            return True
        if self._kind(other) != self._kind(f) or 2 * shared <= f.end - f.start:
            return False
        return f.cost > 0 or self._kind(f) == "never"

    def _covers(self, other: Found, f: Found) -> bool:
        inside = other.start <= f.start and f.end <= other.end and other.line.length > f.line.length
        return inside and self._kind(other) == "say"

    def _kind(self, found: Found) -> PhraseKind:
        return self.phrases[found.line.owner].kind

    def _name(self, found: Found) -> str:
        return self.phrases[found.line.owner].name

    def _hit(self, keys: Keys, found: Found) -> Hit:
        start, end = keys.span(found.start, found.end)
        return Hit(self._name(found), start, end, found.score, keys.said(start, end), found.cost == 0)


def _overlapping(found: Iterable[Found]) -> Iterator[list[Found]]:
    """Groups of lines that overlap, one with the next."""
    group: list[Found] = []
    end = 0
    for f in sorted(found, key=lambda f: f.start):
        if group and f.start >= end:
            yield group
            group = []
        group.append(f)
        end = max(end, f.end)
    if group:
        yield group


class _Guard:
    """What a phrase must not be part of (``unless``)."""

    def __init__(self, lines: Sequence[Line], sounds: Sounds) -> None:
        self._matcher = Matcher(lines, sounds)
        self._openings = [line.literals[0].key for line in lines]
        self._reach = max((line.reach for line in lines), default=0)

    def stops(self, key: str, found: Found) -> bool:
        """Whether a guard is around ``found`` or over most of it, and has been heard beyond it.

        Beyond it more must have been heard than the guard lacks, else 不归我管 alone would nearly be 不归我管吗.
        """
        low = max(0, found.start - self._reach)
        start, end = found.start - low, found.end - low
        for guard in self._matcher.find(key[low : found.end + self._reach]):
            shared = min(guard.end, end) - max(guard.start, start)
            beyond = guard.end - guard.start - max(0, shared)
            within = guard.start - guard.line.lead <= start and end <= guard.end + guard.line.trail
            if beyond > guard.cost and (within or 2 * shared >= end - start):
                return True
        return False

    def may_come(self, key: str, found: Found) -> bool:
        """Whether from ``found`` on ``key`` ends as a guard begins."""
        return any(
            opening.startswith(key[start:])
            for opening in self._openings
            for start in range(max(0, found.start - len(opening) + 1), found.end)
        )


class _Compiler:
    """Templates to lines."""

    def __init__(self, sounds: Sounds, slots: Mapping[str, Slot]) -> None:
        self.sounds = sounds
        self.slots = slots

    def lines(self, owner: int, templates: Iterable[str], kind: PhraseKind, exact: bool = False) -> list[Line]:
        """Every line of every template, in every reading, none twice."""
        lines = {}
        for template in templates:
            for pattern in expand(template, self.slots):
                for keys, gaps, lead, trail in self._spoken(pattern):
                    if not any(UNKNOWN in key for key in keys):
                        lines[keys, gaps] = self._line(owner, keys, gaps, kind, exact, lead, trail)
        return list(lines.values())

    def _spoken(self, pattern: Pattern) -> Iterable[tuple[tuple[str, ...], tuple[tuple[int, int], ...], int, int]]:
        """The keys and gaps of a pattern in each reading, and the length of the slots before and after it."""
        lead = pattern[0].most if isinstance(pattern[0], Slot) else 0
        trail = pattern[-1].most if isinstance(pattern[-1], Slot) else 0
        literals = [part for part in pattern if isinstance(part, str)]
        inner = pattern[1 if lead else 0 : -1 if trail else None]
        gaps = tuple((part.least, part.most) for part in inner if isinstance(part, Slot))
        readings = [self._readings(literal) for literal in literals]
        for keys in dict.fromkeys(zip(*readings, strict=True)):
            yield keys, gaps, lead, trail

    def _readings(self, literal: str) -> tuple[str, str]:
        """The key as a recogniser of characters leads to it, and as one of sounds hears it.

        Characters are looked up one by one, so 重复 as text is always zhong fu; as sounds it is chong fu.
        """
        plain = self.sounds.of_text(literal).key
        return plain, self.sounds.of_syllables(_in_context(literal)).key

    def _line(
        self,
        owner: int,
        keys: tuple[str, ...],
        gaps: tuple[tuple[int, int], ...],
        kind: PhraseKind,
        exact: bool,
        lead: int,
        trail: int,
    ) -> Line:
        literals = tuple(Literal(key, policy.errors(kind, len(key), exact), self.sounds.halves(key)) for key in keys)
        length = sum(map(len, keys))
        return Line(owner, literals, gaps, policy.least_score(kind, length), lead, trail)


_HAN = re.compile("[\u3400-\u9fff]+|.", re.DOTALL)


def _in_context(words: str) -> list[str]:
    """One syllable a character, read in context: 重复 chong fu, 重量 zhong liang."""
    from pypinyin import lazy_pinyin  # slow to import; only compiling needs it

    out: list[str] = []
    for run in _HAN.findall(words):
        syllables = lazy_pinyin(run) if len(run) > 1 else [reading(run) or run]
        out += syllables if len(syllables) == len(run) else [reading(char) for char in run]
    return out
