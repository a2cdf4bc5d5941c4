"""Reads rehearsals: scripted calls with what must and must not come of them."""

from __future__ import annotations

from callflow.events import SPEAKERS, Speaker
from callflow.flow.located_yaml import Mapping, Node, Scalar, Sequence
from callflow.flow.model import ANY, Expectation, Rehearsal, Step
from callflow.flow.names import ACOUSTIC_EVENTS, CALL_EVENTS, FIELD_STAGES, Names
from callflow.flow.section import Section
from callflow.problems import Problem, did_you_mean
from callflow.texts import text

_TERMS = (*CALL_EVENTS, *ACOUSTIC_EVENTS)
_EVENTS = tuple(event for event in _TERMS if " " not in event)
_SITUATION = ("to", "reason", "by")
_STEPS = (*SPEAKERS, "wait", "event")
_WHATS = ("finding", "prompt", "match", "state", "field")
_VERDICTS = ("met", "missed", "violated", "not_assessed")
_STATUSES = ("shown", "done", "withdrawn", "expired")


def read_all(node: Node | None, names: Names, problems: list[Problem]) -> list[Rehearsal]:
    """Read the ``rehearsals:`` list of a file."""
    if node is None:
        return []
    if not isinstance(node, Sequence):
        problems.append(Problem(node.at, text("rehearsals must be a list", "rehearsals 应是列表"), "wrong-kind"))
        return []
    found: list[Rehearsal] = []
    for item in node.items:
        if not isinstance(item, Mapping):
            problems.append(Problem(item.at, text("a rehearsal is a mapping", "演练应是“键: 值”的形式"), "wrong-kind"))
            continue
        section = Section(item, problems, text("rehearsal", "演练"))
        name = section.string("name", required=True)
        if (named := section.value("name")) and name.strip():
            names.define("rehearsals", name, named.at, problems)
        steps = [_step(step, section) for step in _items(section, "call")]
        expect = [_expectation(one, section, names, problems, False) for one in _items(section, "expect")]
        expect += [_expectation(one, section, names, problems, True) for one in _items(section, "never")]
        section.done()
        kept = tuple(step for step in steps if step)
        found.append(Rehearsal(name, section.at, kept, tuple(one for one in expect if one)))
    return found


def _items(section: Section, key: str) -> tuple[Node, ...]:
    node = section.need(key) if key == "call" else section.value(key)
    if node is None:
        return ()
    if isinstance(node, Sequence):
        return node.items
    section.wrong(node.at, f"{key} must be a list", f"{key} 应是列表", "wrong-kind")
    return ()


def _step(node: Node, parent: Section) -> Step | None:
    if isinstance(node, Scalar) and node.value in _TERMS:
        event, _, by = node.value.partition(" ")
        return Step(node.at, event=event, values={"by": by} if by else {})
    if isinstance(node, Scalar):
        near, word = did_you_mean(node.value, _TERMS), node.value[:40]
        en = f'"{word}" is neither an event nor agent:, customer: or wait:{near.en}'
        parent.wrong(node.at, en, f"“{word}”既不是事件，也不是 agent: 等步骤{near.zh}", "rehearsal-step")
        return None
    section = parent.inner(node, text("step", "步骤"))
    if section is None:
        return None
    step: Step | None = None
    if sum(map(section.has, _STEPS)) > 1:
        list_ = ", ".join(_STEPS)
        section.wrong(section.at, f"only one of {list_} in a step", f"一个步骤只能有 {list_} 之一", "rehearsal-step")
    for speaker in SPEAKERS:
        if section.has(speaker):
            step = Step(section.at, speaker=_as_speaker(speaker), said=section.string(speaker, required=True))
    if section.has("wait"):
        step = Step(section.at, wait=section.seconds("wait"))
    if section.has("event"):
        event = section.choice("event", _EVENTS, _EVENTS[0])
        values = {key: section.string(key) for key in _SITUATION if section.has(key)}
        step = Step(section.at, event=event, values=values, wait=section.seconds("for"))
    if step is None:
        section.wrong(
            section.at,
            "a step is agent:, customer:, wait: or an event such as call.held",
            "步骤应为 agent:、customer:、wait: 或 call.held 等事件",
            "rehearsal-step",
        )
    for known in (*_STEPS, "for", *_SITUATION):
        section.value(known)
    section.done()
    return step


def _as_speaker(word: str) -> Speaker:
    return "agent" if word == "agent" else "customer"


def _expectation(
    node: Node, parent: Section, names: Names, problems: list[Problem], absent: bool
) -> Expectation | None:
    section = parent.inner(node, text("expectation", "期望"))
    if section is None:
        return None
    what = next((word for word in _WHATS if section.has(word)), None)
    if what is None:
        section.wrong(section.at, "one of " + ", ".join(_WHATS), "应为 " + "、".join(_WHATS) + " 之一", "expectation")
        for word in (*_WHATS, "verdict", "status", "value", "stage"):
            section.value(word)
        section.done()
        return None
    name = section.string(what, required=True)
    at = (section.value(what) or node).at
    value = stage = ""
    if what == "finding":
        value = section.choice("verdict", (*_VERDICTS, ""), "")
    elif what == "prompt":
        value = section.choice("status", (*_STATUSES, ""), "")
    elif what == "field":
        value, stage = section.string("value"), section.choice("stage", (*FIELD_STAGES, ""), "")
    known = {"finding": names.rule, "match": names.phrase, "state": names.state, "field": names.field}
    if what in known and name != ANY:
        known[what](name, at, problems)
    section.done()
    return Expectation(what, name, at, value, stage, absent)  # type: ignore[arg-type]
