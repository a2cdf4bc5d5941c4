"""Reads phrases: what can be said, in which wordings, and what it means when it is."""

from __future__ import annotations

from callflow.flow.located_yaml import Scalar
from callflow.flow.model import Phrase, PhraseKind
from callflow.flow.reading import Reading
from callflow.flow.section import Section
from callflow.texts import Text

PHRASE_KINDS: tuple[PhraseKind, ...] = ("say", "never", "cue")


def read_phrase(key: Scalar, section: Section, flow: Reading) -> Phrase:
    """Read one phrase."""
    kinds: list[PhraseKind] = [kind for kind in PHRASE_KINDS if section.has(kind)]
    if not kinds:
        en, zh = "needs one of say, never or cue", "需要 say、never、cue 之一"
        section.wrong(key.at, f'phrase "{key.value}" {en}', f"短语“{key.value}”{zh}", "missing-key")
    for other in kinds[1:]:
        flow.only_one(section, kinds[0], other, Text(f'phrase "{key.value}"', f"短语“{key.value}”"))
    kind = kinds[0] if kinds else "say"
    wordings, guards = section.strings(kind, required=bool(kinds)), section.strings("unless")
    phrase = Phrase(
        name=key.value,
        kind=kind,
        wordings=tuple(flow.fill(item.value) for item in wordings),
        at=key.at,
        by=section.choice("by", "customer" if kind == "cue" else "agent"),
        refs=flow.refs(section),
        unless=tuple(flow.fill(item.value) for item in guards),
        boundary=section.choice("boundary", "anywhere"),
        exact=section.flag("exact"),
        promise=_promises(section, kind),
        better=flow.fill(section.string("better", required=kind == "never")),
        better_at=flow.place_of(section, "better"),
        severity=section.choice("severity", "major"),
        group=flow.group_of(section),
        cause=flow.cause_of(section),
        places={flow.fill(item.value): item.text_at for item in (*wordings, *guards)},
        written={flow.fill(item.value): item.value for item in (*wordings, *guards)},
    )
    section.done()
    return phrase


def _promises(section: Section, kind: PhraseKind) -> bool:
    promises, by = section.flag("promise"), section.value("by")
    speaker = by.value if isinstance(by, Scalar) else "customer" if kind == "cue" else "agent"
    if promises and (kind == "never" or speaker == "customer"):
        node = section.value("promise") or section.node
        en = "only the agent promises, and not with what must not be said: by: agent, and say or cue"
        section.wrong(node.at, en, "承诺只能由坐席作出，且不能是禁语：请写 by: agent，并用 say 或 cue", "wrong-kind")
    return promises
