"""How much may differ between a phrase and what was heard: every threshold of matching, in one place.

Two questions are asked of a candidate. ``errors``: how many of its syllables may be wrong, missing or too many (this
bounds the search). ``least_score``: how good must it be when near sounds count as half errors and lost negations
twice. Short phrases must be exact, for there is always a word that is nearly the same; the longer a phrase, the
larger the part of it that may go wrong and still leave nothing else that it could be. A phrase that must never be
said is held to a stricter measure than one that should be: a false warning costs trust, and agents say their lines
freely.
"""

from __future__ import annotations

from functools import cache

from callflow.flow.model import PhraseKind

LONGEST_JOINED = 4
"""Hits of up to so many syllables may not reach over the end of a sentence."""

NEGATIONS = "不没别"
"""Words that turn a phrase into its opposite: one lost or added counts as a second error."""

INSTEAD_OF_NEGATIONS = "帮给把被都们"
"""Words that half sound like one and stand where one could: 我帮办 is no slip of the ear for 我不办, 我必办 is."""

WRONG = 3.0
"""A syllable that is wrong speaks against a line as much as so many that are right speak for it."""

PERSONS = "我你您他"
"""Words that tell of whom something is said; one wholly replaced by another makes another sentence."""

WHOLLY_OTHER = 0.75
"""What a wholly other syllable costs more in a taboo: three of four that recognisers mishear keep one half."""

LONG = 12
"""In a shorter taboo two wholly other syllables in a row are other words."""

LEFT_OUT = 1.0
"""What a syllable that is not there costs more in a taboo."""

SHORTEST = {"say": 4, "cue": 5, "never": 3}
"""Shorter stretches must be exact, sound for sound."""

SYLLABLES_PER_PIECE = 2.3
"""How finely a long stretch is cut: at 40 % of characters misheard some 20 % of the sounds are wrong, a run of two or
three is whole; pieces any shorter would be found all over ordinary speech."""

SHORTEST_GAPPED = 6
"""Beside a gap, of shorter ones one sound may be near: 帮您转接…好吗 is else heard in 帮您解决问题，请您慢慢说好吗."""

LEAST_OF_CLAUSE = 0.6
"""The part of each clause of a taboo (X，Y) that must be heard: X followed by something else is another sentence."""

MOST_COST = {"say": 0.42, "cue": 0.36, "never": 0.42}
"""The largest part of a long phrase that may be wrong, near sounds counted half."""

SURE = {"say": 1.5, "cue": 2.0, "never": 0.75}
"""So many syllables more than half of a phrase must be heard in any case. Of a cue more than of a line to say, for what
it brings about is an obligation, and one that nobody is under is a wrong finding (你们这个物流 is not 发个物流)."""

EDGE = 1.5
"""A taboo must be heard better by so many syllables for each of its ends that is no edge of a sentence: what people
say amid other words (怎么现在才收到, near 怎么现在才说) is hardly ever what they must not say."""

UNKNOWN_EDGE = 0.6
"""What an end counts for where there are no marks that could tell whether it is an edge."""


@cache
def errors(kind: PhraseKind, length: int, exact: bool = False, gapped: bool = False) -> int:
    """Most wrong, missing or extra syllables in a stretch of ``length`` syllables, ``gapped``: with slots beside it.

    One less than the pieces it is cut into (see ``matcher``): of two syllables where it is short; and above two an
    odd number, so that the pieces pair up.
    """
    if exact or length < SHORTEST[kind]:
        return 0
    if gapped and length < SHORTEST_GAPPED:
        return 1
    most = max(1 + (length == 5), min(length // 2 - 1, max(3, int(length / SYLLABLES_PER_PIECE) - 1)))
    if not gapped:  # an error costs half a syllable at least
        most = min(most, max(1, int(2 * _most_of_sentence(kind, length))))
    return most if most <= 2 else most - 1 + most % 2


def most_of_literal(length: int, errors: int, gapped: bool) -> float:
    """Most that may differ in one stretch between gaps that may have so many ``errors``."""
    return min(errors, 0.5) if gapped and length < SHORTEST_GAPPED else float(errors)


def most_cost(kind: PhraseKind, length: int, edges: float = 2.0) -> float:
    """Most that may differ in a phrase of ``length`` syllables of which ``edges`` ends (0 to 2) are edges of sentences.

    In syllables, near sounds counted half.
    """
    most = _most_of_sentence(kind, length)
    return max(0.0, most - EDGE * (2 - edges)) if kind == "never" else most


def _most_of_sentence(kind: PhraseKind, length: int) -> float:
    """The same for one that is a sentence by itself."""
    least = 1.0 if length >= SHORTEST[kind] and kind == "say" else 0.0
    return max(0.0, least, min(length / 2 - SURE[kind], MOST_COST[kind] * length))


@cache
def least_score(kind: PhraseKind, length: int, edges: float = 2.0) -> float:
    """Least score, 0 to 1, of a phrase with ``length`` syllables; ``edges`` as in ``most_cost``."""
    return 1.0 - most_cost(kind, length, edges) / length - 1e-9
