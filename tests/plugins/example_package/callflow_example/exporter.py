"""Tables as Markdown, for a wiki."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO


def write(file: BinaryIO, head: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Markdown tables (*.md)."""
    lines = [head, ["---"] * len(head), *rows]
    for line in lines:
        cells = ("" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ") for cell in line)
        file.write(f"| {' | '.join(cells)} |\n".encode())
    return len(lines) - 2
