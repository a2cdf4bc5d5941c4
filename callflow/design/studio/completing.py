"""What can be written at a place of a flow file: keys by where they stand, and the names that a flow defines.

The text may be broken at that moment, so the place is found by the indents alone, and the keys come from the same
declarations as the reader and the JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callflow.events import SPEAKERS
from callflow.flow import forms
from callflow.flow.forms import Form, Shape
from callflow.flow.model import Flow
from callflow.flow.names import ACOUSTIC_EVENTS, CALL_EVENTS, FACTS, FIELD_STAGES
from callflow.flow.shapes import SHAPES

MOST = 3_000
"""Options that are sent; the browser narrows them down by what is typed."""
LONGEST = 300
"""Characters of a line that are looked at: those before the cursor for the word, the first for indent and key."""
_WRITTEN = re.compile(r"[^\s\[\]{},:\"'-][^\[\]{},:\"']*$")
"""The beginning of a word, or of a term of several words, at the end of a line."""
_LINE = re.compile(r"^(?P<indent>[ ]*)(?P<dashes>(?:-[ ]+)*)(?:(?P<key>[^\s:#\"'\[\]{}][^:]*?)[ ]*:(?:[ ]|$))?")


@dataclass(frozen=True, slots=True)
class Option:
    """Something to write: ``label`` is put in; ``about`` says what it is."""

    label: str
    about: str = ""
    kind: str = "key"


def options(text: str, line: int, column: int, flow: Flow | None, language: str) -> tuple[int, list[Option]]:
    """What can stand at ``line`` and ``column`` (from 1) of a file, and the column from which on it is written.

    ``flow`` knows the names.
    """
    lines = text.split("\n")[:line]
    before = lines[-1][: column - 1] if lines else ""
    place = _Place.of(lines[:-1], before)
    form = _form(place.path)
    found: list[Option] = []
    if isinstance(form, Shape):
        found = [] if place.value else [Option(f"{key.name}: ", key.says.in_(language)) for key in form.keys]
    elif form is not None:
        found = list(_values(form, flow, language))
    return place.start, found[:MOST]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody writes: the keys around it, from the outside in; whether it is behind a key; from which column."""

    path: list[str]
    value: bool
    start: int

    @classmethod
    def of(cls, lines: list[str], before: str) -> _Place:
        found = _LINE.match(before[:LONGEST])
        assert found
        path = [found["key"].strip()] if found["key"] else []
        outer = _outer(found)
        for line in reversed(lines):
            if outer == 0:
                break
            other = _LINE.match(line[:LONGEST])
            if other is None or not other["key"] or line.lstrip().startswith("#"):
                continue
            if len(other["indent"]) + len(other["dashes"]) < outer:
                path.append(other["key"].strip())
                outer = _outer(other)
        written = _WRITTEN.search(before[-LONGEST:])
        length = len(written[0]) if written else 0
        return cls(path[::-1], bool(found["key"]), 1 + len(before) - length)


def _outer(line: re.Match[str]) -> int:
    """Keys to the left of this column are around the line; a list may stand as far out as its key."""
    return len(line["indent"]) + bool(line["dashes"])


def _form(path: list[str]) -> Shape | Form | None:
    """What stands below a path of keys: a mapping of a shape, or a value."""
    here: Shape | Form | None = SHAPES["file"]
    entry = False
    for key in path:
        if entry and isinstance(here, forms.Entries):
            here, entry = SHAPES.get(here.shape), False
            continue
        if isinstance(here, forms.Items | forms.Inside):
            here = SHAPES.get(here.shape)
        if isinstance(here, forms.Expression | forms.Prompts):
            here = SHAPES["expression" if isinstance(here, forms.Expression) else "prompt"]
        if not isinstance(here, Shape) or key not in here.by_name:
            return forms.Terms() if isinstance(here, forms.Targets) else None
        here = here.by_name[key].form
        entry = isinstance(here, forms.Entries)
    if entry:
        return None  # a name of people's own
    if isinstance(here, forms.Inside | forms.Items):
        return SHAPES.get(here.shape)
    return here


def _values(form: Form, flow: Flow | None, language: str) -> Iterator[Option]:
    match form:
        case forms.Choice(values):
            yield from (Option(value, kind="word") for value in values if value)
        case forms.Flag():
            yield from (Option(value, kind="word") for value in ("true", "false"))
        case forms.Name(kind):
            yield from _names(kind.en, flow, language)
        case forms.Terms() | forms.Expression() | forms.Targets():
            yield from _terms(flow, language)
        case forms.Prompts():
            yield from _names("a phrase", flow, language)
            yield from (Option(f"{key.name}: ", key.says.in_(language)) for key in SHAPES["prompt"].keys)
        case _:
            return


def _names(kind: str, flow: Flow | None, language: str) -> Iterator[Option]:
    if flow is None:
        return
    word = kind.split()[-1].rstrip("s")
    tables = {
        "phrase": flow.phrases,
        "state": flow.states,
        "situation": flow.situations,
        "field": flow.fields,
        "group": flow.groups,
        "cause": flow.causes,
        "clause": flow.clauses,
        "rule": flow.rules,
    }
    yield from (Option(name, about, "name") for name, about in _told(tables.get(word, {}), language))


def _terms(flow: Flow | None, language: str) -> Iterator[Option]:
    yield from (Option(term, kind="term") for term in (*CALL_EVENTS, *ACOUSTIC_EVENTS, *FACTS))
    if flow is not None:
        for name, phrase in flow.phrases.items():
            yield Option(f"{phrase.by} {name}", phrase.wordings[0] if phrase.wordings else "", "term")
        yield from (Option(f"state {name}", about, "term") for name, about in _told(flow.states, language))
        yield from (Option(f"situation {name}", about, "term") for name, about in _told(flow.situations, language))
        yield from (Option(f"field {name} {stage}", kind="term") for name in flow.fields for stage in FIELD_STAGES)
    yield from (Option(f"{speaker} speaks", kind="term") for speaker in SPEAKERS)


def _told(entries: object, language: str) -> Iterable[tuple[str, str]]:
    assert isinstance(entries, dict)
    for name, entry in entries.items():
        title = getattr(entry, "title", None)
        wordings = getattr(entry, "wordings", ())
        yield name, title.in_(language) if title is not None else wordings[0] if wordings else ""
