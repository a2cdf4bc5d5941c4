"""What has come up in a call: situations begin with what is said or done, show their prompts, and are over in time.

A state is where the call is, and there is one of it; situations come and go beside it, several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from callflow.call.log import CallLog, Fact
from callflow.call.prompts import PromptBoard
from callflow.events import Event, Situation
from callflow.flow.model import Situation as Spec

Schedule = Callable[[float, Callable[[float], None]], None]
"""``schedule(when, action)``: have ``action(when)`` called once the call's clock reaches ``when``."""
BY_HAND = "agent.action"


@dataclass(slots=True)
class _Open:
    """A situation that is on, until ``until`` (seconds)."""

    spec: Spec
    until: float


class Situations:
    """The situations of one call. Outputs are appended to ``out``, prompts are shown on ``board``."""

    def __init__(
        self, specs: Mapping[str, Spec], log: CallLog, board: PromptBoard, out: list[Event], schedule: Schedule
    ) -> None:
        self._log = log
        self._board = board
        self._out = out
        self._schedule = schedule
        self._open: dict[str, _Open] = {}
        self._begin_with = _by_term((spec, key) for spec in specs.values() for key in _beginnings(spec))
        self._end_with = _by_term((spec, term.key) for spec in specs.values() for term in spec.ends)

    def follow(self, facts: Iterable[Fact], now: float) -> list[Fact]:
        """Take in facts that are in the log. What begins with them comes back as facts, which are in the log then.

        What begins may itself begin and end others, each at most once, so that two cannot go round in circles.
        """
        waiting = list(facts)
        known = len(waiting)
        for fact in waiting:
            begins = self._begin_with.get(fact.key, ())
            for spec in self._end_with.get(fact.key, ()):
                if spec not in begins:
                    self._end(spec.name, fact.key, now)
            for spec in begins:
                begun = any(other.key == _key(spec) for other in waiting[known:])
                if spec.name in self._open:
                    self._open[spec.name].until = now + spec.lasts
                elif not begun and (fact.key == by_hand(spec.name) or self._given(spec)):
                    waiting.append(self._begin(spec, fact, now))
        return waiting[known:]

    def _given(self, spec: Spec) -> bool:
        if any(self._log.has(term.key) for term in spec.unless):
            return False
        return not spec.given or any(self._log.has(term.key) for term in spec.given)

    def _begin(self, spec: Spec, cause: Fact, now: float) -> Fact:
        """``spec`` has come up; the fact of it has the time and the words of what brought it about."""
        self._open[spec.name] = open_ = _Open(spec, now + spec.lasts)
        self._wait(open_)
        because = BY_HAND if cause.key == by_hand(spec.name) else cause.key
        self._out.append(Situation(at=now, name=spec.name, status="begun", because=because))
        for number, prompt in enumerate(spec.prompts):
            # Nobody is asked for what was said in the same breath.
            if not (prompt.phrase and any(self._log.between(f"agent {prompt.phrase}", cause.start, now))):
                self._board.show(now, _owner(spec, number), prompt)
        fact = replace(cause, key=_key(spec))
        self._log.add(fact)
        return fact

    def _end(self, name: str, because: str, now: float) -> None:
        open_ = self._open.pop(name, None)
        if open_:
            self._out.append(Situation(at=now, name=name, status="over", because=because))
            for number in range(len(open_.spec.prompts)):
                self._board.withdraw(now, _owner(open_.spec, number))

    def _wait(self, open_: _Open) -> None:
        def fire(at: float) -> None:
            if self._open.get(open_.spec.name) is not open_:
                return  # it was over before; it may have begun anew
            if open_.until > at:
                self._wait(open_)
            else:
                self._end(open_.spec.name, f"after {open_.spec.lasts:g} s", at)

        self._schedule(open_.until, fire)


def by_hand(name: str) -> str:
    """The fact that the agent named the situation ``name``."""
    return f"{BY_HAND} {name}"


def _key(spec: Spec) -> str:
    return f"situation {spec.name}"


def _owner(spec: Spec, number: int) -> str:
    return f"situation/{spec.name}/{number}"


def _beginnings(spec: Spec) -> list[str]:
    return [by_hand(spec.name), *(term.key for term in spec.begins)]


def _by_term(pairs: Iterable[tuple[Spec, str]]) -> dict[str, list[Spec]]:
    found: dict[str, list[Spec]] = {}
    for spec, key in pairs:
        found.setdefault(key, []).append(spec)
    return found
