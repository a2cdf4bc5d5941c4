"""What a draft means, told at every key stroke: its Problems, and the flow for the diagram.

Only the file that was changed is parsed again; the trees of all others are kept. Files of rehearsals define nothing
that others speak of, so they are left to ``bench``, which comes a little later with all that takes longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from callflow import collecting, flowfiles
from callflow.call.plan import wrong_templates
from callflow.design.graph import mermaid, model
from callflow.flow import located_yaml
from callflow.flow.located_yaml import Node
from callflow.flow.model import Flow
from callflow.flow.read import read_flow
from callflow.problems import Problem

MOST_KEPT = 3
"""Trees kept of one file: what lies in the folder, and drafts of some people."""


@dataclass(frozen=True, slots=True)
class Quick:
    """What is known at once. ``flow``: ``None`` where the text is broken; it has no rehearsals."""

    problems: tuple[Problem, ...]
    flow: Flow | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The diagram as Mermaid, and which of its nodes the lines of a file are about: from that line on."""

    mermaid: str
    places: tuple[tuple[int, tuple[str, ...]], ...]


class Reader:
    """Reads the drafts of one flow, whose trees it keeps."""

    def __init__(self) -> None:
        self._trees: dict[str, dict[str, tuple[Node | None, list[Problem]]]] = {}
        self._lock = Lock()

    def read(self, texts: Mapping[str, str], name: str, changed: str, unread: tuple[Problem, ...] = ()) -> Quick:
        """Read a flow of which the file ``changed`` is being written."""
        wanted = {
            file: words for file, words in texts.items() if file == changed or not file.endswith(flowfiles.REHEARSALS)
        }
        with self._lock, collecting.paused():
            flow, problems = read_flow(wanted, name, (*unread, *flowfiles.empty(texts)), self._load)
            self._forget(texts)
        if flow:
            phrases = [phrase for phrase in flow.phrases.values() if phrase.at.file == changed]
            problems += [problem for phrase in phrases for problem in wrong_templates(phrase, flow.slots)]
        return Quick(tuple(sorted(problems)), flow)

    def whole(
        self, texts: Mapping[str, str], name: str, unread: tuple[Problem, ...]
    ) -> tuple[Flow | None, list[Problem]]:
        """Read all of a flow, rehearsals included."""
        with self._lock, collecting.paused():
            return read_flow(texts, name, (*unread, *flowfiles.empty(texts)), self._load)

    def _load(self, source: str, file: str) -> tuple[Node | None, list[Problem]]:
        kept = self._trees.setdefault(file, {})
        if source not in kept:
            while len(kept) >= MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[source] = located_yaml.load(source, file)
        kept[source] = kept.pop(source)  # the latest last
        return kept[source]

    def _forget(self, texts: Mapping[str, str]) -> None:
        if len(self._trees) > len(texts) + 50:
            self._trees = {file: kept for file, kept in self._trees.items() if file in texts}


def draw(flow: Flow, file: str, language: str, *, rules: bool, prompts: bool, situations: bool) -> Drawn:
    """The diagram of a flow beside the file that is being looked at."""
    graph = model.build(flow, language, rules=rules, prompts=prompts, situations=situations)
    ids = mermaid.ids(graph)
    places = sorted((line, tuple(ids[name] for name in names if name in ids)) for line, names in _about(flow, file))
    return Drawn(mermaid.mermaid(graph), tuple(places))


def _about(flow: Flow, file: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Which states and situations the entries of a file are about, by the line where each begins."""
    for state in flow.states.values():
        if state.at.file == file:
            yield state.at.line, (state.name,)
    leads = {one.key: one.target for state in flow.states.values() for one in state.transitions}
    leads |= {one.key: one.target for one in flow.transitions}
    for rule in flow.rules.values():
        if rule.at.file == file:
            keys = (term.key for term in rule.trigger)
            yield rule.at.line, (*rule.states, *(leads.get(key, key.removeprefix("state ")) for key in keys))
    for situation in flow.situations.values():
        if situation.at.file == file:
            yield situation.at.line, (f"situation {situation.name}",)
    for phrase in flow.phrases.values():
        if phrase.at.file == file:
            key = f"{phrase.by} {phrase.name}"
            said = (state.name for state in flow.states.values() for one in state.transitions if one.key == key)
            yield phrase.at.line, tuple(dict.fromkeys(said))
