"""The names a flow defines, and how a term such as ``agent greeting`` or ``field 单号 heard`` refers to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from callflow.events import SPEAKERS, Severity, Speaker
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Node, Scalar
from callflow.flow.model import PREVIOUS, Term
from callflow.problems import Edit, Location, Problem, did_you_mean, edit_to_nearest
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
DAYS = ("day workday", "day weekend", "day holiday")
PROMISES = ("promise made", "promise timed", "promise untimed")
MANNERS = tuple(
    f"acoustic.{how} {speaker}" for how in ("fast", "slow", "loud", "quiet", "unclear") for speaker in SPEAKERS
)
"""What the sound says of a speaker over a longer stretch."""
EXPLAINS = "explains"
"""Reserved phrase name: ``customer explains`` is 15 s of the customer without a word of the agent's."""
FACTS = (*DAYS, *PROMISES, *MANNERS, *(f"{speaker} {EXPLAINS}" for speaker in SPEAKERS))
"""What the engine itself finds out, whatever a flow defines."""
FIELD_STAGES = ("heard", "read_back", "confirmed", "corrected", "differs")
SEVERITY_TITLES: dict[str, Text] = {
    "minor": Text("minor", "轻微"),
    "major": Text("major", "较重"),
    "severe": Text("severe", "严重"),
    "fatal": Text("fatal", "致命"),
}
SEVERITIES: tuple[Severity, ...] = ("minor", "major", "severe", "fatal")
ALL_FIELDS = "fields"
SPEAKS = "speaks"
"""Reserved phrase name: ``agent speaks`` is any final utterance of the agent."""
_HEADS = (*SPEAKERS, "state", "situation", "field", ALL_FIELDS)
_ONE_WORD = ("phrases", "states", "situations", "fields")
MOST_COMPARED = 500_000
"""So often an unknown name is compared with a known one, to tell what was meant: that takes its time."""


@dataclass(slots=True)
class Names:
    """Everything that a term may refer to, collected from all files before any of them is read in full."""

    phrases: dict[str, Speaker] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    causes: set[str] = field(default_factory=set)
    clauses: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    situations: set[str] = field(default_factory=set)
    first_seen: dict[tuple[str, str], Location] = field(default_factory=dict)
    compared: int = 0
    """how often a name that is none was compared with one that is"""

    @staticmethod
    def collect(roots: Mapping[str, MappingNode], problems: list[Problem]) -> Names:
        """Gather the names of all files; a name defined twice is a Problem that tells both places."""
        names = Names()
        for root in roots.values():
            for kind in ("fields", "groups", "causes", "clauses", "rules", "situations"):
                getattr(names, kind).update(names._define_all(root, kind, problems))
            names.forms.update(_forms_of(root))
            for kind in ("slots", "variables"):
                names._define_all(root, kind, problems)
            for name in names._define_all(root, "phrases", problems):
                names.phrases[name] = _speaker_of(root, name)
            names._define_states(root.get("states"), "", problems)
        return names

    def _define_all(self, root: MappingNode, kind: str, problems: list[Problem]) -> list[str]:
        section = root.get(kind)
        if not isinstance(section, MappingNode):
            return []
        for name, (key, _) in section.entries.items():
            self.define(kind, name, key.at, problems)
        return list(section.entries)

    def _define_states(self, node: Node | None, prefix: str, problems: list[Problem]) -> None:
        for name, (key, value) in node.entries.items() if isinstance(node, MappingNode) else ():
            if "." in name or name == PREVIOUS:
                message = Text(f'a state cannot be called "{name[:40]}"', f"状态不能叫“{name[:40]}”")
                problems.append(Problem(key.at, message, "bad-name"))
            self.define("states", prefix + name, key.at, problems)
            self.states.add(prefix + name)
            if isinstance(value, MappingNode):
                self._define_states(value.get("states"), f"{prefix}{name}.", problems)

    def define(self, kind: str, name: str, at: Location, problems: list[Problem]) -> None:
        """Note a name; one that was there before, or that nothing could refer to, is a Problem."""
        first = self.first_seen.setdefault((kind, name), at)
        if first is not at:
            message = Text(f'{kind}: "{name}" is defined twice; first at {first}', f"“{name}”重复定义；首次在 {first}")
            problems.append(Problem(at, message, "duplicate-name"))
        if not name.strip() or (kind in _ONE_WORD and len(name.split()) > 1):
            en = f'{kind}: "{name}" cannot be referred to; give it a name without blanks'
            problems.append(Problem(at, Text(en, f"“{name}”无法被引用；名字不能为空，也不能含空格"), "bad-name"))
        if kind == "phrases" and name in (SPEAKS, EXPLAINS):
            en = f'"{name}" stands for any words; name the phrase otherwise'
            problems.append(Problem(at, Text(en, f"“{name}”表示任何话，请换个名字"), "bad-name"))

    # ---------------------------------------------------------------------------------------- references

    def phrase(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("phrase", "短语", name, self.phrases, at, problems)

    def state(self, name: str, at: Location, problems: list[Problem], target: bool = False) -> bool:
        """``target``: of a transition, which may also lead back to ``PREVIOUS``."""
        return (target and name == PREVIOUS) or self._known("state", "状态", name, self.states, at, problems)

    def group(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("group", "分组", name, self.groups, at, problems)

    def cause(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("cause", "原因", name, self.causes, at, problems)

    def clause(self, name: str, at: Location, problems: list[Problem]) -> bool:
        """A flow that has no clauses may cite what it likes."""
        return not self.clauses or self._known("clause", "条款", name, self.clauses, at, problems)

    def situation(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("situation", "情形", name, self.situations, at, problems)

    def field(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("field", "字段", name, self.fields, at, problems)

    def _form(self, name: str, at: Location, problems: list[Problem]) -> bool:
        """``""``: the fields that belong to no form; there must be some, or the term could never come true."""
        if name or "" in self.forms or not self.forms:
            return self._known("form", "表单", name, {*self.forms, ""}, at, problems)
        forms = ", ".join(sorted(self.forms))[:80]
        message = Text(
            f"every field has a form; name it: fields FORM STAGE ({forms})",
            f"字段都属于某个表单，请写明是哪个：{forms}",
        )
        problems.append(Problem(at, message, "unknown-form"))
        return False

    def rule(self, name: str, at: Location, problems: list[Problem]) -> bool:
        return self._known("rule", "规则", name, {*self.rules, *self.phrases}, at, problems)

    def _near(self, name: str, known: Collection[str], at: Location) -> tuple[Text, Edit | None]:
        """What was meant, for the first names that are unknown: whoever has very many has another mistake."""
        self.compared += len(known)
        if self.compared > MOST_COMPARED:
            return Text("", ""), None
        return did_you_mean(name, known), edit_to_nearest(at, name, known)

    def _known(
        self, en: str, zh: str, name: str, known: Collection[str], at: Location, problems: list[Problem]
    ) -> bool:
        if name in known:
            return True
        near, edit = self._near(name, known, at)
        message = Text(f'unknown {en} "{name[:40]}"{near.en}', f"未知的{zh}“{name[:40]}”{near.zh}")
        problems.append(Problem(at, message, f"unknown-{en}", edit=edit))
        return False

    def term(self, written: str, at: Location, problems: list[Problem], also: tuple[str, ...] = ()) -> Term | None:
        """Check a term against the names; ``None`` (and a Problem) where it refers to nothing.

        ``also``: first words that the caller understands, for the suggestion.
        """
        words = written.split()
        head, rest = (words[0], words[1:]) if words else ("", [])
        key = " ".join(words)
        if key in CALL_EVENTS or key in ACOUSTIC_EVENTS or key in FACTS:
            return Term(key)
        if head in SPEAKERS and len(rest) == 1:
            good = rest[0] == SPEAKS or self.phrase(rest[0], at, problems)
            return Term(key) if good and self._spoken_by(head, rest[0], at, problems) else None
        if head == "state" and len(rest) == 1:
            return Term(key) if self.state(rest[0], at, problems) else None
        if head == "situation" and len(rest) == 1:
            return Term(key) if self.situation(rest[0], at, problems) else None
        if head == "field" and len(rest) == 2:
            good = self.field(rest[0], at, problems)
            return Term(key) if good and self._known("stage", "阶段", rest[1], FIELD_STAGES, at, problems) else None
        if head == ALL_FIELDS and len(rest) in (1, 2):
            good = self._form(rest[0] if len(rest) == 2 else "", at, problems)
            return Term(key) if self._known("stage", "阶段", rest[-1], FIELD_STAGES, at, problems) and good else None
        terms = [" ".join((known, *rest)) for known in (*_HEADS, *also)] if rest else []
        near, _ = self._near(key, [*CALL_EVENTS, *ACOUSTIC_EVENTS, *FACTS, *terms], at)
        message = Text(
            f'"{key[:40]}" is neither an event (call.held …) nor "agent PHRASE", "customer PHRASE", "state NAME", '
            f'"situation NAME", "field NAME STAGE"{near.en}',
            f"“{key[:40]}”既不是事件（call.held 等），也不是“agent 短语”“customer 短语”“state 状态”"
            f"“situation 情形”“field 字段 阶段”{near.zh}",
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


def _forms_of(root: MappingNode) -> set[str]:
    section = root.get("fields")
    bodies = [body for _, body in section.entries.values()] if isinstance(section, MappingNode) else []
    forms = [body.get("form") for body in bodies if isinstance(body, MappingNode)]
    return {form.value if isinstance(form, Scalar) else "" for form in forms}


def _speaker_of(root: MappingNode, phrase: str) -> Speaker:
    section = root.get("phrases")
    body = section.get(phrase) if isinstance(section, MappingNode) else None
    if not isinstance(body, MappingNode):
        return "agent"
    by = body.get("by")
    if isinstance(by, Scalar):
        return "customer" if by.value == "customer" else "agent"
    return "customer" if "cue" in body.entries else "agent"
