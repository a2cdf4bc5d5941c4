"""What the screen shows besides the call, which no event tells: who listens, what is in trouble, the last call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callflow.events import Event, Finding, Score, Speaker
from callflow.texts import Text

MOST_NOTICES = 3


def both(text: Text) -> dict[str, str]:
    """A text in both languages, as the page takes it."""
    return {"zh": text.zh, "en": text.en}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in trouble: one sentence, and where the agent can do something about it, one button.

    Pressed, the button comes back as the action ``notice`` with ``id`` as its target.
    """

    id: str
    text: Text
    button: Text | None = None

    def view(self) -> dict[str, Any]:
        return {"id": self.id, "text": both(self.text), "button": both(self.button) if self.button else None}


@dataclass(frozen=True, slots=True)
class LastCall:
    """How a call went, in one line: its length in seconds, points (0 to 100), and how many rules came out how."""

    length: float
    total: float | None
    met: int = 0
    missed: int = 0
    violated: int = 0

    @classmethod
    def of(cls, length: float, score: Score, findings: Iterable[Finding]) -> LastCall:
        verdicts = [finding.verdict for finding in findings]
        return cls(length, score.total, *(verdicts.count(verdict) for verdict in ("met", "missed", "violated")))

    def view(self) -> dict[str, Any]:
        total = None if self.total is None else round(self.total)
        counts = {"met": self.met, "missed": self.missed, "violated": self.violated}
        return {"length": round(self.length, 3), "total": total, **counts}


@dataclass(frozen=True, slots=True)
class Desk:
    """The agent's place at a moment. ``levels``: loudness of each channel in dBFS, a channel that is dead left out.

    ``listening``: what is listening (recogniser and devices). ``recording``: whether the call is journalled.
    ``choose`` goes up by one when the agent asks for the list of situations with a key that another window had.
    """

    listening: Text = field(default_factory=lambda: Text("", ""))
    levels: Mapping[Speaker, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    last: LastCall | None = None
    recording: bool = True
    choose: int = 0

    def view(self) -> dict[str, Any]:
        return {
            "listening": both(self.listening),
            "levels": {speaker: round(level) for speaker, level in self.levels.items()},
            "notices": [notice.view() for notice in self.notices[:MOST_NOTICES]],
            "last": self.last.view() if self.last else None,
            "recording": self.recording,
            "choose": self.choose,
        }


class Tally:
    """Counts what came of the call."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._score: Score | None = None

    def follow(self, event: Event) -> None:
        if isinstance(event, Finding):
            self._findings.append(event)
        elif isinstance(event, Score):
            self._score = event

    def result(self, length: float) -> LastCall | None:
        """How the call went; ``None`` until it has its score."""
        return LastCall.of(length, self._score, self._findings) if self._score else None
