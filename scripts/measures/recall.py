"""What the phrase book finds in what recognisers heard: recall of the guides' lines, false alarms, provisional hits."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from callflow.call.plan import Plan
from callflow.phrases.follower import Follower
from measures.alignment import align, errors, of_heard, of_text
from measures.hearing import Hearing
from measures.lines import Line
from measures.spoken import Spoken
from measures.text_recall import serving

FAIR = 0.30
"""A line of which the recogniser itself got this part of the syllables wrong, or more, says little about matching."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line as one engine heard it from one voice."""

    line: Line
    voice: str
    heard: str
    wrong: int
    """Syllables wrong, left out or added."""
    said: int
    """Syllables said."""
    found: bool
    """Whether a phrase that cites the line's clause was found."""

    @property
    def errors(self) -> float:
        """The recogniser's syllable error on this line."""
        return self.wrong / max(1, self.said)

    @property
    def fair(self) -> bool:
        """Whether it was heard well enough to judge the matching by."""
        return self.errors < FAIR


@dataclass(frozen=True, slots=True)
class Alarm:
    """A taboo that was found where none was said."""

    phrase: str
    severity: str
    said: str
    heard: str
    voice: str


@dataclass(frozen=True, slots=True)
class Provisional:
    """Hits of partials: how many were shown, how many of these withdrawn, and the median seconds before the final."""

    shown: int
    withdrawn: int
    lead: float


def outcomes(plan: Plan, lines: Iterable[Line], heard: Mapping[Spoken, Hearing]) -> list[Outcome]:
    """Every line that was heard, found or not."""
    served = serving(plan)
    by_id = {line.id: line for line in lines}
    found = []
    for one, hearing in heard.items():
        if one.innocent:
            continue
        line = by_id[one.name]
        hits = {hit.phrase for words in hearing.utterances for hit in plan.book.find(words, "agent")}
        pairs = align(of_text(one.text), of_heard(hearing.utterances))
        hit = bool(hits & served.get((line.clause, line.kind), frozenset()))
        found.append(Outcome(line, one.voice, shown(hearing), *errors(pairs), hit))
    return found


def alarms(plan: Plan, heard: Mapping[Spoken, Hearing]) -> list[Alarm]:
    """Every taboo found in the ordinary sentences of ``heard``."""
    found = []
    for one, hearing in heard.items():
        for words in hearing.utterances if one.innocent else ():
            for hit in plan.book.find(words, "agent"):
                phrase = plan.flow.phrases[hit.phrase]
                if phrase.kind == "never":
                    found.append(Alarm(phrase.name, phrase.severity, one.text, hit.said, one.voice))
    return found


def provisional(plan: Plan, heard: Iterable[Hearing]) -> Provisional:
    """What would have been shown to the agent before each utterance was over."""
    shown_at: list[float] = []
    withdrawn = 0
    for hearing in heard:
        ends = {name: (at, words) for (at, name), words in zip(hearing.finals, hearing.utterances, strict=True)}
        for name, (end, words) in ends.items():
            follower = Follower(plan.book, "agent")
            for at, utterance, partial in hearing.partials:
                if utterance == name:
                    change = follower.partial(partial)
                    shown_at += [end - at] * len(change.hits)
                    withdrawn += len(change.withdrawn)
            withdrawn += len(follower.final(words).withdrawn)
    return Provisional(len(shown_at), withdrawn, round(statistics.median(shown_at), 2) if shown_at else 0.0)


def shown(hearing: Hearing) -> str:
    """What was heard, for people."""
    return " / ".join(words if isinstance(words, str) else " ".join(words) for words in hearing.utterances)
