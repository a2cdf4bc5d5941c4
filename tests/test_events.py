"""Every event class goes to JSON and back; whatever else arrives is kept (fields) or reported (types, values)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callflow.events import (
    SPEAKERS,
    Acoustic,
    AgentAction,
    CallContext,
    CallHungUp,
    Event,
    Evidence,
    Gap,
    GroupScore,
    Heard,
    Output,
    Prompt,
    Score,
    State,
    Tick,
    Word,
    all_events,
    parse,
)
from callflow.json_fields import MAX_TEXT
from callflow.problems import Location, Problem

HERE = Location("calls.jsonl", 7)
CLASSES = sorted(all_events().values(), key=lambda cls: cls.type)

# ---------------------------------------------------------------------------------- values for every type of field

# Milliseconds are what the protocol keeps; a time that is written comes back as it was.
_times = st.integers(0, 10**9).map(lambda ms: ms / 1000)
_numbers = st.integers(-(10**9), 10**9).map(lambda ms: ms / 1000)
_words = st.text(st.characters(codec="utf-8"), max_size=20)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=6,
)
_records: dict[Any, st.SearchStrategy[Any]] = {
    Word: st.builds(Word, _words, _times, _times),
    Evidence: st.builds(Evidence, _times, _times, st.none() | st.sampled_from(SPEAKERS), _words),
    GroupScore: st.builds(GroupScore, _numbers, _numbers, *[st.integers(0, 99)] * 4),
}
_plain: dict[Any, st.SearchStrategy[Any]] = {
    str: _words,
    bool: st.booleans(),
    int: st.integers(0, 1_000_000),
    type(None): st.none(),
    **_records,
}


def values(hint: Any, name: str) -> st.SearchStrategy[Any]:
    """A strategy for a field of type ``hint``; ``name`` tells times from other numbers."""
    if hint is float:
        return _times if name in ("at", "start", "end") else _numbers
    if name == "confidence":
        return st.none() | st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
    if hint in _plain:
        return _plain[hint]
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(arguments)
    if get_origin(hint) is tuple:
        return st.lists(values(arguments[0], name), max_size=3).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(_words, values(arguments[1], name), max_size=3)
    return st.one_of(*(values(argument, name) for argument in arguments))


@st.composite
def events(draw: st.DrawFn, cls: type[Event]) -> Event:
    """Any event of a class, with fields that we do not know."""
    hints = get_type_hints(cls)
    drawn = {f.name: draw(values(hints[f.name], f.name)) for f in fields(cls) if f.name != "extra"}
    if cls is Heard and not (drawn["text"] or drawn["sounds"]):
        drawn["text"] = "您好"
    if issubclass(cls, (Acoustic, Gap, Heard)):
        drawn["start"], drawn["end"] = sorted((drawn["start"], drawn["end"]))
    known = {str(f.metadata.get("json", f.name)) for f in fields(cls)} | {"type"}
    extra = draw(st.dictionaries(_words.filter(lambda key: key not in known), _json, max_size=3))
    return cls(**drawn, extra=extra)


any_event = st.sampled_from(CLASSES).flatmap(events)

# ------------------------------------------------------------------------------------------------- there and back


@settings(max_examples=25)
@given(st.data())
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.type)
def test_every_event_survives_the_round_trip(cls: type[Event], data: st.DataObject) -> None:
    event = data.draw(events(cls))
    line = event.to_json()
    assert "\n" not in line
    assert next(iter(json.loads(line))) == "type"
    assert parse(line, HERE) == event
    assert parse(line.encode(), HERE) == event


def test_the_design_s_types_are_all_there() -> None:
    call = "ringing answered held resumed transfer_started transfer_answered transfer_completed transfer_failed hung_up"
    sound = ("silence", "overlap", "loudness", "rate", "tone")
    expected = {f"call.{name}" for name in call.split()} | {f"acoustic.{name}" for name in sound}
    expected |= {"heard", "agent.action", "tick"}
    spoken = {"state", "situation", "prompt", "match", "field", "promise", "finding", "score"}
    assert expected | spoken <= set(all_events())
    outputs = {cls.type for cls in CLASSES if issubclass(cls, Output)}
    assert spoken <= outputs


def test_equal_events_are_equal_bytes() -> None:
    """Times that differ by less than a millisecond, as sums of floats do, are written alike."""
    one, other = (Heard(at=at, speaker="agent", text="您好", start=0.3, end=at) for at in (0.6, 0.1 + 0.2 + 0.3))
    assert one.to_json() == other.to_json()


def test_python_s_from_is_the_protocol_s_from() -> None:
    line = State(at=1.0, from_="ringing", to="greeting").to_json()
    assert json.loads(line) == {"type": "state", "at": 1.0, "from": "ringing", "to": "greeting"}


def test_defaults_are_left_out_and_come_back() -> None:
    assert Tick(at=0.0).to_json() == '{"type":"tick","at":0.0}'
    assert parse('{"type":"call.hung_up","at":3}', HERE) == CallHungUp(at=3.0, by=None)
    assert parse('{"type":"call.context","at":0,"separate":false}', HERE) == CallContext(at=0.0, separate=False)


def test_unknown_fields_are_kept() -> None:
    line = '{"type":"heard","at":2.5,"speaker":"agent","text":"您好","x-pbx":{"leg":[1,"二",null]},"v":2}'
    event = parse(line, HERE)
    assert isinstance(event, Heard)
    assert event.extra == {"x-pbx": {"leg": [1, "二", None]}, "v": 2}
    assert json.loads(event.to_json()) == json.loads(line)


# ------------------------------------------------------------------------------------------------ what is refused


_HEARD = '{"type":"heard","at":1,"speaker":"agent",'
_FINDING = '{"type":"finding","at":1,"rule":"a","verdict":"met","severity":"minor",'


@pytest.mark.parametrize(
    ("line", "rule", "says"),
    [
        ("", "json", "JSON"),
        ("{", "json", "JSON"),
        ("garbage", "json", "JSON"),
        ('{"type":"tick","at":1}{"type":"tick","at":2}', "json", "JSON"),
        ("[" * 100_000, "json", "JSON"),
        ('{"type":"tick","at":' + "9" * 5_000 + "}", "json", "JSON"),
        (b'{"type":"heard","at":1,"speaker":"agent","text":"\xff\xfe"}', "encoding", "UTF-8"),
        (b'{"type":"heard","at":1,"speaker":"agent","text":"\xed\xa0\x80"}', "encoding", "UTF-8"),
        ("[]", "event", "object"),
        ('"tick"', "event", "object"),
        ("null", "event", "object"),
        ('{"at":1}', "event-type", "lacks type"),
        ('{"type":null,"at":1}', "event-type", "unknown event type"),
        ('{"type":{"a":1},"at":1}', "event-type", "unknown event type"),
        ('{"type":"","at":1}', "event-type", "unknown event type"),
        ('{"type":"call.hold","at":1}', "event-type", 'did you mean "call.held"'),
        ('{"type":"tick"}', "event-field", "lacks at"),
        ('{"type":"tick","at":1000000.5}', "event-field", "a time is from 0 to 1000000 seconds"),
        ('{"type":"tick","at":1e12}', "event-field", "a time is from 0 to 1000000 seconds"),
        ('{"type":"tick","at":NaN}', "event-field", "at"),
        ('{"type":"tick","at":Infinity}', "event-field", "at"),
        ('{"type":"tick","at":-Infinity}', "event-field", "at"),
        ('{"type":"tick","at":1e999}', "event-field", "at"),
        ('{"type":"tick","at":1' + "0" * 400 + "}", "event-field", "at"),
        ('{"type":"tick","at":-1}', "event-field", "at"),
        ('{"type":"tick","at":1700000000}', "event-field", "at"),
        ('{"type":"tick","at":true}', "event-field", "at"),
        ('{"type":"tick","at":"1"}', "event-field", "at"),
        ('{"type":"tick","at":null}', "event-field", "at"),
        ('{"type":"tick","at":1,"x":NaN}', "event-field", "x"),
        ('{"type":"tick","at":1,"x":[{"y":1e999}]}', "event-field", "x"),
        ('{"type":"tick","at":1,"x":"\\ud800"}', "event-field", "x"),
        ('{"type":"tick","at":1,"\\ud800":1}', "event-field", "?"),
        ('{"type":"heard","at":1,"speaker":"robot","text":"喂"}', "event-field", "robot"),
        ('{"type":"heard","at":1,"speaker":["agent"],"text":"喂"}', "event-field", "speaker"),
        ('{"type":"heard","at":1,"speaker":"agent"}', "event-field", "text"),
        (_HEARD + '"text":7}', "event-field", "text"),
        (_HEARD + '"text":"\\ud800"}', "event-field", "text"),
        (_HEARD + '"text":"' + "啊" * (MAX_TEXT + 1) + '"}', "event-field", str(MAX_TEXT)),
        (_HEARD + '"sounds":"ni hao"}', "event-field", "sounds"),
        (_HEARD + '"text":"喂","words":[["喂",0]]}', "event-field", "words"),
        (_HEARD + '"text":"喂","words":[["喂",0,NaN]]}', "event-field", "words"),
        (_HEARD + '"text":"喂","final":1}', "event-field", "final"),
        ('{"type":"call.ringing","at":1,"ring":2.5}', "event-field", "ring"),
        ('{"type":"call.ringing","at":1,"ring":-2}', "event-field", "ring"),
        ('{"type":"call.ringing","at":1,"ring":1' + "0" * 400 + "}", "event-field", "ring"),
        ('{"type":"acoustic.silence","at":1,"start":0}', "event-field", "end"),
        ('{"type":"acoustic.silence","at":9,"start":5,"end":4.9}', "event-field", "end is before start"),
        (_HEARD + '"text":"喂","start":5,"end":4}', "event-field", "end is before start"),
        (_HEARD + '"text":"喂","confidence":1.01}', "event-field", "confidence: expected a number from 0 to 1"),
        (_HEARD + '"text":"喂","confidence":-0.1}', "event-field", "from 0 to 1"),
        ('{"type":"agent.action","at":1,"action":"shout"}', "event-field", "shout"),
        (_FINDING + '"evidence":[{}]}', "event-field", "start"),
        (_FINDING + '"evidence":[1]}', "event-field", "evidence"),
        ('{"type":"score","at":1,"total":null,"groups":{"a":[]}}', "event-field", "groups"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_problem_at_its_line(line: str | bytes, rule: str, says: str) -> None:
    problem = parse(line, HERE)
    assert isinstance(problem, Problem)
    assert (problem.rule, problem.at.file, problem.at.line) == (rule, HERE.file, HERE.line)
    assert says in problem.message.en
    assert any("一" <= sign <= "鿿" for sign in problem.message.zh), "Chinese is Chinese"
    assert len(str(problem)) < 400
    assert "\n" not in str(problem)
    str(problem).encode()


def test_a_json_mistake_is_found_at_its_column() -> None:
    problem = parse('{"type":"tick", at: 1}', HERE)
    assert isinstance(problem, Problem)
    assert problem.at == Location("calls.jsonl", 7, 17)


@given(st.text() | st.binary() | any_event.map(Event.to_json))
def test_any_line_is_an_event_or_a_problem(line: str | bytes) -> None:
    result = parse(line, HERE)
    assert isinstance(result, (Event, Problem))


_slots = st.sampled_from(
    [
        "at",
        "speaker",
        "text",
        "start",
        "end",
        "words",
        "sounds",
        "evidence",
        "groups",
        "ring",
        "by",
        "final",
        "x",
        "type",
    ]
)
_bad_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(any_event, st.dictionaries(_slots, _bad_json, min_size=1, max_size=3))
def test_what_is_accepted_can_always_be_written_again(event: Event, damage: dict[str, Any]) -> None:
    """Wrong values in any field: a Problem, or an event that a journal can take and give back."""
    line = json.dumps({**json.loads(event.to_json()), **damage})
    result = parse(line, HERE)
    if isinstance(result, Event):
        again = parse(result.to_json().encode(), HERE)
        assert isinstance(again, Event)
        assert again.to_json() == result.to_json()


# ----------------------------------------------------------------------------------------------- records as records


def test_the_least_of_each_is_readable_by_people() -> None:
    """What other programs send needs nothing but the fields of the design's table."""
    lines: dict[str, Event] = {
        '{"type":"agent.action","at":1,"action":"tick","target":"p1"}': AgentAction(at=1.0, action="tick", target="p1"),
        '{"type":"heard","at":1,"speaker":"customer","sounds":["ni3","hǎo"]}': Heard(
            at=1.0, speaker="customer", sounds=("ni3", "hǎo")
        ),
        '{"type":"heard","at":1,"speaker":"agent","text":"您好","words":[["您好",0.5,0.84]]}': Heard(
            at=1.0, speaker="agent", text="您好", words=(Word("您好", 0.5, 0.84),)
        ),
        '{"type":"prompt","at":1,"id":"a","kind":"say","text":"您好","status":"shown"}': Prompt(
            at=1.0, id="a", kind="say", text="您好", status="shown"
        ),
        '{"type":"score","at":9,"total":80,"groups":{"hold":{"points":3,"of":4}}}': Score(
            at=9.0, total=80.0, groups={"hold": GroupScore(3.0, 4.0)}
        ),
    }
    for line, event in lines.items():
        assert parse(line, HERE) == event


def test_a_choice_names_the_words_there_are() -> None:
    problem = parse('{"type":"call.context","at":0,"day":"wekend"}', Location("f", 1))
    assert isinstance(problem, Problem)
    assert '"wekend" is not one of workday, weekend, holiday' in problem.message.en
