"""The phrase book: all that can be said, compiled once and shared by all calls.

``find`` goes from what was heard to hits in steps that can each be looked at alone: sounds (``sounds``), places of
lines (``matcher``), then for each place whether it may count (speaker, sentence boundaries, guards), then which of
overlapping hits stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callflow.events import SPEAKERS, Speaker
from callflow.flow.model import Phrase, PhraseKind, Slot
from callflow.phrases import policy
from callflow.phrases.boundaries import Edges
from callflow.phrases.compiler import Compiler
from callflow.phrases.lines import Found, Line
from callflow.phrases.matcher import Matcher, overlapping
from callflow.phrases.reported import Reports
from callflow.phrases.sounds import Keys, Sounds

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
        compiler = Compiler(self.sounds, slots)
        self.edges = Edges(self.sounds)
        self.reports = Reports(self.sounds)
        lines: dict[Speaker, list[Line]] = {speaker: [] for speaker in SPEAKERS}
        for i, phrase in enumerate(self.phrases):
            lines[phrase.by] += compiler.wordings(i, phrase)
        self._matchers = {speaker: Matcher(lines[speaker], self.sounds) for speaker in SPEAKERS}
        self._guards = _Guards(self.phrases, compiler, self.sounds)

    def keys(self, heard: Heard) -> Keys:
        """``heard`` as keys."""
        if isinstance(heard, Keys):
            return heard
        return self.sounds.of_text(heard) if isinstance(heard, str) else self.sounds.of_syllables(heard)

    def lines(self, speaker: Speaker) -> tuple[Line, ...]:
        """All that ``speaker`` is listened for; the ``owner`` of a line is the place of its phrase in ``phrases``."""
        return self._matchers[speaker].lines

    def find(self, heard: Heard, speaker: Speaker, *, complete: bool = True) -> list[Hit]:
        """What ``speaker`` said of the book, in the order it was said.

        Of an utterance that is not ``complete``, hits are held back as long as the words to come may undo them, which
        they no longer do after a pause; what is nearly a line to say mostly turns out to be another, so it waits for
        the end.
        """
        keys = self.keys(heard)
        watch = _Watch(self._guards, keys, complete)
        reported: list[Found] = []

        def told(found: Found) -> bool:
            """Whether it is reported speech, or part of what already proved to be."""
            if self._kind(found) != "never":
                return False
            within = any(found.start < other.end and other.start < found.end for other in reported)
            if within or self.reports.tell_of(keys, found.start, found.end):
                reported.append(found)
                return True
            return False

        def counts(found: Found) -> bool:
            """At the boundaries its phrase asks for, not guarded, not told of, and not still growing."""
            boundary = self.phrases[found.line.owner].boundary
            over = found.end < len(keys) or keys.paused
            return (
                (complete or found.cost == 0 or (over and self._kind(found) == "never"))
                and self.edges.allow(keys, found, boundary, complete)
                and (found.cost == 0 or self._near_enough(keys, found, complete))
                and not watch.guarded(found)
                and not told(found)
            )

        found = self._matchers[speaker].find(keys.key, counts)
        return [self._hit(keys, f) for f in self.resolve(found)] if found else []

    def least_score(self, keys: Keys, found: Found, complete: bool = True) -> float:
        """The least score that ``found`` must have where it stands: of a taboo, edges of sentences count."""
        line = found.line
        if line.kind != "never":
            return line.least_score
        edges = self.edges.at(keys, found, complete)
        return max(line.least_score, policy.least_score(line.kind, line.length, edges))

    def _near_enough(self, keys: Keys, found: Found, complete: bool) -> bool:
        if found.line.kind == "never" and self.edges.asks_instead(keys, found):
            return False
        return found.score >= self.least_score(keys, found, complete)

    def resolve(self, found: Iterable[Found]) -> list[Found]:
        """Of overlapping lines those that stand, in the order they begin.

        Lines that explain more of what was heard go first, then longer, then earlier ones. A line loses to one before
        it

        - of the same phrase, where they overlap at all;
        - of the same kind, where they share more than half of it, if it is inexact or must never be said: of two
          similar phrases the better explains what was heard;
        - that should be said and is longer, if it must never be said and lies within: 不可能 in 不可能让您吃亏.

        An exact line to say, or cue, stands also within a longer one: it was said as well.
        """
        stands: list[Found] = []
        for group in overlapping(found):
            group.sort(key=lambda f: (-_explained(f), f.start - f.end, f.start, self._name(f)))
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
        return found.line.kind

    def _name(self, found: Found) -> str:
        return self.phrases[found.line.owner].name

    def _hit(self, keys: Keys, found: Found) -> Hit:
        start, end = keys.span(found.start, found.end)
        return Hit(self._name(found), start, end, found.score, keys.said(start, end), found.cost == 0)


class _Guards:
    """The guards of all phrases, each compiled when its phrase is first heard: in most calls few of them are."""

    def __init__(self, phrases: Sequence[Phrase], compiler: Compiler, sounds: Sounds) -> None:
        self._phrases = phrases
        self._compiler = compiler
        self._sounds = sounds
        self._made: dict[int, Guard | None] = {}
        for phrase in phrases:
            compiler.check(phrase)

    def get(self, owner: int) -> Guard | None:
        """The guard of the phrase with that number; ``None`` where it has none."""
        if owner not in self._made:
            phrase = self._phrases[owner]
            lines = list(self._compiler.guards(owner, phrase)) if phrase.unless else []
            self._made[owner] = Guard(lines, self._sounds) if lines else None
        return self._made[owner]


class Guard:
    """What a phrase must not be part of (``unless``)."""

    def __init__(self, lines: Sequence[Line], sounds: Sounds) -> None:
        self._matcher = Matcher(lines, sounds)
        self._openings = [line.literals[0].key for line in lines]

    def find(self, key: str) -> list[Found]:
        """The guards that are in ``key``."""
        return self._matcher.find(key)

    def may_come(self, key: str, found: Found) -> bool:
        """Whether from ``found`` on ``key`` ends as a guard begins."""
        return any(
            opening.startswith(key[start:])
            for opening in self._openings
            for start in range(max(0, found.start - len(opening) + 1), found.end)
        )


class _Watch:
    """Tells which of the lines found in one key are guarded; looks for each phrase's guards once, and only if asked."""

    def __init__(self, guards: _Guards, keys: Keys, complete: bool) -> None:
        self._guards = guards
        self._keys = keys
        self._complete = complete
        self._found: dict[int, list[Found]] = {}

    def guarded(self, found: Found) -> bool:
        """Whether a guard is around ``found`` or over most of it, and explains better what was heard.

        It does where most of what was heard beyond ``found`` is the guard's (不归我管 alone is nearly 不归我管吗, and
        啊不知道 nearly 他不知道, but neither is it), or where it is nearly all of ``found``, with fewer errors.
        """
        over = self._complete or self._keys.paused
        if over and not found.cost and found.end - found.start == len(self._keys):
            return False  # nothing else was heard that could be a guard's
        owner = found.line.owner
        guard = self._guards.get(owner)
        if guard is None:
            return False
        if owner not in self._found:
            # 这事你不懂。就这么回事 is two sentences, of which no guard (你不懂就…) can be made.
            self._found[owner] = [one for one in guard.find(self._keys.key) if not self._joins(one)]
        stopped = any(stops(one, found) for one in self._found[owner])
        return stopped or (not over and guard.may_come(self._keys.key, found))

    def _joins(self, guard: Found) -> bool:
        """Whether a sentence ends within ``guard``."""
        return any(self._keys.stops_at(place) for place in range(guard.start + 1, guard.end))


def stops(guard: Found, found: Found) -> bool:
    """Whether a guard that was found silences a line that was found (see ``_Watch.guarded``)."""
    start, end = found.start, found.end
    shared = max(0, min(guard.end, end) - max(guard.start, start))
    beyond = guard.end - guard.start - shared
    heard_beyond = 2 * max(0.0, guard.cost - found.cost) < beyond
    nearer = guard.cost < found.cost and (2 * shared >= end - start or guard.cost + 1 <= found.cost)
    within = guard.start - guard.line.lead <= start and end <= guard.end + guard.line.trail
    return (heard_beyond or nearer) and (within or 2 * shared >= end - start)


def _explained(found: Found) -> float:
    """How much of what was heard a line explains: its syllables, less for each that is wrong or wanting."""
    return found.line.length - policy.WRONG * found.cost
