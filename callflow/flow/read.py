"""Reads the files of a flow into a ``Flow``; every mistake in them becomes a Problem.

A flow is one file or a folder of files that are read as one: phrases, rules, states, fields, groups, slots and
rehearsals may stand in any of them, so that each subject (holding, transferring, complaints) can have its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import TypeVar

from callflow.flow import located_yaml, read_entries, read_rehearsals
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Node, Scalar
from callflow.flow.model import FOLDS, NOWHERE, Flow
from callflow.flow.names import Names
from callflow.flow.read_phrases import read_phrase
from callflow.flow.read_rules import read_rule
from callflow.flow.read_states import read_situation, read_states, read_transitions
from callflow.flow.reading import Reading
from callflow.flow.section import CHECK_INDENT, Section, indent_if
from callflow.flow.shapes import FILE, FLOW
from callflow.problems import Location, Problem, did_you_mean, edit_to_nearest, has_errors
from callflow.texts import Text, text

SECTIONS = tuple(FILE.by_name)
REHEARSALS = ".rehearsals.yaml"
"""How the files end that hold rehearsals and nothing else; a call needs none of them."""
UNREAD = ("unreadable", "encoding", "yaml-size", "yaml-syntax", "yaml-key", "yaml-forbidden")
"""Rules of Problems after which nothing is known of the rest of a file."""
_NAMED = ("phrase", "state", "situation", "field", "form", "group", "cause", "clause", "rule")
_NEEDS_ALL_FILES = ("no-flow", *(f"unknown-{kind}" for kind in _NAMED))
Entry = TypeVar("Entry")
Load = Callable[[str, str], tuple[Node | None, list[Problem]]]
"""Reads one file: its text and its name to its tree and its Problems."""


def read_flow(
    sources: Mapping[str, str], name: str, unread: Iterable[Problem] = (), load: Load = located_yaml.load
) -> tuple[Flow | None, list[Problem]]:
    """Read the files of a flow (name → text); ``unread``: why further files of it could not even be opened.

    Returns the flow and all Problems, sorted by place; the flow is ``None`` where any of them is an error. Where a
    file cannot be read, names that may well stand in it are not called unknown. ``load``: what reads a file, for those
    who read nearly the same files again and again.
    """
    problems = list(unread)
    roots: dict[str, MappingNode] = {}
    for file, source in sources.items():
        root, found = load(source, file)
        problems += found
        if isinstance(root, MappingNode):
            roots[file] = root
        elif root is not None:
            message = text("a flow file starts with sections such as phrases:", "流程文件应由 phrases: 等部分组成")
            problems.append(Problem(root.at, message, "wrong-kind"))
    reader = FlowReader(roots, problems)
    flow = reader.read(name, {file: _sha256(source) for file, source in sources.items()})
    if any(problem.rule in UNREAD for problem in problems):
        problems = [problem for problem in problems if problem.rule not in _NEEDS_ALL_FILES]
    problems.sort()
    return (None if has_errors(problems) else flow), problems


def _sha256(source: str) -> str:
    return sha256(source.encode(errors="backslashreplace")).hexdigest()


class FlowReader:
    """Reads all files of a flow into one ``Flow``; what the readers of single sections share is in ``reading``."""

    def __init__(self, roots: Mapping[str, MappingNode], problems: list[Problem]) -> None:
        self.roots = roots
        self.problems = problems
        self.names = Names.collect(roots, problems)
        self.reading = Reading(self.names, problems)
        self.tops: list[Section] = []

    def read(self, name: str, hashes: Mapping[str, str]) -> Flow:
        self.tops = [self._top(root) for root in self.roots.values()]
        head = self._head(self.tops)
        for top in self.tops:
            self._variables(top)
        phrases = self.reading.phrases  # first, as all else speaks of them
        phrases.update(self._entries("phrases", text("phrase", "短语"), read_phrase))
        flow = self.reading
        return Flow(
            name=name,
            title=head.text("title", Text(name, name)) if head else Text(name, name),
            start=self._start(head),
            phrases=phrases,
            groups=self._entries("groups", text("group", "分组"), read_entries.read_group),
            causes=self._entries("causes", text("cause", "原因"), read_entries.read_cause),
            clauses=self._entries("clauses", text("clause", "条款"), read_entries.read_clause),
            slots=self._entries("slots", text("slot", "空位"), read_entries.read_slot),
            fields=self._entries("fields", text("field", "字段"), read_entries.read_field),
            states={name: state for top in self.tops for name, state in read_states(top, flow).items()},
            situations=self._entries("situations", text("situation", "情形"), read_situation),
            rules=self._entries("rules", text("rule", "规则"), read_rule),
            transitions=read_transitions(head, flow, timeouts=False) if head else (),
            rehearsals=tuple(one for top in self.tops for one in read_rehearsals.read_all(top, flow)),
            folds=self._folds(head),
            hashes=hashes,
            at=head.at if head else NOWHERE,
        )

    def _entries(
        self, section: str, what: Text, read: Callable[[Scalar, Section, Reading], Entry | None]
    ) -> dict[str, Entry]:
        """The entries of one section in all files, by name; those that cannot be read are left out."""
        entries = (
            (key, read(key, inner, self.reading)) for top in self.tops for key, inner in top.sections(section, what)
        )
        return {key.value: entry for key, entry in entries if entry is not None}

    # ------------------------------------------------------------------------------------ the parts

    def _top(self, root: MappingNode) -> Section:
        for key, value in root.entries.values():
            if key.value not in SECTIONS:
                near = did_you_mean(key.value, SECTIONS)
                hint = CHECK_INDENT if isinstance(value, MappingNode) else indent_if(value)
                message = Text(
                    f'unknown section "{key.value[:40]}"{near.en or "; known are " + ", ".join(SECTIONS) + hint.en}',
                    f"未知的部分“{key.value[:40]}”{near.zh or '；可用的有 ' + '、'.join(SECTIONS) + hint.zh}",
                )
                edit = edit_to_nearest(key.text_at, key.value, SECTIONS)
                self.problems.append(Problem(key.at, message, "unknown-key", edit=edit))
            elif key.value != "rehearsals" and root.at.file.endswith(REHEARSALS):
                message = text(
                    "{k}: does not belong here: calls do not read *{e}; put it in another file",
                    "{k}: 不应写在这里：通话不读取 *{e}；请写到其他文件中",
                    k=key.value, e=REHEARSALS,
                )  # fmt: skip
                self.problems.append(Problem(key.at, message, "not-a-rehearsal"))
        return Section(root, self.problems, text("file", "文件"), FILE)

    def _head(self, tops: list[Section]) -> Section | None:
        heads = [node for top in tops if (node := top.value("flow")) is not None]
        for extra in heads[1:]:
            message = text("flow: stands in two files", "flow: 出现在两个文件中")
            self.problems.append(Problem(extra.at, message, "duplicate-name"))
        if heads and tops:
            head = tops[0].inner(heads[0], text("flow", "flow "), FLOW)
            if head:
                head.done()
            return head
        at = Location(next(iter(self.roots), "flow"))
        message = text("no flow: section with a start state", "缺少 flow: 部分和起始状态")
        self.problems.append(Problem(at, message, "no-flow"))
        return None

    def _start(self, head: Section | None) -> str:
        if head is None:
            return ""
        start = head.string("start")
        node = head.value("start")
        if node is not None and start:
            self.names.state(start, node.at, self.problems)
        return start

    def _folds(self, head: Section | None) -> tuple[str, ...] | None:
        if head is None or not head.has("folds"):
            return None
        written = head.strings("folds")
        for item in written:
            if item.value not in FOLDS:
                near, list_ = did_you_mean(item.value, FOLDS), ", ".join(FOLDS)
                en = f'unknown fold "{item.value[:40]}"{near.en or "; known are " + list_}'
                head.wrong(
                    item.at, en, f"未知的混音“{item.value[:40]}”{near.zh or '；可用的有 ' + list_}", "wrong-choice"
                )
        return tuple(dict.fromkeys(item.value for item in written))

    def _variables(self, top: Section) -> None:
        node = top.value("variables")
        if node is not None and not isinstance(node, MappingNode):
            top.wrong(node.at, "variables must be a mapping", "variables 应是“键: 值”的形式", "wrong-kind")
        for key, value in node.entries.values() if isinstance(node, MappingNode) else ():
            self.reading.variables[key.value] = top.as_string(value, key.value)
