"""What lies beside a recording: the call events that the telephone system exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from callflow.errors import BadEvents
from callflow.events import CallContext, Event
from callflow.journal import read_events
from callflow.texts import text

SUFFIX = ".events.jsonl"


@dataclass(frozen=True, slots=True)
class Reported:
    """What the telephone system told of a call; ``events`` is ``None`` where it told nothing. ``context``: what it
    knew of the call in the end."""

    events: list[Event] | None = None
    context: CallContext = field(default_factory=lambda: CallContext(at=0.0))

    @property
    def telephony(self) -> Literal["events", "sound"]:
        return "sound" if self.events is None else "events"


def events_file(recording: Path) -> Path:
    """Where the call events of a recording are looked for."""
    return recording.with_name(recording.name + SUFFIX)


def found_events(recording: Path, given: Path | None = None) -> Path | None:
    """The call events of a recording: those in ``given``, else beside it; ``None`` where there are none."""
    return given or (beside if (beside := events_file(recording)).is_file() else None)


def reported(recording: Path, given: Path | None = None) -> Reported:
    """The call events in ``given``, else beside the recording. Raises ``BadEvents`` where they have mistakes."""
    path = found_events(recording, given)
    if path is None:
        return Reported()
    events, problems = read_events(path)
    if problems:
        raise BadEvents(text('"{p}" has mistakes', "“{p}”有错误", p=path), problems)
    contexts = [event for event in events if isinstance(event, CallContext)]
    told = [event for event in events if event.type.startswith("call.") and not isinstance(event, CallContext)]
    return Reported(told, contexts[-1]) if contexts else Reported(told)
