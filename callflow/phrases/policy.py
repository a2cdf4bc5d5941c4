"""How much may differ between a phrase and what was heard: every threshold of matching, in one place.

Two questions are asked of a candidate. ``errors``: how many of its syllables may be wrong, missing or too many at
all (this bounds the search). ``least_score``: how good must it be when near sounds count as half errors.
A phrase that must never be said is held to a stricter measure than one that should be: a false warning costs trust,
and agents say their lines freely. Short phrases must be exact, for there is always a word that is nearly the same.
"""

from __future__ import annotations

from callflow.flow.model import PhraseKind

LONGEST_JOINED = 4
"""Hits of up to so many syllables may not reach over the end of a sentence."""

_SHARE = {"say": 3.0, "never": 3.5, "cue": 3.0}
_SHORTEST = {"say": 4, "never": 4, "cue": 4}
_LEAST_SCORE = {"say": 0.70, "never": 0.75, "cue": 0.72}


def errors(kind: PhraseKind, length: int, exact: bool = False) -> int:
    """Most wrong, missing or extra syllables in a stretch of ``length`` syllables."""
    if exact or length < _SHORTEST[kind]:
        return 0
    return int(length / _SHARE[kind])


def least_score(kind: PhraseKind, length: int) -> float:
    """Least score, 0 to 1, of a phrase with ``length`` syllables: 1 minus errors a syllable, near sounds half."""
    return _LEAST_SCORE[kind]
