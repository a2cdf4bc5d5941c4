"""What is sure is mended: words are replaced in the text itself, so that comments and layout stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from callflow.problems import Edit, Problem


def mend(sources: Mapping[str, str], problems: Iterable[Problem]) -> tuple[dict[str, str], list[Problem]]:
    """Make the edits of ``problems``. Returns the files that changed, and the Problems that were mended.

    An edit whose word is not there (any more), or over which another has gone, is left out.
    """
    lines = {file: source.splitlines(keepends=True) for file, source in sources.items()}
    mended: list[Problem] = []
    touched: set[tuple[str, int]] = set()
    # From the end, so that what is before stays where it was; of one place one edit at a time.
    for problem in sorted((one for one in problems if one.edit), key=lambda one: one.at, reverse=True):
        edit = problem.edit
        if edit is None or edit.at.file not in lines or (edit.at.file, edit.at.line) in touched:
            continue
        rows, row = lines[edit.at.file], edit.at.line - 1
        changed = _edited(rows[row], edit) if 0 <= row < len(rows) else None
        if changed is not None:
            rows[row] = changed
            touched.add((edit.at.file, edit.at.line))
            mended.append(problem)
    new = {file: "".join(rows) for file, rows in lines.items()}
    return {file: source for file, source in new.items() if source != sources[file]}, mended


def _edited(line: str, edit: Edit) -> str | None:
    start = edit.at.column - 1
    if not edit.new:
        return _without(line, edit.old, start)
    found = _word(edit.old).search(line, start)
    return line[: found.start()] + edit.new + line[found.end() :] if found else None


def _word(old: str) -> re.Pattern[str]:
    """``old`` where it stands by itself: in ``agent agen`` the second."""
    before = r"(?<![\w-])" if re.match(r"[\w-]", old) else ""
    after = r"(?![\w-])" if re.search(r"[\w-]$", old) else ""
    return re.compile(before + re.escape(old) + after)


def _without(line: str, old: str, start: int) -> str | None:
    """The line without an item of a list that stands at ``start``: with its comma, or the whole line where it has one
    to itself."""
    item = re.escape(old)
    if re.fullmatch(rf"\s*-\s+([\"']?){item}\1\s*", line):
        return ""
    found = re.compile(rf"([\"']?){item}\1(?=\s*[,\]])").match(line, start)
    comma = re.search(r"\s*,\s*$", line[:start])
    return line[: comma.start()] + line[found.end() :] if found and comma else None
