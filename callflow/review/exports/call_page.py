"""A call of the archive as the report to read and print: with the verdicts that stand, and long numbers masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from callflow.archive.masking import MASK, masked
from callflow.call.hiding import MARKS, Hider
from callflow.call.plan import Plan
from callflow.events import (
    AgentAction,
    Event,
    FieldValue,
    Finding,
    GroupScore,
    Heard,
    Match,
    Promise,
    Prompt,
    Score,
    TransferFailed,
    TransferStarted,
)
from callflow.review.report import write_report
from callflow.review.scored import Explained
from callflow.review.story import Story


def write_call(
    path: Path, events: Sequence[Event], explained: Explained, plan: Plan, language: str, reveal: bool = False
) -> None:
    """Write the report of one call, without its sound, which would tell every number. Raises ``OutputError``."""
    shown: Iterable[Event] = standing(events, explained)
    if not reveal:
        shown = hidden(shown, plan)
    name = explained.name if reveal else masked(explained.name)
    title = name if explained.call is None else f"{explained.call} · {name}"
    write_report(path, Story.of(shown, plan.flow), sound=None, title=title, language=language)


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
            event = replace(event, total=None if total is None else float(total), groups=_groups(explained))
        yield event


def _groups(explained: Explained) -> dict[str, GroupScore]:
    """Each group's points of its weight, as its lines have them."""
    groups = {}
    for name, share in explained.card.groups.items():
        lines = explained.scored.of_group(name)
        got, lost = float(sum(line.points for line in lines)), float(sum(line.lost for line in lines))
        if got + lost:
            groups[name] = GroupScore(float(share.weight) * got / (got + lost), float(share.weight))
    return groups


def hidden(events: Iterable[Event], plan: Plan) -> Iterator[Event]:
    """The events with long numbers masked, also those that were told in several sentences."""
    hider = Hider(MARKS, plan.sounds)
    stars = str.maketrans(dict.fromkeys(MARKS, MASK))
    for event in events:
        event = _masked(hider.hide(event))
        yield _starred(event, stars)


def _masked(event: Event) -> Event:
    if isinstance(event, Finding):
        return replace(event, evidence=tuple(replace(one, said=masked(one.said)) for one in event.evidence))
    if isinstance(event, (Match, Promise)):
        return replace(event, said=masked(event.said))
    if isinstance(event, Prompt):
        return replace(event, said=masked(event.said), text=masked(event.text))
    if isinstance(event, (FieldValue, AgentAction)):
        return replace(event, value=masked(event.value))
    if isinstance(event, TransferStarted):
        return replace(event, to=masked(event.to))
    return replace(event, reason=masked(event.reason)) if isinstance(event, TransferFailed) else event


def _starred(event: Event, stars: dict[int, str]) -> Event:
    """Marks that stand for hidden digits as asterisks, and what was said masked once more, as it stands there."""
    if not isinstance(event, Heard):
        return event
    sounds = tuple(masked(" ".join(event.sounds).translate(stars)).split(" ")) if event.sounds else ()
    text = masked(event.text.translate(stars))
    same = (text, sounds) == (event.text, event.sounds)
    return event if same else replace(event, text=text, sounds=sounds, words=())  # words are digits, too
