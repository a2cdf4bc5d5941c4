"""Which of the open prompts is the main one, which stand beside it, and the warnings.

An agent who is speaking reads while something else happens. What is being read therefore holds still: the main prompt
stays until it is done, expired or withdrawn, or until something clearly more urgent comes; the ones beside it keep
their places. Time alone changes nothing, so the same events show the same prompts however often somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from callflow.call.presence import Presence
from callflow.call.spoken import plain_wording
from callflow.events import Event, Prompt
from callflow.flow.model import Flow

BESIDE = 3
"""How many prompts stand beside the main one at most."""
CLEARLY = 10
"""By so much the priority of a prompt must be higher to take the place of one that is being read: a step of kinds."""
AT_ONCE = 15.0
"""An obligation that leaves no more seconds than this from the moment it is shown is for now …"""
AT_ONCE_BONUS = 20
"""… and comes before one that is more important and can wait."""
SPOKEN = ("say", "ask")
"""Kinds of prompts that are words for the customer."""
WARNED = 6
"""How many past warnings stay in the list."""


@dataclass(slots=True)
class _Open:
    """A prompt on the screen, since ``since`` (seconds); ``order`` counts prompts. ``ticking``: it is being said."""

    prompt: Prompt
    since: float
    order: int
    ticking: bool = False

    @property
    def weight(self) -> int:
        due = self.prompt.due
        return self.prompt.priority + (AT_ONCE_BONUS if due is not None and due - self.since <= AT_ONCE else 0)

    @property
    def rank(self) -> tuple[float, ...]:
        """Priority, then deadline, then what came last: what the customer has just said matters more than before.

        What came at the same moment keeps its order.
        """
        due = self.prompt.due
        return -self.weight, inf if due is None else due, -self.since, self.order

    def view(self) -> dict[str, Any]:
        prompt = self.prompt
        return {
            "id": prompt.id,
            "kind": prompt.kind,
            "text": prompt.text,
            "since": round(self.since, 3),
            "due": None if prompt.due is None else round(prompt.due, 3),
            "ticking": self.ticking,
            "refs": list(prompt.refs),
        }


class PromptPanel:
    """The prompts of one call as the agent sees them."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._glosses: dict[str, str] = {}
        self._open: dict[str, _Open] = {}
        self._count = 0
        self._main = ""
        self._main_at = -inf
        self._beside: list[str] = [""] * BESIDE
        self._beside_at = [-inf] * BESIDE
        self._done: Prompt | None = None
        self._warnings: dict[str, Prompt] = {}
        self._warned: list[Prompt] = []
        self._presence = Presence()
        self._away = False

    def follow(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, Prompt):
            if event.kind == "warn":
                self._warn(event)
            else:
                self._prompt(event)
                self._choose(event.at)
        elif event.type.startswith("call."):
            self._presence.follow(event)
            away, self._away = self._away, not self._presence.hears(event.at)
            if away != self._away:
                self._choose(event.at)

    def view(self) -> dict[str, Any]:
        """``beside`` always has as many places; ``more`` counts what is open without a place, tips left out."""
        main = self._open.get(self._main)
        beside = [self._open.get(id_) for id_ in self._beside]
        waiting = [item for item in self._open.values() if item.prompt.kind != "tip"]
        return {
            "main": main.view() if main else None,
            "beside": [item.view() if item else None for item in beside],
            "more": len([item for item in waiting if item is not main and item not in beside]),
            "done": {"id": self._done.id, "text": self._done.text, "at": round(self._done.at, 3)}
            if self._done
            else None,
            # The newest first; of several in one sentence, the one that was said first.
            "warnings": [self._warning(prompt) for prompt in sorted(self._warnings.values(), key=lambda p: -p.at)],
            "warned": [self._warning(prompt) for prompt in reversed(self._warned)],
        }

    def running_out(self) -> Prompt | None:
        """The open prompt with the nearest deadline."""
        dated = [item for item in self._open.values() if item.prompt.due is not None]
        return min(dated, key=lambda item: (item.prompt.due or 0.0, item.rank)).prompt if dated else None

    def since(self, id_: str) -> float:
        """When the open prompt ``id_`` was shown."""
        return self._open[id_].since

    def _warn(self, event: Prompt) -> None:
        shown = self._warnings.pop(event.id, None)
        if event.status == "shown":
            self._warnings[event.id] = event
            self._glosses[event.id] = self._gloss(event)
        elif shown and event.status != "withdrawn":
            self._warned = [*self._warned, shown][-WARNED:]

    def _prompt(self, event: Prompt) -> None:
        known = self._open.get(event.id)
        if event.status == "shown":
            if known:
                known.prompt, known.ticking = event, False
            else:
                self._count += 1
                self._open[event.id] = _Open(event, event.at, self._count)
        elif event.status == "done" and event.stage == "provisional":
            if known:
                known.ticking = True
        elif known:
            del self._open[event.id]
            if event.id == self._main:
                self._done = event if event.status == "done" else None

    def _choose(self, at: float) -> None:
        """Fill the places that are free, and those whose prompt has to give way."""
        ranked = sorted(self._open.values(), key=lambda item: item.rank)
        best = next((item for item in ranked if self._may_lead(item)), None)
        main = self._open.get(self._main)
        if best and ((main and not self._may_lead(main)) or self._gives_way(self._main, self._main_at, best, at)):
            self._main, self._main_at = best.prompt.id, at
        elif not best:
            self._main = ""
        places = [id_ if id_ in self._open and id_ != self._main else "" for id_ in self._beside]
        for item in ranked:
            id_ = item.prompt.id
            if id_ == self._main or id_ in places:
                continue
            weakest = max(range(BESIDE), key=lambda place: self._open[places[place]].rank if places[place] else (inf,))
            if not self._gives_way(places[weakest], self._beside_at[weakest], item, at):
                break
            places[weakest], self._beside_at[weakest] = id_, at
        self._beside = places

    def _may_lead(self, item: _Open) -> bool:
        """Whether a prompt can be the main one: words for the customer only while the customer can hear them."""
        return item.prompt.kind != "tip" and (item.prompt.kind not in SPOKEN or not self._away)

    def _gives_way(self, id_: str, since: float, other: _Open, at: float) -> bool:
        """Whether ``id_``, in its place since ``since``, makes room for ``other``. What came now is not read yet."""
        held = self._open.get(id_)
        if held is None:
            return True
        return other.rank < held.rank if since == at else other.weight >= held.weight + CLEARLY

    def _warning(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "id": prompt.id,
            "said": prompt.said,
            "gloss": self._glosses.get(prompt.id, ""),
            "better": prompt.text,
            "at": round(prompt.at, 3),
            "provisional": prompt.stage == "provisional",
        }

    def _gloss(self, prompt: Prompt) -> str:
        """The wording of the phrase that a warning is about, where only syllables of it were heard."""
        phrase = self._flow.phrases.get(prompt.id.split(":")[1]) if prompt.id.count(":") > 1 else None
        if phrase is None or not prompt.said or any("\u4e00" <= sign <= "\u9fff" for sign in prompt.said):
            return ""
        return plain_wording(phrase, self._flow, prompt.said)
