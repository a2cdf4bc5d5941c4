"""A journal of the archive, opened to be looked at: its events as the visitor may see them, and the story they tell."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from callflow.archive.masking import masked_events, masked_name
from callflow.events import Event
from callflow.journal import Header, parse_journal
from callflow.review.desk.flows import Flows
from callflow.review.story import Story

MOST_OPEN = 24
"""Calls kept at hand: who listens to one asks for its parts one after the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """One call. ``events`` are those of its journal, with numbers hidden unless the visitor may see them."""

    header: Header
    events: tuple[Event, ...]
    story: Story

    def journal(self) -> bytes:
        """The journal as the visitor may have it."""
        return "\n".join([self.header.to_json(), *(event.to_json() for event in self.events), ""]).encode()


def open_journal(content: bytes, flows: Flows, reveals: bool) -> Opened:
    """Read a journal. Raises ``BadJournal`` where it is none."""
    journal = parse_journal(content)
    header, events = journal.header, journal.events
    if not reveals:
        header, events = replace(header, recording=masked_name(header.recording)), list(masked_events(events))
    return Opened(header, tuple(events), Story.of(events, flows.flow(header.flow, header.files)))


class Shelf:
    """Calls that were opened lately, so that the parts of a page need not each read the journal again."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._kept: OrderedDict[tuple[int, str, bool], Opened] = OrderedDict()
        self._lock = Lock()

    def opened(self, call_id: int, version: str, reveals: bool, read: Callable[[], bytes]) -> Opened:
        """The call; ``version`` changes when it was judged again, or its flow did.

        ``read`` gives its journal where it must be read.
        """
        key = call_id, version, reveals
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        opened = open_journal(read(), self._flows, reveals)
        with self._lock:
            self._kept[key] = opened
            while len(self._kept) > MOST_OPEN:
                self._kept.popitem(last=False)
        return opened
