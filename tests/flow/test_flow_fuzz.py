"""Whatever stands in a flow file, reading it ends in a flow or in Problems; and what is read as a flow can be run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callflow import flowfiles
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.errors import BadFlow
from callflow.events import (
    AgentAction,
    CallAnswered,
    CallHeld,
    CallHungUp,
    CallResumed,
    CallRinging,
    Event,
    Heard,
    Score,
    Silence,
    Tick,
)
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.problems import Problem, has_errors

CALL: list[Event] = [
    CallRinging(at=0.0, ring=1),
    CallRinging(at=5.0, ring=2),
    CallAnswered(at=8.0),
    Heard(at=9.0, speaker="agent", text="您", start=8.5, end=8.8, final=False, utterance="a1"),
    Heard(at=10.0, speaker="agent", text="您好，请问联系人是哪位", start=8.5, end=9.8, utterance="a1"),
    Heard(at=12.0, speaker="customer", text="喂，我叫王建国，好的", start=10.5, end=11.8, utterance="c1"),
    CallHeld(at=15.0),
    Silence(at=30.0, start=15.0, end=30.0),
    CallResumed(at=31.0),
    Heard(at=33.0, speaker="agent", text="联系人王建国，对吗", start=31.5, end=32.8, utterance="a2"),
    AgentAction(at=40.0, action="situation", target="a"),
    Tick(at=200.0),
    CallHungUp(at=201.0, by="customer"),
]


def check(sources: dict[str, str]) -> tuple[Flow | None, list[Problem]]:
    """Reading keeps its promise."""
    flow, problems = read_flow(sources, "fuzz")
    assert (flow is None) == has_errors(problems)
    assert problems == sorted(problems)
    for problem in problems:
        assert problem.at.file in (*sources, "flow")
        assert problem.rule
        assert 0 < len(problem.in_("en").splitlines()) == len(problem.in_("zh").splitlines()) == 1
        if problem.at.line:
            assert problem.at.line <= sources[problem.at.file].count("\n") + sources[problem.at.file].count("\r") + 2
    return flow, problems


def run(flow: Flow) -> None:
    """A flow without errors follows a call to its score."""
    try:
        plan = Plan.of(flow)
    except BadFlow:  # a wording that is no template: see cases/templates.yaml
        return
    guide = Guide(plan)
    outputs = [output for event in CALL for output in guide.feed(event)]
    outputs += guide.close()
    assert isinstance(outputs[-1], Score)
    for output in outputs:
        output.to_json()


# ---------------------------------------------------------------------------------------------------- any text


@given(st.text())
@example("\x00")
@example("a: \ud800")
@example("? \n")
@example("- - - : - -")
@example("%YAML 1.1\n---\n")
@example("|\r\n\x85\u2028: &")
def test_any_text(source: str) -> None:
    check({"a.yaml": source})


_YAML_SIGNS = st.text(st.sampled_from("abc: -[]{},'\"|>&*!%@#?\n\t \\你～\u3000"), max_size=60)


@given(_YAML_SIGNS)
@settings(max_examples=300)
def test_any_text_of_yaml_s_own_signs(source: str) -> None:
    check({"a.yaml": source})


# ------------------------------------------------------------------------------------------------- damaged flows

BUNDLED = {path.name: path.read_text("utf-8") for path in sorted((flowfiles.flows_folder() / "inbound").glob("*.yaml"))}
EVERY_KEY = (Path(__file__).parent / "every_key.yaml").read_text("utf-8")


@st.composite
def damaged(draw: st.DrawFn, source: str) -> str:
    """A flow file after a few accidents: a piece cut out, doubled, moved, or overwritten."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(source) - 1)))
        piece = source[start : start + draw(st.integers(0, 40))]
        rest = source[:start] + source[start + len(piece) :]
        match draw(st.sampled_from(["cut", "double", "move", "overwrite", "truncate"])):
            case "cut":
                source = rest
            case "double":
                source = source[:start] + piece + source[start:]
            case "move":
                to = draw(st.integers(0, len(rest)))
                source = rest[:to] + piece + rest[to:]
            case "overwrite":
                source = rest[:start] + draw(_YAML_SIGNS) + rest[start:]
            case "truncate":
                source = source[:start]
    return source


@given(st.data())
def test_bundled_flows_with_accidents(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(BUNDLED)))
    check({file: data.draw(damaged(BUNDLED[file]))})


@given(damaged(EVERY_KEY))
@settings(max_examples=150)
def test_a_flow_that_still_reads_after_an_accident_still_runs(source: str) -> None:
    flow, _ = check({"every_key.yaml": source})
    if flow is not None:
        run(flow)


# ------------------------------------------------------------------------------- right words in the wrong places

_NAMES = st.sampled_from(
    ["a", "b", "greeting", "联系人", "客户", "speaks", "previous", "x y", "initial", "to_a", "a.b", ""]
)
_HAPPENS = st.sampled_from(["call.held", "call.answered", "call.hung_up agent", "acoustic.silence", "fields heard"])
_TERMS = _HAPPENS | st.sampled_from(
    [
        "agent a",
        "agent b",
        "customer b",
        "agent speaks",
        "state a",
        "field 联系人 heard",
        "after 3s",
        "after 0s",
        "previous",
    ]
)
_SCALARS = st.one_of(
    _NAMES,
    _TERMS,
    st.sampled_from(
        ["您好", "[{客户}，]您好(呀|啊)", "{公司}", "喂[", "3s", "2 rings", "1 句", "true", "agent", "first", "met"]
    ),
    st.sampled_from(["digits", "sentence", "fatal", "0", "-1", "nan", "1e9", "60", "last", "~", " ", "{", "\\"]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "then", "not", "agent", "customer", "zh", "en", "say", "ask"]), inner
        )
        | st.dictionaries(_TERMS, inner, max_size=2)
    ),
    max_leaves=5,
)


def _mapping(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), _VALUES, max_size=5)


_PHRASES = st.fixed_dictionaries(
    {"say": st.sampled_from(["您好", "联系人", ["您好", "好的"], []])},
    optional={key: _VALUES for key in ("by", "unless", "boundary", "exact", "severity", "group", "refs", "better")},
)
_RULES = st.fixed_dictionaries(
    {"expect": _TERMS | _VALUES},
    optional={"after": _TERMS, "within": _SCALARS, "in": _NAMES, "edge": _SCALARS, "span": _SCALARS, "count": _SCALARS}
    | {"first": _SCALARS, "once": _SCALARS, "unless": _VALUES, "prompt": _VALUES, "better": _SCALARS}
    | {"cause": _NAMES, "not_assessed": _VALUES},
)
_STATES: st.SearchStrategy[Any] = st.recursive(
    _mapping("title", "goal", "prompts", "on", "detour", "final", "refs"),
    lambda inner: st.fixed_dictionaries(
        {"states": st.dictionaries(_NAMES, inner, max_size=2)},
        optional={"on": st.dictionaries(_TERMS, _NAMES, max_size=3), "prompts": _VALUES},
    ),
    max_leaves=4,
)
_SECTIONS = st.fixed_dictionaries(
    {
        "flow": st.fixed_dictionaries({"start": _NAMES}, optional={"on": st.dictionaries(_TERMS, _NAMES, max_size=3)}),
        "phrases": st.dictionaries(_NAMES, _PHRASES, max_size=3),
        "states": st.dictionaries(_NAMES, _STATES, min_size=1, max_size=3),
    },
    optional={
        "rules": st.dictionaries(_NAMES, _RULES, max_size=3),
        "fields": st.dictionaries(_NAMES, _mapping("asked_by", "kind", "labels", "least", "most"), max_size=2),
        "slots": st.dictionaries(_NAMES, _mapping("least", "most"), max_size=2),
        "groups": st.dictionaries(_NAMES, _mapping("title", "weight", "cause"), max_size=2),
        "causes": st.dictionaries(_NAMES, _mapping("title", "share"), max_size=2),
        "clauses": st.dictionaries(_NAMES, _mapping("kind", "when", "text", "need", "cue"), max_size=2),
        "situations": st.dictionaries(_NAMES, _mapping("title", "begins", "given", "ends", "lasts", "prompts")),
        "variables": st.dictionaries(_NAMES, _SCALARS, max_size=2),
        "rehearsals": _VALUES
        | st.lists(_mapping("name", "call", "expect", "never", "phrase", "fires", "silent"), max_size=2),
    },
)


@given(_SECTIONS)
@settings(max_examples=200)
def test_any_arrangement_of_known_words(tree: dict[str, Any]) -> None:
    """JSON is YAML: a tree is written as it is."""
    flow, _ = check({"a.yaml": json.dumps(tree, ensure_ascii=False)})
    if flow is not None:
        run(flow)


# ---------------------------------------------------------------------------------------- small flows that are right

_GOOD_NAMES = st.sampled_from(["a", "b", "greeting", "initial", "to_a", "state", "trigger", "model", "状态"])


@st.composite
def sound_flows(draw: st.DrawFn) -> dict[str, Any]:
    """Flows that refer only to what there is, with every kind of transition and rule."""
    states = draw(st.lists(_GOOD_NAMES, min_size=1, max_size=4, unique=True))
    nested = draw(st.booleans())
    targets = [*states, "previous", *([f"{states[0]}.inner"] if nested else [])]
    terms = ["call.answered", "call.held", "call.resumed", "agent p", "agent speaks", "customer speaks", "customer q"]
    terms += ["call.hung_up", "acoustic.silence", f"state {states[-1]}", "fields heard", "after 5s", "after 1s"]
    situations = draw(st.lists(_GOOD_NAMES, max_size=4, unique=True))
    terms += [f"situation {name}" for name in situations]
    moves = st.dictionaries(st.sampled_from(terms), st.sampled_from(targets), max_size=4)
    body: dict[str, Any] = {
        name: {"on": draw(moves), "detour": draw(st.booleans()), "prompts": ["p"], "final": draw(st.booleans())}
        for name in states
    }
    if nested:
        body[states[0]]["states"] = {"inner": {"on": draw(moves)}, "other": {}}
    facts = st.sampled_from([term for term in terms if not term.startswith("after")])
    some = st.lists(facts, min_size=1, max_size=3)
    came_up: dict[str, Any] = {
        name: {"prompts": ["p"]}
        | draw(st.fixed_dictionaries({}, optional={"begins": some, "ends": some, "given": some}))
        for name in situations
    }
    rules: dict[str, Any] = {}
    for number in range(draw(st.integers(0, 4))):
        shape = draw(st.sampled_from(["after", "before", "expect", "never", "after never"]))
        rule: dict[str, Any] = {"never" if "never" in shape else "expect": draw(facts)}
        if shape.startswith(("after", "before")):
            rule[shape.split()[0]] = draw(facts)
            counted = [] if shape == "before" else ["2 sentences", "3 rings"]
            rule["within"] = draw(st.sampled_from(["3s", "1 min", *counted]))
        elif draw(st.booleans()):
            last = [] if shape == "never" else [{"edge": "last", "span": "9s"}]
            firsts = [{"edge": "first", "span": span} for span in ("9s", "2 句")]
            rule |= draw(st.sampled_from([*firsts, *last]))
        if draw(st.booleans()):
            rule["in"] = draw(st.sampled_from(states))
        if shape == "after":
            rule |= {"first": draw(st.booleans()), "once": draw(st.booleans())}
            rule["within"] = "3s" if rule["first"] else rule["within"]
        least = 0 if "never" in shape else 1
        rules[f"r{number}"] = rule | {"count": draw(st.integers(least, 2)), "unless": draw(facts)}
    return {
        "flow": {"start": states[0], "on": draw(st.dictionaries(facts, st.sampled_from(targets), max_size=4))},
        "phrases": {"p": {"say": "您好"}, "q": {"cue": "好的"}, "ask": {"say": "请问联系人是哪位"}},
        "fields": {"联系人": {"kind": "name", "asked_by": "ask"}},
        "states": body,
        "situations": came_up,
        "rules": rules,
    }


@given(sound_flows())
@settings(max_examples=150)
def test_every_flow_that_is_right_runs(tree: dict[str, Any]) -> None:
    flow, problems = check({"a.yaml": json.dumps(tree, ensure_ascii=False)})
    assert flow is not None, problems
    run(flow)
