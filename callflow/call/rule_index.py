"""The rules of a flow by what concerns them, and what each of them needs to be judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from callflow.call import speakers
from callflow.events import CallContext, Speaker
from callflow.flow.model import Flow, Rule, Shape, Span, Term, terms

_RECORDED_ONLY = ("call.held", "call.resumed", "call.transfer", "call.hung_up ")
"""Events that only a telephone system can tell; rings, answer and hang-up can also be heard."""

_UNSURE = ("call.ringing", "call.hung_up ", "acoustic.")
"""Events of which only the whole call shows that nobody tells of them."""

_COUNTED = {"rings": "call.ringing", "sentences": "agent speaks"}
"""Units of length that are counted, and the fact that is one of them."""

_ONE_SPEAKER = {"agent", "customer", "situation", "promise", "field", "fields"}
"""Words of a term that make it a matter of who spoke."""


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """The rules of a flow by what concerns them; built once and shared by all calls."""

    by_trigger: dict[str, tuple[Rule, ...]]
    by_term: dict[str, tuple[str, ...]]
    standing: tuple[Rule, ...]
    """existence and absence: they open with a state, or with the call"""
    standing_in: dict[str, frozenset[str]]
    """for each state, which of these hold there"""
    chains: tuple[str, ...]
    counted: dict[str, tuple[str, ...]]
    """rules whose length is counted, by the fact that counts: rings, or sentences of the agent"""
    listens_to: dict[str, frozenset[Speaker]]
    hangs_on: dict[str, tuple[str, ...]]
    """for each rule the keys of all that can trigger or change it"""
    on_sources: tuple[str, ...]
    """rules that hang on what a sender may never tell: rings, who hung up, the sound"""
    _missing: dict[tuple[bool, bool, bool, str], dict[str, str]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def missing(self, context: CallContext) -> Mapping[str, str]:
        """The rules that cannot be judged, given what the sender knows, each with its reason; in the flow's order."""
        # All that ``missing_source`` asks of a context; every call of a sender asks the same.
        known = (context.separate, speakers.known(context), bool(context.day), context.telephony)
        if known not in self._missing:
            reasons = {name: missing_source(keys, context) for name, keys in self.hangs_on.items()}
            self._missing[known] = {name: reason for name, reason in reasons.items() if reason}
        return self._missing[known]

    @staticmethod
    def of(flow: Flow) -> RuleIndex:
        by_trigger: dict[str, list[Rule]] = {}
        by_term: dict[str, dict[str, None]] = {}  # a set that keeps its order: outputs must not hang on hashes
        counted: dict[str, list[str]] = {"call.ringing": [], "agent speaks": []}
        for rule in flow.rules.values():
            for term in rule.trigger:
                by_trigger.setdefault(term.key, []).append(rule)
            for term in looked_for(rule):
                by_term.setdefault(term.key, {})[rule.name] = None
            if (span := length(rule)) and span.unit in _COUNTED:
                counted[_COUNTED[span.unit]].append(rule.name)
        hangs_on = {
            rule.name: tuple(term.key for term in (*rule.trigger, *looked_for(rule))) for rule in flow.rules.values()
        }
        standing = tuple(rule for rule in flow.rules.values() if not rule.trigger and rule.not_assessed is None)
        return RuleIndex(
            {key: tuple(rules) for key, rules in by_trigger.items()},
            {key: tuple(names) for key, names in by_term.items()},
            standing,
            {state: frozenset(rule.name for rule in standing if within(state, rule.states)) for state in flow.states},
            tuple(rule.name for rule in flow.rules.values() if rule.shape is Shape.CHAIN_RESPONSE),
            {key: tuple(names) for key, names in counted.items()},
            {rule.name: frozenset(_speakers(rule)) for rule in flow.rules.values()},
            hangs_on,
            tuple(name for name, keys in hangs_on.items() if any(key.startswith(_UNSURE) for key in keys)),
        )


def length(rule: Rule) -> Span | None:
    """How long the rule stays open, where it says."""
    return rule.span if rule.edge == "first" else rule.within


def looked_for(rule: Rule) -> list[Term]:
    """Every term that can change how the rule comes out."""
    found = list(terms(rule.expect))
    if rule.unless:
        found += terms(rule.unless)
    return found


def _speakers(rule: Rule) -> set[Speaker]:
    """Whose words the rule's outcome hangs on; a field is spoken by one and read back by the other, and either can
    bring a situation about."""
    found: set[Speaker] = set()
    for term in looked_for(rule):
        head = term.key.split()[0]
        if head in ("field", "fields", "situation"):
            found |= {"agent", "customer"}
        elif head in ("agent", "promise"):
            found.add("agent")
        elif head == "customer":
            found.add("customer")
    return found


def missing_source(keys: Collection[str], context: CallContext) -> str:
    """Why what hangs on ``keys`` cannot be judged, given what the sender knows: a code of ``reasons``, or nothing."""
    if not context.separate and any(_needs_channels(key) for key in keys):
        return "one-channel"
    if not speakers.known(context) and any(_ONE_SPEAKER & set(key.split()) for key in keys):
        return "one-channel"
    if not context.day and any(key.startswith("day ") for key in keys):
        return "no-date"
    if context.telephony == "none" and any(key.startswith("call.") for key in keys):
        return "no-call-events"
    if context.telephony == "sound" and any(key.startswith(_RECORDED_ONLY) for key in keys):
        return "no-call-events"
    return ""


def _needs_channels(key: str) -> bool:
    """Whether only a channel of each speaker's own shows it: who is loud, who cuts in. Words do not tell of that."""
    return key.startswith("acoustic.overlap") or (key.startswith("acoustic.") and " " in key)


def within(state: str, states: tuple[str, ...]) -> bool:
    """Whether ``state`` is one of ``states`` or inside one; no states at all means the whole call."""
    if not state:
        return False
    return not states or any(state == name or state.startswith(name + ".") for name in states)
