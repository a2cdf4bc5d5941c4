"""Reading one mapping of a flow file, key by key, with a Problem for everything that does not fit.

``Section`` is the whole vocabulary of the reader. Which keys there are, and what each can hold, is declared in
``shapes``: to ask for another key, or for a key in another form, is a mistake of ours and raises at once. What is
there and not declared is an unknown key, which ``done()`` reports with the nearest known one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal, TypeVar, cast

from callflow.flow.forms import Both, Choice, Entries, Flag, Form, Length, Name, Number, Shape, Terms, WordList, Words
from callflow.flow.located_yaml import Mapping, Node, Scalar, Sequence
from callflow.flow.model import Span
from callflow.flow.shapes import SHAPES
from callflow.problems import Edit, Level, Location, Problem, did_you_mean, edit_to_nearest
from callflow.texts import Text, text

Word = TypeVar("Word", bound=str)
Declared = TypeVar("Declared", bound=Form)

SPAN = re.compile(
    r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|sec|seconds?|秒|min|minutes?|分钟|rings?|声|sentences?|句)?\s*$", re.IGNORECASE
)
_UNITS: dict[str, tuple[float, Literal["seconds", "rings", "sentences"]]] = {
    "ms": (0.001, "seconds"),
    "s": (1, "seconds"),
    "sec": (1, "seconds"),
    "second": (1, "seconds"),
    "秒": (1, "seconds"),
    "min": (60, "seconds"),
    "minute": (60, "seconds"),
    "分钟": (60, "seconds"),
    "ring": (1, "rings"),
    "声": (1, "rings"),
    "sentence": (1, "sentences"),
    "句": (1, "sentences"),
}
_NO_TEXT = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?|true|false|yes|no|null|~", re.IGNORECASE)
"""What a reader of YAML does not take for words, unless it is in quotes."""
LONGEST = 100_000
"""Largest number in a length of time: more than a day of seconds is a slip."""


CHECK_INDENT = text(": check the indentation", "：请检查缩进")


def indent_if(node: Node) -> Text:
    """The advice to check the indentation, where a whole block, or nothing, stands in a place for neither."""
    lost = not (node.value or node.quoted) if isinstance(node, Scalar) else node.block
    return CHECK_INDENT if lost else Text("", "")


def _is_astray(name: Scalar, value: Mapping, shape: Shape) -> bool:
    """Whether an entry is a key that slipped out of the one above it: its name is one, and nothing in it makes one."""
    return bool(shape.one_of) and name.value in shape.by_name and not any(key in value.entries for key in shape.one_of)


class Section:
    """One mapping, what is known to be in it, and where its Problems go."""

    def __init__(self, node: Mapping, problems: list[Problem], what: Text, shape: Shape) -> None:
        self.node = node
        self.at = node.at
        self.what = what
        self.shape = shape
        self._problems = problems

    def has(self, key: str) -> bool:
        return key in self.node.entries

    def wrong(self, at: Location, en: str, zh: str, rule: str, edit: Edit | None = None) -> None:
        """Report an error in this section."""
        self._problems.append(Problem(at, Text(en, zh), rule, edit=edit))

    def form(self, key: str, *kinds: type[Declared]) -> Declared:
        """What ``key`` is declared to hold."""
        form = self.shape.by_name[key].form
        if not isinstance(form, kinds):
            raise TypeError(f"{self.shape.name}: {key} is declared as {form}")
        return form

    def value(self, key: str) -> Node | None:
        """The node of ``key``, or ``None``."""
        self.shape.by_name[key]
        return self.node.get(key)

    def need(self, key: str) -> Node | None:
        """Like ``value``, with a Problem where the key is absent."""
        node = self.value(key)
        if node is None:
            self.wrong(self.at, f"{self.what.en} needs {key}", f"{self.what.zh}缺少 {key}", "missing-key")
        return node

    def string(self, key: str, default: str = "", required: bool = False) -> str:
        """One text, which must be there where it is declared as required, or is here."""
        form: Form = self.form(key, Words, Name)
        required = required or self.shape.by_name[key].required
        node = self.need(key) if required else self.value(key)
        if isinstance(form, Words) and form.said:
            self._check_words(node, key)
        if required and isinstance(node, Scalar) and not node.value.strip():
            self.wrong(node.at, f"{key} has an empty text", f"{key} 的文字为空", "empty-text")
        return default if node is None else self.as_string(node, key)

    def as_string(self, node: Node, key: str) -> str:
        if isinstance(node, Scalar):
            return node.value
        hint = indent_if(node)
        self.wrong(node.at, f"{key} must be a text{hint.en}", f"{key} 应是一段文字{hint.zh}", "wrong-kind")
        return ""

    def _check_words(self, node: Node | None, key: str) -> None:
        """Report what is no text to YAML: a number, a yes or no, nothing at all."""
        if isinstance(node, Scalar) and not node.quoted and _NO_TEXT.fullmatch(node.value):
            en = f'{key}: {node.value} is no text; put it in quotes if it is meant: "{node.value}"'
            zh = f'{key}：{node.value} 不是文字；如确有此意，请加引号："{node.value}"'
            self.wrong(node.at, en, zh, "wrong-kind", Edit(node.at, node.value, f'"{node.value}"'))

    def strings(self, key: str, required: bool = False) -> tuple[Scalar, ...]:
        """One text or a list of them, each with its place; what stands in it twice is told, and comes twice."""
        form: Form = self.form(key, WordList, Name, Terms, Choice)
        node = self.need(key) if required else self.value(key)
        if node is None:
            return ()
        nodes = node.items if isinstance(node, Sequence) else (node,)
        if not nodes and (required or (isinstance(form, WordList) and form.said)):
            self.wrong(node.at, f"{key} is an empty list", f"{key} 是空列表", "empty-text")
        first: dict[str, Location] = {}
        for item in nodes:
            if isinstance(form, WordList) and form.said:
                self._check_words(item, key)
            if not isinstance(item, Scalar):
                en, zh = f"{key} must be a text or a list of texts", f"{key} 应是文字或文字列表"
                self.wrong(item.at, en, zh, "wrong-kind")
            elif not item.value.strip():
                self.wrong(item.at, f"{key} has an empty text", f"{key} 中有空白文字", "empty-text")
            elif first.setdefault(item.value, item.at) is not item.at:
                self._twice(item, key, first[item.value])
        return tuple(item for item in nodes if isinstance(item, Scalar) and item.value.strip())

    def _twice(self, item: Scalar, key: str, first: Location) -> None:
        message = text(
            "{k}: “{w}” stands in the list twice; first at {a}", "{k}：“{w}”在列表中重复；首次在 {a}",
            k=key, w=item.value[:40], a=first,
        )  # fmt: skip
        edit = Edit(item.at, item.value, "")
        self._problems.append(Problem(item.at, message, "repeated", Level.WARNING, (first,), edit))

    def text(self, key: str, default: Text | None = None) -> Text:
        """A text in both languages: ``{zh: …, en: …}``, or one text that serves for both."""
        self.form(key, Both)
        node = self.value(key)
        if isinstance(node, Mapping):
            inner = Section(node, self._problems, Text(key, key), SHAPES["text"])
            zh, en = inner.string("zh"), inner.string("en")
            inner.done()
            return Text(en or zh, zh)
        if node is None:
            return default or Text("", "")
        self._check_words(node, key)
        value = self.as_string(node, key)
        return Text(value, value)

    def choice(self, key: str, default: Word) -> Word:
        """One of the words that are declared."""
        allowed = self.form(key, Choice).values
        node = self.value(key)
        return default if node is None else self.as_choice(node, key, allowed, default)

    def as_choice(self, node: Node, key: str, allowed: Collection[str], default: Word) -> Word:
        word = self.as_string(node, key)
        if word in allowed:
            return cast(Word, word)
        near, list_ = did_you_mean(word, allowed), ", ".join(sorted(allowed))
        self.wrong(
            node.at,
            f'{key}: "{word}" is not one of {list_}{near.en}',
            f"{key}：“{word}”不在可选值 {list_} 之中{near.zh}",
            "wrong-choice",
            edit_to_nearest(node.at, word, allowed),
        )
        return default

    def flag(self, key: str) -> bool:
        self.form(key, Flag)
        node = self.value(key)
        if node is None:
            return False
        word = self.as_choice(node, key, ("true", "false", "yes", "no"), "false")
        self._check_bare(key)
        return word in ("true", "yes")

    def _check_bare(self, key: str) -> None:
        """Report quotes, which make a text of what is a yes, a no or a number."""
        node = self.node.get(key)
        if isinstance(node, Scalar) and node.quoted and _NO_TEXT.fullmatch(node.value):
            en = f'{key}: "{node.value}" in quotes is a text; write {key}: {node.value}'
            zh = f"{key}：加引号的“{node.value}”是文字；请写成 {key}: {node.value}"
            self.wrong(node.at, en, zh, "wrong-kind")

    def number(self, key: str, default: float | None = None, least: float | None = None) -> float:
        """A number as declared; ``default`` and ``least`` where they hang on something else."""
        form = self.form(key, Number)
        low, most = form.least if least is None else least, form.most
        default = form.default if default is None else default
        node = self.value(key)
        if node is None:
            return default
        self._check_bare(key)
        try:
            number = float(self.as_string(node, key))
        except ValueError:
            number = float("nan")
        if low <= number <= most:
            return number
        self.wrong(
            node.at,
            f"{key} must be a number from {low:g} to {most:g}",
            f"{key} 应是 {low:g} 到 {most:g} 之间的数",
            "wrong-number",
        )
        return default

    def whole(self, key: str, default: int | None = None, least: int | None = None) -> int:
        """A number of things, which cannot be cut in parts."""
        number, node, form = self.number(key, default, least), self.value(key), self.form(key, Number)
        if node is not None and number != int(number):
            low, most = form.least if least is None else least, form.most
            en = f"{key} must be a whole number from {low:g} to {most:.0f}"
            self.wrong(node.at, en, f"{key} 应是 {low:g} 到 {most:.0f} 之间的整数", "wrong-number")
        return int(number)

    def span(self, key: str) -> Span | None:
        """How long: ``3s``, ``2 min``, ``3 rings``, ``2 sentences``, ``3 秒``."""
        self.form(key, Length)
        node = self.value(key)
        return None if node is None else self.as_span(self.as_string(node, key), node.at, key)

    def seconds(self, key: str) -> float:
        """How long by the clock, in seconds; 0 where it is not said."""
        self.form(key, Length)
        node = self.value(key)
        return 0.0 if node is None else self.as_seconds(self.as_string(node, key), node.at, key)

    def as_seconds(self, written: str, at: Location, key: str) -> float:
        span = self.as_span(written, at, key)
        if span and span.unit != "seconds":
            en, zh = f'{key}: "{written}" must be seconds or minutes', f"{key}：“{written}”应以秒或分钟计"
            self.wrong(at, en, zh, "wrong-span")
        return span.amount if span else 0.0

    def as_span(self, written: str, at: Location, key: str) -> Span | None:
        found = SPAN.match(written)
        if not found or not 0 < float(found[1]) <= LONGEST:
            self.wrong(
                at,
                f'{key}: "{written}" is not a length of time; write 3s, 2 min, 3 rings or 2 sentences',
                f"{key}：“{written}”不是时长；请写成 3s、2 分钟、3 声 或 2 句",
                "wrong-span",
            )
            return None
        unit = (found[2] or "s").lower()
        factor, kind = _UNITS.get(unit) or _UNITS[unit.rstrip("s")]
        return Span(float(found[1]) * factor, kind)

    def sections(self, key: str, what: Text) -> Iterator[tuple[Scalar, Section]]:
        """The named entries below ``key``: each name with its own section."""
        shape = SHAPES[self.form(key, Entries).shape]
        node = self.value(key)
        if node is None:
            return
        if not isinstance(node, Mapping):
            self.wrong(node.at, f"{key} must be a mapping of names", f"{key} 应是“名字: 内容”的形式", "wrong-kind")
            return
        for name, value in node.entries.values():
            if isinstance(value, Mapping) and _is_astray(name, value, shape):
                n, w = name.value, what
                message = Text(f"{n} is a key of a {w.en}, and no name of one", f"{n} 是{w.zh}的键，不是名字")
                self.wrong(name.at, message.en + CHECK_INDENT.en, message.zh + CHECK_INDENT.zh, "wrong-kind")
            elif isinstance(value, Mapping):
                named = Text(f"{what.en} {name.value}", f"{what.zh} {name.value} ")
                yield name, Section(value, self._problems, named, shape)
            else:
                hint = CHECK_INDENT if name.value in shape.by_name else indent_if(value)
                en, zh = f"{what.en} {name.value} has no content", f"{what.zh} {name.value} 没有内容"
                self.wrong(value.at, en + hint.en, zh + hint.zh, "wrong-kind")

    def inner(self, node: Node, what: Text, shape: Shape) -> Section | None:
        """A section of a mapping that was found inside this one."""
        if isinstance(node, Mapping):
            return Section(node, self._problems, what, shape)
        self.wrong(node.at, f"{what.en} must be a mapping", f"{what.zh}应是“键: 值”的形式", "wrong-kind")
        return None

    def done(self, told: Collection[str] = ()) -> None:
        """Report every key that is not declared; ``told``: those that were reported already."""
        known = self.shape.by_name
        for key, value in self.node.entries.values():
            if key.value not in known and key.value not in told:
                near = did_you_mean(key.value, known)
                near = near if near.en else indent_if(value)
                message = text(
                    '{w}: unknown key "{k}"{n}',
                    "{z}：未知的键“{k}”{m}",
                    w=self.what.en, z=self.what.zh.strip(), k=key.value[:40], n=near.en, m=near.zh,
                )  # fmt: skip
                # A key that is there already cannot be meant as well.
                edit = edit_to_nearest(key.text_at, key.value, [one for one in known if not self.has(one)])
                self._problems.append(Problem(key.at, message, "unknown-key", edit=edit))
