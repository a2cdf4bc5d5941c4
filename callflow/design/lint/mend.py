"""What is sure is mended: words are replaced in the text itself, so that comments and layout stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate

from callflow.flow.yaml_edits import Edits, Spot, outline
from callflow.problems import Edit, Problem

_MOST_ROUNDS = 100
"""A mistake that is mended may uncover another behind it; of those that end the reading each uncovers but one."""
Look = Callable[[Mapping[str, str]], list[Problem]]


def mend_all(
    sources: Mapping[str, str], problems: list[Problem], look: Look
) -> tuple[dict[str, str], list[Problem], int]:
    """Mend until nothing is left that is sure; ``look`` tells what is wrong with texts.

    Returns the files that changed, what is wrong with them then, and how much was mended.
    """
    texts = dict(sources)
    count = 0
    for _ in range(_MOST_ROUNDS):
        changed, done = mend(texts, problems)
        if not changed:
            break
        texts |= changed
        count += len(done)
        problems = look(texts)
    return {file: words for file, words in texts.items() if words != sources[file]}, problems, count


def mend(sources: Mapping[str, str], problems: Iterable[Problem]) -> tuple[dict[str, str], list[Problem]]:
    """Make the edits of ``problems``. Returns the files that changed, and the Problems that were mended.

    An edit whose word is not there (any more), or that meets another one, is left out.
    """
    files = {file: _File(source) for file, source in sources.items()}
    wanted = sorted((one for one in problems if one.edit), key=lambda one: one.at)
    mended = [one for one in wanted if one.edit and (file := files.get(one.edit.at.file)) and file.make(one.edit)]
    new = {file: edited.edits.text() for file, edited in files.items() if edited.edits}
    return new, mended


class _File:
    """The edits of one file."""

    def __init__(self, source: str) -> None:
        self.edits = Edits(source)
        self._source = source
        self._lines: list[int] = []
        self._root: Spot | None = None
        self._taken: list[tuple[int, int]] = []

    def make(self, edit: Edit) -> bool:
        """Whether the edit could be made."""
        self._lines = self._lines or [0, *accumulate(map(len, self._source.splitlines(keepends=True)))]
        if not 0 < edit.at.line < len(self._lines):
            return False
        start = self._lines[edit.at.line - 1] + edit.at.column - 1
        return self._word(edit, start) if edit.new else self._item(edit, start)

    def _word(self, edit: Edit, start: int) -> bool:
        found = _standing(edit.old).search(self._source, start, self._lines[edit.at.line])
        if not found or not self._free(*found.span()):
            return False
        self.edits.swap(*found.span(), edit.new)
        return True

    def _item(self, edit: Edit, start: int) -> bool:
        """Take an item out of its list."""
        self._root = self._root or outline(self._source)
        listed = self._root.list_with(start) if self._root else None
        item = next((one for one in listed.items if one.start == start), None) if listed else None
        if not listed or not item or item.value != edit.old or not self._free(listed.start, listed.end):
            return False
        self.edits.drop(listed, item)
        return True

    def _free(self, start: int, end: int) -> bool:
        """Whether no other edit is made there; from now on this one is."""
        if any(start < other and begin < end for begin, other in self._taken):
            return False
        self._taken.append((start, end))
        return True


def _standing(old: str) -> re.Pattern[str]:
    """``old`` where it stands by itself: in ``agent agen`` the second."""
    before = r"(?<![\w-])" if re.match(r"[\w-]", old) else ""
    after = r"(?![\w-])" if re.search(r"[\w-]$", old) else ""
    return re.compile(before + re.escape(old) + after)
