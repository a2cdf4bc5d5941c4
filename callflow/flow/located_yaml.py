"""YAML as a small tree in which every value knows its line and column.

Only what a flow needs is allowed: mappings with plain keys, lists and scalars, in one document. Tags, anchors and
aliases are refused (they can name code or blow up a small file), and so are very large and very deep files, before any
tree is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from callflow.flow.indents import misplaced
from callflow.problems import Edit, Location, Problem
from callflow.texts import Text, text

MAX_CHARACTERS = 4_000_000
"""Largest file read; a flow of 50,000 lines has about 2.5 million characters."""
MAX_DEPTH = 40

NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not count as a character; the parser itself tells only that there is one, not where."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A plain or quoted value, always as the text that was written."""

    value: str
    at: Location
    quoted: bool = False

    @property
    def text_at(self) -> Location:
        """Where the text itself begins, behind the quote."""
        return Location(self.at.file, self.at.line, self.at.column + self.quoted)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; ``block``: of lines of their own, not in brackets."""

    items: tuple[Node, ...]
    at: Location
    block: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, in the order written; a key that comes twice is a Problem and kept once."""

    entries: dict[str, tuple[Scalar, Node]]
    at: Location
    block: bool = False

    def get(self, key: str) -> Node | None:
        """The value of ``key``, or ``None``."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


Node = Scalar | Sequence | Mapping


def load(source: str, file: str) -> tuple[Node | None, list[Problem]]:
    """Read one YAML document. What is wrong comes back as Problems; the tree is ``None`` where nothing was readable."""
    if len(source) > MAX_CHARACTERS:
        message = text(
            "the file has {n} characters, more than the {m} allowed; split it by subject",
            "文件有 {n} 个字符，超过上限 {m}；请按主题拆分",
            n=len(source),
            m=MAX_CHARACTERS,
        )
        return None, [Problem(Location(file), message, "yaml-size")]
    if not_text := NOT_TEXT.search(source):
        return None, [_not_a_character(source, not_text.start(), file)]
    builder = _Builder(file, source)
    try:
        builder.read(YAML(typ="safe", plug_ins=[]).parse(source))
    except _Refused as refused:
        builder.problems.append(refused.problem)
    except MarkedYAMLError as error:
        builder.problems.append(_syntax(error, source, file))
    except YAMLError as error:
        what = str(error).splitlines()[0]
        builder.problems.append(Problem(Location(file), Text(f"not YAML: {what}", f"不是 YAML：{what}"), "yaml-syntax"))
    return builder.root, builder.problems


def _not_a_character(source: str, offset: int, file: str) -> Problem:
    line, column = source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)
    code = f"U+{ord(source[offset]):04X}"
    message = text("{c} is no character of a text; delete it", "{c} 不是文字字符，请删除", c=code)
    return Problem(Location(file, line, column), message, "yaml-syntax")


class _Refused(Exception):
    """Reading stops here: the file uses something that flows must not use."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Builder:
    """Builds the tree from the parser's events with a stack of its own, so that depth costs no recursion."""

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.lines = source.splitlines()
        self.root: Node | None = None
        self.problems: list[Problem] = []

    def read(self, events: Iterator[Any]) -> None:
        open_nodes: list[_Open] = []
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    en, zh = "one document only: split the file at this '---'", "只允许一个文档：请在此处拆分文件"
                    self._refuse(event, en, zh)
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                self._place(open_nodes.pop().close(), open_nodes)
            elif isinstance(event, NodeEvent):
                self._check(event, len(open_nodes))
                if isinstance(event, ScalarEvent):
                    scalar = Scalar(event.value, self._at(event), quoted=event.style in ("'", '"'))
                    self._check_continued(event)
                    self._place(scalar, open_nodes)
                else:
                    block = not getattr(event, "flow_style", False)
                    open_nodes.append(_Open(isinstance(event, MappingStartEvent), self._at(event), block))

    def _check(self, event: NodeEvent, depth: int) -> None:
        if isinstance(event, AliasEvent) or event.anchor:
            zh = "不允许锚点（&）和别名（*），请直接写出"
            self._refuse(event, "anchors (&) and aliases (*) are not allowed; write it out", zh)
        tag = getattr(event, "tag", None)
        if tag and str(tag) != "!":
            name = str(tag)[:40]
            self._refuse(event, f"tags are not allowed ({name}); remove it", f"不允许标签（{name}），请删除")
        if depth >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", f"嵌套超过 {MAX_DEPTH} 层")

    def _check_continued(self, event: Any) -> None:
        """An item of a list that is indented too far, or not far enough, goes on with the text above it."""
        if event.style or " - " not in event.value or event.end_mark.line == event.start_mark.line:
            return
        for line in range(event.start_mark.line + 1, event.end_mark.line + 1):
            content = self.lines[line] if line < len(self.lines) else ""
            if content.lstrip().startswith("- "):
                message = text(
                    "this goes on with the text above it: {i}, or put that text in quotes",
                    "这一行接在了上面的文字后面：{z}，或给那段文字加引号",
                    i=_INDENT.en, z=_INDENT.zh,
                )  # fmt: skip
                column = len(content) - len(content.lstrip()) + 1
                self.problems.append(Problem(Location(self.file, line + 1, column), message, "yaml-indent"))

    def _place(self, node: Node, open_nodes: list[_Open]) -> None:
        if not open_nodes:
            self.root = node
            return
        parent = open_nodes[-1]
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key is None:
            if not isinstance(node, Scalar):
                raise _Refused(Problem(node.at, text("a key must be a plain word", "键必须是简单的词"), "yaml-key"))
            parent.key = node
        else:
            self._add(parent, parent.key, node)
            parent.key = None

    def _add(self, parent: _Open, key: Scalar, value: Node) -> None:
        first = parent.entries.get(key.value)
        if first:
            name, line = key.value[:40], first[0].at.line
            message = Text(f'"{name}" stands here twice; first in line {line}', f"“{name}”重复；首次出现在第 {line} 行")
            self.problems.append(Problem(key.at, message, "yaml-duplicate"))
        else:
            parent.entries[key.value] = (key, value)

    def _at(self, event: Any) -> Location:
        return Location(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, en: str, zh: str) -> None:
        raise _Refused(Problem(self._at(event), Text(en, zh), "yaml-forbidden"))


class _Open:
    """A mapping or list whose end has not come yet."""

    def __init__(self, mapping: bool, at: Location, block: bool) -> None:
        self.mapping = mapping
        self.at = at
        self.block = block
        self.items: list[Node] = []
        self.entries: dict[str, tuple[Scalar, Node]] = {}
        self.key: Scalar | None = None

    def close(self) -> Node:
        if self.mapping:
            return Mapping(self.entries, self.at, self.block)
        return Sequence(tuple(self.items), self.at, self.block)


_INDENT = text(
    "check the indentation: keys of one mapping, items of one list, begin in the same column",
    "请检查缩进：同一层的键、同一列表的各项应从同一列开始",
)
_QUOTE = text("put the text in quotes", "请给文字加引号")
_KNOWN_SYNTAX = {
    "could not find expected ':'": text("a colon is missing after the key", "键后面缺少冒号“:”"),
    "did not find expected key": _INDENT,
    "did not find expected '-' indicator": _INDENT,
    "did not find expected <document start>": _INDENT,
    "mapping values are not allowed in this context": text(
        "no “key: value” can stand here; check the indentation, or put a text that has a colon in quotes",
        "这里不能出现“键: 值”；请检查缩进，或给含冒号的文字加引号",
    ),
    "found character that cannot start any token": _QUOTE,
    "did not find expected alphabetic or numeric character": _QUOTE,
    "did not find expected ',' or ']'": text("the list lacks a “,” or its “]”", "列表缺少“,”或“]”"),
    "did not find expected ',' or '}'": text("the braces lack a “,” or their “}”", "缺少“,”或“}”"),
    "did not find expected node content": text("a value is missing here", "这里缺少一个值"),
    "found unexpected end of stream": text("a quote is opened and never closed", "引号没有配对"),
    "found unknown escape character": text(
        "in double quotes a backslash begins an escape; use single quotes", "双引号里反斜杠有特殊含义，请改用单引号"
    ),
}
"""What to do about what the parser says, for those who do not know its words."""

_INDENTED = (_INDENT, _KNOWN_SYNTAX["mapping values are not allowed in this context"])
"""What may come of a wrong indent, perhaps of a line before."""

_COLONS = ("could not find expected ':'", "mapping values are not allowed in this context")

_TAB = text("indent with spaces, not with a tab", "缩进请用空格，不要用制表符")
_TAB_INDENTS = re.compile(r"[ -]*\t")
_FULL_WIDTH = text("a full-width colon “：”; write “:” and a space", "这里是全角冒号“：”，请改为半角“:”加空格")
_FULL_WIDTH_KEY = re.compile(r"[ \t-]*[^\s\"'#:：]+(：)")
_NO_BLANK = text("a space must follow the “:”", "冒号“:”后面要有空格")
_NO_BLANK_KEY = re.compile(r"[ -]*[\w-]+(:)(?=[^\s:/])")


def _syntax(error: MarkedYAMLError, source: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = str(error.problem or error.context or "syntax error")
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    advice = _KNOWN_SYNTAX.get(what, Text(what, f"语法有误：{what}"))
    above = max(0, line - 2)
    lines = source.splitlines()[above:line]
    # The parser stumbles over a wrong colon only when it comes to the next line that has a right one.
    wide = [(n, found) for n, one in enumerate(lines, above + 1) if (found := _FULL_WIDTH_KEY.match(one))]
    tight = [(n, found) for n, one in enumerate(lines, above + 1) if (found := _NO_BLANK_KEY.match(one))]
    edit: Edit | None = None
    if lines and _TAB_INDENTS.match(lines[-1]):
        advice, column = _TAB, lines[-1].index("\t") + 1
    elif wide:
        (line, found), advice = wide[0], _FULL_WIDTH
        column = found.start(1) + 1
        edit = Edit(Location(file, line, column), "：", ": " if found.string[column:].strip() else ":")
    elif tight and what in _COLONS:
        (line, found), advice = tight[0], _NO_BLANK
        column = found.start(1) + 1
        edit = Edit(Location(file, line, column), ":", ": ")
    elif advice in _INDENTED and (culprit := misplaced(source.splitlines(), line)):
        advice, line = _INDENT, culprit
        content = source.splitlines()[line - 1]
        column = len(content) - len(content.lstrip()) + 1
    message = Text(f"YAML: {advice.en}", f"YAML：{advice.zh}")
    return Problem(Location(file, line, column), message, "yaml-syntax", edit=edit)
