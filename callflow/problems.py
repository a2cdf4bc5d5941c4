"""What is wrong in something a person wrote, and where: plain sortable values.

Reading a flow, a journal or an events file never raises for a mistake in it; it returns what could be read together
with a list of ``Problem``. Only the command line turns them into text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from callflow.texts import Text, printable, text


class Level(StrEnum):
    """How bad a problem is. An ``ERROR`` stops the work, a ``WARNING`` does not, an ``INFO`` is worth a thought."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. ``line`` and ``column`` count from 1; 0 means "the file as a whole"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"

    def __reduce__(self) -> tuple[type[Location], tuple[str, int, int]]:
        """As a call: a kept flow has thousands of these, and a dataclass's own way takes five times as long."""
        return Location, (self.file, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Edit:
    """What would mend a mistake: ``old``, a word of its own in the line of ``at``, there or behind it, becomes ``new``.

    It stands for the text as it was read; whoever makes the edit looks first whether it is still there.
    """

    at: Location
    old: str
    new: str


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it is, what is wrong in words, the name of the rule it breaks, and how bad it is.

    ``related``: the other places that have to do with it. ``edit``: what would mend it, where that is sure.
    """

    at: Location
    message: Text
    rule: str
    level: Level = Level.ERROR
    related: tuple[Location, ...] = field(default=(), compare=False)
    edit: Edit | None = field(default=None, compare=False)

    def in_(self, language: str) -> str:
        """One line for people: ``file:line:column: level: message [rule]``."""
        level = (
            {"error": "错误", "warning": "警告", "info": "提示"}[self.level]
            if language.startswith("zh")
            else self.level
        )
        return printable(f"{self.at}: {level}: {self.message.in_(language)} [{self.rule}]")

    def __str__(self) -> str:
        return self.in_("en")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` is most likely a slip of, or ``None`` where nothing is near."""
    cutoff = 0.5 if len(name) <= 2 else 0.55  # one slip in "by" leaves half of it
    best = process.extractOne(
        name, sorted(known), scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=cutoff, processor=str.lower
    )
    return best[0] if best else None


def did_you_mean(name: str, known: Iterable[str]) -> Text:
    """A clause to append to a message: `` — did you mean "x"?``, or nothing where no known name is near."""
    found = nearest(name, known)
    return text(' — did you mean "{n}"?', "，是否想写“{n}”？", n=found) if found else Text("", "")


def sole_nearest(name: str, known: Iterable[str]) -> str | None:
    """The one known name that ``name`` can be a slip of: one slip away (in long names more), and no other as near."""
    best = process.extract(
        name, sorted(known), scorer=DamerauLevenshtein.distance, processor=str.lower, limit=2, score_cutoff=2
    )
    if not name or not best or best[0][1] > max(1, len(name) // 8) or (len(best) > 1 and best[1][1] == best[0][1]):
        return None
    return str(best[0][0])


def edit_to_nearest(at: Location, name: str, known: Iterable[str]) -> Edit | None:
    """The edit that writes the name that was meant, where only one can have been."""
    meant = sole_nearest(name, known)
    return Edit(at, name, meant) if meant else None


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of ``problems`` stops the work."""
    return any(problem.level is Level.ERROR for problem in problems)
