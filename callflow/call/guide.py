"""The engine: events of one call in, what the agent should be told and what came of it out.

``Guide.feed`` knows no wall clock, no thread, no file and no network. Live, replay, rehearsal and simulation feed the
same engine, and the same events give the same outputs, byte for byte, however fast or in whatever portions they come.
Partials only ever give provisional outputs; all else depends on finals and call events alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf

from callflow.call import score as scoring
from callflow.call import speakers
from callflow.call.fields import FieldTracker
from callflow.call.log import CallLog, Fact
from callflow.call.machine import trigger
from callflow.call.manner import Manner
from callflow.call.plan import Plan
from callflow.call.presence import Presence
from callflow.call.promises import began_at
from callflow.call.prompts import PromptBoard
from callflow.call.rules import RuleKeeper
from callflow.call.sayings import Sayings
from callflow.call.situations import BY_HAND, Situations, by_hand
from callflow.events import (
    Acoustic,
    AgentAction,
    CallContext,
    CallHeld,
    CallHungUp,
    Event,
    Finding,
    Gap,
    Heard,
    Loudness,
    Overlap,
    Prompt,
    Rate,
    Silence,
    State,
    Voice,
)
from callflow.flow.model import Transition

WARNING_TIME = 6.0
"""Seconds for which a warning stays before it becomes a line in the list."""
HOLIDAY, WEEKEND = "节日", "周末"
"""〈节日〉 in a prompt is the holiday that the call falls on, else 周末."""
INTERRUPTION = 0.8
"""Speaking at once for less than this many seconds is a back-channel (嗯, 好的), no interruption."""


class Guide:
    """Follows one call. Feed it every event in the order of ``at``, then ``close`` it; both return the outputs."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = ""
        self.now = 0.0
        self._out: list[Event] = []
        self._findings: list[Finding] = []
        self._timers: list[tuple[float, int, Callable[[float], None]]] = []
        self._sequence = count()
        self._log = CallLog()
        self._manner = Manner()
        self._fields = FieldTracker(plan.flow.fields, plan.sounds, self._out)
        self._board = PromptBoard(self._out, self._value)
        self._rules = RuleKeeper(
            plan.flow, plan.index, self._log, self._board, self._out, self._schedule, self._warn, self._manner
        )
        self._situations = Situations(plan.flow.situations, self._log, self._board, self._out, self._schedule)
        self._presence = Presence()
        self._sayings = Sayings(plan, self._board, self._fields, self._presence, self._out, self._warn)
        self._visits = 0
        self._last_words = 0.0
        self._previous = plan.machine.entry(plan.flow.start)
        self._context = CallContext(at=0.0)
        self._agent_hung_up = False
        self._closed = False

    def feed(self, event: Event) -> list[Event]:
        """Take in one event; what it and the time that passed bring about comes back, in order."""
        partial = isinstance(event, Heard) and not event.final
        if self._closed or (partial and not self.state):
            return []  # a call begins with what is certain
        new_day = ""
        if self.state:
            self._pass_time(event.at)  # what was due is settled by what was known until then
        if isinstance(event, CallContext):
            new_day = event.day if event.day != self._context.day else ""
            self._context = event
            self._sayings.known, self._sayings.began = speakers.known(event), began_at(event.date)
            self._rules.context(event)
        if not self.state:
            self.now = event.at
            began = min(event.at, getattr(event, "start", event.at))
            self._enter(self.plan.machine.entry(self.plan.flow.start), "", event.at, began)
        self._pass_time(event.at)
        if new_day:
            self._follow([Fact(f"day {new_day}", event.at, event.at)])
        if isinstance(event, Heard):
            self._said(event)
        elif isinstance(event, AgentAction):
            self._action(event)
        elif isinstance(event, Gap):
            self._rules.gap(event)
        elif event.type.startswith(("call.", "acoustic.")) and not isinstance(event, CallContext):
            self._happened(event)
        return self._take()

    def close(self) -> list[Event]:
        """No more events will come: everything open is judged, and the score follows."""
        if self._closed or not self.state:
            self._closed = True
            return []
        self._closed = True
        self._pass_time(self.now)
        self._sayings.close(self.now)
        self._rules.close(self.now, cut_short=not self._agent_hung_up)
        self._board.close_all(self.now)
        outputs = self._take()
        clean = speakers.known(self._context) and self._log.has("agent speaks")
        # The parts of a call know one another in circles, which would wait for Python's collector.
        del self._rules, self._situations, self._sayings, self._board, self._timers
        return [*outputs, scoring.score(self.plan.flow, self._findings, self.now, clean)]

    # ------------------------------------------------------------------------------------ time

    def _schedule(self, when: float, action: Callable[[float], None]) -> None:
        heapq.heappush(self._timers, (when, next(self._sequence), action))

    def _pass_time(self, to: float) -> None:
        """Let every deadline up to ``to`` fall due, each at its own time, so that it does not matter who ticks."""
        while self._timers and self._timers[0][0] <= to:
            when, _, action = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            action(self.now)
        self.now = max(self.now, to)

    def _take(self) -> list[Event]:
        outputs = self._out[:]
        self._out.clear()
        self._findings += [output for output in outputs if isinstance(output, Finding)]
        return outputs

    # ------------------------------------------------------------------------------------ what happens

    def _happened(self, event: Event) -> None:
        """A call event or something in the sound."""
        if isinstance(event, Acoustic):
            self._manner.hears_sound = True
        if isinstance(event, Voice):
            self._last_words = self.now
            return
        if isinstance(event, (Rate, Loudness)):
            if self._presence.hears(event.start):
                self._follow(self._manner.measured(event))
            return
        key, speaker = event.type, None
        start = end = event.at
        if isinstance(event, (Silence, Overlap)):
            start, end, speaker = event.start, event.end, event.speaker
            if isinstance(event, Overlap) and (end - start < INTERRUPTION or not self._presence.hears(start)):
                return
        facts = [Fact(key, start, end)]
        if isinstance(event, CallHeld) and self._presence.on_hold:
            return
        if isinstance(event, CallHungUp):
            if self._presence.hung_up_at < inf:
                return  # the other leg being released
            speaker = event.by
            self._agent_hung_up = event.by == "agent"
        self._presence.follow(event)
        if speaker:
            facts.append(Fact(f"{key} {speaker}", start, end))
        self._follow(facts, key)

    def _follow(self, facts: list[Fact], because: str = "", moves: bool = True) -> None:
        """Facts into the log and to the rules; where they may lead on (``moves``), also to situations and states."""
        for fact in facts:
            self._log.add(fact)
        if moves:
            facts = facts + self._situations.follow(facts, self.now)
        self._rules.facts(facts, self.now)
        since = min((fact.start for fact in facts), default=self.now)
        for fact in facts if moves else ():
            self._move(fact.key, because or fact.key, since)

    def _move(self, key: str, because: str, since: float) -> None:
        target = self.plan.machine.target(self.state, key)
        if target is not None:
            new = self.plan.machine.fire(self.state, key, self._previous)
            if new != self.state:
                self._enter(new, because, self.now, since)

    def _enter(self, new: str, because: str, at: float, since: float) -> None:
        old, self.state, before = self.state, new, self._previous
        self._visits += 1
        if old and not self._detour(old):
            self._previous = old
        self._out.append(State(at=at, from_=old, to=new, because=because))
        specs = self.plan.flow.states
        left, entered = _ancestry(old), _ancestry(new)
        for name in left:
            if name not in entered:
                for number in range(len(specs[name].prompts)):
                    self._board.withdraw(at, f"{name}/{number}")
        fresh = [name for name in entered if name not in left]
        for name in fresh:
            for number, spec in enumerate(specs[name].prompts):
                if not (spec.phrase and any(self._log.between(f"agent {spec.phrase}", since, at))):
                    self._board.show(at, f"{name}/{number}", spec)
        for transition in self.plan.machine.timeouts(new):
            self._wait(at, transition, self._visits)
        self._rules.moved((old, before) if self._detour(old) else (old,), self._places(), at, since)
        facts = [Fact(f"state {name}", since, since) for name in fresh]
        for fact in facts:
            self._log.add(fact)
        self._rules.facts(facts + self._situations.follow(facts, at), at)

    def _wait(self, since: float, transition: Transition, visit: int) -> None:
        """Take ``transition`` once nothing was said and the state did not change for its time."""
        length = transition.after or 0.0

        def fire(at: float) -> None:
            if visit != self._visits:
                return
            if self._last_words > since:
                self._wait(self._last_words, transition, visit)
            else:
                self._move(trigger(transition), trigger(transition), at)

        self._schedule(since + length, fire)

    def _places(self) -> tuple[str, ...]:
        """The state, and in a detour also the one that the call will come back to: its rules are only interrupted."""
        return (self.state, self._previous) if self._detour(self.state) else (self.state,)

    def _detour(self, state: str) -> bool:
        return any(self.plan.flow.states[name].detour for name in _ancestry(state))

    def _action(self, event: AgentAction) -> None:
        if event.action in ("tick", "dismiss"):
            self._board.end(self.now, event.target, done=event.action == "tick")
        elif event.action == "edit":
            self._follow(self._fields.edit(event.target, event.value, self.now))
        elif event.target in self.plan.flow.situations:
            self._follow([Fact(by_hand(event.target), self.now, self.now)])
        elif event.target in self.plan.flow.states:
            new = self.plan.machine.entry(event.target)
            if new != self.state:
                self._enter(new, BY_HAND, self.now, self.now)

    # ------------------------------------------------------------------------------------ what is said

    def _said(self, event: Heard) -> None:
        if event.start >= self._presence.hung_up_at:
            return  # nobody at the other end could hear it
        if not event.final:
            self._sayings.partial(event, self.now)
            return
        self._last_words = self.now
        if speakers.known(self._context) and not speakers.sure_of(event):
            self._sayings.unsure(event, self.now)
            self._rules.gap(Gap(at=self.now, start=event.start, end=event.end), "speaker-unsure")
            return
        facts, keys = self._sayings.final(event, self.now)
        spoken = Fact(f"{event.speaker} speaks", event.start, event.end, event.speaker, words_of(event))
        # Words to a colleague, while the customer waits, do not lead the call anywhere.
        heard = self._presence.hears(event.start)
        manner = self._manner.said(event) if heard else []
        self._follow([*facts, spoken, *manner], moves=heard)
        self._rules.spoke(event.speaker, spoken, len(keys), self.now)

    def _value(self, name: str) -> str:
        """What stands in a prompt for 〈name〉: what was captured, or the holiday."""
        return self._context.holiday or WEEKEND if name == HOLIDAY else self._fields.value(name)

    def _warn(self, prompt: Prompt) -> None:
        if self._board.warn(prompt):
            self._schedule(self.now + WARNING_TIME, lambda at: self._board.expire(at, prompt.id))


def words_of(event: Heard) -> str:
    """What was heard, as characters or as syllables."""
    return event.text or " ".join(event.sounds)


def _ancestry(state: str) -> list[str]:
    """A state's path from the outermost: ``hold``, ``hold.waiting``."""
    parts = state.split(".") if state else []
    return [".".join(parts[: i + 1]) for i in range(len(parts))]
