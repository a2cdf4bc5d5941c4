"""What goes where in the report: pure arithmetic between a ``Story`` and the page's template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from callflow.review.outcome import NOTHING, Judged
from callflow.review.story import Story
from callflow.review.timeline import Moment, Shown
from callflow.review.utterances import Utterance
from callflow.review.words import MOMENT_NOTES, length
from callflow.texts import Text, text

LONG_SILENCE = 4.0
"""Seconds of silence that are worth a line in the transcript."""

RECOGNISED_WITHIN = 1.5
"""Seconds from the end of a sentence to its final: what comes within them was most likely called for by it."""

_MARK_ROOM = 0.016
"""Part of the time axis that a mark takes up; a nearer one moves down a row."""
_MARK_ROWS = 3


class Mark(NamedTuple):
    """A finding on the time axis: its number in the list of findings and the row it is drawn in."""

    number: int
    finding: Judged
    row: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the transcript. ``kind``: talk, state, span, moment or prompt; ``what`` is the thing itself.

    ``faults`` are the numbers of the findings that rest on an utterance.
    """

    kind: str
    at: float
    what: object
    note: Text = NOTHING
    faults: tuple[int, ...] = ()


def marks(findings: Sequence[Judged], duration: float) -> list[Mark]:
    """Every fault that has a place in the call, and what was met where there is room beside the faults."""
    rows: list[list[float]] = [[] for _ in range(_MARK_ROWS)]
    placed = []
    numbered = sorted(enumerate(findings), key=lambda pair: pair[1].verdict == "met")
    for number, finding in numbered:
        if finding.at is None or finding.verdict == "not_assessed":
            continue
        at, room = finding.at, _MARK_ROOM * duration
        free = [n for n, row in enumerate(rows) if all(abs(at - other) >= room for other in row)]
        if not free and finding.verdict == "met":
            continue
        row = free[0] if free else _MARK_ROWS - 1
        rows[row].append(at)
        placed.append(Mark(number, finding, row))
    return placed


def axis(duration: float) -> list[float]:
    """Times to label: at most ten, at round distances, none so late that its label would be cut off."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
    step = next((step for step in steps if duration / step <= 10), 28_800 * ceil(duration / 288_000))
    return [float(n * step) for n in range(int(duration / step) + 1) if n * step <= duration * 0.96 or n == 0]


def transcript(story: Story) -> list[Entry]:
    """The call as a conversation: talk, and between it whatever explains it, in the order of time."""
    return sorted(_entries(story), key=lambda entry: (entry.at, _FIRST.index(entry.kind)))


_FIRST = ("state", "moment", "span", "talk", "prompt")


def _entries(story: Story) -> Iterator[Entry]:
    faults = _by_utterance(story)
    for number, utterance in enumerate(story.utterances):
        yield Entry("talk", utterance.start, utterance, faults=tuple(faults[number]))
    for band in story.bands:
        yield Entry("state", band.start, band)
    for span in story.spans:
        if span.kind == "hold":
            yield Entry("span", span.start, span, _joined(text("On hold", "保持"), length(span.end - span.start)))
        elif span.kind == "silence" and span.end - span.start >= LONG_SILENCE and not _on_hold(span.start, story):
            yield Entry("span", span.start, span, _joined(text("Silence", "静音"), length(span.end - span.start)))
    for moment in story.moments:
        if moment.kind.startswith("call.transfer") or moment.kind in ("call.hung_up", "situation"):
            yield Entry("moment", moment.at, moment, moment_note(moment))
    for prompt in story.prompts:
        yield Entry("prompt", _after_cause(prompt, story.utterances), prompt)


def moment_note(moment: Moment) -> Text:
    """What happened and its note: ``Hung up · agent``."""
    return _joined(moment.title, MOMENT_NOTES.get(moment.note.lower(), Text(moment.note, moment.note)))


def _joined(first: Text, second: Text) -> Text:
    return Text(" · ".join(filter(None, (first.en, second.en))), " · ".join(filter(None, (first.zh, second.zh))))


def _on_hold(at: float, story: Story) -> bool:
    return any(span.kind in ("hold", "ring", "transfer") and span.start <= at < span.end for span in story.spans)


def _after_cause(prompt: Shown, utterances: Sequence[Utterance]) -> float:
    """A prompt stands below the sentence that called for it, though the other speaker may have begun meanwhile."""
    causes = (u.start for u in utterances if 0 <= prompt.start - u.end <= RECOGNISED_WITHIN)
    return max(causes, default=prompt.start)


def _by_utterance(story: Story) -> list[list[int]]:
    """For each utterance the faults whose evidence it is (the utterance that covers most of it)."""
    found: list[list[int]] = [[] for _ in story.utterances]
    for number, finding in enumerate(story.findings):
        if finding.verdict not in ("violated", "missed"):
            continue
        for evidence in finding.evidence:
            overlaps = [
                min(u.end, evidence.end) - max(u.start, evidence.start) if u.speaker == evidence.speaker else 0.0
                for u in story.utterances
            ]
            best = max(range(len(overlaps)), key=overlaps.__getitem__, default=0)
            if overlaps and overlaps[best] > 0 and number not in found[best]:
                found[best].append(number)
    return found
