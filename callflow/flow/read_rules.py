"""Reads rules: the shape follows from the keys that are there.

=================================  =========================================================
``after: T, expect: E, within: 3s``  response: E must come after T in time
the same with ``first: true``       chain response: E must come first, in the next utterance
``before: T, expect: E``            precedence: E must have come before T (``within`` how long)
``expect: E, in: STATE``            existence: E must come while the call is in STATE
``never: E, in: STATE``             absence: E must not come
``after: T, never: E``              not succession: E must not come after T
``not_assessed: why``               nobody can judge it, which every report says
=================================  =========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from callflow.events import SPEAKERS
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Node, Scalar, Sequence
from callflow.flow.model import (
    AllOf,
    AnyOf,
    Edge,
    Expression,
    InOrder,
    Not,
    PromptSpec,
    Rule,
    Shape,
    Span,
    Term,
    terms,
)
from callflow.flow.names import Names
from callflow.flow.reading import Reading
from callflow.flow.section import Section
from callflow.flow.shapes import EXPRESSION, NOT_ASSESSED
from callflow.problems import Location, Problem
from callflow.texts import Text, text

_COMBINED: dict[str, Callable[[tuple[Expression, ...]], Expression]] = {"all": AllOf, "any": AnyOf, "then": InOrder}
_WORDS = (*_COMBINED, "not", *SPEAKERS)


def read_rule(key: Scalar, section: Section, flow: Reading) -> Rule | None:
    """Read one rule; ``None`` (with Problems) where it has no usable shape."""
    names, problems = flow.names, flow.problems
    if section.has("not_assessed"):
        return _not_assessed(key, section, flow)
    after, before = flow.terms(section, "after"), flow.terms(section, "before")
    expect, never = (_expression_of(section, word, names, problems) for word in ("expect", "never"))
    first = section.flag("first")
    shape = _shape(*(section.has(word) for word in ("after", "before", "expect", "never")), first=first)
    goal = expect or never
    if not section.has("expect") and not section.has("never"):
        _no_rule(key, section, "needs expect or never", "缺少 expect 或 never")
    elif shape is None:
        _no_rule(key, section, "the keys do not make a rule", "这些键不构成一条规则")
    within, span = section.span("within"), section.span("span")
    edge: Edge = section.choice("edge", "")
    _check_lengths(section, shape, within, edge, span)
    _check_asked(section, flow)
    if never is not None and not _listed(never):
        en = "never takes one term, or {any: […]}; for several that belong together, name the one that must not come"
        _wrong_at(section, "never", en, "never 只能是一项，或 {any: […]}；几项合在一起时，请写不应出现的那一项")
    rule = Rule(
        name=key.value,
        shape=shape or Shape.EXISTENCE,
        expect=goal or Term("call.answered"),
        at=key.at,
        title=section.text("title", Text(key.value, key.value)),
        trigger=after or before,
        within=within,
        states=_states(section, names, problems),
        edge=edge,
        span=span,
        count=section.whole("count", least := 0 if section.has("never") else 1, least),
        once=section.flag("once"),
        guidance=section.flag("guidance"),
        unless=_expression_of(section, "unless", names, problems),
        prompt=_prompt(section, flow, expect),
        better=flow.fill(section.string("better")),
        better_at=flow.place_of(section, "better"),
        severity=section.choice("severity", "major"),
        group=flow.group_of(section),
        cause=flow.cause_of(section),
        refs=flow.refs(section),
    )
    section.done()
    return rule if shape is not None and goal is not None else None


def _check_asked(section: Section, flow: Reading) -> None:
    """What must never be said cannot be expected."""
    for at, term in _asked(section.value("expect")):
        phrase = flow.phrases.get(term.rpartition(" ")[2])
        if phrase and phrase.kind == "never" and term == f"{phrase.by} {phrase.name}":
            en = f'"{phrase.name}" must never be said ({phrase.at}): expect what is to be said, or write never: {term}'
            zh = f"“{phrase.name}”是禁语（{phrase.at}）：请写应说的短语，或改为 never: {term}"
            section.wrong(at, en, zh, "forbidden-asked")


def _asked(node: Node | None) -> Iterator[tuple[Location, str]]:
    """The terms of an expression that are to happen, each at its place: all but those under ``not``."""
    if isinstance(node, Scalar):
        yield node.at, " ".join(node.value.split())
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _asked(item)
    elif isinstance(node, MappingNode):
        for key, value in node.entries.values():
            if key.value in SPEAKERS and isinstance(value, Scalar):
                yield value.at, f"{key.value} {value.value.strip()}"
            elif key.value != "not":
                yield from _asked(value)


def _not_assessed(key: Scalar, section: Section, flow: Reading) -> Rule:
    """A rule that nobody can judge; it has nothing but its reason."""
    section.shape = NOT_ASSESSED
    reason = section.text("not_assessed")
    node = section.value("not_assessed")
    if node is not None and not reason.zh.strip():
        section.wrong(node.at, "say why it cannot be judged", "请说明为什么无法评判", "empty-text")
    rule = Rule(
        name=key.value,
        shape=Shape.NOT_ASSESSED,
        expect=AnyOf(()),
        at=key.at,
        title=section.text("title", Text(key.value, key.value)),
        not_assessed=reason,
        severity=section.choice("severity", "major"),
        group=flow.group_of(section),
        cause=flow.cause_of(section),
        refs=flow.refs(section),
    )
    clashes = [clash for clash in ("after", "before", "expect", "never") if section.has(clash)]
    for clash in clashes:
        en = f"a rule that is not assessed has no {clash}: leave one of the two out"
        _wrong_at(section, clash, en, f"无法评判的规则没有 {clash}：请去掉其中之一")
    section.done(told=clashes)
    return rule


def _no_rule(key: Scalar, section: Section, en: str, zh: str) -> None:
    section.wrong(key.at, f'rule "{key.value}": {en}', f"规则“{key.value}”：{zh}", "rule-shape")


def _wrong_at(section: Section, key: str, en: str, zh: str) -> None:
    node = section.node.get(key)
    section.wrong(section.at if node is None else node.at, en, zh, "rule-shape")


def _check_lengths(section: Section, shape: Shape | None, within: Span | None, edge: Edge, span: Span | None) -> None:
    """Whatever the engine could not keep to is refused: it must not quietly judge something else."""
    if shape in (Shape.PRECEDENCE, Shape.CHAIN_RESPONSE) and within and within.unit != "seconds":
        en = "here within is a time: within: 45s (rings and sentences are counted only after a trigger)"
        _wrong_at(section, "within", en, "此处 within 只能是时间：within: 45s（声、句只能从触发之后数起）")
    if section.has("edge") != section.has("span"):
        has = "edge" if section.has("edge") else "span"
        _wrong_at(section, has, "edge and span go together: edge: first, span: 10s", "edge 与 span 须同时给出")
        return
    if not section.has("edge"):
        return
    if section.has("after") or section.has("before"):
        en = "edge is of a state or the call; after a trigger write within: 10s, and leave edge and span out"
        _wrong_at(section, "edge", en, "edge 指状态或通话的一端；有触发条件时请改写 within: 10s，去掉 edge 和 span")
    elif section.has("within"):
        en, zh = "edge has its length in span: leave within out", "edge 的长度由 span 给出，请去掉 within"
        _wrong_at(section, "within", en, zh)
    elif edge == "last" and section.has("never"):
        en = (
            "never has no last part, as nobody knows when it begins: leave edge and span out, or name the state with in"
        )
        _wrong_at(section, "edge", en, "never 不能限于最后一段（当时无从知道）；请去掉 edge 和 span，或用 in 指明状态")
    elif edge == "last" and span and span.unit != "seconds":
        en, zh = "the last part of a call is a time: span: 10s", "通话的最后一段只能是时间：span: 10s"
        _wrong_at(section, "span", en, zh)


def _listed(expression: Expression) -> bool:
    """Whether any one term of ``expression`` makes it true."""
    return isinstance(expression, Term) or (isinstance(expression, AnyOf) and all(map(_listed, expression.parts)))


def _shape(after: bool, before: bool, expect: bool, never: bool, *, first: bool) -> Shape | None:
    if expect == never or (after and before) or (first and not (after and expect)):
        return None
    if never:
        return None if before else Shape.NOT_SUCCESSION if after else Shape.ABSENCE
    if after:
        return Shape.CHAIN_RESPONSE if first else Shape.RESPONSE
    return Shape.PRECEDENCE if before else Shape.EXISTENCE


def _states(section: Section, names: Names, problems: list[Problem]) -> tuple[str, ...]:
    written = section.strings("in", required=section.has("in"))
    return tuple(item.value for item in written if names.state(item.value, item.at, problems))


def _expression_of(section: Section, key: str, names: Names, problems: list[Problem]) -> Expression | None:
    node = section.value(key)
    return None if node is None else _expression(node, section, names, problems)


def _expression(node: Node, section: Section, names: Names, problems: list[Problem]) -> Expression | None:
    if isinstance(node, Scalar):
        return names.term(node.value, node.at, problems)
    if isinstance(node, Sequence):
        section.wrong(
            node.at,
            "say how these belong together: {all: […]}, {any: […]} or {then: […]}",
            "请说明它们的关系：{all: […]}、{any: […]} 或 {then: […]}",
            "expression",
        )
        return None
    return _combined(node, section, names, problems)


def _combined(node: MappingNode, section: Section, names: Names, problems: list[Problem]) -> Expression | None:
    inner = section.inner(node, text("expression", "表达式"), EXPRESSION)
    if inner is None or len(node.entries) != 1:
        section.wrong(node.at, "one of " + ", ".join(_WORDS), "应为 " + "、".join(_WORDS) + " 之一", "expression")
        return None
    key, value = next(iter(node.entries.values()))
    if key.value in SPEAKERS:
        phrase = section.as_string(value, key.value)
        return names.term(f"{key.value} {phrase}", value.at, problems) if isinstance(value, Scalar) else None
    if key.value == "not":
        part = _expression(value, section, names, problems)
        return Not(part) if part else None
    if key.value not in _COMBINED:
        inner.done()
        return None
    if not isinstance(value, Sequence) or not value.items:
        section.wrong(value.at, f"{key.value} needs a list", f"{key.value} 后面应是列表", "expression")
        return None
    parts = [_expression(item, section, names, problems) for item in value.items]
    return _COMBINED[key.value](tuple(part for part in parts if part)) if all(parts) and parts else None


def _prompt(section: Section, flow: Reading, expect: Expression | None) -> PromptSpec | None:
    """The prompt as written; without one, the first phrase that the agent is expected to say."""
    written = flow.prompts(section, "prompt")
    if len(written) > 1:
        section.wrong(written[1].at, "a rule has one prompt", "一条规则只有一个提示", "wrong-kind")
    if written or expect is None:
        return written[0] if written else None
    for term in terms(expect):
        speaker, _, name = term.key.partition(" ")
        if speaker == "agent" and name in flow.phrases and flow.phrases[name].kind == "say":
            return flow.phrase_prompt(name, section.at)
    return None
