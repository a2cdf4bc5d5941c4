"""What a slip of the ear may change: it seldom makes a wholly other syllable, and never the opposite.

Recognisers hear a syllable as a near one (initial or final kept); other words are other in most of their syllables. So
where a line differs from what was heard, the kind of the differences tells a mishearing from another sentence.
"""

from __future__ import annotations

from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from callflow.phrases import policy
from callflow.phrases.lines import Line
from callflow.phrases.sounds import Sounds


class Slips:
    """Weighs how an inexact line differs from what was heard."""

    def __init__(self, sounds: Sounds) -> None:
        self._halves = sounds.halves
        self._negations = frozenset(sounds.of_text(policy.NEGATIONS).key)
        self._persons = frozenset(sounds.of_text(policy.PERSONS).key)
        self._instead = frozenset(sounds.of_text(policy.INSTEAD_OF_NEGATIONS).key)

    def cost(self, line: Line, heard: str, cost: float) -> float | None:
        """``cost`` with what the kind of the differences adds to it; ``None`` where ``line`` cannot have been said.

        A negation lost or added makes the opposite, however little it changes the sound: it counts once more, and what
        must never be said is not said then, nor where it is said of somebody else (您怎么知道 for 我怎么知道). Of a
        taboo a wholly other syllable counts more than two halves, and enough of every clause must have been heard:
        我不清楚，我帮您问 has only the first of 我不清楚，你找别人问.
        """
        wanted = "".join(literal.key for literal in line.literals)
        if line.kind != "never" and all(heard.count(sound) == wanted.count(sound) for sound in self._negations):
            return cost
        missed, left_out, added = [0] * len(wanted), [0] * len(wanted), [0] * len(heard)
        for step in Levenshtein.editops(self._halves(wanted), self._halves(heard)):
            if step.tag != "insert":
                missed[step.src_pos // 2] += 1
                left_out[step.src_pos // 2] += step.tag == "delete"
            if step.tag != "delete":
                added[step.dest_pos // 2] += 1
        lost, gained = self._changed(self._negations, wanted, missed, heard, added)
        if line.gaps:
            gained = 0  # what fills a gap is free
        if line.kind != "never":
            return cost + lost + gained
        if lost or gained or all(self._changed(self._persons, wanted, missed, heard, added)):
            return None
        if not _has_every_clause(line.clauses, missed) or (len(wanted) < policy.LONG and _in_a_row(missed, added)):
            return None
        gone = max(left_out.count(2), len(wanted) - len(heard))
        return cost + policy.WHOLLY_OTHER * max(0, missed.count(2) - gone) + policy.LEFT_OUT * gone

    def _changed(
        self, words: frozenset[str], wanted: str, missed: list[int], heard: str, added: list[int]
    ) -> tuple[int, int]:
        """How many of ``words`` were wanted and wholly missed, and how many were heard for something else.

        Half right is still heard, except where a word that half sounds like a negation can stand in its place.
        """
        instead = words is self._negations and any(sound in self._instead and sound not in wanted for sound in heard)
        lost = sum(n == 2 or (n == 1 and instead) for n, sound in zip(missed, wanted, strict=True) if sound in words)
        return lost, sum(n == 2 for n, sound in zip(added, heard, strict=True) if sound in words)


def _in_a_row(missed: list[int], added: list[int]) -> bool:
    """Whether two syllables next to one another are wholly other, wanting, or too many: slips are scattered."""
    return any(a == b == 2 for halves in (missed, added) for a, b in pairwise(halves))


def _has_every_clause(clauses: tuple[int, ...], missed: list[int]) -> bool:
    """Whether enough was heard from each place where a clause begins to the next; ``missed``: halves by syllable."""
    if not clauses:
        return True
    most = 1 - policy.LEAST_OF_CLAUSE
    return all(sum(missed[a:b]) / 2 <= most * (b - a) for a, b in pairwise((0, *clauses, len(missed))))
