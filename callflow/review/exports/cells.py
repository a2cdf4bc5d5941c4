"""Cells of a spreadsheet: plain values, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

import re
from datetime import UTC, datetime

Cell = str | int | float | datetime | None
_DANGEROUS = "=+-@\t\r\n"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONGEST = 32_000
"""Characters in a cell; Excel takes 32,767."""


def defused(value: Cell) -> Cell:
    """``value`` as a cell: text that a spreadsheet might run (``=cmd|…``) gets an apostrophe in front.

    Also after blanks, which some programs pass over; control characters are left out.
    """
    if not isinstance(value, str):
        return value
    plain = _CONTROL.sub("", value.replace("\r\n", "\n"))[:LONGEST]
    dangerous = plain[:1] in tuple(_DANGEROUS) or plain.lstrip()[:1] in tuple("=+-@＝＋－＠")
    return f"'{plain}" if plain and dangerous else plain


def local(moment: datetime | None) -> datetime | None:
    """A moment of the archive (UTC without a zone) as this computer's clock had it, without a zone as well."""
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None, microsecond=0) if moment else None
