"""Where the call is and how long it has been so: its state, and what is counted in seconds."""

from __future__ import annotations

from typing import Any, Literal

from callflow.call.screen.desk import both
from callflow.events import (
    CallAnswered,
    CallContext,
    CallHeld,
    CallHungUp,
    CallResumed,
    CallRinging,
    Event,
    Heard,
    State,
    TransferAnswered,
    TransferCompleted,
    TransferFailed,
    TransferStarted,
    Voice,
)
from callflow.flow.model import Flow
from callflow.texts import Text

Phase = Literal["ready", "ringing", "talking", "held", "over"]


class Line:
    """The state of the call and its timers. Times are seconds on the call's clock."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.phase: Phase = "ready"
        self.began = 0.0
        self.ended: float | None = None
        self._state = ""
        self._visits: dict[str, int] = {}
        self._rings = 0
        self._rang = 0.0
        self._holds = 0
        self._held = 0.0
        self._transfer: tuple[float, str, bool] | None = None
        self._voice = 0.0

    def follow(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, State):
            self._enter(event)
        elif isinstance(event, (Heard, Voice)):
            self._voice = max(self._voice, event.end)
        if self.phase == "over" or not (isinstance(event, Heard) or event.type.startswith("call.")):
            return
        if isinstance(event, CallContext):
            return
        if self.phase == "ready":
            self.began = event.at
        if isinstance(event, CallHungUp):
            self.phase, self.ended, self._transfer = "over", event.at, None
        elif isinstance(event, CallRinging):
            self._ring(event)
        elif isinstance(event, CallHeld) and self.phase != "held":
            self.phase, self._held, self._holds = "held", event.at, self._holds + 1
        elif isinstance(event, CallResumed):
            self.phase, self._voice = "talking", max(self._voice, event.at)
        elif isinstance(event, CallAnswered) or self.phase == "ready":
            self._answer(event.at)
        self._follow_transfer(event)

    def _answer(self, at: float) -> None:
        if self.phase in ("ready", "ringing"):
            self.phase, self.began, self._voice = "talking", at, max(self._voice, at)

    def _ring(self, event: CallRinging) -> None:
        if self.phase == "ready":
            self.phase, self._rang = "ringing", event.at
        self._rings = event.ring

    def _follow_transfer(self, event: Event) -> None:
        if isinstance(event, TransferStarted):
            self._transfer = event.at, event.to, False
        elif isinstance(event, TransferAnswered) and self._transfer:
            self._transfer = *self._transfer[:2], True
        elif isinstance(event, (TransferCompleted, TransferFailed)):
            self._transfer = None

    def _enter(self, event: State) -> None:
        outer = event.to.partition(".")[0]
        if outer != self._state.partition(".")[0]:
            self._visits[outer] = self._visits.get(outer, 0) + 1
        self._state = event.to

    def view(self) -> dict[str, Any]:
        """``visit`` counts how often the call has come to the outermost state, where that is a detour (a hold)."""
        outer = self._state.partition(".")[0]
        spec, around = self._flow.states.get(self._state), self._flow.states.get(outer)
        return {
            "name": self._state,
            "title": both(spec.title if spec else Text(self._state, self._state)),
            "goal": both(spec.goal if spec else Text("", "")),
            "visit": self._visits.get(outer, 0) if around and around.detour else 1,
        }

    def timers(self) -> list[dict[str, Any]]:
        """What is being counted, each from ``since`` on."""
        timers: list[dict[str, Any]] = []
        if self.phase == "ringing":
            timers.append({"kind": "ring", "since": round(self._rang, 3), "count": self._rings})
        if self.phase == "held":
            timers.append({"kind": "hold", "since": round(self._held, 3), "count": self._holds})
        if self._transfer:
            since, to, answered = self._transfer
            timers.append({"kind": "transfer", "since": round(since, 3), "to": to, "answered": answered})
        if self.phase == "talking":
            timers.append({"kind": "silence", "since": round(self._voice, 3)})
        return timers
