"""How often a line would be heard in an hour of ordinary service talk in which nobody means it: an estimate.

Talk is taken as syllables drawn one after the other: how often each comes, and how often after the one before, is
counted in 950 sentences of several trades (``syllables.txt``, written by ``scripts/make_syllables.py``; no sentence of
the test set is among them). At each syllable a line may begin; what may differ is what ``phrases.policy`` allows: a
near sound costs half a syllable, another one a whole (in a taboo more), and the fewer of its ends are edges of a
sentence, the less may differ. The chances of all ways to stay within that are added up; then they are multiplied by
the syllables of an hour and by the lengths that gaps may have.

What it leaves out: lost and added syllables, guards (``unless``), reported speech, and that sentences have grammar. So
it tells a word that is said all day from a sentence that nobody says by chance; it is no count of alarms. Beside
counts in the very sentences that the statistics are from (an hour of speech) it is low: for all taboos of the inbound
flow 3.2 an hour where 6.0 are found, for the customer's cues 120 where 354 are, most of which are meant.
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files

from callflow.flow.model import Boundary
from callflow.phrases import policy
from callflow.phrases.lines import Line
from callflow.phrases.sounds import Sounds

SYLLABLES_PER_HOUR = 240 * 60
"""An hour of one speaker's voice, at a moderate rate."""
SMOOTHING = 20.0
"""A pair is believed as far as its first syllable was seen more often than this."""
CERTAIN = 5.0
"""Lines of which so many syllables must be right are not heard by chance: once in a thousand hours, and less."""
_QUARTERS = 4
_NEAR, _OTHER = _QUARTERS // 2, _QUARTERS
_EDGES: dict[Boundary, tuple[bool, bool]] = {
    "anywhere": (False, False),
    "start": (True, False),
    "end": (False, True),
    "sentence": (True, True),
    "utterance": (True, True),
}


class Talk:
    """The statistics, in the sounds of one flow."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds
        single: dict[str, float] = {}
        self._pairs: dict[str, float] = {}
        clauses = 0.0
        for row in files(__package__).joinpath("syllables.txt").read_text(encoding="utf-8").splitlines():
            *names, count = row.split()
            if names == ["clauses"]:
                clauses = float(count)
            elif not row.startswith("#"):
                key = "".join(map(sounds.code, names))
                table = self._pairs if len(names) == 2 else single
                table[key] = table.get(key, 0.0) + float(count)
        self._count = single
        self._total = sum(single.values())
        self._share = {sound: count / self._total for sound, count in single.items()}
        self._edge = clauses / self._total
        self._near: dict[str, float] = {}

    def per_hour(self, line: Line, boundary: Boundary) -> float:
        """How often ``line`` would be heard in an hour of talk."""
        key = "".join(literal.key for literal in line.literals)
        exact = not any(literal.errors for literal in line.literals)
        begins, ends = _EDGES[boundary]
        one, none = self._edge, 1.0 - self._edge
        inner = [none * none, 2 * one * none, one * one]  # neither end, one, or both are edges
        if begins or ends:
            inner = [0.0, 0.0 if begins and ends else one * none, one * one]
        chance = 0.0
        for edges, share in enumerate(inner):
            most = 0.0 if exact else policy.most_cost(line.kind, line.length, float(edges))
            if share and line.length - most < CERTAIN:
                chance += share * self._heard(key, most, line)
        gaps = 1
        for least, longest in line.gaps:
            gaps *= longest - least + 1
        return SYLLABLES_PER_HOUR * gaps * chance

    def _heard(self, key: str, most: float, line: Line) -> float:
        """The chance that from one syllable on ``key`` is there with no more than ``most`` that differs."""
        other = int(_OTHER * (1.0 + (policy.WHOLLY_OTHER if line.kind == "never" else 0.0)))
        limit = int(most * _QUARTERS)
        costs = range(limit + 1)
        right, wrong = [0.0] * len(costs), [1.0, *[0.0] * limit]  # by cost so far, and by the syllable before
        previous = ""
        for sound in key:
            alone, near, pair = self.share(sound), self.near(sound), self._after(previous, sound)
            neither, no_pair = max(0.0, 1 - alone - near), max(0.0, 1 - pair - near)
            following = [0.0] * len(costs)
            for cost in costs[: max(0, limit + 1 - _NEAR)]:
                following[cost + _NEAR] += (right[cost] + wrong[cost]) * near
            for cost in costs[: max(0, limit + 1 - other)]:
                following[cost + other] += right[cost] * no_pair + wrong[cost] * neither
            right = [r * pair + w * alone for r, w in zip(right, wrong, strict=True)]
            wrong, previous = following, sound
        return sum(right) + sum(wrong)

    def share(self, sound: str) -> float:
        """How often ``sound`` comes among all syllables; one that was never counted, as if it had, now and then."""
        return self._share.get(sound, 0.5 / self._total)

    def _after(self, previous: str, sound: str) -> float:
        seen = self._count.get(previous, 0.0)
        return (self._pairs.get(previous + sound, 0.0) + SMOOTHING * self.share(sound)) / (seen + SMOOTHING)

    def near(self, sound: str) -> float:
        """How often a syllable comes that differs from ``sound`` in its beginning or its end alone."""
        if sound not in self._near:
            first, last = self._by_half
            halves = self._sounds.halves(sound)
            both = first.get(halves[:1], 0.0) + last.get(halves[1:], 0.0)
            self._near[sound] = max(0.0, both - 2 * self._count.get(sound, 0.0)) / self._total
        return self._near[sound]

    @cached_property
    def _by_half(self) -> tuple[dict[str, float], dict[str, float]]:
        first: dict[str, float] = {}
        last: dict[str, float] = {}
        for sound, count in self._count.items():
            halves = self._sounds.halves(sound)
            first[halves[:1]] = first.get(halves[:1], 0.0) + count
            last[halves[1:]] = last.get(halves[1:], 0.0) + count
        return first, last
