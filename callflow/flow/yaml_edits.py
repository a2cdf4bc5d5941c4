"""Changes to the text of a YAML file at the places concerned: everything else, comments and blanks, stays as it is.

``outline`` gives the tree of a file that ``located_yaml`` has read without Problems, every node with the characters it
takes up. ``Edits`` collects what is to become of them, all by the old text's counting, and makes the new text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import MappingStartEvent, NodeEvent, ScalarEvent, SequenceStartEvent

_PLAIN = re.compile(r"[^\W\d_](?:[\w ，。？！、；（）《》“”….-]*[\w，。？！、；（）《》“”….-])?")
"""What needs no quotes wherever it stands: a subset that is easily seen to be safe."""
_NO_WORDS = re.compile(r"true|false|yes|no|on|off|null|y|n", re.IGNORECASE)
"""What YAML takes for something else than text."""


@dataclass(slots=True)
class Spot:
    """A node and the characters it takes up: ``source[start:end]``. ``style``: its quote, or ``{`` and ``[``."""

    start: int
    end: int = 0
    value: str | None = None
    style: str = ""
    items: list[Spot] = field(default_factory=list)
    """Of a list its items, of a mapping its keys and values in turn."""
    is_list: bool = False

    def get(self, key: str) -> tuple[Spot, Spot] | None:
        """The key of a mapping, and its value."""
        keys = self.items[::2]
        return next(((k, v) for k, v in zip(keys, self.items[1::2], strict=True) if k.value == key), None)

    def list_with(self, start: int) -> Spot | None:
        """The list, here or further in, of which an item begins at ``start``."""
        found: Spot | None = self
        while found and not (found.is_list and any(item.start == start for item in found.items)):
            found = next((item for item in reversed(found.items) if item.start <= start), None)
        return found


def outline(source: str) -> Spot | None:
    """The tree of a file; ``None`` where it cannot be read."""
    try:
        return _outline(source)
    except YAMLError:
        return None


def _outline(source: str) -> Spot | None:
    root: Spot | None = None
    parents: list[Spot] = []
    for event in YAML(typ="safe", plug_ins=[]).parse(source):
        if isinstance(event, NodeEvent):
            spot = _spot(event, source)
            root = root or spot
            if parents:
                parents[-1].items.append(spot)
            if not isinstance(event, ScalarEvent):
                parents.append(spot)
        elif parents and type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            _close(parents.pop(), event.end_mark.index)
    return root


def _spot(event: Any, source: str) -> Spot:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, ScalarEvent):
        # A folded text is read with the blank lines behind it.
        return Spot(start, start + len(source[start:end].rstrip()), event.value, event.style or "")
    opening = "{" if isinstance(event, MappingStartEvent) else "[" if isinstance(event, SequenceStartEvent) else ""
    return Spot(start, style=opening if event.flow_style else "", is_list=isinstance(event, SequenceStartEvent))


def _close(spot: Spot, end: int) -> None:
    # A block ends where the next thing begins, far behind its last line.
    spot.end = end if spot.style else spot.items[-1].end if spot.items else spot.start


class Edits:
    """What is to be changed in one file. Every method speaks of places in the text as it was."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._changes: list[tuple[int, int, str]] = []
        self._newline = "\r\n" if "\r\n" in source else "\n"

    def __bool__(self) -> bool:
        return bool(self._changes)

    def text(self) -> str:
        """The new text. Insertions at one place come in the order in which they were asked for."""
        parts, done = [], 0
        for start, end, words in sorted(self._changes, key=lambda change: change[:2]):
            if start < done:
                raise ValueError("two changes of one place")
            parts += [self.source[done:start], words]
            done = end
        return "".join([*parts, self.source[done:]])

    def swap(self, start: int, end: int, words: str) -> None:
        """Other characters in the place of these."""
        self._changes.append((start, end, words))

    def drop(self, listed: Spot, item: Spot) -> None:
        """Take an item out of a list, with its line where it has one."""
        if listed.style:
            self._between_brackets(listed.items, [(one, one) for one in listed.items if one is not item])
        else:
            self._cut_lines(item.start, item.end)

    def scalar(self, spot: Spot, value: str) -> None:
        """Another value for a scalar, in the quotes that it had."""
        self._changes.append((spot.start, spot.end, written(value, spot.style)))

    def set(self, mapping: Spot, key: str, value: str) -> None:
        """Give ``key`` a value; a new key comes last."""
        entry = mapping.get(key)
        if entry:
            self.scalar(entry[1], value)
        else:
            style = "" if _plain(value) else '"'
            self._append(mapping, f"{key}: {written(value, style)}")

    def remove(self, mapping: Spot, key: str) -> None:
        """Take a key out, with its line where it has one."""
        pairs = [Spot(k.start, v.end, k.value) for k, v in zip(mapping.items[::2], mapping.items[1::2], strict=True)]
        if mapping.style:
            self._between_brackets(pairs, [(pair, pair) for pair in pairs if pair.value != key])
        else:
            gone = next(pair for pair in pairs if pair.value == key)
            self._cut_lines(gone.start, gone.end)

    def list_of(self, mapping: Spot, key: str, values: Sequence[str]) -> None:
        """Make the texts under ``key``, one or a list, be ``values``; those that stay keep their form and comments."""
        entry = mapping.get(key)
        assert entry
        node = entry[1]
        if node.value is not None and len(values) == 1:
            self.scalar(node, values[0])
        elif node.value is not None:
            listed = ", ".join(written(value, '"') for value in values)
            self._changes.append((node.start, node.end, f"[{listed}]"))
        elif node.style:
            paired = self._paired(node, values)
            self._between_brackets(node.items, [(item, part) for item, parts in paired for part in parts])
        else:
            self._on_lines(node, values)

    def _paired(self, node: Spot, values: Sequence[str]) -> Iterator[tuple[Spot | None, list[Spot | str]]]:
        """Each old item with what takes its place: itself, a new text, nothing; and what comes in between."""
        old = [item.value or "" for item in node.items]
        for kind, a, b, c, d in SequenceMatcher(None, old, values, autojunk=False).get_opcodes():
            both = min(b - a, d - c)
            for place, item in enumerate(node.items[a:b]):
                new = written(values[c + place], item.style) if place < both else ""
                yield item, [item] if kind == "equal" else [new] if new else []
            if d - c > both:
                yield None, [written(value, node.items[0].style) for value in values[c + both : d]]

    def _between_brackets(self, old: Sequence[Spot], new: Sequence[tuple[Spot | None, Spot | str]]) -> None:
        """Parts of a list or mapping in brackets, each with the old one in whose place it stands: that keeps what
        stands between it and the next."""
        behind = {one.start: self.source[one.end : other.start] for one, other in pairwise(old)}
        text = between = ""
        for place, part in new:
            text += between + (part if isinstance(part, str) else self.source[part.start : part.end])
            between = behind.get(place.start, ", ") if place else ", "
        if "#" in between:  # behind the last: its comment stays, its comma goes
            text += between.replace(",", "", 1)
        self._changes.append((old[0].start, old[-1].end, text))

    def _on_lines(self, node: Spot, values: Sequence[str]) -> None:
        """Items of a list that have lines of their own."""
        begin = self._line_of(node.items[0].start)
        dash = self.source[begin : node.items[0].start]
        last: Spot | None = None
        for item, parts in self._paired(node, values):
            if item is None:
                lines = [dash + part for part in parts if isinstance(part, str)]
                for line in lines:
                    if last:
                        self._line_after(last.end, line)
                    else:
                        self._changes.append((begin, begin, line + self._newline))
                continue
            last = item
            if not parts:
                self._cut_lines(item.start, item.end)
            elif isinstance(parts[0], str):
                self._changes.append((item.start, item.end, parts[0]))

    def entry(self, mapping: Spot | None, section: str, name: str, lines: Sequence[str]) -> None:
        """A new entry ``name``, with its ``lines``, at the end of a section; a section that is not there is made."""
        if mapping is None or not mapping.items:
            block = "".join(f"{self._newline}    {line}" for line in lines)
            if mapping is None:
                lead = "" if not self.source or self.source.endswith("\n") else self._newline
                words = f"{lead}{self._newline}{section}:{self._newline}  {name}:{block}{self._newline}"
                self._changes.append((len(self.source), len(self.source), words))
            else:  # {}
                self._changes.append((mapping.start, mapping.end, f"{self._newline}  {name}:{block}"))
            return
        if mapping.style:
            self._append(mapping, f"{name}: {{{', '.join(lines)}}}")
            return
        indent = self._indent(mapping.items[0].start)
        block = "".join(f"{self._newline}{indent}  {line}" for line in lines)
        self._line_after(mapping.items[-1].end, f"{indent}{name}:{block}")

    # ------------------------------------------------------------------------------------ how it is done

    def _append(self, mapping: Spot, words: str) -> None:
        end = mapping.items[-1].end
        if mapping.style:
            self._changes.append((end, end, f", {words}"))
        else:
            self._line_after(end, self._indent(mapping.items[0].start) + words)

    def _cut_lines(self, start: int, end: int) -> None:
        self._changes.append((self._line_of(start), self._line_end(end), ""))

    def _line_after(self, end: int, line: str) -> None:
        """A line of its own below the one in which ``end`` lies."""
        at = self._line_end(end)
        ended = not at or self.source[at - 1] == "\n"
        self._changes.append((at, at, f"{line}{self._newline}" if ended else f"{self._newline}{line}"))

    def _line_of(self, at: int) -> int:
        return self.source.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Behind the line break of the line that ``at`` lies in."""
        found = self.source.find("\n", at)
        return len(self.source) if found < 0 else found + 1

    def _indent(self, at: int) -> str:
        return self.source[self._line_of(at) : at]


def written(value: str, style: str = "") -> str:
    """A text as YAML: plain where ``style`` is and it can be, in single quotes where it was, else in double quotes."""
    if style == "" and _plain(value):
        return value
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


def _plain(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value)) and not _NO_WORDS.fullmatch(value)
