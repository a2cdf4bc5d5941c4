"""The names a flow defines, and how a term such as ``agent greeting`` or ``field 单号 heard`` refers to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from callflow.events import SPEAKERS, Severity, Speaker
from callflow.flow.located_yaml import Node, Scalar
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.model import PREVIOUS, Term
from callflow.problems import Location, Problem, did_you_mean
from callflow.texts import Text

CALL_EVENTS = (
    "call.ringing",
    "call.answered",
    "call.held",
    "call.resumed",
    "call.transfer_started",
    "call.transfer_answered",
    "call.transfer_completed",
    "call.transfer_failed",
    "call.hung_up",
    "call.hung_up agent",
    "call.hung_up customer",
)
ACOUSTIC_EVENTS = ("acoustic.silence", "acoustic.overlap", "acoustic.overlap agent", "acoustic.overlap customer")
FIELD_STAGES = ("heard", "read_back", "confirmed", "corrected", "differs")
SEVERITIES: tuple[Severity, ...] = ("minor", "major", "severe", "fatal")
ALL_FIELDS = "fields"
SPEAKS = "speaks"
"""Reserved phrase name: ``agent speaks`` is any final utterance of the agent."""


@dataclass(slots=True)
class Names:
    """Everything that a term may refer to, collected from all files before any of them is read in full."""

    phrases: dict[str, Speaker] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    first_seen: dict[tuple[str, str], Location] = field(default_factory=dict)

    @staticmethod
    def collect(roots: Mapping[str, MappingNode], problems: list[Problem]) -> Names:
        """Gather the names of all files; a name defined twice is a Problem that tells both places."""
        names = Names()
        for root in roots.values():
            for kind, into in (("fields", names.fields), ("groups", names.groups), ("rules", names.rules)):
                into.update(names._define(root, kind, problems))
            for name in names._define(root, "phrases", problems):
                names.phrases[name] = _speaker_of(root, name)
            _collect_states(root.get("states"), "", names.states)
        return names

    def _define(self, root: MappingNode, kind: str, problems: list[Problem]) -> list[str]:
        section = root.get(kind)
        if not isinstance(section, MappingNode):
            return []
        for name, (key, _) in section.entries.items():
            first = self.first_seen.setdefault((kind, name), key.at)
            if first is not key.at:
                message = Text(f'{kind}: "{name}" is defined twice; first at {first}', f"“{name}”重复定义；首次在 {first}")
                problems.append(Problem(key.at, message, "duplicate-name"))
        return list(section.entries)

    # ---------------------------------------------------------------------------------------- references

    def phrase(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("phrase", "短语", name, self.phrases, at, problems)

    def state(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return name == PREVIOUS or self._known("state", "状态", name, self.states, at, problems)

    def group(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("group", "分组", name, self.groups, at, problems)

    def field(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("field", "字段", name, self.fields, at, problems)

    def rule(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("rule", "规则", name, {*self.rules, *self.phrases}, at, problems)

    def _known(
        self, en: str, zh: str, name: str, known: Collection[str], at: Location, problems: list[Problem]
    ) -> bool:
        if name in known:
            return True
        near = did_you_mean(name, known)
        message = Text(f'unknown {en} "{name[:40]}"{near.en}', f"未知的{zh}“{name[:40]}”{near.zh}")
        problems.append(Problem(at, message, f"unknown-{en}"))
        return False

    def term(self, written: str, at: Location, problems: list[Problem]) -> Term | None:
        """Check a term against the names; ``None`` (and a Problem) where it refers to nothing."""
        words = written.split()
        head, rest = (words[0], words[1:]) if words else ("", [])
        key = " ".join(words)
        if key in CALL_EVENTS or key in ACOUSTIC_EVENTS:
            return Term(key)
        if head in SPEAKERS and len(rest) == 1:
            good = rest[0] == SPEAKS or self.phrase(rest[0], at, problems)
            return Term(key) if good and self._spoken_by(head, rest[0], at, problems) else None
        if head == "state" and len(rest) == 1:
            return Term(key) if self.state(rest[0], at, problems) else None
        if head == "field" and len(rest) == 2:
            good = self.field(rest[0], at, problems)
            return Term(key) if good and self._known("stage", "阶段", rest[1], FIELD_STAGES, at, problems) else None
        if head == ALL_FIELDS and len(rest) == 1:
            return Term(key) if self._known("stage", "阶段", rest[0], FIELD_STAGES, at, problems) else None
        near = did_you_mean(key, [*CALL_EVENTS, *ACOUSTIC_EVENTS])
        message = Text(
            f'"{key[:40]}" is neither an event (call.held …) nor "agent PHRASE", "customer PHRASE", "state NAME", '
            f'"field NAME STAGE"{near.en}',
            f"“{key[:40]}”既不是事件（call.held 等），也不是“agent 短语”“customer 短语”“state 状态”“field 字段 阶段”{near.zh}",
        )
        problems.append(Problem(at, message, "unknown-term"))
        return None

    def _spoken_by(self, speaker: str, phrase: str, at: Location, problems: list[Problem]) -> bool:
        by = self.phrases.get(phrase)
        if by is None or by == speaker:
            return True
        message = Text(
            f'"{phrase}" is said by the {by}: write "{by} {phrase}"',
            f"“{phrase}”由 {by} 说：请写成“{by} {phrase}”",
        )
        problems.append(Problem(at, message, "wrong-speaker"))
        return False


def _speaker_of(root: MappingNode, phrase: str) -> Speaker:
    section = root.get("phrases")
    body = section.get(phrase) if isinstance(section, MappingNode) else None
    if not isinstance(body, MappingNode):
        return "agent"
    by = body.get("by")
    if isinstance(by, Scalar):
        return "customer" if by.value == "customer" else "agent"
    return "customer" if "cue" in body.entries else "agent"


def _collect_states(node: Node | None, prefix: str, into: set[str]) -> None:
    if not isinstance(node, MappingNode):
        return
    for name, (_, value) in node.entries.items():
        into.add(prefix + name)
        if isinstance(value, MappingNode):
            _collect_states(value.get("states"), f"{prefix}{name}.", into)
