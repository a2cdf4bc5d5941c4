"""Which line of a broken file is indented wrongly: the parser stumbles where it can go no further, often lines later.

Only the beginnings of lines are looked at. Lines inside quotes, brackets and block texts count as they come; where that
misleads, the parser's own place is as good as another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_STEP = 2
_MOSTLY = 0.9
"""Share of lines that are indented by steps of two, for one that is not to be the slip."""


def misplaced(lines: Sequence[str], until: int) -> int:
    """The line, counted from 1, that is indented wrongly, of those up to ``until``; 0 where none looks so."""
    content = [
        (number, len(line) - len(line.lstrip(" ")), line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    odd = [number for number, indent, _ in content if indent % _STEP]
    if odd and len(odd) <= (1 - _MOSTLY) * len(content) + 1:
        before = [number for number in odd if number <= until]
        return before[-1] if before else 0
    return _misfit([one for one in content if one[0] <= until])


@dataclass(slots=True)
class _Level:
    """An open level: its indent, the line that opened it, and how many lines it has so far."""

    indent: int
    opened: int
    lines: int = 1


def _misfit(content: Sequence[tuple[int, int, str]]) -> int:
    """The first line that fits no level above it, or the line that led astray to it."""
    levels = [_Level(0, 0)]
    closed: dict[int, int] = {}  # which line closed each level last
    opens, previous = True, 0
    for number, indent, line in content:
        left: _Level | None = None
        while indent < levels[-1].indent:
            left = levels.pop()
            closed[left.indent] = number
        if indent == levels[-1].indent:
            levels[-1].lines += 1
        elif left:
            # One line too far in, or what should have been around many lines not far enough.
            astray = closed.get(indent, 0)
            return left.opened if left.lines == 1 or astray in (0, number) else astray
        elif not opens:  # the line before left a level that goes on
            return closed[indent] if closed.get(indent) == previous else number
        else:
            levels.append(_Level(indent, number))
        if line.startswith("- "):  # what follows in the item is one level in
            inner = line[2:].lstrip(" ")
            if _opens(inner) or ": " in inner:
                levels.append(_Level(indent + len(line) - len(inner), number))
        opens, previous = _opens(line), number
    return 0


def _opens(line: str) -> bool:
    """Whether something may stand further in below it."""
    return line.partition(" #")[0].rstrip().endswith((":", "-", "|", ">", "|-", ">-", "[", "{", ","))
