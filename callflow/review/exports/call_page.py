"""A call of the archive as the report to read and print: with the verdicts that stand, and long numbers masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from callflow.archive.masking import masked_events, masked_name
from callflow.events import Event, Finding, Score
from callflow.flow.model import Flow
from callflow.review.report import write_report
from callflow.review.scored import Explained, groups_of
from callflow.review.story import Story


def write_call(
    path: Path, events: Sequence[Event], explained: Explained, flow: Flow, language: str, reveal: bool = False
) -> None:
    """Write the report of one call, without its sound, which would tell every number. Raises ``OutputError``."""
    shown: Iterable[Event] = standing(events, explained)
    if not reveal:
        shown = masked_events(shown)
    name = explained.name if reveal else masked_name(explained.name)
    title = name if explained.call is None else f"{explained.call} · {name}"
    write_report(path, Story.of(shown, flow), sound=None, title=title, language=language)


def standing(events: Iterable[Event], explained: Explained) -> Iterator[Event]:
    """The events of a call with the verdicts and the score that stand now."""
    verdicts = {line.number: line.verdict for line in explained.scored.lines if line.kind == "finding"}
    number = 0
    for event in events:
        if isinstance(event, Finding):
            event = replace(event, verdict=verdicts.get(number, event.verdict))
            number += 1
        elif isinstance(event, Score):
            total = explained.scored.total
            event = replace(event, total=None if total is None else float(total), groups=groups_of(explained))
        yield event
