"""What the agent promises in a call, and by when: follow-ups for whoever has to keep it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from callflow.call.log import Fact
from callflow.call.spoken_times import when_of
from callflow.events import Heard, Match, Promise
from callflow.phrases.book import Hit

MADE, TIMED, UNTIMED = "promise made", "promise timed", "promise untimed"


def began_at(date: str) -> datetime | None:
    """When the call began, where its date says the time of day too; else nobody knows how long 今天下班前 is."""
    try:
        return datetime.fromisoformat(date) if len(date) > len("2026-10-01") else None
    except ValueError:
        return None


def _after(began: datetime | None, seconds: float) -> datetime | None:
    try:
        return began + timedelta(seconds=seconds) if began else None
    except OverflowError:  # the end of the year 9999
        return None


def promised(
    event: Heard, hits: Collection[tuple[Hit, Match]], began: datetime | None
) -> tuple[list[Promise], list[Fact]]:
    """The promises in a final: what matched phrases with ``promise: true``, beside the times in the same utterance.

    Two phrases that rest on one time (我核实后，两小时内，给您回复) are one promise.
    """
    if not hits:  # most utterances
        return [], []
    source = event.text or event.sounds
    promises: list[Promise] = []
    facts: list[Fact] = []
    seen: set[int | None] = set()
    for hit, match in hits:
        when = when_of(source, hit.start, hit.end)
        place = when.start if when else None
        if place in seen:
            continue
        seen.add(place)
        due = when.due(_after(began, match.end)) if when else None
        promises.append(
            Promise(
                at=match.at,
                phrase=hit.phrase,
                start=match.start,
                end=match.end,
                said=hit.said,
                when=when.words if when else "",
                due=due,
            )
        )
        kept = TIMED if when and not when.vague else UNTIMED
        facts += [Fact(key, match.start, match.end, event.speaker, hit.said, event.end) for key in (MADE, kept)]
    return promises, facts
