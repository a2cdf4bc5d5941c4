"""Why a sentence hits a phrase or not: its sounds, the pieces searched for, the score, and what stopped it.

The book answers only what was said. Here every wording that comes near is looked for once more with more errors
allowed than it may have, and each check of ``Book.find`` is asked alone: slow, and for people.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from callflow.events import Speaker
from callflow.flow.model import Phrase, Slot
from callflow.phrases.book import Book, Guard, Hit, stops
from callflow.phrases.compiler import Compiler
from callflow.phrases.lines import Found, Line
from callflow.phrases.matcher import Matcher
from callflow.phrases.pieces import pieces
from callflow.phrases.sounds import Keys, Sounds

Verdict = Literal["said", "different", "clause", "negation", "boundary", "question", "guard", "told", "other"]
"""``said``: it counts. ``different``: too many errors; ``clause``: a part of it was not said; ``negation``: what
differs makes it another sentence (不, 没, 别, 我, 您); ``boundary``: not where its phrase must stand; ``question``: it
ends in 吗 and the phrase does not; ``guard``: part of an ``unless``; ``told``: reported, denied or supposed;
``other``: another phrase explains the words better."""

LEAST = 0.5
"""Wordings of which less was heard are not worth telling of."""
MOST = 6
"""Tell of no more than so many phrases, the nearest ones."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One phrase that came near. ``start``, ``end``: the span in the sentence, ``said`` its words.

    ``wanted`` and ``heard`` are syllables, ``pieces`` the parts of ``wanted`` of which one must be heard sound for
    sound. ``score`` and ``least`` go from 0 to 1. ``by``: the guard, or the phrase, that stopped it.
    """

    phrase: Phrase
    wording: str
    verdict: Verdict
    start: int
    end: int
    said: str
    wanted: tuple[str, ...]
    heard: tuple[str, ...]
    pieces: tuple[tuple[str, ...], ...]
    score: float
    least: float
    by: str = ""


def explain(
    book: Book, slots: Mapping[str, Slot], sentence: str, speaker: Speaker, names: Container[str] | None = None
) -> list[Explained]:
    """Every phrase of ``speaker`` that comes near to ``sentence``: those that were said first, then the nearest.

    ``names``: only these phrases are of interest.
    """
    compiler = Compiler(book.sounds, slots)
    keys = book.keys(sentence)
    hits = book.find(keys, speaker)
    best: dict[str, Explained] = {}
    for owner, phrase in enumerate(book.phrases):
        if phrase.by != speaker or (names is not None and phrase.name not in names):
            continue
        for wording in phrase.wordings:
            lines = list(compiler.wordings(owner, replace(phrase, wordings=(wording,))))
            for line, found in _near(lines, keys, book.sounds):
                one = _Case(book, compiler, keys, hits, phrase, line).explained(wording, found)
                if phrase.name not in best or _rank(one) < _rank(best[phrase.name]):
                    best[phrase.name] = one
    return sorted(best.values(), key=_rank)[:MOST]


def _rank(one: Explained) -> tuple[bool, bool, float, int]:
    return (one.verdict != "said", one.verdict == "different", -one.score, -len(one.wanted))


def _near(lines: Sequence[Line], keys: Keys, sounds: Sounds) -> Iterator[tuple[Line, Found]]:
    """The lines, and where each would be found if about half of it might be wrong."""
    loosened = {id(loose): (loose, line) for line in lines for loose in [_loosened(line)]}
    for found in Matcher([loose for loose, _ in loosened.values()], sounds).find(keys.key):
        yield loosened[id(found.line)][1], found


def _loosened(line: Line) -> Line:
    literals = tuple(
        literal._replace(errors=max(literal.errors, min(len(literal.key) // 2, len(literal.key) - 1)), most=-1.0)
        for literal in line.literals
    )
    return line._replace(kind="say", literals=literals, least_score=LEAST)


@dataclass(frozen=True, slots=True)
class _Case:
    """One wording in one sentence."""

    book: Book
    compiler: Compiler
    keys: Keys
    hits: Sequence[Hit]
    phrase: Phrase
    line: Line

    def explained(self, wording: str, near: Found) -> Explained:
        near = near._replace(line=self.line)  # judged by what it needs, not by what it was looked for with
        found = max(self._as_it_is(near), key=lambda one: one.score, default=None)
        verdict, by = self._judged(found) if found else (self._too_different(near), "")
        found = found or near
        start, end = self.keys.span(found.start, found.end)
        name = self.book.sounds.names
        return Explained(
            phrase=self.phrase,
            wording=wording,
            verdict=verdict,
            start=start,
            end=end,
            said=self.keys.said(start, end),
            wanted=name("".join(literal.key for literal in self.line.literals)),
            heard=name(self.keys.key[found.start : found.end]),
            pieces=tuple(name(piece) for literal in self.line.literals for piece in pieces(literal)),
            score=found.score,
            least=self.book.least_score(self.keys, found),
            by=by,
        )

    def _as_it_is(self, near: Found) -> list[Found]:
        """Where the wording is found as strictly as it is meant."""
        found = Matcher([self.line], self.book.sounds).find(self.keys.key)
        return [one for one in found if _overlap(one.start, one.end, near.start, near.end)]

    def _too_different(self, near: Found) -> Verdict:
        if near.score < self.book.least_score(self.keys, near) or self.line.kind != "never":
            return "different"
        return "clause" if len(self.line.clauses) else "negation"

    def _judged(self, found: Found) -> tuple[Verdict, str]:
        """What ``Book.find`` makes of a wording that was found."""
        start, end = self.keys.span(found.start, found.end)
        if any(hit.phrase == self.phrase.name and _overlap(hit.start, hit.end, start, end) for hit in self.hits):
            return "said", ""
        if not self.book.edges.allow(self.keys, found, self.phrase.boundary):
            return "boundary", self.phrase.boundary
        if found.cost and self.phrase.kind == "never" and self.book.edges.asks_instead(self.keys, found):
            return "question", ""
        if found.cost and found.score < self.book.least_score(self.keys, found):
            return "different", ""
        for unless in self.phrase.unless:
            lines = self.compiler.guards(found.line.owner, replace(self.phrase, unless=(unless,)))
            guard = Guard(list(lines), self.book.sounds)
            if any(stops(one, found) for one in guard.find(self.keys.key)):
                return "guard", unless
        if self.phrase.kind == "never" and self.book.reports.tell_of(self.keys, found.start, found.end):
            return "told", ""
        others = [hit.phrase for hit in self.hits if _overlap(hit.start, hit.end, start, end)]
        return "other", others[0] if others else ""


def _overlap(start: int, end: int, other_start: int, other_end: int) -> bool:
    return start < other_end and other_start < end
