"""What is different between two versions of a flow: its texts, line beside line, and what it means for a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal

from callflow.design.studio.repository import compared
from callflow.flow.model import Flow, PromptSpec
from callflow.problems import Location
from callflow.texts import Text, text

MOST_LINES = 4_000
"""Lines of one file that are laid side by side; of more, only how many differ."""
_GROUP = re.compile(r"[-+](\d+),?(\d*)")
"""The line where a group begins on either side, and how many it has; of none, the line before."""
_NO_MEANING = ("places", "written")
KINDS: Mapping[str, Text] = {
    "rules": text("rules", "规则"),
    "phrases": text("phrases", "短语"),
    "prompts": text("prompts", "提示"),
    "states": text("states", "状态"),
    "situations": text("situations", "情形"),
    "fields": text("fields", "字段"),
    "rehearsals": text("rehearsals", "演练"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file beside that of another version; 0: there is none on that side. ``gap``: some are left out."""

    kind: Literal["same", "changed", "gap"]
    old: int = 0
    old_text: str = ""
    new: int = 0
    new_text: str = ""


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file: whether it came or went, and its lines. ``too_long`` to be laid side by side."""

    name: str
    kind: Literal["added", "removed", "changed"]
    lines: tuple[Line, ...] = ()
    plus: int = 0
    minus: int = 0
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What has changed of one kind of thing, by name (prompts by their words)."""

    kind: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def title(self) -> Text:
        return KINDS[self.kind]


def files(old: Mapping[str, str], new: Mapping[str, str]) -> list[FileDiff]:
    """The files that differ, by name."""
    names = sorted({*old, *new})
    return [_file(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _file(name: str, old: str | None, new: str | None) -> FileDiff:
    kind: Literal["added", "removed", "changed"] = "added" if old is None else "removed" if new is None else "changed"
    lines: list[Line] = []
    left: list[Line] = []  # what is gone and has nothing beside it as yet
    i = j = plus = minus = 0
    for sign, words in compared(_ended(old), _ended(new)):
        if sign == "@":
            i, j = (int(start) - (count != "0") for start, count in _GROUP.findall(words)[:2])
            lines += [*left, Line("gap")] if lines or left else []
            left = []
        elif sign == "-":
            i, minus = i + 1, minus + 1
            left.append(Line("changed", i, words))
        elif sign == "+":
            j, plus = j + 1, plus + 1
            beside = left.pop(0) if left else Line("changed")
            lines.append(replace(beside, new=j, new_text=words))
        else:
            i, j = i + 1, j + 1
            lines += [*left, Line("same", i, words, j, words)]
            left = []
    lines += left
    if len(lines) > MOST_LINES:
        return FileDiff(name, kind, (), plus, minus, too_long=True)
    return FileDiff(name, kind, tuple(lines), plus, minus)


def _ended(words: str | None) -> str:
    """A text whose last line ends, as its lines are compared."""
    return f"{words}\n" if words and not words.endswith("\n") else words or ""


# ------------------------------------------------------------------------------------------------ what it means


def meaning(old: Flow | None, new: Flow | None) -> list[Meaning]:
    """What changes for a call; nothing of comments, order and places in files. ``None``: a flow that cannot be read.

    Of a new flow that cannot be read nobody knows.
    """
    found: list[Meaning] = []
    if new is None:
        return found
    for kind in KINDS:
        before, after = (_entries(flow, kind) if flow else {} for flow in (old, new))
        added = tuple(name for name in after if name not in before)
        removed = tuple(name for name in before if name not in after)
        changed = tuple(name for name in after if name in before and before[name] != after[name])
        if added or removed or changed:
            found.append(Meaning(kind, added, removed, changed))
    return found


def _entries(flow: Flow, kind: str) -> dict[str, Any]:
    if kind == "prompts":
        return {prompt.text: _plain(prompt) for prompt in _prompts(flow)}
    if kind == "rehearsals":
        return {f"{one.at.file}: {one.name}": _plain(one) for one in flow.rehearsals}
    return {name: _plain(entry) for name, entry in getattr(flow, kind).items()}


def _prompts(flow: Flow) -> Iterator[PromptSpec]:
    for rule in flow.rules.values():
        if rule.prompt:
            yield rule.prompt
    for state in flow.states.values():
        yield from state.prompts
    for situation in flow.situations.values():
        yield from situation.prompts


def _plain(value: Any) -> Any:
    """A value of a flow without the places where it is written."""
    if isinstance(value, Location):
        return None
    if is_dataclass(value):
        return (
            type(value).__name__,
            *(_plain(getattr(value, f.name)) for f in fields(value) if f.name not in _NO_MEANING),
        )
    if isinstance(value, Mapping):
        return tuple((key, _plain(one)) for key, one in value.items())
    return tuple(map(_plain, value)) if isinstance(value, tuple | list) else value
