"""The checklist: what the part of the call that we are in asks for, and what of it is done. It ticks itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from callflow.call.screen.desk import both
from callflow.events import Event, Finding, Prompt, State
from callflow.flow.model import Flow, Shape
from callflow.texts import Text

MOST_ITEMS = 6
"""More items than these nobody takes in; the oldest that are settled make room."""
Status = Literal["open", "ticking", "done", "missed", "withdrawn"]
_STATUS: dict[str, Status] = {"shown": "open", "done": "done", "expired": "missed", "withdrawn": "withdrawn"}


@dataclass(slots=True)
class _Item:
    title: Text
    status: Status
    at: float
    prompt: str = ""
    place: str = ""
    """the outermost state that it belongs to, where that is not the one it came up in"""


class Checklist:
    """Of the outermost state: 说明原因, asked for before a hold, stays in the list until the hold is over."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._place = ""
        self._items: dict[str, _Item] = {}
        moves = [*flow.transitions, *(move for spec in flow.states.values() for move in spec.transitions)]
        self._leads = {move.key: _outer(move.target) for move in moves if move.key}

    def follow(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, State):
            place = _outer(event.to)
            if place != self._place:
                # Rules that hang on what led here have spoken already; what they ask for belongs to this state.
                items = {name: item for name, item in self._items.items() if item.at == event.at}
                self._items = {name: item for name, item in items.items() if item.place in ("", place)}
            self._place = place
        elif isinstance(event, Prompt) and event.kind not in ("warn", "tip"):
            self._prompt(event)
        elif isinstance(event, Finding) and event.verdict in ("met", "missed"):
            self._finding(event)

    def view(self) -> list[dict[str, Any]]:
        """The items as they came, each with what happened to it and, while it can be ticked, its prompt."""
        items = {name: item for name, item in self._items.items() if item.place in ("", self._place)}
        items = {name: item for name, item in items.items() if item.status != "withdrawn"}
        for name in [name for name, item in items.items() if item.status not in ("open", "ticking")]:
            if len(items) > MOST_ITEMS:
                del items[name]
        return [
            {
                "id": name,
                "title": both(item.title),
                "status": item.status,
                "prompt": item.prompt if item.status in ("open", "ticking") else "",
            }
            for name, item in list(items.items())[-MOST_ITEMS:]
        ]

    def _prompt(self, event: Prompt) -> None:
        name = event.id.partition("#")[0]
        status = _STATUS[event.status]
        if status == "done" and event.stage == "provisional":
            status = "ticking"
        item = self._items.get(name)
        if item:
            item.status, item.prompt = status, event.id
        elif event.status == "shown":
            rule = self._flow.rules.get(name)
            title = rule.title if rule else Text(event.text, event.text)
            self._items[name] = _Item(title, status, event.at, event.id)

    def _finding(self, event: Finding) -> None:
        """How a rule came out; one that asks for something to come before has no prompt and is an item only now."""
        rule = self._flow.rules.get(event.rule)
        if rule is None:
            return
        status: Status = "done" if event.verdict == "met" else "missed"
        if event.rule in self._items:
            self._items[event.rule].status = status
        elif rule.shape is Shape.PRECEDENCE:
            for name in [name for name in self._items if self._reminds_of(name, event)]:
                del self._items[name]
            place = next((self._leads[term.key] for term in rule.trigger if term.key in self._leads), "")
            self._items[event.rule] = _Item(rule.title, status, event.at, place=place)

    def _reminds_of(self, name: str, event: Finding) -> bool:
        """Whether an item only reminded of the clause that has now been judged: once is enough."""
        rule = self._flow.rules.get(name)
        return rule is not None and rule.guidance and not set(rule.refs).isdisjoint(event.refs)


def _outer(state: str) -> str:
    return state.partition(".")[0]
