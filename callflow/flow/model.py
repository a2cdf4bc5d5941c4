"""What a flow says, as frozen values that remember the line they came from.

A flow is read once, checked, and then shared by every call that runs on it. Nothing here knows of the YAML behind it
except through ``at``, the ``Location`` that Problems and coverage tables point to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from callflow.events import Severity, Speaker
from callflow.flow.rehearsal import Rehearsal
from callflow.problems import Location
from callflow.texts import Text

PhraseKind = Literal["say", "never", "cue"]
Boundary = Literal["anywhere", "start", "end", "sentence", "utterance"]
Edge = Literal["", "first", "last"]
ClauseKind = Literal["say", "taboo", "step", "conduct", "tip", "out"]


FOLDS = ("n/l", "zh/z", "ch/c", "sh/s", "an/ang", "en/eng", "in/ing", "f/h")
"""The confusions of sounds that a flow can ask to be taken for one (see ``phrases.sounds``)."""


PLAIN_BRACKETS = str.maketrans("（）｜［］【】｛｝", "()|[][]{}")
"""What a Chinese keyboard gives for the signs of templates."""


NOWHERE = Location("")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the guides that a flow serves, in the guides' own words; ``refs`` cite its ``id``.

    ``when``: the situation that makes it due, ``text``: what is (or must not be) said, ``need``: what else it asks
    for, ``cue``: what a customer may say to bring the situation about.
    """

    id: str
    at: Location
    kind: ClauseKind
    when: str = ""
    text: tuple[str, ...] = ()
    need: str = ""
    cue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something that can be said, in any of several wordings.

    ``kind``: ``say`` the agent should say it, ``never`` the agent must not, ``cue`` it tells us something (mostly
    about the customer). ``wordings`` are templates (see ``phrases.template``). ``unless`` are templates that guard
    against false alarms: a hit that lies within one of them does not count. ``boundary`` ties a hit to the start
    and / or end of a sentence, or wants it to be all that was said. ``exact`` switches tolerant matching off.
    ``promise``: who says it promises something, often with a time (``call.promises``). ``places``: where each
    template stands, ``written``: how it stands there, before variables were filled in.
    """

    name: str
    kind: PhraseKind
    wordings: tuple[str, ...]
    at: Location
    by: Speaker = "agent"
    refs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    boundary: Boundary = "anywhere"
    exact: bool = False
    promise: bool = False
    better: str = ""
    better_at: Location | None = None
    severity: Severity = "major"
    group: str = ""
    cause: str = ""
    places: Mapping[str, Location] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap in a template that any words may fill: ``{客户}``; its length in syllables."""

    name: str
    least: int = 1
    most: int = 8


# ------------------------------------------------------------------------------------------------ rules


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that can happen, named by its fact key: ``call.held``, ``agent greeting``, ``state hold.waiting``,
    ``field 联系电话 read_back``, ``fields read_back``."""

    key: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part happens, in any order."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part happens."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class InOrder:
    """Every part happens, each after the one before."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not happen while the rule is open."""

    part: Expression


Expression = Term | AllOf | AnyOf | InOrder | Not


class Shape(StrEnum):
    """The constraint shapes of Declare that a rule can take."""

    RESPONSE = "response"
    """after a trigger, something is expected (``within`` a time)"""
    CHAIN_RESPONSE = "chain response"
    """after a trigger, something is expected *first*: in the agent's next utterance"""
    PRECEDENCE = "precedence"
    """before a trigger, something must have happened, and since the trigger before"""
    EXISTENCE = "existence"
    """something is expected at least ``count`` times, in a state or in the call"""
    ABSENCE = "absence"
    """something must not happen (more than ``count`` times), in a state or in the call"""
    NOT_SUCCESSION = "not succession"
    """after a trigger, something must not happen (``within`` a time)"""
    NOT_ASSESSED = "not assessed"
    """nobody can judge it; every call says so, with the reason in ``not_assessed``"""


FORBIDS = (Shape.ABSENCE, Shape.NOT_SUCCESSION)
"""The shapes of what must not happen."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long: ``amount`` seconds, rings, or sentences of the agent."""

    amount: float
    unit: Literal["seconds", "rings", "sentences"] = "seconds"


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """What to show: a kind and the words; ``phrase`` names the phrase that ticks it, where there is one.

    ``cooldown``: seconds before it may come again; ``most``: how often in one call (0: as often as it is due).
    """

    kind: Literal["say", "do", "ask", "remind", "tip"]
    text: str
    at: Location
    phrase: str = ""
    refs: tuple[str, ...] = ()
    priority: int = 0
    cooldown: float = 0.0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """What must or must not happen. See ``Shape`` for how ``trigger``, ``expect`` and the rest play together.

    ``states``: the rule only holds while the call is in one of them (prefixes count: ``hold`` covers
    ``hold.waiting``); empty for the whole call. ``edge`` with ``span``: only the first / last part of the call.
    ``once``: judged for the first trigger only. ``guidance``: prompts and is never a finding.
    """

    name: str
    shape: Shape
    expect: Expression
    at: Location
    title: Text
    trigger: tuple[Term, ...] = ()
    within: Span | None = None
    states: tuple[str, ...] = ()
    edge: Edge = ""
    span: Span | None = None
    count: int = 1
    once: bool = False
    guidance: bool = False
    unless: Expression | None = None
    prompt: PromptSpec | None = None
    better: str = ""
    better_at: Location | None = None
    severity: Severity = "major"
    group: str = ""
    cause: str = ""
    refs: tuple[str, ...] = ()
    not_assessed: Text | None = None


# ------------------------------------------------------------------------------------------------ states, fields


PREVIOUS = "previous"
"""As the target of a transition: the state the call was in before the present detour (a hold, a bad line)."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From its state to ``target`` when the fact ``key`` happens, or ``after`` seconds without another transition."""

    target: str
    at: Location
    key: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One state of the call. ``name`` is its dotted path; ``detour`` states return to where the call was before."""

    name: str
    at: Location
    title: Text
    goal: Text
    prompts: tuple[PromptSpec, ...] = ()
    transitions: tuple[Transition, ...] = ()
    refs: tuple[str, ...] = ()
    detour: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Something that has come up in a call (the customer is upset, the agent cannot answer); several may be on at once.

    It begins when one of ``begins`` happens, but with ``given`` only where one of these has happened in the call, and
    not where one of ``unless`` has. It is over when one of ``ends`` happens, or ``lasts`` seconds after it last began.
    Without ``begins`` the agent names it.
    """

    name: str
    at: Location
    title: Text
    begins: tuple[Term, ...] = ()
    given: tuple[Term, ...] = ()
    unless: tuple[Term, ...] = ()
    ends: tuple[Term, ...] = ()
    lasts: float = 60.0
    prompts: tuple[PromptSpec, ...] = ()
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A piece of information to capture and read back. ``asked_by`` names the agent's phrase that asks for it.

    ``form``: the fields that are captured together, as ``fields order heard`` names them; ``""``: ``fields heard``.
    """

    name: str
    kind: Literal["digits", "name", "text"]
    labels: tuple[str, ...]
    asked_by: str
    at: Location
    least: int = 1
    most: int = 40
    refs: tuple[str, ...] = ()
    form: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of findings with its share of the score."""

    name: str
    title: Text
    weight: float
    at: Location
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of customers' dissatisfaction; ``share``: per cent of customers who name it."""

    name: str
    title: Text
    share: float
    at: Location


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow: everything the engine needs for a call. ``hashes`` are sha256 of its files, by file name.

    ``folds``: the sounds it takes for one; ``None`` for the usual ones.
    """

    name: str
    title: Text
    start: str
    states: Mapping[str, StateSpec]
    phrases: Mapping[str, Phrase]
    rules: Mapping[str, Rule]
    fields: Mapping[str, FieldSpec]
    groups: Mapping[str, Group]
    slots: Mapping[str, Slot]
    situations: Mapping[str, Situation] = field(default_factory=dict)
    causes: Mapping[str, Cause] = field(default_factory=dict)
    clauses: Mapping[str, Clause] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    rehearsals: tuple[Rehearsal, ...] = ()
    folds: tuple[str, ...] | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    at: Location = NOWHERE

    @property
    def places(self) -> tuple[StateSpec | Situation, ...]:
        """Wherever prompts stand but in rules: all states, then all situations."""
        return (*self.states.values(), *self.situations.values())

    def situations_of(self, phrase: Phrase) -> list[str]:
        """The situations that a phrase begins."""
        said = Term(f"{phrase.by} {phrase.name}")
        return [situation.name for situation in self.situations.values() if said in situation.begins]

    def prompts(self) -> Iterator[PromptSpec]:
        """Every prompt of the flow."""
        for place in self.places:
            yield from place.prompts
        for rule in self.rules.values():
            if rule.prompt:
                yield rule.prompt

    def cause_of(self, judged: Rule | Phrase) -> str:
        """The cause of dissatisfaction that a finding of it belongs to: its own, else that of its group; or none."""
        group = self.groups.get(judged.group)
        return judged.cause or (group.cause if group else "")


def terms(expression: Expression) -> Iterator[Term]:
    """Every term in an expression."""
    if isinstance(expression, Term):
        yield expression
    elif isinstance(expression, Not):
        yield from terms(expression.part)
    else:
        for part in expression.parts:
            yield from terms(part)
