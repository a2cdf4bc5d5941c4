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

SHORTEST_TOLERANT = 4
"""Shorter stretches must be exact, sound for sound."""

SYLLABLES_PER_PIECE = 2.3
"""How finely a long stretch is cut: at 40 % of characters misheard some 16 % of the sounds are wrong, a run of two or
three is whole; pieces any shorter would be found all over ordinary speech."""

SHORTEST_GAPPED = 6
"""Beside a gap shorter ones must be exact: 帮您转接…好吗 is else nearly heard in 帮您解决问题，请您慢慢说好吗."""

SHORTEST_TABOO = 5
"""Shorter ones must be heard sound for sound; of one as long as this, one sound may be near (half an error)."""

LEAST_OF_CLAUSE = 0.6
"""The part of each clause of a taboo (X，Y) that must be heard: X followed by something else is another sentence."""

MOST_COST = {"say": 0.42, "cue": 0.36, "never": 0.38}
"""The largest part of a long phrase that may be wrong, near sounds counted half."""


@cache
def errors(kind: PhraseKind, length: int, exact: bool = False, gapped: bool = False) -> int:
    """Most wrong, missing or extra syllables in a stretch of ``length`` syllables, ``gapped``: with slots beside it.

    One less than the pieces it is cut into (see ``matcher``): of two syllables where it is short; and above two an
    odd number, so that the pieces pair up.
    """
    if (
        exact
        or (gapped and length < SHORTEST_GAPPED)
        or length < (SHORTEST_TOLERANT if kind == "say" else SHORTEST_TABOO)
    ):
        return 0
    most = min(length // 2 - 1, max(3, int(length / SYLLABLES_PER_PIECE) - 1))
    return most if most <= 2 else most - 1 + most % 2


@cache
def least_score(kind: PhraseKind, length: int) -> float:
    """Least score, 0 to 1, of a phrase with ``length`` syllables.

    At least half of it and one and a half more; of a cue two more, for what it brings about is an obligation, and one
    that nobody is under is a wrong finding (你们这个物流 is not 发个物流).
    """
    if kind != "say" and length <= SHORTEST_TABOO:
        most = 0.5 * (length == SHORTEST_TABOO)
    else:
        most = max(1.0, min(length / 2 - (2.0 if kind == "cue" else 1.5), MOST_COST[kind] * length))
    return 1.0 - most / length - 1e-9
