"""Small drawings: where their points lie, in px. The figures that they draw stand beside them in the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BAR_HEIGHT = 28


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each week, all as one ``path`` of SVG; where nothing was assessed there is none."""

    width: int
    path: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through the points that are known, broken where some are not; ``levels``: y and what it stands for."""

    width: int
    height: int
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float, int], ...]
    levels: tuple[tuple[float, int], ...]
    labels: tuple[tuple[float, int], ...]


def bars(shares: Sequence[float | None], width: int = 132) -> Bars:
    """Shares of 0 to 1; the highest fills the height, so that ups and downs are seen."""
    most = max((share for share in shares if share is not None), default=0.0) or 1.0
    step = width / max(1, len(shares))
    wide = max(1.0, min(step - 2, 16))
    drawn = (
        f"M{n * step + (step - wide) / 2:.1f} {BAR_HEIGHT}v-{max(1.0, (BAR_HEIGHT - 1) * share / most):.1f}"
        f"h{wide:.1f}V{BAR_HEIGHT}z"
        for n, share in enumerate(shares)
        if share is not None
    )
    return Bars(width, "".join(drawn))


LEFT, RIGHT, TOP, BOTTOM = 32, 12, 8, 20


def line(values: Sequence[float | None], width: int = 360, height: int = 168) -> Line:
    """Scores of 0 to 100; the axis begins where there is something to see, at a multiple of ten."""
    there = [value for value in values if value is not None]
    low = max(0, int(min(there, default=0.0) // 10) * 10 - 10)
    step = (width - LEFT - RIGHT) / max(1, len(values) - 1)

    def x(n: int) -> float:
        return round(LEFT + n * step, 1)

    def y(value: float) -> float:
        return round(TOP + (height - TOP - BOTTOM) * (1 - (value - low) / (100 - low)), 1)

    pieces: list[list[str]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{x(n)},{y(value)}")
    every = 10 if 100 - low <= 50 else 20 if low % 20 == 0 else 30
    label = max(1, len(values) // 6)
    return Line(
        width,
        height,
        tuple(" ".join(piece) for piece in pieces if len(piece) > 1),
        tuple((x(n), y(value), n) for n, value in enumerate(values) if value is not None),
        tuple((y(level), level) for level in range(100, low - 1, -every)),
        tuple((x(n), n) for n in range(0, len(values), label)),
    )
