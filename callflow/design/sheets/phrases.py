"""The phrases of a flow as spreadsheets have them, word for word as they are written: variables are not filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from callflow.flow import located_yaml
from callflow.flow.located_yaml import Mapping as MappingNode
from callflow.flow.located_yaml import Scalar, Sequence
from callflow.texts import Text, text

Kind = Literal["say", "never"]
KINDS: tuple[Kind, ...] = ("say", "never")
SHEETS: dict[Kind, Text] = {"say": text("Say", "话术"), "never": text("Never", "禁用语")}

COLUMNS: dict[str, Text] = {
    "kind": text("Kind", "类别"),
    "name": text("Name", "名称"),
    "wording": text("Wording", "用语"),
    "better": text("Better wording", "改用"),
    "severity": text("Severity", "严重程度"),
    "group": text("Group", "分组"),
    "file": text("File", "文件"),
}
"""Headings; ``kind`` only where both kinds share one table (CSV), ``better`` only where something is forbidden."""
WHOLE = ("better", "severity", "group", "file")
"""Columns that speak of a phrase and not of one wording."""


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The columns of a sheet."""
    if kind == "never":
        return ("name", "wording", "better", "severity", "group", "file")
    return ("name", "wording", "group", "file")


@dataclass(frozen=True, slots=True)
class SheetPhrase:
    """A phrase; what is empty is not written in the YAML."""

    name: str
    kind: Kind
    wordings: tuple[str, ...]
    file: str
    better: str = ""
    severity: str = ""
    group: str = ""


def phrases_of(sources: Mapping[str, str]) -> list[SheetPhrase]:
    """The phrases to say and never to say, in the order of the files and in them; the flow must read without errors."""
    found = []
    for file, source in sources.items():
        root, _ = located_yaml.load(source, file)
        section = root.get("phrases") if isinstance(root, MappingNode) else None
        for key, node in section.entries.values() if isinstance(section, MappingNode) else ():
            if isinstance(node, MappingNode) and (kind := next((kind for kind in KINDS if node.get(kind)), None)):
                rest = {key: _text(node, key) for key in WHOLE if key != "file"}
                found.append(SheetPhrase(key.value, kind, _texts(node, kind), file, **rest))
    return found


def variables_of(sources: Mapping[str, str]) -> dict[str, str]:
    """The variables that wordings may have in braces."""
    roots = (located_yaml.load(source, file)[0] for file, source in sources.items())
    sections = (root.get("variables") for root in roots if isinstance(root, MappingNode))
    found = [section for section in sections if isinstance(section, MappingNode)]
    return {key: _text(section, key) for section in found for key in section.entries}


def _texts(node: MappingNode, key: str) -> tuple[str, ...]:
    value = node.get(key)
    items = value.items if isinstance(value, Sequence) else (value,)
    return tuple(cast(Scalar, item).value for item in items)


def _text(node: MappingNode, key: str) -> str:
    value = node.get(key)
    return value.value if isinstance(value, Scalar) else ""
