"""Where the call is in its flow, on the ``transitions`` package; nothing else of callflow knows of it.

One hierarchical machine is built per flow and shared by all calls: a call is only a model that carries its state.
Firing a trigger costs about 0.1 ms, so a table tells first whether a fact can move the call at all, and where a trigger
led is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from transitions.extensions.nesting import HierarchicalMachine, NestedState

from callflow.flow.model import PREVIOUS, Flow, StateSpec, Transition


class _State(NestedState):
    separator = "."


class _Machine(HierarchicalMachine):
    state_cls = _State


@dataclass(slots=True)
class _Model:
    state: str


class FlowMachine:
    """The state machine of a flow, shared by its calls."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._built: _Machine | None = None
        self._led: dict[tuple[str, str], str] = {}
        self.leaves = [name for name in flow.states if not _children(flow, name)]
        self._moves: dict[str, dict[str, str]] = {name: self._table(name) for name in flow.states}

    @property
    def _machine(self) -> _Machine:
        """Built at the first transition: it takes as long as all else that a call needs to begin."""
        if self._built is None:
            self._built = _build(self._flow, self._moves, self.leaves)
        return self._built

    def entry(self, name: str) -> str:
        """The leaf where one arrives when entering ``name``: its first child's first child."""
        while children := _children(self._flow, name):
            name = children[0]
        return name

    def target(self, state: str, key: str) -> str | None:
        """Where ``key`` would lead from ``state``; ``None`` where it leads nowhere or to where the call is already."""
        target = self._moves[state].get(key)
        if target is None or target == PREVIOUS:
            return target
        return None if state == target or state.startswith(target + ".") else target

    def fire(self, state: str, key: str, previous: str) -> str:
        """Fire ``key`` from ``state``; returns the new state.

        No transition has a condition, so where one led once it always leads: the machine is asked only the first time.
        """
        if self._moves[state].get(key) == PREVIOUS:
            key = _return_to(previous)
        if (state, key) not in self._led:
            model = _Model(state)
            self._machine.trigger_event(model, key)
            self._led[state, key] = model.state
        return self._led[state, key]

    def _table(self, name: str) -> dict[str, str]:
        """What can move a call that is in ``name``: its own transitions, its parents', then the flow's."""
        spec = self._flow.states[name]
        moves: dict[str, str] = {}
        if not spec.final:
            for transition in (*_inherited(self._flow, spec), *self._flow.transitions):
                moves.setdefault(trigger(transition), transition.target)
        return moves

    def timeouts(self, name: str) -> list[Transition]:
        """The time-outs that run while a call is in ``name``."""
        return [t for t in _inherited(self._flow, self._flow.states[name]) if t.after is not None]


def _build(flow: Flow, moves: Mapping[str, Mapping[str, str]], leaves: Iterable[str]) -> _Machine:
    machine = _Machine(
        model=None,
        states=_nested(flow),
        initial=flow.start,
        auto_transitions=False,
        send_event=False,
        ignore_invalid_triggers=True,
    )
    for name, table in moves.items():
        for key, target in table.items():
            if target != PREVIOUS:
                machine.add_transition(key, name, target)
    for target in leaves:
        machine.add_transition(_return_to(target), "*", target)
    return machine


def trigger(transition: Transition) -> str:
    """What makes a transition happen, as it stands in the flow: ``agent closing``, ``after 45 s``."""
    return transition.key if transition.after is None else f"after {transition.after:g} s"


def _return_to(state: str) -> str:
    return f"return to {state}"


def _children(flow: Flow, name: str) -> list[str]:
    depth = name.count(".") + 1
    return [other for other in flow.states if other.startswith(name + ".") and other.count(".") == depth]


def _inherited(flow: Flow, spec: StateSpec) -> list[Transition]:
    """A state's own transitions before those of the states around it."""
    found = list(spec.transitions)
    name = spec.name
    while "." in name:
        name = name.rpartition(".")[0]
        found += flow.states[name].transitions
    return found


def _nested(flow: Flow) -> list[str | dict[str, Any]]:
    def build(name: str) -> str | dict[str, Any]:
        short = name.rpartition(".")[2]
        children = _children(flow, name)
        if not children:
            return short
        return {"name": short, "children": [build(c) for c in children], "initial": children[0].rpartition(".")[2]}

    return [build(name) for name in flow.states if "." not in name]
