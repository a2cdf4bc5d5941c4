"""The graph of a flow: its states, nested, and what leads from one to another, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from callflow.call.machine import FlowMachine
from callflow.design.graph.words import shortened, term_words, trigger_words
from callflow.flow.model import PREVIOUS, Flow, PromptSpec, Rule, StateSpec, Transition
from callflow.texts import text

ANYWHERE = "*"
"""The node from which the transitions of every state lead."""
BEGINNING = "^"
MOST_LINES = 14
"""Rules, or prompts, that a box shows before it says how many more there are."""
MOST_HOMES = 2
"""A rule of more states than this stands once, in the box of its group."""
KINDS = {
    "say": text("say", "说"),
    "do": text("do", "做"),
    "ask": text("ask", "问"),
    "remind": text("remind", "提醒"),
    "tip": text("tip", "提示"),
}

LineKind = Literal["return", "prompt", "rule", "begins"]
NodeKind = Literal["state", "final", "detour", "any", "begin", "note"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line in a box: how the call goes back from a detour, a prompt, a rule, or what begins a situation."""

    kind: LineKind
    words: str


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or a box beside the states. ``inside``: the states in it; then it is drawn around them."""

    name: str
    title: str
    goal: str = ""
    kind: NodeKind = "state"
    lines: tuple[Line, ...] = ()
    inside: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """What leads from ``source`` to ``target``: one or more triggers, in words."""

    source: str
    target: str
    words: tuple[str, ...]
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A way that calls took: ``words`` beside it, ``weight`` 0 to 1 for how wide it is drawn."""

    source: str
    target: str
    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Overlay:
    """What calls did, to lay over a graph: words and shade (0 to 1) of the states that they were in, and their ways."""

    title: str
    words: Mapping[str, str] = field(default_factory=dict)
    shade: Mapping[str, float] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """A flow to be drawn. Its order is that of the flow, so that the same flow always gives the same picture."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    notes: tuple[Node, ...] = ()
    overlay: Overlay | None = None

    def every(self) -> Iterator[Node]:
        """Every node, those inside others too."""
        waiting = [*self.nodes]
        while waiting:
            node = waiting.pop(0)
            yield node
            waiting = [*node.inside, *waiting]


def build(
    flow: Flow,
    language: str,
    *,
    rules: bool = False,
    prompts: bool = False,
    situations: bool = False,
    overlay: Overlay | None = None,
) -> Graph:
    """The graph of a flow, with labels in ``language``; ``rules`` and ``prompts``: with these in the boxes;
    ``situations``: with a box for each of them.

    With an ``overlay`` what leads from every state, and back from a detour, is left to what the calls did.
    """
    maker = _Maker(flow, language, rules, prompts, bool(overlay))
    tops = [state for state in flow.states.values() if "." not in state.name]
    begin = Node(BEGINNING, "", kind="begin")
    anywhere = Node(ANYWHERE, text("at any time", "任何时候").in_(language), kind="any")
    first = () if overlay else (Edge(BEGINNING, FlowMachine(flow).entry(flow.start), ()),)
    edges = (*first, *maker.edges())
    notes = (*maker.notes(), *(maker.situations() if situations else ()))
    nodes = (begin, *([anywhere] if flow.transitions and not overlay else []), *(maker.node(state) for state in tops))
    return Graph(flow.title.in_(language), nodes, edges, notes, _known(overlay, flow))


def _known(overlay: Overlay | None, flow: Flow) -> Overlay | None:
    """What calls did in states that the flow has: it may have changed since."""
    if overlay is None:
        return None
    known = {*flow.states, BEGINNING}
    shade = {state: share for state, share in overlay.shade.items() if state in known}
    moves = tuple(move for move in overlay.moves if move.source in known and move.target in known)
    return replace(overlay, shade=shade, moves=moves)


class _Maker:
    """Makes the nodes and edges of one graph."""

    def __init__(self, flow: Flow, language: str, rules: bool, prompts: bool, laid_over: bool) -> None:
        self._flow = flow
        self._language = language
        self._prompts = prompts
        self._laid_over = laid_over
        self._machine = FlowMachine(flow)
        self._rules: dict[str, list[Rule]] = {}
        for rule in flow.rules.values() if rules else ():
            for home in self._homes(rule):
                self._rules.setdefault(home, []).append(rule)

    def node(self, state: StateSpec) -> Node:
        inside = tuple(self.node(child) for child in self._children(state))
        kind: NodeKind = "final" if state.final else "detour" if state.detour else "state"
        title, goal = state.title.in_(self._language) or state.name, state.goal.in_(self._language)
        return Node(state.name, title, goal, kind, tuple(self._lines(state)), inside)

    def _children(self, state: StateSpec) -> list[StateSpec]:
        depth = state.name.count(".") + 1
        states = self._flow.states.values()
        return [one for one in states if one.name.startswith(f"{state.name}.") and one.name.count(".") == depth]

    def _lines(self, state: StateSpec) -> Iterator[Line]:
        back = [self._words(one) for one in state.transitions if one.target == PREVIOUS]
        if not self._laid_over:
            yield from (Line("return", words) for words in _cut(back, self._language, most=4))
        if self._prompts:
            yield from (Line("prompt", words) for words in _cut(map(self._prompt, state.prompts), self._language))
        titles = [rule.title.in_(self._language) for rule in self._rules.get(state.name, ())]
        yield from (Line("rule", words) for words in _cut(titles, self._language))

    def _prompt(self, prompt: PromptSpec) -> str:
        return f"{KINDS[prompt.kind].in_(self._language)} {shortened(prompt.text, 22)}"

    def _words(self, transition: Transition) -> str:
        return trigger_words(transition, self._flow, self._language)

    def edges(self) -> Iterator[Edge]:
        """An edge for all transitions between the same two states; ways back from a detour stand in its box."""
        places: list[tuple[str, Sequence[Transition]]] = [
            *((state.name, state.transitions) for state in self._flow.states.values()),
            (ANYWHERE, () if self._laid_over else self._flow.transitions),
        ]
        for source, transitions in places:
            together: dict[tuple[str, bool], list[str]] = {}
            for one in transitions:
                if one.target != PREVIOUS:
                    target = self._machine.entry(one.target)
                    together.setdefault((target, one.after is not None), []).append(self._words(one))
            for (target, timeout), words in together.items():
                yield Edge(source, target, tuple(words), timeout)

    # ------------------------------------------------------------------------------------ rules

    def _homes(self, rule: Rule) -> list[str]:
        """The states in whose box a rule stands: those it names, or that its trigger leads to; else its group's."""
        if rule.states:
            return list(rule.states) if len(rule.states) <= MOST_HOMES else [f"group {rule.group}"]
        leads = {one.key: one.target for state in self._flow.states.values() for one in state.transitions}
        leads |= {one.key: one.target for one in self._flow.transitions}
        homes = []
        for term in rule.trigger:
            target = term.key.removeprefix("state ") if term.key.startswith("state ") else leads.get(term.key, "")
            if target in self._flow.states and target != PREVIOUS:
                homes.append(self._machine.entry(target))
        return list(dict.fromkeys(homes)) or [f"group {rule.group}"]

    def notes(self) -> Iterator[Node]:
        """A box for each group with the rules that hold wherever the call is."""
        for home, rules in self._rules.items():
            if home.startswith("group "):
                group = self._flow.groups.get(home.removeprefix("group "))
                title = group.title.in_(self._language) if group else text("guidance", "引导").in_(self._language)
                words = _cut([rule.title.in_(self._language) for rule in rules], self._language)
                yield Node(home, title, kind="note", lines=tuple(Line("rule", word) for word in words))

    def situations(self) -> Iterator[Node]:
        """A box for each situation, with what begins it, and its prompts."""
        for situation in self._flow.situations.values():
            begins = [term_words(term.key, self._flow).in_(self._language) for term in situation.begins]
            by_hand = [] if begins else [term_words("agent.action", self._flow).in_(self._language)]
            lines = [Line("begins", words) for words in _cut(begins or by_hand, self._language, most=3)]
            if self._prompts:
                lines += [Line("prompt", self._prompt(prompt)) for prompt in situation.prompts]
            title = situation.title.in_(self._language) or situation.name
            yield Node(f"situation {situation.name}", title, kind="note", lines=tuple(lines))


def _cut(words: Iterator[str] | Sequence[str] | map[str], language: str, most: int = MOST_LINES) -> list[str]:
    """No more than ``most`` lines; the last one says how many are not shown."""
    kept = list(words)
    if len(kept) <= most:
        return kept
    more = text("… {n} more", "……另有 {n} 项", n=len(kept) - most + 1)
    return [*kept[: most - 1], more.in_(language)]
