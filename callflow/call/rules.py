"""The rules of one call: each open obligation is a prompt, each closed one a finding.

A rule that is triggered opens a ``Watch`` over a span of the call's sound. The prompt lives by the clock: it expires at
the deadline. The finding lives by the words: speech that began in time may reach us seconds later, when its final
comes, so a watch that ran out is settled only when everything said before its end is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from math import inf, nextafter

from callflow.call.log import CallLog, Fact
from callflow.call.manner import Manner
from callflow.call.prompts import PRIORITY, PromptBoard
from callflow.call.rule_index import RuleIndex, length, within
from callflow.events import SPEAKERS, CallContext, Event, Finding, Gap, Prompt, Speaker, Verdict
from callflow.flow.model import FORBIDS, Flow, Rule, Shape, terms

SETTLE = 15.0
"""Seconds after which nothing said before can still arrive: the longest utterance and its decoding."""
SLACK = 0.5
"""Seconds by which words may seem to begin before the event they answer: recognisers' times are that rough."""
ADDRESS = 2.5
"""Seconds that a greeting and the customer's name may take before what has to come first."""
FILLER = 2
"""An utterance of no more syllables than this (喂, 嗯, 您好) is not yet "saying something else first"."""

_POSITIVE = {Shape.RESPONSE, Shape.CHAIN_RESPONSE, Shape.PRECEDENCE, Shape.EXISTENCE}
_ANSWERS = {Shape.RESPONSE, Shape.CHAIN_RESPONSE}

Schedule = Callable[[float, Callable[[float], None]], None]
"""``schedule(when, action)``: have ``action(when)`` called once the call's clock reaches ``when``."""


@dataclass(slots=True)
class Watch:
    """One rule, triggered once: what is looked for from ``lo`` to ``hi`` (seconds in the sound)."""

    rule: Rule
    id: str
    lo: float
    hi: float = inf
    deadline: float = inf
    trigger: Fact | None = None
    counted: int = 0
    over: bool = False
    """the deadline has passed; what remains is to hear what was said before it"""
    closed: bool = False
    met: bool = False
    counted_facts: list[Fact] = field(default_factory=list)
    """of what must not happen: what did"""


class RuleKeeper:
    """Runs the rules of one call; appends findings to ``out`` and shows prompts on ``board``."""

    def __init__(
        self,
        flow: Flow,
        index: RuleIndex,
        log: CallLog,
        board: PromptBoard,
        out: list[Event],
        schedule: Schedule,
        warn: Callable[[Prompt], None],
        manner: Manner,
    ) -> None:
        self._flow = flow
        self._index = index
        self._log = log
        self._board = board
        self._out = out
        self._schedule = schedule
        self._warn = warn
        self._open: dict[str, list[Watch]] = {}
        self._opened: dict[str, int] = {}
        self._last_trigger: dict[str, float] = {}
        self._unsettled: list[Watch] = []
        self._heard_to: dict[str, float] = {"agent": -1.0, "customer": -1.0}
        self._judged: set[str] = set()
        self._blind = {rule.name: "by-nature" for rule in flow.rules.values() if rule.not_assessed}
        self._context = CallContext(at=0.0)
        self._places: Sequence[str] = ()
        self._since = 0.0
        self._manner = manner
        self._gaps: list[tuple[Gap, str]] = []

    # ------------------------------------------------------------------------------------ what the call tells

    def context(self, context: CallContext) -> None:
        """Learn which rules cannot be judged, because nobody tells us what they need; and which now can."""
        self._context = context
        missing = self._index.missing(context)
        seen = [name for name in self._blind if name not in missing and not self._flow.rules[name].not_assessed]
        for name in seen:
            del self._blind[name]
        for name, reason in missing.items():
            self._blind[name] = reason
            for watch in list(self._open.get(name, ())):
                self._board.withdraw(context.at, watch.id)
                self._drop(watch)
        standing = self._standing(self._places)
        for rule in self._index.standing if seen else ():
            if rule.name in seen and rule.name in standing:
                # What was done until now counts for the agent; against the agent only what is seen from now on does.
                lo = self._since if rule.shape is Shape.EXISTENCE else context.at
                self._open_watch(rule, Fact(f"state {self._places[0]}", lo, lo), lo, context.at)

    def gap(self, gap: Gap, reason: str = "gap") -> None:
        """Nobody listened for a while, or nobody knows to whom: what rules wanted to be said then may have been said,
        and the contrary too."""
        self._gaps.append((gap, reason))

    def facts(self, facts: Sequence[Fact], now: float) -> None:
        """Take in facts that are already in the log."""
        for fact in facts:
            self._count(fact)
        for fact in facts:
            for name in self._index.by_term.get(fact.key, ()):
                for watch in list(self._open.get(name, ())):
                    self._reconsider(watch, now)
            for rule in self._index.by_trigger.get(fact.key, ()):
                self._triggered(rule, fact, now)

    def spoke(self, speaker: Speaker, fact: Fact, syllables: int, now: float) -> None:
        """A final is complete: first-things-first rules are judged, and what waited for these words is settled."""
        if speaker == "agent" and syllables > FILLER:
            for name in self._index.chains:
                for watch in list(self._open.get(name, ())):
                    self._judge_first(watch, fact, now)
        self._heard_to[speaker] = max(self._heard_to[speaker], fact.start)
        for watch in list(self._unsettled):
            if self._known_to(watch):
                self._settle(watch, now)

    def moved(self, old: Sequence[str], new: Sequence[str], at: float, since: float) -> None:
        """The call went from ``old`` to ``new`` (a state, and in a detour the one it interrupts): rules of states open
        and end.

        ``since``: the beginning of the utterance that did it; what else was said in it belongs to the new state.
        """
        self._places, self._since = new, since
        before, after = self._standing(old), self._standing(new)
        for rule in self._index.standing if before != after else ():
            if rule.name in self._blind:
                continue
            was, is_ = rule.name in before, rule.name in after
            if was and not is_:
                for watch in list(self._open.get(rule.name, ())):
                    self._end(watch, at)
            elif is_ and not was and not (rule.once and rule.name in self._opened):
                lo = since if rule.shape is Shape.EXISTENCE or not old[0] else at
                self._open_watch(rule, Fact(f"state {new[0]}", at, at), lo, at)

    def _standing(self, places: Sequence[str]) -> Set[str]:
        """The rules that open with a state and hold in one of ``places``."""
        return frozenset().union(*(self._index.standing_in[place] for place in places if place))

    def close(self, now: float, cut_short: bool) -> None:
        """The call is over and everything is known: whatever is open gets its verdict.

        ``cut_short``: the agent could not have gone on, as it was not the agent who hung up.
        """
        self._find_blind_spots()
        for watches in list(self._open.values()):
            for watch in list(watches):
                if watch.rule.name in self._blind:
                    self._drop(watch)
                elif cut_short and watch.rule.within and not watch.over and watch.rule.shape in _ANSWERS:
                    self._finish(watch, now, "not_assessed", (), "call-ended")
                else:
                    watch.hi = min(watch.hi, now)
                    self._settle(watch, now)
        for name, reason in self._blind.items():
            if name not in self._judged:
                self._report(self._flow.rules[name], now, "not_assessed", (), reason)

    def _find_blind_spots(self) -> None:
        """What only the whole call shows: that a source which was promised never said anything."""
        no_ring = self._context.telephony == "sound" and not self._log.has("call.ringing")
        unknown_end = not any(self._log.has(f"call.hung_up {speaker}") for speaker in SPEAKERS)
        missing = self._index.missing(self._context)
        for name in self._index.hangs_on if missing else self._index.on_sources:
            keys = self._index.hangs_on[name]
            if name in missing:
                self._blind.setdefault(name, missing[name])
            if no_ring and "call.ringing" in keys:
                self._blind.setdefault(name, "no-ring-heard")
            if unknown_end and any(key.startswith("call.hung_up ") for key in keys):
                self._blind.setdefault(name, "hang-up-unknown")
            heard = [key for key in keys if key.startswith("acoustic.")]
            for reason in filter(None, map(self._manner.missing, heard)):
                self._blind.setdefault(name, reason)
            if heard and not self._log.has("agent speaks"):
                self._blind.setdefault(name, "no-speech")

    # ------------------------------------------------------------------------------------ one watch

    def _triggered(self, rule: Rule, fact: Fact, now: float) -> None:
        if rule.name in self._blind or (rule.once and rule.name in self._opened):
            return
        if rule.states and not any(within(place, rule.states) for place in self._places):
            return
        if rule.shape is Shape.PRECEDENCE:
            # One consent is good for one hold: what came before the trigger before is used up.
            reach = rule.within.amount if rule.within else inf
            lo = max(fact.start - reach, self._last_trigger.get(rule.name, 0.0))
            self._last_trigger[rule.name] = fact.start
            watch = self._open_watch(rule, fact, lo, now, hi=fact.start)
            if not watch.closed:
                self._end(watch, fact.start)
            return
        if self._last_trigger.get(rule.name) == fact.start:
            return  # the words have triggered it already; this is the situation that they brought about
        self._last_trigger[rule.name] = fact.start
        for watch in [watch for watch in self._open.get(rule.name, ()) if watch.over]:
            if rule.shape is Shape.CHAIN_RESPONSE:
                self._finish(watch, now, "missed", (watch.trigger,) if watch.trigger else (), "too-late")
        if all(watch.over for watch in self._open.get(rule.name, ())):
            # An obligation that is still open is not doubled by another trigger.
            self._open_watch(rule, fact, max(0.0, fact.end - SLACK), now)

    def _open_watch(self, rule: Rule, fact: Fact, lo: float, now: float, hi: float = inf) -> Watch:
        number = self._opened[rule.name] = self._opened.get(rule.name, 0) + 1
        watch = Watch(rule, f"{rule.name}#{number}", lo, hi, trigger=fact)
        self._open.setdefault(rule.name, []).append(watch)
        span = length(rule)
        if span and span.unit == "seconds" and rule.shape is not Shape.PRECEDENCE:
            watch.hi = watch.deadline = _answerable(fact) + span.amount
            self._schedule(watch.hi, lambda at: self._end(watch, watch.hi))
        elif span and span.unit == "rings":
            watch.counted = 1
        self._reconsider(watch, now)
        if rule.prompt and rule.shape in _POSITIVE - {Shape.PRECEDENCE}:
            # Nobody is asked for what has just been done; an item of the checklist appears, ticked.
            if not watch.closed or (watch.met and rule.prompt.kind == "remind"):
                self._board.show(now, watch.id, rule.prompt, None if watch.deadline == inf else watch.deadline)
            if watch.met:
                self._board.done(now, watch.id)
        return watch

    def _count(self, fact: Fact) -> None:
        """Lengths in rings and sentences end just before the one that is too many."""
        for name in self._index.counted.get(fact.key, ()):
            for watch in list(self._open.get(name, ())):
                span = length(watch.rule)
                if not span or watch.over or watch.trigger is fact:
                    continue
                watch.counted += 1
                if watch.counted > span.amount:
                    self._end(watch, nextafter(fact.start, -inf))

    def _reconsider(self, watch: Watch, now: float) -> None:
        rule = watch.rule
        if watch.closed:
            return
        if rule.unless and self._log.holds(rule.unless, watch.lo, watch.hi, closed=rule.shape is Shape.PRECEDENCE):
            self._board.withdraw(now, watch.id)
            self._drop(watch)
        elif rule.shape in FORBIDS:
            self._report_violations(watch, now)
        elif rule.shape is not Shape.CHAIN_RESPONSE and rule.edge != "last":
            facts = self._log.find(rule.expect, watch.lo, watch.hi, rule.count)
            if facts:
                self._finish(watch, now, "met", facts)

    def _report_violations(self, watch: Watch, now: float) -> None:
        for term in terms(watch.rule.expect):
            for fact in self._log.between(term.key, watch.lo, watch.hi):
                if any(fact is known for known in watch.counted_facts):
                    continue
                watch.counted_facts.append(fact)
                if len(watch.counted_facts) > watch.rule.count:
                    self._report(watch.rule, now, "violated", (fact,))
                    self._warn_of(watch, fact, now)

    def _warn_of(self, watch: Watch, fact: Fact, now: float) -> None:
        """What must not happen has happened: the agent is told what would be better."""
        rule = watch.rule
        if rule.better:
            number = len(watch.counted_facts)
            self._warn(
                Prompt(
                    at=now,
                    id=f"warn:{watch.id}:{number}",
                    kind="warn",
                    text=rule.better,
                    status="shown",
                    refs=rule.refs,
                    priority=PRIORITY["warn"],
                    said=fact.said,
                )
            )

    def _judge_first(self, watch: Watch, utterance: Fact, now: float) -> None:
        if utterance.start < watch.lo or watch.closed:
            return
        facts = self._log.find(watch.rule.expect, watch.lo, utterance.end)
        if not facts or min(fact.start for fact in facts) > utterance.start + ADDRESS:
            self._finish(watch, now, "missed", (utterance,), "other-first")
        elif max(fact.start for fact in facts) > watch.deadline:
            self._finish(watch, now, "missed", facts, "too-late")
        else:
            self._finish(watch, now, "met", facts)

    def _end(self, watch: Watch, hi: float) -> None:
        """The span of ``watch`` is over at ``hi``; its finding waits until all words before that are known."""
        if watch.closed or watch.over:
            return
        watch.hi = min(watch.hi, hi)
        watch.over = True
        self._board.expire(max(hi, 0.0), watch.id)
        if watch.rule.shape is Shape.CHAIN_RESPONSE:
            # The next utterance decides, however late it comes.
            watch.hi = inf
        elif self._known_to(watch):
            self._settle(watch, hi)
        else:
            self._unsettled.append(watch)
            self._schedule(watch.hi + SETTLE, lambda at: self._settle(watch, at))

    def _known_to(self, watch: Watch) -> bool:
        return all(self._heard_to[speaker] > watch.hi for speaker in self._index.listens_to[watch.rule.name])

    def _settle(self, watch: Watch, now: float) -> None:
        if watch.closed:
            return
        rule = watch.rule
        lo = max(watch.lo, watch.hi - rule.span.amount) if rule.edge == "last" and rule.span else watch.lo
        if rule.shape in FORBIDS:
            self._report_violations(watch, now)
            if len(watch.counted_facts) > rule.count:
                self._drop(watch)
            else:
                self._finish(watch, now, "met", ())
        elif self._log.holds(rule.expect, lo, watch.hi, rule.count, closed=True):
            self._finish(watch, now, "met", self._log.find(rule.expect, lo, watch.hi, rule.count, closed=True))
        else:
            self._finish(watch, now, "missed", (watch.trigger,) if watch.trigger else ())

    def _finish(self, watch: Watch, now: float, verdict: Verdict, facts: tuple[Fact, ...], reason: str = "") -> None:
        if watch.closed:
            return
        absent = watch.rule.shape in FORBIDS
        if verdict == ("met" if absent else "missed") and (unheard := self._unheard(watch, now)):
            verdict, facts, reason = "not_assessed", (), unheard
        watch.met = verdict == "met"
        if watch.met:
            self._board.done(now, watch.id)
        else:
            self._board.withdraw(now, watch.id)
        self._drop(watch)
        self._report(watch.rule, now, verdict, facts, reason)

    def _unheard(self, watch: Watch, now: float) -> str:
        """Why somebody whom the rule listens to could not be heard in its span; nothing where they could."""
        listens = self._index.listens_to[watch.rule.name]
        for gap, reason in self._gaps if listens else ():
            if (
                gap.start < min(watch.hi, now)
                and watch.lo < gap.end
                and (gap.speaker is None or gap.speaker in listens)
            ):
                return reason
        return ""

    def _drop(self, watch: Watch) -> None:
        watch.closed = True
        self._open[watch.rule.name].remove(watch)
        if watch in self._unsettled:
            self._unsettled.remove(watch)

    def _report(self, rule: Rule, now: float, verdict: Verdict, facts: tuple[Fact, ...], reason: str = "") -> None:
        if rule.guidance:
            return
        self._judged.add(rule.name)
        self._out.append(
            Finding(
                at=now,
                rule=rule.name,
                verdict=verdict,
                severity=rule.severity,
                group=rule.group,
                cause=self._flow.cause_of(rule),
                refs=rule.refs,
                evidence=tuple(fact.evidence for fact in facts),
                reason=reason,
            )
        )


def _answerable(fact: Fact) -> float:
    """From when an answer to ``fact`` can be expected: the end of the turn it was said in."""
    return max(fact.end, fact.turn_end) if fact.speaker else fact.start
