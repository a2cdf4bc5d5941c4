"""Reads the entries that are a few values each: groups, causes, clauses, slots, fields."""

from __future__ import annotations

from callflow.flow.located_yaml import Scalar
from callflow.flow.model import Cause, Clause, FieldSpec, Group, Slot
from callflow.flow.reading import Reading
from callflow.flow.section import Section
from callflow.texts import Text


def read_group(key: Scalar, section: Section, flow: Reading) -> Group:
    """Read one group of the score."""
    title = section.text("title", Text(key.value, key.value))
    group = Group(key.value, title, section.number("weight"), key.at, flow.cause_of(section))
    section.done()
    return group


def read_cause(key: Scalar, section: Section, flow: Reading) -> Cause:
    """Read one cause of dissatisfaction."""
    title = section.text("title", Text(key.value, key.value))
    cause = Cause(key.value, title, section.number("share"), key.at)
    section.done()
    return cause


def read_clause(key: Scalar, section: Section, flow: Reading) -> Clause:
    """Read one clause of the guides; its texts are quoted, so that braces in them mean nothing."""
    clause = Clause(
        id=key.value,
        at=key.at,
        kind=section.choice("kind", "say"),
        when=section.string("when"),
        text=tuple(item.value for item in section.strings("text")),
        need=section.string("need"),
        cue=tuple(item.value for item in section.strings("cue")),
    )
    section.need("kind")
    section.done()
    return clause


def read_slot(key: Scalar, section: Section, flow: Reading) -> Slot:
    """Read one slot of templates."""
    least = section.whole("least")
    slot = Slot(key.value, least, section.whole("most", max(8, least), max(1, least)))
    section.done()
    return slot


def read_field(key: Scalar, section: Section, flow: Reading) -> FieldSpec:
    """Read one field of an order."""
    asked = section.string("asked_by")
    node = section.value("asked_by")
    if node is not None and asked:
        flow.names.phrase(asked, node.at, flow.problems)
    spec = FieldSpec(
        name=key.value,
        kind=section.choice("kind", "text"),
        labels=tuple(item.value for item in section.strings("labels")) or (key.value,),
        asked_by=asked,
        at=key.at,
        least=(least := int(section.number("least"))),
        most=int(section.number("most", max(40, least), least)),
        refs=flow.refs(section),
        form=section.string("form"),
    )
    section.done()
    return spec
