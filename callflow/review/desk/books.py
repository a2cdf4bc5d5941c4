"""What all pages of the desk work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as InAddress

from callflow.archive import audit, calls, details, figures
from callflow.archive.details import Choices, Details
from callflow.archive.figures import KnownFlow
from callflow.archive.masking import masked
from callflow.archive.standing import Rescore
from callflow.archive.store import Archive
from callflow.archive.viewers import NotSeen
from callflow.events import GroupScore
from callflow.review import scored
from callflow.review.desk.flows import Flows
from callflow.review.desk.opened import Opened, Shelf
from callflow.review.desk.recent import Recent
from callflow.review.desk.recordings import GONE, Found, Roots
from callflow.review.desk.sound import Made, SoundFiles
from callflow.texts import Text
from callflow.web.visitor import Visitor

Id = Annotated[int, InAddress(ge=1, le=2**63 - 1)]
"""A number in an address; larger ones no database takes."""
CHOICES_LAST = 30.0
"""Seconds for which the choices of the filters are kept; new calls bring new agents and queues now and then."""
EVERYBODY = 10_000
"""More than can ask at once."""
FLOWS_LAST = 3600.0
"""Seconds for which it is kept what flows tell."""


@dataclass(frozen=True, eq=False)
class Books:
    """The archive and what belongs to it. ``rescore`` makes a call's score after a decision."""

    archive: Archive
    flows: Flows
    roots: Roots
    sounds: SoundFiles
    rescore: Rescore | None = None

    @cached_property
    def shelf(self) -> Shelf:
        """Calls opened lately."""
        return Shelf(self.flows)

    @cached_property
    def recent(self) -> Recent:
        """Figures added up lately."""
        return Recent()

    @cached_property
    def _lists(self) -> Recent:
        """Of its own, as pages of calls must not wait for figures; it takes no time, and nobody is sent away."""
        return Recent(EVERYBODY, EVERYBODY)

    def choices(self, visitor: Visitor) -> Choices:
        """What the filters can be set to."""
        viewer = visitor.viewer
        return self._lists.of(("choices", viewer), lambda: details.choices(self.archive, viewer), CHOICES_LAST)

    def known_flows(self) -> dict[int, KnownFlow]:
        """What every version of every flow tells of its rules; a version never changes, so only new ones are read."""
        there = figures.flows_there(self.archive)
        return self._lists.of(("flows", there), lambda: figures.known_flows(self.archive), FLOWS_LAST)

    def details(self, call_id: int, visitor: Visitor) -> Details:
        """A call. Raises ``ArchiveError`` where the visitor may not see one of that id."""
        return details.details(self.archive, call_id, visitor.viewer)

    def opened(self, call: Details, visitor: Visitor) -> Opened:
        """Its journal, opened. Raises ``ArchiveError`` or ``BadJournal`` where there is none that can be read."""
        version = f"{call.version} {self.flows.version(call.flow)}"
        return self.shelf.opened(
            call.row.id, version, visitor.reveals, lambda: calls.journal(self.archive, call.row.id)
        )

    def groups(self, call: Details) -> dict[str, tuple[Text, GroupScore]]:
        """The groups of its score, by the verdicts that stand, with their titles; none where it could not be judged."""
        if call.row.status == "failed":
            return {}
        explained = scored.of_call(self.archive, call.row.id)
        stand, nothing = scored.groups_of(explained), GroupScore(0.0, 0.0)
        return {name: (share.title, stand.get(name, nothing)) for name, share in explained.card.groups.items()}

    def recording(self, call: Details) -> Found:
        """Its recording, or why it cannot be listened to."""
        return self.roots.find(call.path, call.sha256)

    def made(self, call_id: int, visitor: Visitor) -> Made:
        """The peaks of a recording and what to play of it. Raises as ``details``, ``opened``, ``SoundFiles.made`` do.

        ``NotSeen`` where there is no recording that may be opened.
        """
        return self.sounds.made(*self._recorded(call_id, visitor))

    def peaks(self, call_id: int, visitor: Visitor) -> Path:
        """The file with its peaks alone; kept ones also where the recording has gone. Raises as ``made``."""
        kept = self.kept_peaks(self.details(call_id, visitor), visitor)
        return kept or self.sounds.peaks(*self._recorded(call_id, visitor))

    def kept_peaks(self, call: Details, visitor: Visitor) -> Path | None:
        """The file with a call's peaks, if it has been made. Raises as ``opened``."""
        return self.sounds.kept(call.sha256, self.opened(call, visitor).header.agent)

    def _recorded(self, call_id: int, visitor: Visitor) -> tuple[Path, str, str]:
        """The recording, its hash, the agent's channel."""
        call = self.details(call_id, visitor)
        found = self.recording(call)
        if found.path is None:
            raise NotSeen(found.why or GONE)
        return found.path, call.sha256, self.opened(call, visitor).header.agent

    def note(self, visitor: Visitor, action: str, call_id: int) -> None:
        """A line of the audit log."""
        audit.note(self.archive, visitor.user.name, action, f"call {call_id}", visitor.address)

    def shown(self, words: str, visitor: Visitor) -> str:
        """Words that somebody wrote or said, as the visitor may see them."""
        return words if visitor.reveals else masked(words)


def both(said: Mapping[str, Any] | None) -> Text:
    """A text in both languages, as the archive keeps it."""
    return Text(str((said or {}).get("en", "")), str((said or {}).get("zh", "")))
