"""Reads the files of a flow into a ``Flow``; every mistake in them becomes a Problem.

A flow is one file or a folder of files that are read as one: phrases, rules, states, fields, groups, slots and
rehearsals may stand in any of them, so that each subject (holding, transferring, complaints) can have its own file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal

from callflow.flow import located_yaml, read_rehearsals, read_rules
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Node, Scalar, Sequence
from callflow.flow.model import (
    FOLDS,
    PLAIN_BRACKETS,
    FieldSpec,
    Flow,
    Group,
    Phrase,
    PhraseKind,
    PromptSpec,
    Rehearsal,
    Rule,
    Slot,
    StateSpec,
    Transition,
)
from callflow.flow.names import SEVERITIES, Names
from callflow.flow.section import Section
from callflow.problems import Location, Problem, did_you_mean, has_errors
from callflow.texts import Text, text

SECTIONS = ("flow", "variables", "slots", "groups", "phrases", "rules", "fields", "states", "rehearsals")
UNREAD = ("unreadable", "encoding", "yaml-size", "yaml-syntax", "yaml-key", "yaml-forbidden")
"""Rules of Problems after which nothing is known of the rest of a file."""
_NEEDS_ALL_FILES = ("no-flow", *(f"unknown-{kind}" for kind in ("phrase", "state", "field", "form", "group", "rule")))
PHRASE_KINDS: tuple[PhraseKind, ...] = ("say", "never", "cue")
_ESCAPED = re.compile(r"\\(.)")
_ASIDE = {mark: chr(0xE000 + i) for i, mark in enumerate("()[]{}|\\")}
"""Where escaped signs wait until those that mean something are gone."""
PromptKind = Literal["say", "do", "ask", "remind", "tip"]
PROMPT_KINDS: tuple[PromptKind, ...] = ("say", "do", "ask", "remind", "tip")


def read_flow(
    sources: Mapping[str, str], name: str, unread: Iterable[Problem] = ()
) -> tuple[Flow | None, list[Problem]]:
    """Read the files of a flow (name → text); ``unread``: why further files of it could not even be opened.

    Returns the flow and all Problems, sorted by place; the flow is ``None`` where any of them is an error. Where a
    file cannot be read, names that may well stand in it are not called unknown.
    """
    problems = list(unread)
    roots: dict[str, MappingNode] = {}
    for file, source in sources.items():
        root, found = located_yaml.load(source, file)
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
    """Reads all files of a flow into one ``Flow``; its Problems go to ``problems``.

    The readers of single sections (``read_rules``) ask it for what they share: names, variables, prompts, groups.
    """

    def __init__(self, roots: Mapping[str, MappingNode], problems: list[Problem]) -> None:
        self.roots = roots
        self.problems = problems
        self.names = Names.collect(roots, problems)
        self.variables: dict[str, str] = {}
        self.phrases: dict[str, Phrase] = {}
        self.states: dict[str, StateSpec] = {}

    def read(self, name: str, hashes: Mapping[str, str]) -> Flow:
        tops = [self._top(root) for root in self.roots.values()]
        head = self._head(tops)
        for top in tops:
            self._variables(top)
        for top in tops:
            for key, section in top.sections("phrases", text("phrase", "短语")):
                self.phrases[key.value] = self._phrase(key, section)
        rules: dict[str, Rule] = {}
        fields: dict[str, FieldSpec] = {}
        groups: dict[str, Group] = {}
        slots: dict[str, Slot] = {}
        rehearsals: list[Rehearsal] = []
        for top in tops:
            groups.update({key.value: self._group(key, s) for key, s in top.sections("groups", text("group", "分组"))})
            slots.update({key.value: self._slot(key, s) for key, s in top.sections("slots", text("slot", "空位"))})
            fields.update({key.value: self._field(key, s) for key, s in top.sections("fields", text("field", "字段"))})
            self._states(top, "")
            for key, section in top.sections("rules", text("rule", "规则")):
                rule = read_rules.read_rule(key, section, self)
                if rule:
                    rules[key.value] = rule
            rehearsals += read_rehearsals.read_all(top.value("rehearsals"), self.names, self.problems)
        return Flow(
            name=name,
            title=head.text("title", Text(name, name)) if head else Text(name, name),
            start=self._start(head),
            states=self.states,
            phrases=self.phrases,
            rules=rules,
            fields=fields,
            groups=groups,
            slots=slots,
            transitions=self._transitions(head, timeouts=False) if head else (),
            rehearsals=tuple(rehearsals),
            folds=self._folds(head),
            hashes=hashes,
        )

    # ------------------------------------------------------------------------------------ the parts

    def _top(self, root: MappingNode) -> Section:
        for key, _ in root.entries.values():
            if key.value not in SECTIONS:
                near = did_you_mean(key.value, SECTIONS)
                message = Text(
                    f'unknown section "{key.value[:40]}"{near.en or "; known are " + ", ".join(SECTIONS)}',
                    f"未知的部分“{key.value[:40]}”{near.zh or '；可用的有 ' + '、'.join(SECTIONS)}",
                )
                self.problems.append(Problem(key.at, message, "unknown-key"))
        return Section(root, self.problems, text("file", "文件"))

    def _head(self, tops: list[Section]) -> Section | None:
        heads = [node for top in tops if (node := top.value("flow")) is not None]
        for extra in heads[1:]:
            message = text("flow: stands in two files", "flow: 出现在两个文件中")
            self.problems.append(Problem(extra.at, message, "duplicate-name"))
        if heads and tops:
            head = tops[0].inner(heads[0], text("flow", "flow "))
            if head:
                for key in ("title", "start", "on", "folds"):
                    head.value(key)
                head.done()
            return head
        at = Location(next(iter(self.roots), "flow"))
        message = text("no flow: section with a start state", "缺少 flow: 部分和起始状态")
        self.problems.append(Problem(at, message, "no-flow"))
        return None

    def _start(self, head: Section | None) -> str:
        if head is None:
            return ""
        start = head.string("start", required=True)
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
        section = top.inner(node, text("variables", "variables ")) if node is not None else None
        for key in section.node.entries if section else ():
            self.variables[key] = section.string(key) if section else ""

    def fill(self, written: str) -> str:
        """Put the flow's variables into a text; slots that are no variables stay as they are."""
        for name, value in self.variables.items():
            written = written.replace("{" + name + "}", value)
        return written

    def _phrase(self, key: Scalar, section: Section) -> Phrase:
        kinds: list[PhraseKind] = [kind for kind in PHRASE_KINDS if section.has(kind)]
        if len(kinds) != 1:
            section.wrong(
                key.at,
                f'phrase "{key.value}" needs one of say, never or cue',
                f"短语“{key.value}”需要 say、never、cue 之一",
                "missing-key",
            )
        for known in PHRASE_KINDS:
            section.value(known)
        kind = kinds[0] if kinds else "say"
        wordings, guards = section.strings(kind, required=bool(kinds)), section.strings("unless")
        phrase = Phrase(
            name=key.value,
            kind=kind,
            wordings=tuple(self.fill(item.value) for item in wordings),
            at=key.at,
            by=section.choice("by", ("agent", "customer"), "customer" if kind == "cue" else "agent"),
            refs=tuple(item.value for item in section.strings("refs")),
            unless=tuple(self.fill(item.value) for item in guards),
            boundary=section.choice("boundary", ("anywhere", "start", "end", "sentence"), "anywhere"),
            exact=section.flag("exact"),
            better=self.fill(section.string("better", required=kind == "never")),
            severity=section.choice("severity", SEVERITIES, "major"),
            group=self.group_of(section),
            places={self.fill(item.value): item.text_at for item in (*wordings, *guards)},
            written={self.fill(item.value): item.value for item in (*wordings, *guards)},
        )
        section.done()
        return phrase

    def group_of(self, section: Section) -> str:
        name = section.string("group")
        node = section.value("group")
        if node is not None and name:
            self.names.group(name, node.at, self.problems)
        return name

    def _group(self, key: Scalar, section: Section) -> Group:
        title = section.text("title", Text(key.value, key.value))
        group = Group(key.value, title, section.number("weight", 10), key.at)
        section.done()
        return group

    def _slot(self, key: Scalar, section: Section) -> Slot:
        least = section.whole("least", 1, 0, 60)
        slot = Slot(key.value, least, section.whole("most", max(8, least), max(1, least), 60))
        section.done()
        return slot

    def _field(self, key: Scalar, section: Section) -> FieldSpec:
        asked = section.string("asked_by", required=True)
        node = section.value("asked_by")
        if node is not None and asked:
            self.names.phrase(asked, node.at, self.problems)
        spec = FieldSpec(
            name=key.value,
            kind=section.choice("kind", ("digits", "name", "text"), "text"),
            labels=tuple(item.value for item in section.strings("labels")) or (key.value,),
            asked_by=asked,
            at=key.at,
            least=(least := int(section.number("least", 1, 1, 100))),
            most=int(section.number("most", max(40, least), least, 200)),
            refs=tuple(item.value for item in section.strings("refs")),
            form=section.string("form"),
        )
        section.done()
        return spec

    def _states(self, parent: Section, prefix: str) -> None:
        for key, section in parent.sections("states", text("state", "状态")):
            name = prefix + key.value
            self.states[name] = StateSpec(
                name=name,
                at=key.at,
                title=section.text("title", Text(key.value, key.value)),
                goal=section.text("goal"),
                prompts=self.prompts(section, "prompts"),
                transitions=self._transitions(section),
                refs=tuple(item.value for item in section.strings("refs")),
                detour=section.flag("detour"),
                final=section.flag("final"),
            )
            self._states(section, name + ".")
            section.done()

    def _transitions(self, section: Section, timeouts: bool = True) -> tuple[Transition, ...]:
        node = section.value("on")
        inner = section.inner(node, text("on", "on ")) if node is not None else None
        found: list[Transition] = []
        for key, value in inner.node.entries.values() if inner else ():
            target = section.as_string(value, "on")
            if isinstance(value, Scalar):
                self.names.state(target, value.at, self.problems, target=True)
            if key.value.startswith("after ") and not timeouts:
                en = f'a time-out belongs to a state: write "{key.value}" under the on: of that state'
                section.wrong(key.at, en, f"超时属于某个状态：请把“{key.value}”写在该状态的 on: 里", "wrong-place")
            elif key.value.startswith("after "):
                seconds = section.as_seconds(key.value.removeprefix("after "), key.at, "on")
                found.append(Transition(target, key.at, after=seconds))
            elif term := self.names.term(key.value, key.at, self.problems, also=("after",)):
                found.append(Transition(target, key.at, key=term.key))
        return tuple(found)

    def prompts(self, section: Section, key: str) -> tuple[PromptSpec, ...]:
        """Prompts under ``key``: phrase names, or ``{say|do|ask|remind|tip: words, refs: …}``; one or a list."""
        node = section.value(key)
        if node is None:
            return ()
        nodes: tuple[Node, ...] = node.items if isinstance(node, Sequence) else (node,)
        return tuple(spec for item in nodes if (spec := self._prompt(item, section)))

    def _prompt(self, node: Node, section: Section) -> PromptSpec | None:
        if isinstance(node, Scalar):
            return self.phrase_prompt(node.value, node.at)
        inner = section.inner(node, text("prompt", "提示"))
        if inner is None:
            return None
        kinds: list[PromptKind] = [kind for kind in PROMPT_KINDS if inner.has(kind)]
        if len(kinds) != 1:
            list_ = ", ".join(PROMPT_KINDS)
            inner.wrong(inner.at, f"a prompt needs one of {list_}", f"提示需要 {list_} 之一", "missing-key")
        for known in PROMPT_KINDS:
            inner.value(known)
        kind = kinds[0] if kinds else "do"
        spec = PromptSpec(
            kind=kind,
            text=self.fill(inner.string(kind, required=bool(kinds))),
            at=inner.at,
            refs=tuple(item.value for item in inner.strings("refs")),
            priority=inner.whole("priority", 0, 0, 1_000_000),
            cooldown=inner.seconds("cooldown"),
            most=inner.whole("most", 0, 0, 1_000_000),
        )
        inner.done()
        return spec

    def phrase_prompt(self, name: str, at: Location) -> PromptSpec | None:
        """The prompt to say a phrase: its first wording, as one would say it."""
        if not self.names.phrase(name, at, self.problems):
            return None
        phrase = self.phrases.get(name)
        if phrase is None or not phrase.wordings:
            return None
        return PromptSpec("say", as_said(phrase.wordings[0]), at, phrase=name, refs=phrase.refs)


def as_said(wording: str) -> str:
    """A template as one would say it: first alternatives, options kept, slots in 〈〉."""
    words = _ESCAPED.sub(lambda found: _ASIDE.get(found[1], found[1]), wording.translate(PLAIN_BRACKETS))
    previous = ""
    while previous != words:
        previous = words
        words = re.sub(r"[(\[]([^()\[\]|]*)(?:\|[^()\[\]]*)?[)\]]", r"\1", words)
    words = re.sub(r"\{([^{}]*)\}", r"〈\1〉", words.partition("|")[0])
    for mark, place in _ASIDE.items():
        words = words.replace(place, mark)
    return words
