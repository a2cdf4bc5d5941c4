"""One call as people look at it: who said what, what the guide told them, what came of it. Pure.

``Story.of`` folds the events of a call, inputs and outputs as they happened, into a few tuples of frozen values. The
terminal's summary and the report read only these, so neither knows anything of the protocol. All times are seconds on
the call's audio clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeVar

from callflow import events as ev
from callflow.call.reasons import REASONS
from callflow.flow.model import Cause, Flow, Phrase, PhraseKind, Rule
from callflow.review.followups import FollowUp, follow_ups
from callflow.review.spoken import locate, plain_wording
from callflow.review.words import CALL_EVENTS, SEVERITY_ORDER
from callflow.texts import Text

NOTHING = Text("", "")
SpanKind = Literal["ring", "hold", "silence", "overlap", "transfer"]


class Piece(NamedTuple):
    """A stretch of an utterance. ``kind`` is ``""`` where no phrase was matched.

    ``gloss`` is the phrase's own wording; it is there only where the recogniser heard sounds and no characters.
    """

    text: str
    kind: PhraseKind | Literal[""] = ""
    phrase: str = ""
    gloss: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker said in one go. ``sounds``: the pieces are pinyin, because that is all that was recognised."""

    speaker: ev.Speaker
    start: float
    end: float
    pieces: tuple[Piece, ...]
    sounds: bool = False
    confidence: float | None = None

    @property
    def text(self) -> str:
        """The words, or the syllables with a space between."""
        return (" " if self.sounds else "").join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Band:
    """The call was in the state ``name`` from ``start`` to ``end``."""

    name: str
    title: Text
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted: ringing, a hold, a silence, both speaking at once."""

    kind: SpanKind
    start: float
    end: float
    speaker: ev.Speaker | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened on the line, or came up in the call (``situation``); ``note``: what the event adds."""

    kind: str
    at: float
    title: Text
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One prompt from the moment it was shown until it ended (or the call did)."""

    kind: str
    text: str
    start: float
    end: float
    status: str
    said: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """How one rule came out. ``at`` is where to listen; ``None`` where nothing of the call bears on it.

    ``gloss`` is the wording of the phrase that was matched, where the evidence is pinyin.
    """

    rule: str
    title: Text
    verdict: ev.Verdict
    severity: ev.Severity
    group: Text
    at: float | None
    refs: tuple[str, ...] = ()
    evidence: tuple[ev.Evidence, ...] = ()
    reason: Text = NOTHING
    better: str = ""
    gloss: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """A field of the order: what the customer last gave, how far it came, and every step on the way."""

    name: str
    value: str
    stage: str
    at: float
    steps: tuple[ev.FieldValue, ...]


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One group of rules and its part of the score."""

    title: Text
    score: ev.GroupScore


@dataclass(frozen=True, slots=True)
class Story:
    """A whole call. ``findings`` are sorted by severity, then time; everything else by time."""

    flow: Text
    duration: float
    utterances: tuple[Utterance, ...] = ()
    bands: tuple[Band, ...] = ()
    spans: tuple[Span, ...] = ()
    moments: tuple[Moment, ...] = ()
    prompts: tuple[Shown, ...] = ()
    findings: tuple[Judged, ...] = ()
    fields: tuple[Captured, ...] = ()
    promises: tuple[FollowUp, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    total: float | None = None
    context: ev.CallContext = field(default_factory=lambda: ev.CallContext(at=0.0))

    @classmethod
    def of(cls, events: Iterable[ev.Event], flow: Flow) -> Story:
        """Fold the events of one call; names that ``flow`` does not know are shown as they are."""
        all_ = list(events)
        end = max((max(event.at, getattr(event, "end", 0.0)) for event in all_), default=0.0)
        finals = [event for event in _only(all_, ev.Heard) if event.final]
        matches = [event for event in _only(all_, ev.Match) if event.stage == "confirmed"]
        utterances = sorted((_utterance(heard, matches, flow) for heard in finals), key=lambda u: (u.start, u.end))
        scores = _only(all_, ev.Score)
        context = next(iter(_only(all_, ev.CallContext)), ev.CallContext(at=0.0))
        return cls(
            flow=flow.title,
            duration=end,
            utterances=tuple(utterances),
            bands=_bands(_only(all_, ev.State), flow, end),
            spans=_spans(all_, end),
            moments=_moments(all_, flow),
            prompts=_prompts(_only(all_, ev.Prompt), end),
            findings=_findings(_only(all_, ev.Finding), utterances, flow),
            fields=_fields(_only(all_, ev.FieldValue)),
            promises=follow_ups(_only(all_, ev.Promise), context),
            groups=_groups(scores[-1].groups if scores else {}, flow),
            total=scores[-1].total if scores else None,
            context=context,
        )

    def judged(self, *verdicts: ev.Verdict) -> tuple[Judged, ...]:
        """The findings with one of ``verdicts``, in their order."""
        return tuple(finding for finding in self.findings if finding.verdict in verdicts)

    @property
    def faults(self) -> tuple[Judged, ...]:
        """What went wrong: the worst first."""
        return self.judged("violated", "missed")


E = TypeVar("E", bound=ev.Event)


def _only(events: Iterable[ev.Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


# ------------------------------------------------------------------------------------------------ what was said


def _utterance(heard: ev.Heard, matches: Sequence[ev.Match], flow: Flow) -> Utterance:
    own = [match for match in matches if _belongs(match, heard)]
    by_sound = not heard.text
    tokens: Sequence[str] = heard.sounds if by_sound else heard.text
    joint = " " if by_sound else ""
    # Where hits lie on top of each other the worse one is shown, then the longer one.
    own.sort(key=lambda match: (_rank(match, flow), -len(match.said), match.start))
    owner: list[ev.Match | None] = [None] * len(tokens)
    for match in own:
        first, last = locate(match, heard, tokens)
        if first < last and not any(owner[first:last]):
            owner[first:last] = [match] * (last - first)
    pieces, begin = [], 0
    for here in range(1, len(tokens) + 1):
        if here == len(tokens) or owner[here] is not owner[begin]:
            pieces.append(_piece(joint.join(tokens[begin:here]), owner[begin], by_sound, flow))
            begin = here
    return Utterance(heard.speaker, heard.start, heard.end, tuple(pieces), by_sound, heard.confidence)


def _piece(words: str, match: ev.Match | None, by_sound: bool, flow: Flow) -> Piece:
    if match is None:
        return Piece(words)
    phrase = flow.phrases.get(match.phrase)
    gloss = plain_wording(phrase, flow, match.said) if phrase and by_sound else ""
    return Piece(words, phrase.kind if phrase else "cue", match.phrase, gloss)


def _belongs(match: ev.Match, heard: ev.Heard) -> bool:
    if match.speaker != heard.speaker:
        return False
    if match.utterance or heard.utterance:
        return match.utterance == heard.utterance
    return match.start < heard.end and heard.start < match.end


def _rank(match: ev.Match, flow: Flow) -> int:
    phrase = flow.phrases.get(match.phrase)
    return ("never", "say", "cue").index(phrase.kind) if phrase else 3


# ------------------------------------------------------------------------------------------------ what went on


def _bands(states: Sequence[ev.State], flow: Flow, end: float) -> tuple[Band, ...]:
    bands: list[Band] = []
    if states and states[0].from_:
        bands.append(_band(states[0].from_, 0.0, states[0].at, flow))
    for state, until in zip(states, [*(later.at for later in states[1:]), end], strict=False):
        bands.append(_band(state.to, state.at, until, flow))
    return tuple(band for band in bands if band.end > band.start)


def _band(name: str, start: float, end: float, flow: Flow) -> Band:
    spec = flow.states.get(name)
    return Band(name, spec.title if spec else Text(name, name), start, end)


_OPENS: Mapping[str, SpanKind] = {"call.ringing": "ring", "call.held": "hold", "call.transfer_started": "transfer"}
_CLOSES = {
    "ring": ("call.answered",),
    "hold": ("call.resumed",),
    "transfer": ("call.transfer_completed", "call.transfer_failed"),
}


def _spans(events: Iterable[ev.Event], end: float) -> tuple[Span, ...]:
    """Stretches of the call; what is still open when the caller hangs up ends there."""
    spans: list[Span] = []
    open_: dict[SpanKind, float] = {}
    for event in events:
        opened = _OPENS.get(event.type)
        if opened:
            open_.setdefault(opened, event.at)
        for kind in [kind for kind in open_ if event.type in (*_CLOSES[kind], "call.hung_up")]:
            spans.append(Span(kind, open_.pop(kind), event.at))
        if isinstance(event, ev.Silence) and event.speaker is None:
            spans.append(Span("silence", event.start, event.end))
        elif isinstance(event, ev.Overlap):
            spans.append(Span("overlap", event.start, event.end, event.speaker))
    spans.extend(Span(kind, start, end) for kind, start in open_.items())
    return tuple(sorted((span for span in spans if span.end > span.start), key=lambda span: (span.start, span.end)))


def _moments(events: Iterable[ev.Event], flow: Flow) -> tuple[Moment, ...]:
    moments: list[Moment] = []
    for event in events:
        if isinstance(event, ev.Situation) and event.status == "begun":
            spec = flow.situations.get(event.name)
            title = spec.title if spec else Text(event.name, event.name)
            moments.append(Moment(event.type, event.at, title))
        elif event.type in CALL_EVENTS:
            moments.append(Moment(event.type, event.at, CALL_EVENTS[event.type], _note(event)))
    return tuple(moments)


def _note(event: ev.Event) -> str:
    if isinstance(event, ev.CallRinging):
        return str(event.ring)
    return str(getattr(event, "to", "") or getattr(event, "reason", "") or getattr(event, "by", "") or "")


def _prompts(prompts: Iterable[ev.Prompt], end: float) -> tuple[Shown, ...]:
    """One value for each prompt id; one that a partial raised and the final took back was never worth a line."""
    latest: dict[str, Shown] = {}
    provisional: set[str] = set()
    for event in prompts:
        before = latest.get(event.id)
        if event.status == "shown":
            (provisional.add if event.stage == "provisional" else provisional.discard)(event.id)
        elif event.status == "withdrawn" and event.id in provisional:
            latest.pop(event.id, None)
            continue
        latest[event.id] = Shown(
            event.kind,
            event.text,
            before.start if before else event.at,
            end if event.status == "shown" else event.at,
            event.status,
            event.said,
            event.refs,
        )
    return tuple(sorted(latest.values(), key=lambda shown: shown.start))


# ------------------------------------------------------------------------------------------------ what came of it


def _findings(findings: Iterable[ev.Finding], utterances: Sequence[Utterance], flow: Flow) -> tuple[Judged, ...]:
    judged = [_judged(finding, flow) for finding in findings]
    judged = [replace(finding, gloss=_gloss(finding, utterances)) for finding in judged]
    late = float("inf")
    return tuple(
        sorted(judged, key=lambda j: (SEVERITY_ORDER.index(j.severity), j.at if j.at is not None else late, j.rule))
    )


def _judged(finding: ev.Finding, flow: Flow) -> Judged:
    rule = flow.rules.get(finding.rule)
    phrase = flow.phrases.get(finding.rule)
    at = min((evidence.start for evidence in finding.evidence), default=None)
    if at is None and finding.verdict != "not_assessed":
        at = finding.at
    return Judged(
        rule=finding.rule,
        title=rule.title if rule else _phrase_title(phrase, finding, flow),
        verdict=finding.verdict,
        severity=finding.severity,
        group=_group_title(finding.group, flow),
        at=at,
        refs=finding.refs,
        evidence=finding.evidence,
        reason=_reason(finding, rule),
        better=(rule.better if rule else "") or (phrase.better if phrase else ""),
        cause=flow.causes.get(finding.cause),
    )


def _reason(finding: ev.Finding, rule: Rule | None) -> Text:
    if rule and rule.not_assessed:
        return rule.not_assessed  # the designer knows best why
    return REASONS.get(finding.reason, Text(finding.reason, finding.reason))


def _phrase_title(phrase: Phrase | None, finding: ev.Finding, flow: Flow) -> Text:
    """A finding may be about a phrase itself: then its wording (the one that was said) is the clearest title."""
    if phrase is None or not phrase.wordings:
        return Text(finding.rule, finding.rule)
    wording = plain_wording(phrase, flow, next((evidence.said for evidence in finding.evidence), ""))
    return Text(f"Never say “{wording}”", f"禁语“{wording}”") if phrase.kind == "never" else Text(wording, wording)


def _gloss(finding: Judged, utterances: Sequence[Utterance]) -> str:
    for evidence in finding.evidence:
        for utterance in utterances:
            if utterance.sounds and evidence.speaker == utterance.speaker and evidence.start < utterance.end:
                for piece in utterance.pieces:
                    if piece.gloss and piece.text == evidence.said and utterance.start < evidence.end:
                        return piece.gloss
    return ""


def _fields(values: Iterable[ev.FieldValue]) -> tuple[Captured, ...]:
    steps: dict[str, list[ev.FieldValue]] = {}
    for value in values:
        steps.setdefault(value.name, []).append(value)
    return tuple(_captured(name, values) for name, values in steps.items())


def _captured(name: str, steps: Sequence[ev.FieldValue]) -> Captured:
    """A field's value is the customer's, whatever was read back wrongly."""
    told = [step for step in steps if step.stage != "differs"] or steps
    return Captured(name, told[-1].value, steps[-1].stage, steps[-1].at, tuple(steps))


def _groups(groups: Mapping[str, ev.GroupScore], flow: Flow) -> tuple[GroupResult, ...]:
    return tuple(GroupResult(_group_title(name, flow), score) for name, score in groups.items())


def _group_title(name: str, flow: Flow) -> Text:
    return flow.groups[name].title if name in flow.groups else Text(name, name)
