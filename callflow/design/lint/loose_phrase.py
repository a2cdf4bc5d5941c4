"""A phrase so short, or so loosely heard, that ordinary talk is full of it.

How often it would be heard in an hour in which nobody means it is an estimate (see the end of this page). Of what must
never be said more than one false warning in two hours costs the agents' trust. Of other phrases most hits are meant;
more than 20 an hour are worth a thought.

PASS:
    phrases:
      no-way: {never: [这个我真的没有办法], better: 我帮您想想办法}
FAIL:
    phrases:
      no: {never: [没有], better: 我帮您找找看}
    #              ^
PASS:
    phrases:
      no: {never: [没有就是没有], boundary: sentence, better: 我帮您找找看}
FAIL:
    phrases:
      you: {by: customer, cue: [您]}
    #                           ^
"""

from __future__ import annotations

from collections.abc import Iterator

from callflow.design.lint.chance import Talk
from callflow.design.lint.subject import Subject
from callflow.events import SPEAKERS
from callflow.flow.model import Phrase
from callflow.phrases.lines import Line
from callflow.problems import Level, Location, Problem
from callflow.texts import text

MOST_PER_HOUR = {"never": 0.5, "say": 20.0, "cue": 20.0}


def check(subject: Subject) -> Iterator[Problem]:
    talk = Talk(subject.plan.sounds)
    for speaker in SPEAKERS:
        heard: dict[int, list[tuple[float, Line]]] = {}
        for line in subject.book.lines(speaker):
            if rate := talk.per_hour(line, subject.book.phrases[line.owner].boundary):
                heard.setdefault(line.owner, []).append((rate, line))
        for owner, rates in heard.items():
            phrase = subject.book.phrases[owner]
            most = MOST_PER_HOUR[phrase.kind]
            if sum(rate for rate, _ in rates) <= most:
                continue
            rate = sum(rate for rate, line in rates if not _within_another(line, rates))
            if rate > most:
                yield _told(phrase, rate, max(rates)[1], subject)


def _within_another(line: Line, rates: list[tuple[float, Line]]) -> bool:
    """Whether a line has a shorter one of its phrase in it, with which it is heard anyway."""
    return any(
        other is not line and len(other.literals) == len(line.literals) == 1 and other.length < line.length
        and other.literals[0].key in line.literals[0].key
        for _, other in rates
    )  # fmt: skip


def _told(phrase: Phrase, rate: float, line: Line, subject: Subject) -> Problem:
    said, at = _written(phrase, line, subject)
    message = text(
        "{p} would be heard by chance about {n:.2g} times an hour, mostly as “{s}”: add words, tie it to a sentence "
        "(boundary: sentence), or write exact: true",
        "{p} 平均每小时会被误听约 {n:.2g} 次，多为“{s}”：请多写几个字，或写 boundary: sentence、exact: true",
        p=phrase.name, n=rate, s=said,
    )  # fmt: skip
    level = Level.WARNING if phrase.kind == "never" else Level.INFO
    return Problem(at, message, "loose-phrase", level)


def _written(phrase: Phrase, line: Line, subject: Subject) -> tuple[str, Location]:
    """How the line is written, and where."""
    key = "".join(literal.key for literal in line.literals)
    for _, said, sounds, at in subject.sayings[phrase.name]:
        if sounds == key:
            return said, at
    return " … ".join(" ".join(subject.plan.sounds.names(literal.key)) for literal in line.literals), phrase.at
