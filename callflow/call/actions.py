"""What an agent did on the screen to something that is not there: the engine passes over it, people are told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from callflow.events import AgentAction, Event, Prompt
from callflow.flow.model import Flow
from callflow.problems import Level, Location, Problem, did_you_mean
from callflow.texts import Text, text

_ONES = {
    "situation": text("situation or state", "情形或状态"),
    "edit": text("field", "字段"),
    "tick": text("prompt", "提示"),
    "dismiss": text("prompt", "提示"),
}


class Actions:
    """Follows one call, inputs and outputs as they happen, and tells of every ``agent.action`` without a target."""

    def __init__(self, flow: Flow) -> None:
        self._prompts: dict[str, None] = {}
        named = dict.fromkeys((*flow.situations, *flow.states))
        self._known: Mapping[str, Collection[str]] = {"situation": named, "edit": flow.fields}

    def follow(self, event: Event, at: Location) -> Problem | None:
        """Take note of ``event``; a warning at ``at`` where it is an action on what neither flow nor screen knows."""
        if isinstance(event, Prompt):
            self._prompts[event.id] = None
        if not isinstance(event, AgentAction):
            return None
        known = self._known.get(event.action, self._prompts)
        if event.target in known:
            return None
        near, one = did_you_mean(event.target, known), _ONES[event.action]
        message = Text(
            f'agent.action {event.action} at {event.at:.1f} s: unknown {one.en} "{event.target[:40]}"{near.en}',
            f"{event.at:.1f} 秒的 agent.action {event.action}：未知的{one.zh}“{event.target[:40]}”{near.zh}",
        )
        return Problem(at, message, "unknown-target", Level.WARNING)
