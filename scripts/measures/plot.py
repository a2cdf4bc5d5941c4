"""Draws the threshold curve as an SVG of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from measures.curve import CURVE_RATES

WIDTH, HEIGHT = 330, 300
LEFT, TOP, RIGHT, BOTTOM = 52, 34, 14, 44
COLOURS = ("#1a5276", "#2e86c1", "#85c1e9")
Point = dict[str, Any]


def drawn(points: Sequence[Point]) -> str:
    """Two panels beside one another: taboos against false alarms, lines to say against inexact finds."""
    taboo = _panel(points, "taboo", "false alarms per 1,000 sentences", lambda p: float(p["alarms at 0%"]["per 1,000"]))
    say = _panel(
        points,
        "say",
        "inexact finds per 1,000 ordinary sentences",
        lambda p: float(p["inexact lines to say per 1,000"]),
    )
    size = f'width="{2 * WIDTH}" height="{HEIGHT}" viewBox="0 0 {2 * WIDTH} {HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{taboo}'
        f'<g transform="translate({WIDTH})">\n{say}</g>\n</svg>\n'
    )


def _panel(points: Sequence[Point], kind: str, under: str, alarms: Callable[[Point], float]) -> str:
    most = max(1.0, *map(alarms, points))
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return LEFT + wide * value / most

    def y(share: float) -> float:
        return TOP + high * (1 - (share - 0.4) / 0.6)

    out = [f'<text x="{LEFT}" y="18" font-size="13">recall of {"taboos" if kind == "taboo" else "lines to say"}</text>']
    for share in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        out.append(f'<path d="M{LEFT} {y(share):.1f}h{wide}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for step in range(5):
        value = most * step / 4
        out.append(f'<text x="{x(value):.1f}" y="{HEIGHT - 26}" text-anchor="middle">{value:.3g}</text>')
    out.append(f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 8}" text-anchor="middle">{under}</text>')
    for rate, colour in zip(CURVE_RATES, COLOURS, strict=True):
        places = [(x(alarms(point)), y(max(0.4, point["recall"][kind][f"{rate:.0%}"])), point) for point in points]
        line = " ".join(f"{left:.1f},{top:.1f}" for left, top, _ in places)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for left, top, point in places:
            here = point["factor"] == 1.0
            out.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{5 if here else 2}" fill="{colour}"/>')
        left, top, _ = places[-1]
        out.append(f'<text x="{left - 4:.1f}" y="{top - 7:.1f}" text-anchor="end" fill="{colour}">{rate:.0%}</text>')
    return "\n".join(out) + "\n"
