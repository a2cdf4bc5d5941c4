"""A call that is typed: what agent and customer say and do, and beside each what the engine makes of it. Pure.

The page keeps what was done and sends all of it again, so a flow that has changed meanwhile plays the same call anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.call.reasons import REASONS
from callflow.call.spoken import plain_wording
from callflow.design.explain_text import VERDICTS
from callflow.design.graph.words import EVENTS, term_words
from callflow.design.record import record
from callflow.design.rehearse import staging
from callflow.design.studio.refusals import Refused
from callflow.events import (
    SPEAKERS,
    Event,
    FieldValue,
    Finding,
    Heard,
    Match,
    Output,
    Prompt,
    Score,
    Situation,
    Speaker,
    State,
    Tick,
)
from callflow.flow.model import Flow
from callflow.flow.rehearsal import Step
from callflow.phrases.explain import Explained, explain
from callflow.problems import Location, Problem
from callflow.texts import Text, text

MOST_DONE = 400
"""Things done in one call."""
LONGEST_SAID = 500
LONGEST_WAIT = 600.0
MOST_NEAR = 3
"""Phrases that came near and were not said, told for one utterance."""
DOABLE = (
    *("call.ringing", "call.answered", "call.held", "call.resumed", "call.transfer_started"),
    *("call.transfer_answered", "call.transfer_completed", "call.transfer_failed", "call.hung_up"),
)
Tone = Literal["state", "situation", "shown", "done", "expired", "withdrawn", "warn", "met", "fault", "field", "quiet"]
_HERE = Location("")
_SIGNS: dict[Tone, str] = {
    "state": "◆",
    "situation": "→",
    "shown": "›",
    "done": "✓",
    "expired": "○",
    "withdrawn": "–",
    "warn": "⚠",
    "met": "✓",
    "fault": "✕",
    "field": "·",
    "quiet": "–",
}
_KINDS = {
    "say": text("say", "说"),
    "do": text("do", "做"),
    "ask": text("ask", "问"),
    "remind": text("remember", "提醒"),
    "tip": text("tip", "提示"),
    "warn": text("better", "改说"),
}
_VERDICTS = {
    "met": text("met", "做到"),
    "missed": text("missed", "漏做"),
    "violated": text("violated", "违反"),
    "not_assessed": text("not assessed", "未评"),
}
_STATUS = {
    "done": text("said", "已说"),
    "expired": text("ran out", "超时"),
    "withdrawn": text("withdrawn", "撤回"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """Something done: ``say`` words, a call ``event``, or ``wait`` for seconds. Exactly one of them."""

    say: str = ""
    by: Speaker = "agent"
    event: str = ""
    wait: float = 0.0

    def step(self) -> Step:
        """The same as a step of a rehearsal."""
        if self.event:
            values = {"by": self.by} if self.event == "call.hung_up" else {}
            return Step(_HERE, event=self.event, values=values)
        return Step(_HERE, speaker=self.by, said=self.say) if self.say else Step(_HERE, wait=self.wait)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that the engine made of it."""

    tone: Tone
    words: str
    detail: str = ""

    @property
    def sign(self) -> str:
        return _SIGNS[self.tone]


@dataclass(frozen=True, slots=True)
class Near:
    """A phrase that was said, or came near: why."""

    phrase: str
    wording: str
    said: str
    verdict: str
    counts: bool
    score: float
    least: float
    place: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thing done. ``speaker``: whose words, "" for an event or time; ``matched``: the phrases heard in them."""

    at: float
    speaker: str
    words: str
    notes: tuple[Note, ...]
    matched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """The call so far. ``state``: its name; ``open``: prompts on the screen, ``over``: it was hung up."""

    rows: tuple[Row, ...]
    state: str
    title: str
    now: float
    open: tuple[Note, ...]
    over: bool


def play(acts: Sequence[Act], plan: Plan, language: str) -> Played:
    """Play a call up to the last thing done; where that is a hang-up, to its score."""
    guide = Guide(plan)
    told = _Told(plan, language)
    for _, event in staging([act.step() for act in acts]):
        if isinstance(event, Problem):
            continue
        before = guide.now
        outputs = tuple(guide.feed(event))
        told.add(event, outputs, event.at - before)
    over = any(act.event == "call.hung_up" for act in acts)
    if over:
        told.end(tuple(guide.close()), guide.now)
    return told.played(guide.now, over)


class _Told:
    """Collects what came of a call, in words."""

    def __init__(self, plan: Plan, language: str) -> None:
        self._plan, self._flow, self._language = plan, plan.flow, language
        self._rows: list[Row] = []
        self._open: dict[str, Prompt] = {}
        self._state = ""

    def add(self, event: Event, outputs: Sequence[Event], passed: float) -> None:
        for output in outputs:
            if isinstance(output, State):
                self._state = output.to
            elif isinstance(output, Prompt):
                self._open.pop(output.id, None)
                if output.status == "shown" and output.kind != "warn":
                    self._open[output.id] = output
        notes = tuple(self._notes(outputs))
        if isinstance(event, Heard):
            matched = [one.phrase for one in outputs if isinstance(one, Match) and one.stage == "confirmed"]
            words = event.text or " ".join(event.sounds)
            self._rows.append(Row(event.at, event.speaker, words, notes, tuple(dict.fromkeys(matched))))
        elif isinstance(event, Tick):
            if notes or passed:
                waited = (
                    text("{n:g} s pass", "过了 {n:g} 秒", n=round(passed, 1)) if passed else text("beginning", "开始")
                )
                self._rows.append(Row(event.at, "", waited.in_(self._language), notes))
        else:
            words = EVENTS.get(event.type, Text(event.type, event.type)).in_(self._language)
            self._rows.append(Row(event.at, "", words, notes))

    def end(self, outputs: Sequence[Event], now: float) -> None:
        notes = tuple(self._notes(outputs))
        self._rows.append(Row(now, "", text("the call is over", "通话结束").in_(self._language), notes))

    def played(self, now: float, over: bool) -> Played:
        spec = self._flow.states.get(self._state)
        title = spec.title.in_(self._language) if spec else self._state
        prompts = sorted(self._open.values(), key=lambda prompt: -prompt.priority)
        open_ = tuple(self._prompt(prompt) for prompt in prompts)
        return Played(tuple(self._rows), self._state, title, now, () if over else open_, over)

    def _notes(self, outputs: Sequence[Event]) -> Iterator[Note]:
        for output in outputs:
            if isinstance(output, Output) and (note := self._note(output)):
                yield note

    def _note(self, output: Output) -> Note | None:
        language = self._language
        match output:
            case State():
                return Note("state", _title(self._flow, "states", output.to, language), self._because(output.because))
            case Situation():
                over = text("over: ", "结束：").in_(language) if output.status == "over" else ""
                return Note("situation", over + _title(self._flow, "situations", output.name, language))
            case Prompt():
                return None if output.kind == "warn" and output.status != "shown" else self._prompt(output)
            case Finding():
                tone: Tone = {"met": "met", "not_assessed": "quiet"}.get(output.verdict, "fault")  # type: ignore[assignment]
                rule = _title(self._flow, "rules", output.rule, language)
                why = REASONS.get(output.reason)
                said = output.evidence[0].said if output.evidence and output.verdict == "violated" else ""
                because = why.in_(language) if why else f"“{said}”" if said else ""
                return Note(tone, f"{_VERDICTS[output.verdict].in_(language)} · {rule}", because)
            case FieldValue():
                return Note("field", f"{output.name} {output.value}", output.stage)
            case Score():
                points = "—" if output.total is None else f"{output.total:.0f}"
                return Note("state", text("score {p}", "得分 {p}", p=points).in_(language))
        return None

    def _because(self, term: str) -> str:
        """What led to a state, in words."""
        return term_words(term, self._flow).in_(self._language) if term else ""

    def _prompt(self, prompt: Prompt) -> Note:
        kind = _KINDS[prompt.kind].in_(self._language)
        if prompt.kind == "warn":
            return Note("warn", f"“{prompt.said}” → {prompt.text}" if prompt.text else f"“{prompt.said}”")
        status = "" if prompt.status == "shown" else _STATUS[prompt.status].in_(self._language)
        return Note(prompt.status, f"{kind}　{prompt.text}", status)


def near(sentence: str, speaker: Speaker, plan: Plan, language: str) -> list[Near]:
    """Why a sentence hits the phrases that it hits, and not those that come near. Takes its time."""
    hits = {hit.phrase for hit in plan.book.find(sentence, speaker)}
    found = explain(plan.book, plan.flow.slots, sentence, speaker)
    others = [one for one in found if one.phrase.name not in hits][:MOST_NEAR]
    said = [one for one in found if one.phrase.name in hits]
    return [_told_of(one, one.phrase.name in hits, language) for one in (*said, *others)]


def _told_of(one: Explained, counts: bool, language: str) -> Near:
    why = VERDICTS[one.verdict].in_(language)
    place = str(one.phrase.places.get(one.wording, one.phrase.at))
    return Near(one.phrase.name, one.wording, one.said, why, counts, one.score, one.least, place)


def _title(flow: Flow, table: str, name: str, language: str) -> str:
    entry = getattr(flow, table).get(name)
    title = entry.title.in_(language) if entry is not None else ""
    if not title and table == "rules" and name in flow.phrases:
        title = plain_wording(flow.phrases[name], flow)
    return title or name


def acts_of(data: object) -> list[Act]:
    """What a page says was done. Raises ``Refused`` for too much, ``ValueError`` where our page would never send it."""
    if not isinstance(data, list):
        raise ValueError("not a list")
    if len(data) > MOST_DONE:
        raise Refused(text("a call of more than {n} steps is not played here", "这里一通电话最多 {n} 步", n=MOST_DONE))
    return [_act(one) for one in data]


def _act(one: object) -> Act:
    if not isinstance(one, dict) or len(one.keys() & {"say", "event", "wait"}) != 1 or one.keys() - Act.__slots__:
        raise ValueError("not something done")
    by = one.get("by", "agent")
    if by not in SPEAKERS:
        raise ValueError("an unknown speaker")
    say, event, wait = one.get("say", ""), one.get("event", ""), one.get("wait", 0.0)
    if not isinstance(say, str) or len(say) > LONGEST_SAID or (event and event not in DOABLE):
        raise ValueError("not words, or too long")
    say.encode()  # half a character is a ValueError, too
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait <= LONGEST_WAIT:
        raise ValueError("not a length of time")
    if not (say.strip() or event or wait):
        raise ValueError("nothing done")
    return Act(say.strip(), by, event, float(wait))


def rehearsal(acts: Sequence[Act], plan: Plan, name: str) -> str:
    """The call as a rehearsal, in YAML."""
    staged = (event for _, event in staging([act.step() for act in acts]))
    return record([event for event in staged if isinstance(event, Event)], plan, name).yaml
