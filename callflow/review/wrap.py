"""Breaking Chinese and Latin text into lines of a terminal's width: by cells, and never before a closing mark.

``rich`` breaks at spaces only and cuts a run of Han characters wherever the line ends, which leaves a comma or a
closing quote alone at the start of a line.
"""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, chop_cells
from rich.text import Text as Line

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Also what turns the direction of writing: a caller's words, or a file's name, could disguise themselves."""
_OPENING = r"“‘「『（《〈【\(\["
_CLOSING = r"，。！？；：、”’」』）》〉】…,.!?;:\)\]"
_UNIT = re.compile(rf"[{_OPENING}]*(?:[!-~\u00a1-\u02ff\u0300-\u036f\u1e00-\u1eff]+|.)[{_CLOSING}]*\s*", re.DOTALL)


def clean(words: str) -> str:
    """``words`` without the control characters by which a text could steer the terminal, on one line."""
    return _CONTROL.sub("", unicodedata.normalize("NFC", words)).replace("\n", " ").replace("\t", " ")


def wrap(line: Line, width: int) -> list[Line]:
    """``line`` cut into lines of at most ``width`` cells, styles kept, no space at a line's end."""
    cuts: list[int] = []
    used = 0
    for unit in _UNIT.finditer(line.plain):
        bare = cell_len(unit.group().rstrip())
        if used and used + bare > width:
            cuts.append(unit.start())
            used = 0
        if bare > width:
            position = unit.start()
            for chopped in chop_cells(unit.group().rstrip(), width)[:-1]:
                position += len(chopped)
                cuts.append(position)
            used = cell_len(line.plain[position : unit.end()])
        else:
            used += cell_len(unit.group())
    lines = list(line.divide(cuts)) if cuts else [line.copy()]
    for part in lines:
        part.rstrip()
    return lines
