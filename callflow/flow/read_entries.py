"""Reads the entries that are a few values each: groups, causes, clauses, slots, fields."""

from __future__ import annotations

from callflow.flow.located_yaml import Scalar
from callflow.flow.model import Cause, Clause, ClauseKind, FieldSpec, Group, Slot
from callflow.flow.reading import Reading
from callflow.flow.section import Section
from callflow.texts import Text

CLAUSE_KINDS: tuple[ClauseKind, ...] = ("say", "taboo", "step", "conduct", "tip", "out")


def read_group(key: Scalar, section: Section, flow: Reading) -> Group:
    """Read one group of the score."""
    title = section.text("title", Text(key.value, key.value))
    group = Group(key.value, title, section.number("weight", 10), key.at, flow.cause_of(section))
    section.done()
    return group


def read_cause(key: Scalar, section: Section, flow: Reading) -> Cause:
    """Read one cause of dissatisfaction."""
    title = section.text("title", Text(key.value, key.value))
    cause = Cause(key.value, title, section.number("share", 0.0, 0.0, 100.0), key.at)
    section.done()
    return cause


def read_clause(key: Scalar, section: Section, flow: Reading) -> Clause:
    """Read one clause of the guides; its texts are quoted, so that braces in them mean nothing."""
    clause = Clause(
        id=key.value,
        at=key.at,
        kind=section.choice("kind", CLAUSE_KINDS, "say"),
        when=section.string("when"),
        text=tuple(item.value for item in section.strings("text", words=True)),
        need=section.string("need", words=True),
        cue=tuple(item.value for item in section.strings("cue", words=True)),
    )
    section.need("kind")
    section.done()
    return clause


def read_slot(key: Scalar, section: Section, flow: Reading) -> Slot:
    """Read one slot of templates."""
    least = section.whole("least", 1, 0, 60)
    slot = Slot(key.value, least, section.whole("most", max(8, least), max(1, least), 60))
    section.done()
    return slot


def read_field(key: Scalar, section: Section, flow: Reading) -> FieldSpec:
    """Read one field of an order."""
    asked = section.string("asked_by", required=True)
    node = section.value("asked_by")
    if node is not None and asked:
        flow.names.phrase(asked, node.at, flow.problems)
    spec = FieldSpec(
        name=key.value,
        kind=section.choice("kind", ("digits", "name", "text"), "text"),
        labels=tuple(item.value for item in section.strings("labels")) or (key.value,),
        asked_by=asked,
        at=key.at,
        least=(least := int(section.number("least", 1, 1, 100))),
        most=int(section.number("most", max(40, least), least, 200)),
        refs=flow.refs(section),
        form=section.string("form"),
    )
    section.done()
    return spec
