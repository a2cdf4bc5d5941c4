"""The agent's screen at a moment of a call, folded from the events so far: inputs and outputs, in order.

Live the session follows what it feeds to the engine and what the engine answers; the desk of the supervisor follows a
journal up to the moment that is looked at. Both see the same.
"""

from __future__ import annotations

from typing import Any

from callflow.call.screen.checklist import Checklist
from callflow.call.screen.desk import Desk, LastCall, Tally, both
from callflow.call.screen.line import Line
from callflow.call.screen.prompts import PromptPanel
from callflow.call.screen.talk import Fields, Transcript
from callflow.events import Event, Situation
from callflow.flow.model import Flow
from callflow.texts import Text


class Screen:
    """The screen of one call; before its first event, the screen between two calls."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._line = Line(flow)
        self._prompts = PromptPanel(flow)
        self._checklist = Checklist(flow)
        self._fields = Fields(flow.fields)
        self._transcript = Transcript(flow)
        self._tally = Tally()
        self._on: dict[str, None] = {}
        # Those that only the agent can name come first in the list.
        names = sorted(flow.situations, key=lambda name: bool(flow.situations[name].begins))
        self._named = [self._situation(name) for name in names]
        self._last_at = 0.0

    def follow(self, event: Event) -> None:
        """Take in the next event."""
        self._last_at = max(self._last_at, event.at)
        for part in (self._line, self._prompts, self._checklist, self._fields, self._transcript, self._tally):
            part.follow(event)
        if isinstance(event, Situation):
            self._on.pop(event.name, None)
            if event.status == "begun":
                self._on[event.name] = None

    def result(self) -> LastCall | None:
        """How the call went; ``None`` until it has its score."""
        ended = self._last_at if self._line.ended is None else self._line.ended
        return self._tally.result(ended - self._line.began)

    def view(self, now: float, desk: Desk | None = None) -> dict[str, Any]:
        """Everything on the screen at ``now`` (seconds on the call's clock), ready for JSON.

        All times are on that clock and the page counts on from ``at``, so a new view is needed only when something
        happened. What we say ourselves is in both languages, words of the flow and of the call are as they are.
        """
        line, result = self._line, self.result()
        return {
            "phase": line.phase,
            "at": round(now, 3),
            "began": round(line.began, 3),
            "ended": None if line.ended is None else round(line.ended, 3),
            "state": line.view(),
            **self._prompts.view(),
            "running": self._running(),
            "checklist": self._checklist.view(),
            "fields": self._fields.view(),
            "timers": line.timers(),
            "situations": [self._situation(name) for name in self._on],
            "named": self._named,
            "said": self._transcript.view(),
            "result": result.view() if result else None,
            "desk": (desk or Desk()).view(),
        }

    def _running(self) -> dict[str, Any] | None:
        """The obligation whose time runs out first: by its rule's title, which is short."""
        prompt = self._prompts.running_out()
        if prompt is None or prompt.due is None:
            return None
        rule = self._flow.rules.get(prompt.id.partition("#")[0])
        title = rule.title if rule else Text(prompt.text, prompt.text)
        since = self._prompts.since(prompt.id)
        return {"id": prompt.id, "title": both(title), "since": round(since, 3), "due": round(prompt.due, 3)}

    def _situation(self, name: str) -> dict[str, Any]:
        spec = self._flow.situations.get(name)
        return {"name": name, "title": both(spec.title if spec else Text(name, name))}
