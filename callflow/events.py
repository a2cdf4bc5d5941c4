"""Every event that goes into or comes out of the engine, and its JSON form: the one protocol.

A journal, the ``simulate`` command, the overlay's socket and the reports all speak it: JSON, one object a line, with
``type`` first and ``at`` in seconds on the call's audio clock. Unknown fields are kept in ``extra`` and written back;
an unknown type is a ``Problem``. Spans (``start``, ``end``) are seconds on the same clock as ``at``.

``at`` is when the engine learns of something, ``start`` and ``end`` are when it happened in the sound. Rules judge by
``start`` and ``end``, so that a slow recogniser and a quick one come to the same findings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, Literal, NamedTuple

from callflow import json_fields
from callflow.json_fields import LONGEST_CALL, MAX_TEXT, Reader, Unfit, shown, writable
from callflow.problems import Location, Problem, did_you_mean
from callflow.texts import Text, text

Speaker = Literal["agent", "customer"]
SPEAKERS: tuple[Speaker, ...] = ("agent", "customer")


class Word(NamedTuple):
    """One word of an utterance, or one syllable where the recogniser hears syllables; seconds on the call's clock.

    In JSON a word is a list of three, ``["你好", 0.5, 0.84]``: an utterance has dozens.
    """

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a finding rests on: a span of the call, who spoke, and the words as they were heard."""

    start: float
    end: float
    speaker: Speaker | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Points of one group of rules: ``points`` reached of ``of`` possible, and how the rules came out."""

    points: float
    of: float
    met: int = 0
    missed: int = 0
    violated: int = 0
    not_assessed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share. ``extra`` keeps the fields of a newer or richer sender that we do not know."""

    type: ClassVar[str] = ""
    at: float
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def to_json(self) -> str:
        """One line of JSON without the line end: ``type`` first, fields at their default left out, times in ms."""
        out: dict[str, Any] = {"type": self.type}
        for name, key, default in _LAYOUT[type(self)]:
            value = getattr(self, name)
            if value != default or name == "at":
                out[key] = _plain(value)
        out.update(self.extra)
        return json.dumps(out, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# ------------------------------------------------------------------------------------------------ in: the call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext(Event):
    """What the sender knows about where events come from; the first event of a call, where there is one.

    ``telephony``: ``"events"`` when rings, holds and transfers are reported, ``"sound"`` when they are inferred from
    the sound (then holds and transfers stay unknown), ``"none"`` when nothing is known.
    ``separate``: whether each speaker has a channel of their own; where not, ``told_apart`` is how surely they were
    told apart by what they say, 0 (not at all) to 1. ``engine``: the recogniser. ``date``: when the call began, ISO
    8601, with or without a time of day. ``day``: what kind of day that is, ``""`` where nobody knows; ``holiday``: its
    Chinese name (国庆节).
    """

    type = "call.context"
    telephony: Literal["events", "sound", "none"] = "events"
    separate: bool = True
    told_apart: float = 0.0
    engine: str = ""
    date: str = ""
    day: Literal["", "workday", "weekend", "holiday"] = ""
    holiday: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(Event):
    """One ring; ``ring`` counts from 1."""

    type = "call.ringing"
    ring: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    type = "call.answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(Event):
    type = "call.held"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(Event):
    type = "call.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStarted(Event):
    type = "call.transfer_started"
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAnswered(Event):
    type = "call.transfer_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCompleted(Event):
    type = "call.transfer_completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(Event):
    type = "call.transfer_failed"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHungUp(Event):
    """``by`` is ``None`` where it is not known who hung up first."""

    type = "call.hung_up"
    by: Speaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Event):
    """Words of one speaker: a partial (``final`` false, may still change) or the final of an utterance.

    ``text`` (characters) or ``sounds`` (pinyin syllables, tone marks or digits allowed) or both. Partials and final of
    one utterance share ``utterance``. ``confidence`` is 0 to 1, ``None`` where the recogniser gives none.
    ``speaker_confidence``: how sure it is that it was ``speaker``, 0.5 to 1; ``None`` where that is known.
    """

    type = "heard"
    speaker: Speaker
    text: str = ""
    sounds: tuple[str, ...] = ()
    final: bool = True
    start: float = 0.0
    end: float = 0.0
    confidence: float | None = None
    speaker_confidence: float | None = None
    utterance: str = ""
    words: tuple[Word, ...] = ()


# ------------------------------------------------------------------------------------------ in: from the sound alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Acoustic(Event):
    """Something that the sound says over the span ``start`` to ``end``; ``speaker`` is ``None`` for both channels."""

    start: float
    end: float
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence(Acoustic):
    """Neither channel (or, with ``speaker``, not this one) has had any voice."""

    type = "acoustic.silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice(Acoustic):
    """``speaker`` is speaking: when a voice begins, and every few seconds while it goes on."""

    type = "acoustic.voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(Acoustic):
    """Both spoke at once; ``speaker`` is the one who cut in."""

    type = "acoustic.overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness(Acoustic):
    """Mean level of the voiced part, in dBFS (0 = full scale)."""

    type = "acoustic.loudness"
    dbfs: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Acoustic):
    """Speaking rate, in syllables (Han characters) a minute of voiced time."""

    type = "acoustic.rate"
    per_minute: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone(Acoustic):
    """A telephone tone of 450 Hz: ``"ringback"`` (1 s on, 4 s off) or ``"busy"`` (0.35 s on, 0.35 s off)."""

    type = "acoustic.tone"
    tone: Literal["ringback", "busy"] = "ringback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping(Acoustic):
    """The channel hit full scale; ``share`` is the part of its samples that did, 0 to 1."""

    type = "acoustic.clipping"
    share: float = 0.0


# ------------------------------------------------------------------------------------------------ in: the agent, time


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Event):
    """Nobody listened to ``speaker`` (``None``: to neither) from ``start`` to ``end``: a recogniser or a device failed.

    What may have been said meanwhile is unknown, so that nothing is held against anybody for want of it.
    """

    type = "gap"
    start: float
    end: float
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAction(Event):
    """What the agent did in the overlay: ``tick`` (target: prompt id), ``dismiss`` (prompt id), ``edit``
    (target: field name, value), ``situation`` (target: situation name)."""

    type = "agent.action"
    action: Literal["tick", "dismiss", "edit", "situation"]
    target: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """Nothing happened, but time went on."""

    type = "tick"


# ------------------------------------------------------------------------------------------------ out


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Event):
    """What the engine says; everything else is what it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Output):
    """The call went from one state to another; names are dotted paths (``hold.waiting``)."""

    type = "state"
    from_: str = field(metadata={"json": "from"})
    to: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation(Output):
    """Something has come up in the call, or is over; several situations may be on at once, whatever the state.

    ``because``: the term that did it, ``agent.action``, or the time after which it is over (``after 60 s``).
    """

    type = "situation"
    name: str
    status: Literal["begun", "over"]
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Output):
    """What the agent should be told. ``id`` stays the same from ``shown`` to its end.

    ``kind`` ``warn``: ``said`` has the words that must not be said, ``text`` the better wording.
    ``stage`` ``provisional`` rests on partials only and is confirmed or withdrawn by the final.
    ``due`` is the deadline on the call's clock, ``priority`` the larger the more urgent.
    """

    type = "prompt"
    id: str
    kind: Literal["say", "do", "ask", "warn", "remind", "tip"]
    text: str
    status: Literal["shown", "done", "withdrawn", "expired"]
    stage: Literal["provisional", "confirmed"] = "confirmed"
    refs: tuple[str, ...] = ()
    due: float | None = None
    priority: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Output):
    """A phrase of the book was said. ``said`` are the words as heard, ``score`` 0 to 1 (1 = sound for sound)."""

    type = "match"
    phrase: str
    speaker: Speaker
    utterance: str
    start: float
    end: float
    said: str
    score: float
    stage: Literal["provisional", "confirmed", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValue(Output):
    """A field of the order and how far it has come."""

    type = "field"
    name: str
    value: str
    stage: Literal["heard", "read_back", "confirmed", "corrected", "differs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise(Output):
    """The agent promised something (a phrase with ``promise: true``); ``said`` are the words of the phrase as heard.

    ``when`` are the words that say when (两个小时内, 尽快), ``due`` the latest moment they allow, in seconds from the
    promise (``end``); ``None`` where they name no time, or one that needs the date of the call, and that is unknown.
    """

    type = "promise"
    phrase: str
    start: float
    end: float
    said: str = ""
    when: str = ""
    due: float | None = None


Verdict = Literal["met", "missed", "violated", "not_assessed"]
Severity = Literal["minor", "major", "severe", "fatal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Output):
    """How one rule came out, once. ``reason``: why, above all why something was not assessed (see ``call.reasons``).

    ``cause``: the cause of customers' dissatisfaction that it belongs to, by its name in the flow.
    """

    type = "finding"
    rule: str
    verdict: Verdict
    severity: Severity
    group: str = ""
    cause: str = ""
    refs: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Output):
    """The end of a call: points in all (0 to 100, ``None`` where nothing could be assessed) and by group."""

    type = "score"
    total: float | None
    groups: Mapping[str, GroupScore] = field(default_factory=dict)
    not_assessed: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------ to and from JSON


def all_events() -> dict[str, type[Event]]:
    """Every event class by its ``type``."""
    classes = (item for item in globals().values() if isinstance(item, type) and issubclass(item, Event))
    return {cls.type: cls for cls in classes if cls.type}


def _plain(value: Any) -> Any:
    """``value`` as JSON knows it; times and scores to the millisecond so that equal events are equal bytes."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (Evidence, GroupScore)):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def parse(line: str | bytes, where: Location) -> Event | Problem:
    """Read one event from a line of JSON; a ``Problem`` at ``where`` says why it could not be read."""
    try:
        data = _decoded(line.removeprefix(_BOM).decode() if isinstance(line, bytes) else line)
    except UnicodeDecodeError:
        return _wrong(where, text("not UTF-8 text", "不是 UTF-8 文本"), "encoding")
    except (ValueError, RecursionError) as error:
        column = getattr(error, "colno", 0)
        at = Location(where.file, where.line, column)
        return _wrong(at, text("not valid JSON", "不是合法的 JSON"), "json")
    return from_data(data, where)


_BOM = b"\xef\xbb\xbf"
_raw_decode = json.JSONDecoder().raw_decode


def _decoded(line: str) -> Any:
    """As ``json.loads``, which looks for blanks before and behind with regular expressions: half of its time."""
    try:
        data, end = _raw_decode(line)
    except ValueError:
        return json.loads(line)
    return data if end == len(line) or line[end:] == "\n" else json.loads(line)


def from_data(data: Any, where: Location) -> Event | Problem:
    """Build an event from decoded JSON, checking every field."""
    if not isinstance(data, dict):
        return _wrong(where, text("an event is a JSON object", "事件应是一个 JSON 对象"), "event")
    if "type" not in data:
        return _wrong(where, text("lacks type", "缺少 type"), "event-type")
    kind = data["type"]
    cls = _TYPES.get(kind) if isinstance(kind, str) else None
    if cls is None:
        name = shown(kind)
        near = did_you_mean(name, _TYPES)
        return _wrong(
            where, Text(f'unknown event type "{name}"{near.en}', f"未知的事件类型“{name}”{near.zh}"), "event-type"
        )
    readers = _READERS[cls]
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in data.items():
        reader = readers.get(key)
        try:
            if reader is not None:
                values[reader[0]] = reader[1](value)
            elif key != "type":
                extra[key] = writable(key, value)
        except Unfit as unfit:
            name, why = shown(key), unfit.why
            return _wrong(where, Text(f"{kind}: {name}: {why.en}", f"{kind}：{name}：{why.zh}"), "event-field")
    missing = [key for name, key in _REQUIRED[cls] if name not in values]
    if missing:
        names = ", ".join(missing)
        return _wrong(where, text("{t} lacks {n}", "{t} 缺少 {n}", t=kind, n=names), "event-field")
    if cls is Heard and not (values.get("text") or values.get("sounds") or values.get("final") is False):
        return _wrong(where, text("heard needs text or sounds", "heard 需要 text 或 sounds"), "event-field")
    if issubclass(cls, (Heard, Acoustic, Gap)) and values.get("end", LONGEST_CALL) < values.get("start", 0.0):
        return _wrong(where, text("{t}: end is before start", "{t}：end 早于 start", t=kind), "event-field")
    return cls(**values, extra=extra)


def _wrong(where: Location, message: Text, rule: str) -> Problem:
    return Problem(where, message, rule)


def _word(value: Any) -> Word:
    if not isinstance(value, list) or len(value) != 3:
        raise Unfit('expected a word as ["text", start, end]', '词应写成 ["文字", 开始, 结束]')
    return Word(json_fields.string(value[0]), json_fields.time(value[1]), json_fields.time(value[2]))


def _words(value: Any) -> tuple[Word, ...]:
    """The words of an utterance; a call has thousands, so those that are as they should be are taken without more."""
    if not isinstance(value, list) or len(value) > MAX_TEXT:
        raise Unfit("expected a list", "应为列表")
    return tuple(
        _new_word(Word, item)
        if type(item) is list
        and len(item) == 3
        and type(item[0]) is str
        and type(item[1]) is type(item[2]) is float
        and 0 <= item[1] <= LONGEST_CALL
        and 0 <= item[2] <= LONGEST_CALL
        and len(item[0]) <= MAX_TEXT
        and item[0].isprintable()
        else _word(item)
        for item in value
    )


_new_word: Callable[[type[Word], Any], Word] = tuple.__new__


def _groups(value: Any) -> dict[str, GroupScore]:
    if not isinstance(value, dict):
        raise Unfit("expected an object", "应为对象")
    return {json_fields.string(key): _group(item) for key, item in value.items()}


_group = json_fields.record(GroupScore, {float: json_fields.number, int: json_fields.integer})
_speaker = json_fields.one_of(*SPEAKERS)
_BY_ANNOTATION: dict[Any, Reader] = {
    float: json_fields.number,
    float | None: json_fields.optional(json_fields.number),
    str: json_fields.string,
    bool: json_fields.boolean,
    int: json_fields.integer,
    Speaker: _speaker,
    Speaker | None: json_fields.optional(_speaker),
    tuple[str, ...]: json_fields.list_of(json_fields.string),
    tuple[Word, ...]: _words,
    Mapping[str, GroupScore]: _groups,
}
_BY_ANNOTATION[tuple[Evidence, ...]] = json_fields.list_of(json_fields.record(Evidence, _BY_ANNOTATION))


def _default(f: Field[Any]) -> Any:
    if f.default is not MISSING:
        return f.default
    return f.default_factory() if f.default_factory is not MISSING else MISSING


_TYPES = all_events()
_READERS = {cls: json_fields.readers_of(cls, _BY_ANNOTATION) for cls in _TYPES.values()}
_LAYOUT = {
    cls: [(f.name, json_fields.key_of(f), _default(f)) for f in fields(cls) if f.name != "extra"]
    for cls in _TYPES.values()
}
_REQUIRED = {
    cls: [(f.name, json_fields.key_of(f)) for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    for cls in _TYPES.values()
}
