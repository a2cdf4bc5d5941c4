"""Reads rehearsals: scripted calls with what must and must not come of them."""

from __future__ import annotations

from collections.abc import Iterator

from callflow.events import SPEAKERS, Speaker
from callflow.flow.located_yaml import Mapping, Node, Scalar, Sequence
from callflow.flow.reading import Reading
from callflow.flow.rehearsal import ANY, Expectation, Rehearsal, Step
from callflow.flow.rehearsal_shapes import (
    ACTION,
    ANY_EXPECTATION,
    DETAILS,
    EVENTS,
    EXPECTATIONS,
    FIGURES,
    LINE,
    QUICK,
    SCRIPT,
    STEP,
    STEPS,
    TERMS,
)
from callflow.flow.section import Section
from callflow.problems import Problem, did_you_mean
from callflow.texts import text

GREETING = "您好！请问您需要什么帮助？"
"""What the agent says first where a phrase is rehearsed by itself: few lines are the first of their call."""


def read_all(top: Section, flow: Reading) -> list[Rehearsal]:
    """Read the ``rehearsals:`` list of a file."""
    node = top.value("rehearsals")
    if node is None:
        return []
    if not isinstance(node, Sequence):
        message = text("rehearsals must be a list", "rehearsals 应是列表")
        flow.problems.append(Problem(node.at, message, "wrong-kind"))
        return []
    found: list[Rehearsal] = []
    for item in node.items:
        if not isinstance(item, Mapping):
            message = text("a rehearsal is a mapping", "演练应是“键: 值”的形式")
            flow.problems.append(Problem(item.at, message, "wrong-kind"))
            continue
        section = Section(item, flow.problems, text("rehearsal", "演练"), SCRIPT)
        found += _quick(section, flow) if section.has("phrase") else [_scripted(section, flow)]
        section.done()
    return found


def _scripted(section: Section, flow: Reading) -> Rehearsal:
    name = section.string("name")
    if (named := section.value("name")) and name.strip():
        flow.names.define("rehearsals", name, named.at, flow.problems)
    steps = [_step(step, section, flow) for step in _items(section, "call")]
    expect = [_expectation(one, section, flow, False) for one in _items(section, "expect")]
    expect += [_expectation(one, section, flow, True) for one in _items(section, "never")]
    kept = tuple(step for step in steps if step)
    return Rehearsal(name, section.at, kept, tuple(one for one in expect if one))


# ------------------------------------------------------------------------------------------------ of one phrase


def _quick(section: Section, flow: Reading) -> Iterator[Rehearsal]:
    """``phrase`` with lines that it ``fires`` on and lines on which it must stay ``silent``: a rehearsal for each."""
    section.shape = QUICK
    name = section.string("phrase")
    at = (section.value("phrase") or section.node).at
    good = flow.names.phrase(name, at, flow.problems)
    if not (section.has("fires") or section.has("silent")):
        section.wrong(section.at, "fires or silent is missing", "缺少 fires 或 silent", "missing-key")
    for key in ("fires", "silent"):
        for line in _items(section, key):
            step = _line(line, section, flow.names.phrases.get(name, "agent"))
            if step and good:
                title = f"{name}: {step.speaker} {step.said}"
                flow.names.define("rehearsals", title, step.at, flow.problems)
                expect = tuple(_of(name, step, flow, key == "silent"))
                yield Rehearsal(title, step.at, _opened_by(step), expect, name)


def _line(node: Node, parent: Section, speaker: Speaker) -> Step | None:
    """A line of the phrase's own speaker, or ``{customer: …}`` / ``{agent: …}``."""
    if isinstance(node, Scalar):
        if not node.value.strip():
            parent.wrong(node.at, "an empty line", "台词为空", "empty-text")
            return None
        return Step(node.at, speaker=speaker, said=node.value)
    section = parent.inner(node, text("line", "台词"), LINE)
    if section is None:
        return None
    said = [
        Step(section.at, speaker=who, said=section.string(who, required=True)) for who in SPEAKERS if section.has(who)
    ]
    if len(said) != 1:
        section.wrong(
            section.at,
            "a line is said by agent: or by customer:",
            "台词应由 agent: 或 customer: 说出",
            "rehearsal-step",
        )
    section.done()
    return said[0] if len(said) == 1 else None


def _opened_by(step: Step) -> tuple[Step, ...]:
    return Step(step.at, event="call.answered"), Step(step.at, speaker="agent", said=GREETING), step


def _of(name: str, step: Step, flow: Reading, absent: bool) -> Iterator[Expectation]:
    phrase = flow.phrases.get(name)
    if phrase and phrase.kind == "never":
        yield Expectation("finding", name, step.at, "" if absent else "violated", absent=absent)
    yield Expectation("match", name, step.at, absent=absent)


# ------------------------------------------------------------------------------------------------ steps


def _items(section: Section, key: str) -> tuple[Node, ...]:
    node = section.need(key) if section.shape.by_name[key].required else section.value(key)
    if node is None:
        return ()
    if isinstance(node, Sequence):
        return node.items
    section.wrong(node.at, f"{key} must be a list", f"{key} 应是列表", "wrong-kind")
    return ()


def _step(node: Node, parent: Section, flow: Reading) -> Step | None:
    if isinstance(node, Scalar) and node.value in TERMS:
        event, _, by = node.value.partition(" ")
        return Step(node.at, event=event, values={"by": by} if by else {})
    if isinstance(node, Scalar):
        near, word = did_you_mean(node.value, TERMS), node.value[:40]
        en = f'"{word}" is neither an event nor agent:, customer: or wait:{near.en}'
        parent.wrong(node.at, en, f"“{word}”既不是事件，也不是 agent: 等步骤{near.zh}", "rehearsal-step")
        return None
    section = parent.inner(node, text("step", "步骤"), STEP)
    if section is None:
        return None
    step: Step | None = None
    if sum(map(section.has, STEPS)) > 1:
        list_ = ", ".join(STEPS)
        section.wrong(section.at, f"only one of {list_} in a step", f"一个步骤只能有 {list_} 之一", "rehearsal-step")
    figures: dict[str, str | float] = {key: section.number(key) for key in FIGURES if section.has(key)}
    if section.has("sooner"):
        figures["sooner"] = section.seconds("sooner")
    for speaker in SPEAKERS:
        if section.has(speaker):
            said = section.string(speaker, required=True)
            step = Step(section.at, speaker=speaker, said=said, values=figures, wait=section.seconds("for"))
    if section.has("wait"):
        step = Step(section.at, wait=section.seconds("wait"))
    if section.has("event"):
        event = section.choice("event", EVENTS[0])
        values = {one.name: section.string(one.name) for one in DETAILS if section.has(one.name)}
        if section.has("separate"):
            values["separate"] = "yes" if section.flag("separate") else "no"
        step = Step(section.at, event=event, values={**values, **figures}, wait=section.seconds("for"))
        if event == ACTION and values.get("action") == "situation" and (target := section.value("target")):
            _named(values["target"], target, flow)
    if step is None:
        section.wrong(
            section.at,
            "a step is agent:, customer:, wait: or an event such as call.held",
            "步骤应为 agent:、customer:、wait: 或 call.held 等事件",
            "rehearsal-step",
        )
    section.done()
    return step


def _named(name: str, node: Node, flow: Reading) -> None:
    """What the agent names by hand is a situation, or a state."""
    if name not in flow.names.states:
        flow.names.situation(name, node.at, flow.problems)


# ------------------------------------------------------------------------------------------------ expectations


def _expectation(node: Node, parent: Section, flow: Reading, absent: bool) -> Expectation | None:
    section = parent.inner(node, text("expectation", "期望"), ANY_EXPECTATION)
    if section is None:
        return None
    what = next((word for word in EXPECTATIONS if section.has(word)), None)
    if what is None:
        whats = ", ".join(EXPECTATIONS)
        section.wrong(section.at, f"one of {whats}", f"应为 {whats} 之一", "expectation")
        section.done()
        return None
    section.shape = EXPECTATIONS[what]
    name = section.string(what, required=True)
    at = (section.value(what) or node).at
    value = stage = ""
    if what == "finding":
        value = section.choice("verdict", "")
    elif what == "prompt":
        value = section.choice("status", "")
    elif what == "state":
        value = _state_from(section, flow)
    elif what == "situation":
        value = section.choice("value", "")
    elif what == "field":
        value, stage = section.string("value"), section.choice("stage", "")
    names = flow.names
    known = {"finding": names.rule, "match": names.phrase, "state": names.state, "field": names.field}
    known["situation"] = names.situation
    if what in known and name != ANY:
        known[what](name, at, flow.problems)
    section.done()
    return Expectation(what, name, at, value, stage, absent)  # type: ignore[arg-type]


def _state_from(section: Section, flow: Reading) -> str:
    """The state that was left for the one expected, where it is said."""
    node = section.value("from")
    name = section.string("from")
    if node is not None and name:
        flow.names.state(name, node.at, flow.problems)
    return name
