"""Which transition of a flow led a call from one state to the next."""

from __future__ import annotations

from collections.abc import Iterator

from callflow.call.machine import trigger
from callflow.events import State
from callflow.flow.model import PREVIOUS, Flow, Transition


def transitions(flow: Flow) -> Iterator[tuple[str, Transition]]:
    """Every transition with the state that it leaves; ``""`` for those that leave every state."""
    for state in flow.states.values():
        yield from ((state.name, transition) for transition in state.transitions)
    yield from (("", transition) for transition in flow.transitions)


def taken(step: State, flow: Flow) -> tuple[str, Transition] | None:
    """The transition behind one step of a call, with the state that it is written in.

    ``None`` for the first state of a call, and where the agent named a state by hand. Of several that fit, the one
    that the machine would take: a state's own before those of the states around it, the flow's last.
    """
    for place in around(step.from_):
        state = flow.states.get(place)
        for transition in state.transitions if state else ():
            if _led(transition, step):
                return place, transition
    return next((("", transition) for transition in flow.transitions if _led(transition, step)), None)


def _led(transition: Transition, step: State) -> bool:
    because = trigger(transition)
    # A hang-up is told with its event alone, whoever it was that a transition waits for.
    if step.because != because and not (step.because.startswith("call.") and because.startswith(step.because + " ")):
        return False
    target = transition.target
    return target == PREVIOUS or f"{step.to}.".startswith(f"{target}.")


def around(state: str) -> Iterator[str]:
    """A state and the states around it, from the inside out: ``hold.waiting``, ``hold``."""
    while state:
        yield state
        state = state.rpartition(".")[0]
