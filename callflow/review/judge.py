"""What becomes of a call for the archive: its events, inputs and outputs, folded into what is kept and searched. Pure.

Batches, live calls that are taken in, and judging again all end here, so that the same events are always the same call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from callflow import flowfiles
from callflow.archive.calls import NewFlow
from callflow.call.plan import Plan
from callflow.events import CallContext, Event, FieldValue, Finding, Heard, Score
from callflow.flow.model import Flow
from callflow.journal import Header
from callflow.phrases.sounds import plain_syllable
from callflow.review import outcome
from callflow.texts import Text


@dataclass(frozen=True, slots=True)
class Judgement:
    """A call as it was judged. ``text`` and ``sounds`` have a line for each utterance: the words, or the syllables
    where only these were heard, and the same as toneless syllables. ``journal`` is the call's journal, whole.
    """

    context: CallContext
    duration: float
    findings: tuple[Finding, ...]
    score: Score | None
    fields: tuple[FieldValue, ...]
    text: str
    sounds: str
    journal: bytes


def judgement(events: Iterable[Event], header: Header, plan: Plan) -> Judgement:
    """Fold the events of one call, in the order they happened."""
    all_ = list(events)
    contexts = [event for event in all_ if isinstance(event, CallContext)]
    scores = [event for event in all_ if isinstance(event, Score)]
    said = sorted((e for e in all_ if isinstance(e, Heard) and e.final), key=lambda heard: (heard.start, heard.end))
    fields = outcome.fields(event for event in all_ if isinstance(event, FieldValue))
    lines = [header.to_json(), *(event.to_json() for event in all_), ""]
    return Judgement(
        context=contexts[-1] if contexts else CallContext(at=0.0),
        duration=max((max(event.at, getattr(event, "end", 0.0)) for event in all_), default=0.0),
        findings=tuple(event for event in all_ if isinstance(event, Finding)),
        score=scores[-1] if scores else None,
        fields=tuple(FieldValue(at=f.at, name=f.name, value=f.value, stage=f.steps[-1].stage) for f in fields),
        text="\n".join(heard.text or " ".join(heard.sounds) for heard in said),
        sounds="\n".join(_syllables(heard, plan) for heard in said),
        journal="\n".join(lines).encode(),
    )


def _syllables(heard: Heard, plan: Plan) -> str:
    if heard.text:
        return " ".join(plan.sounds.names(plan.sounds.of_text(heard.text).key))
    return " ".join(filter(None, map(plain_syllable, heard.sounds)))


@lru_cache(maxsize=8)
def version_of(name: str, files: tuple[tuple[str, str], ...]) -> str:
    return sha256(repr((name, files)).encode()).hexdigest()


def flow_version(flow: Flow) -> NewFlow:
    """The flow that calls were judged with, and what pages say of its rules and phrases without it at hand."""
    files = flowfiles.of_calls(flow.hashes)
    rules = {name: _about(rule.title, rule, flow) for name, rule in flow.rules.items()}
    phrases = {
        name: _about(outcome.phrase_title(phrase, name, flow), phrase, flow) | {"never": True}
        for name, phrase in flow.phrases.items()
        if phrase.kind == "never"
    }
    return NewFlow(flow.name, version_of(flow.name, tuple(sorted(files.items()))), files, phrases | rules)


def _about(title: Text, judged: Any, flow: Flow) -> dict[str, Any]:
    group = flow.groups.get(judged.group)
    return {
        "title": title.both(),
        "severity": judged.severity,
        "group": judged.group,
        "group_title": (group.title if group else Text(judged.group, judged.group)).both(),
        "weight": group.weight if group else 0.0,
        "refs": list(judged.refs),
        "better": judged.better,
        "cause": flow.cause_of(judged),
    }
