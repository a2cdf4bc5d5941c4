"""Hits while somebody is still speaking: shown when two partials agree, settled by the final.

A recogniser's partials grow and change their mind. A hit that two partials in a row have is worth showing, and so is
one in a partial that ends with a pause, before which nothing changes any more; one that two in a row no longer have is
taken back. The final alone decides what was said: whatever the partials were, the
confirmed hits are those of ``Book.find`` on the final.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from callflow.events import Speaker
from callflow.phrases.book import Book, Heard, Hit

_Name = tuple[str, int]
"""A hit across partials: its phrase, and which of the phrase's hits it is, as places shift while words change."""


class Change(NamedTuple):
    """What a partial or a final brought: ``hits`` (newly agreed on; of a final all confirmed) and ``withdrawn``."""

    hits: list[Hit]
    withdrawn: list[Hit]


class Follower:
    """Follows one utterance of ``speaker`` through its partials to its final."""

    def __init__(self, book: Book, speaker: Speaker) -> None:
        self._book = book
        self._speaker: Speaker = speaker
        self._last: dict[_Name, Hit] = {}
        self._shown: dict[_Name, Hit] = {}

    def partial(self, heard: Heard) -> Change:
        """``heard`` is the whole utterance so far, not what is new of it."""
        keys = self._book.keys(heard)
        now = _named(self._book.find(keys, self._speaker, complete=False))
        agreed = now if keys.paused else self._last
        new = {name: hit for name, hit in now.items() if name in agreed and name not in self._shown}
        gone = {name: hit for name, hit in self._shown.items() if name not in now and name not in self._last}
        self._shown = {name: hit for name, hit in (self._shown | new).items() if name not in gone}
        self._last = now
        return Change(list(new.values()), list(gone.values()))

    def final(self, heard: Heard) -> Change:
        """The utterance is over; the follower is ready for the next."""
        hits = self._book.find(heard, self._speaker)
        confirmed = _named(hits)
        gone = [hit for name, hit in self._shown.items() if name not in confirmed]
        self._last, self._shown = {}, {}
        return Change(hits, gone)


def _named(hits: Iterable[Hit]) -> dict[_Name, Hit]:
    """Hits by name."""
    seen: Counter[str] = Counter()
    named = {}
    for hit in hits:
        named[hit.phrase, seen[hit.phrase]] = hit
        seen[hit.phrase] += 1
    return named
