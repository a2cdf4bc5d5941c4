"""What is different between two versions of a flow: its texts, line beside line, and what it means for a call. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from callflow.flow.model import Flow, PromptSpec
from callflow.problems import Location
from callflow.texts import Text, text

AROUND = 3
"""Lines that stay the same and are shown before and after a change."""
MOST_LINES = 4_000
"""Lines of one file that are laid side by side; of more, only that it differs."""
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
    before, after = (old or "").splitlines(), (new or "").splitlines()
    if max(len(before), len(after)) > MOST_LINES:
        return FileDiff(name, kind, too_long=True)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    lines: list[Line] = []
    plus = minus = 0
    for group in matcher.get_grouped_opcodes(AROUND):
        if lines:
            lines.append(Line("gap"))
        for tag, i1, i2, j1, j2 in group:
            lines += _beside("same" if tag == "equal" else "changed", before, after, (i1, i2), (j1, j2))
            plus += 0 if tag == "equal" else j2 - j1
            minus += 0 if tag == "equal" else i2 - i1
    return FileDiff(name, kind, tuple(lines), plus, minus)


def _beside(
    kind: Literal["same", "changed"], before: list[str], after: list[str], old: tuple[int, int], new: tuple[int, int]
) -> Iterator[Line]:
    for n in range(max(old[1] - old[0], new[1] - new[0])):
        i, j = old[0] + n, new[0] + n
        left, right = i < old[1], j < new[1]
        yield Line(
            kind, i + 1 if left else 0, before[i] if left else "", j + 1 if right else 0, after[j] if right else ""
        )


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
