"""Where a call can go in a flow, for the checks of states: which transitions hold in a state, what can be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from callflow.call.machine import FlowMachine, trigger
from callflow.design.taken import around
from callflow.flow.model import PREVIOUS, Flow, StateSpec, Transition


@dataclass(frozen=True, slots=True)
class Way:
    """A transition as it holds in one state without states inside: ``to`` is the state where the call arrives.

    ``to`` is empty where the transition leads nowhere from there; ``owner``: the state it is written in, empty for the
    flow's own. ``first``: no other transition of that state has the same trigger and goes before it.
    """

    transition: Transition
    owner: str
    to: str
    first: bool


class Ways:
    """All ways of a flow. Only states without states inside (leaves) count: a call is always in one of these."""

    def __init__(self, flow: Flow, machine: FlowMachine) -> None:
        self.flow = flow
        self.start = machine.entry(flow.start)
        self._machine = machine
        self.leaves = machine.leaves
        self.of: Mapping[str, list[Way]] = {leaf: list(self._of(leaf)) for leaf in self.leaves}
        self.reached = self._reach()
        self._around = {name for leaf in self.reached for name in around(leaf)}

    def _of(self, leaf: str) -> Iterator[Way]:
        spec = self.flow.states[leaf]
        seen: set[str] = set()
        for owner, transition in self._written(leaf):
            key = trigger(transition)
            first = key not in seen and not spec.final
            seen.add(key)
            yield Way(transition, owner, self._arrives(leaf, transition.target), first)

    def _written(self, leaf: str) -> Iterator[tuple[str, Transition]]:
        for name in around(leaf):
            for transition in self.flow.states[name].transitions:
                yield name, transition
        for transition in self.flow.transitions:
            yield "", transition

    def _arrives(self, leaf: str, target: str) -> str:
        if target == PREVIOUS or target not in self.flow.states:
            return target
        return "" if leaf == target or leaf.startswith(target + ".") else self._machine.entry(target)

    def _reach(self) -> set[str]:
        """The leaves that a call comes to by itself."""
        reached = {self.start}
        waiting = [self.start]
        while waiting:
            for way in self.of.get(waiting.pop(), ()):
                if way.first and fires(way.transition) and way.to not in ("", PREVIOUS) and way.to not in reached:
                    reached.add(way.to)
                    waiting.append(way.to)
        return reached

    def is_reached(self, state: str) -> bool:
        """Whether a call comes to ``state`` or to a state inside it."""
        return state in self._around

    def detour(self, leaf: str) -> bool:
        return any(self.flow.states[name].detour for name in around(leaf))

    def ending(self) -> set[str]:
        """The leaves from which a final state can be reached; from a detour the call may return to any that is none."""
        comes_from: dict[str, set[str]] = {}
        for leaf in self.leaves:
            for way in self.of[leaf]:
                if way.first and way.to and fires(way.transition):
                    comes_from.setdefault(way.to, set()).add(leaf)
            if leaf in self.reached and not self.detour(leaf):
                comes_from.setdefault(leaf, set()).add(PREVIOUS)
        good = {leaf for leaf in self.leaves if self.flow.states[leaf].final}
        waiting = list(good)
        while waiting:
            fresh = comes_from.get(waiting.pop(), set()) - good
            good |= fresh
            waiting += fresh
        return good

    def states(self) -> Iterator[StateSpec]:
        """All states without states inside."""
        return (self.flow.states[leaf] for leaf in self.leaves)


def fires(transition: Transition) -> bool:
    """Whether its trigger can come at all: that a state was entered is told to rules and situations alone."""
    return not transition.key.startswith("state ")
