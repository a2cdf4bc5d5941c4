"""Reads states and situations: where a call can be and what can come up in it, and what is shown then."""

from __future__ import annotations

from callflow.flow.located_yaml import Mapping, Scalar
from callflow.flow.model import Situation, StateSpec, Transition
from callflow.flow.reading import Reading
from callflow.flow.section import Section
from callflow.texts import Text, text

DEFAULT_LASTS = 60.0
"""Seconds for which a situation is on where the flow does not say."""


def read_states(parent: Section, flow: Reading, prefix: str = "") -> dict[str, StateSpec]:
    """The states of a section, those inside them included, by their dotted path."""
    states: dict[str, StateSpec] = {}
    for key, section in parent.sections("states", text("state", "状态")):
        name = prefix + key.value
        states[name] = StateSpec(
            name=name,
            at=key.at,
            title=section.text("title", Text(key.value, key.value)),
            goal=section.text("goal"),
            prompts=flow.prompts(section, "prompts"),
            transitions=read_transitions(section, flow),
            refs=flow.refs(section),
            detour=section.flag("detour"),
            final=section.flag("final"),
        )
        states |= read_states(section, flow, name + ".")
        section.done()
    return states


def read_transitions(section: Section, flow: Reading, timeouts: bool = True) -> tuple[Transition, ...]:
    """What leads on, under ``on``; ``timeouts``: whether time may."""
    node = section.value("on")
    inner = node if isinstance(node, Mapping) else None
    if node is not None and inner is None:
        section.wrong(node.at, "on must be a mapping", "on 应是“键: 值”的形式", "wrong-kind")
    found: list[Transition] = []
    for key, value in inner.entries.values() if inner else ():
        target = section.as_string(value, "on")
        if isinstance(value, Scalar):
            flow.names.state(target, value.at, flow.problems, target=True)
        if key.value.startswith("after ") and not timeouts:
            en = f'a time-out belongs to a state: write "{key.value}" under the on: of that state'
            section.wrong(key.at, en, f"超时属于某个状态：请把“{key.value}”写在该状态的 on: 里", "wrong-place")
        elif key.value.startswith("after "):
            seconds = section.as_seconds(key.value.removeprefix("after "), key.at, "on")
            found.append(Transition(target, key.at, after=seconds))
        elif term := flow.names.term(key.value, key.at, flow.problems, also=("after",)):
            found.append(Transition(target, key.at, key=term.key))
    return tuple(found)


def read_situation(key: Scalar, section: Section, flow: Reading) -> Situation:
    """Read one situation."""
    situation = Situation(
        name=key.value,
        at=key.at,
        title=section.text("title", Text(key.value, key.value)),
        begins=flow.terms(section, "begins"),
        given=flow.terms(section, "given"),
        unless=flow.terms(section, "unless"),
        ends=flow.terms(section, "ends"),
        lasts=section.seconds("lasts") or DEFAULT_LASTS,
        prompts=flow.prompts(section, "prompts"),
        refs=flow.refs(section),
    )
    section.done()
    return situation
