"""Wordings as people write them: ``[{客户}，](对不起|很抱歉)，让您久等了``.

====================  ==========================================================
``(a|b|c)``           alternatives; at the outermost level the brackets may be left out
``[x]``               an option: with or without it
``{name}``            a slot: a gap that any words may fill, within the slot's length
``\\(``                the character itself
====================  ==========================================================

They nest. Full-width brackets and bars, as a Chinese keyboard gives them, do as well. A template is expanded into
all its patterns before anything is heard; matching knows nothing of alternatives.
"""

from __future__ import annotations

from collections.abc import Mapping

from callflow.flow.model import PLAIN_BRACKETS, Slot
from callflow.problems import did_you_mean
from callflow.texts import Text, text

MOST_PATTERNS = 512
"""One template may stand for so many patterns: three or four independent choices are a wording, ten are a mistake."""

_DEEPEST = 16

Pattern = tuple[str | Slot, ...]
"""Literal words and slots in turn; it has at least one literal that can be heard."""


class TemplateError(ValueError):
    """A template that cannot be read. ``column`` counts characters of the template from 1."""

    def __init__(self, column: int, message: Text) -> None:
        super().__init__(f"{column}: {message}")
        self.column = column
        self.message = message


def expand(template: str, slots: Mapping[str, Slot]) -> list[Pattern]:
    """All patterns that ``template`` stands for, in the order they are written, none twice.

    Raises ``TemplateError``, with the column, for brackets that do not pair, an unknown slot, more than
    ``MOST_PATTERNS`` patterns, or a pattern without words.
    """
    patterns = [_tidied(parts) for parts in _Parser(template, slots).read()]
    for pattern in patterns:
        if not any(isinstance(part, str) for part in pattern):
            raise TemplateError(
                1, text("can be said without a single word: nothing to listen for", "可以一个字也不说：无从匹配")
            )
    return list(dict.fromkeys(patterns))


class _Parser:
    """Recursive descent; every rule returns the patterns of what it has read, as lists of parts."""

    def __init__(self, template: str, slots: Mapping[str, Slot]) -> None:
        self.source = template.translate(PLAIN_BRACKETS)
        self.slots = slots
        self.at = 0

    def read(self) -> list[Pattern]:
        patterns = self.choice(0)
        if self.at < len(self.source):
            sign = self.source[self.at]
            raise self.error(text('"{s}" closes nothing', "“{s}”前面没有对应的括号", s=sign))
        return patterns

    def choice(self, depth: int) -> list[Pattern]:
        patterns = self.sequence(depth)
        while self.peek() == "|":
            self.at += 1
            patterns = patterns + self.sequence(depth)
            self.check_size(len(patterns))
        return patterns

    def sequence(self, depth: int) -> list[Pattern]:
        patterns: list[Pattern] = [()]
        while (sign := self.peek()) and sign not in "|)]}":
            choices = self.bracket(depth) if sign in "([" else [(self.slot() if sign == "{" else self.words(),)]
            self.check_size(len(patterns) * len(choices))
            patterns = [_joined(head, tail) for head in patterns for tail in choices]
        return patterns

    def bracket(self, depth: int) -> list[Pattern]:
        start, opening = self.at, self.source[self.at]
        if depth == _DEEPEST:
            raise self.error(text("brackets nested too deep", "括号嵌套太深"))
        self.at += 1
        inside = self.choice(depth + 1)
        if self.peek() != {"(": ")", "[": "]"}[opening]:
            self.at = start
            raise self.error(text('"{s}" is never closed', "“{s}”没有闭合", s=opening))
        self.at += 1
        if opening == "(" or not any(map(_heard, inside)):  # with or without a comma is the same to the ear
            return inside
        return [*inside, ()]

    def slot(self) -> Slot:
        end = self.source.find("}", self.at)
        if end < 0:
            raise self.error(text('"{{" is never closed', "“{{”没有闭合", s=""))
        name = self.source[self.at + 1 : end].strip()
        slot = self.slots.get(name)
        if slot is None:
            near = did_you_mean(name, self.slots)
            raise self.error(Text(f'no slot is called "{name[:40]}"{near.en}', f"没有名为“{name[:40]}”的槽位{near.zh}"))
        self.at = end + 1
        return slot

    def words(self) -> str:
        out = []
        while (sign := self.peek()) and sign not in "()[]{}|":
            if sign == "\\":
                self.at += 1
                if not (sign := self.peek()):
                    self.at -= 1
                    raise self.error(text('nothing follows "\\"', "“\\”后面没有字符"))
            out.append(sign)
            self.at += 1
        return "".join(out)

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def check_size(self, size: int) -> None:
        if size > MOST_PATTERNS:
            message = text(
                "stands for more than {n} wordings; split it", "展开后超过 {n} 种说法，请拆开写", n=MOST_PATTERNS
            )
            raise self.error(message)

    def error(self, message: Text) -> TemplateError:
        return TemplateError(self.at + 1, message)


def _heard(pattern: Pattern) -> bool:
    return any(isinstance(part, Slot) or any(map(str.isalnum, part)) for part in pattern)


def _joined(head: Pattern, tail: Pattern) -> Pattern:
    """One behind the other; literals that meet become one."""
    if head and tail and isinstance(head[-1], str) and isinstance(tail[0], str):
        return (*head[:-1], head[-1] + tail[0], *tail[1:])
    return head + tail


def _tidied(parts: Pattern) -> Pattern:
    """Neighbouring literals joined, neighbouring slots added up, literals without a sound (，) left out."""
    if len(parts) == 1 and isinstance(parts[0], str) and any(map(str.isalnum, parts[0])):
        return parts
    out: list[str | Slot] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        elif isinstance(part, str) and not any(map(str.isalnum, part)):
            continue
        elif isinstance(part, Slot) and isinstance(last, Slot):
            out[-1] = Slot(f"{last.name}+{part.name}", last.least + part.least, last.most + part.most)
        else:
            out.append(part)
    return tuple(out)
