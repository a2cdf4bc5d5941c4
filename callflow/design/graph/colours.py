"""The colours of a picture, light: the same as the overlay and the report have."""

from __future__ import annotations

PAGE = "#ffffff"
SUNK = "#f2f4f6"
LINE = "#e1e5e9"
INK = "#1b2026"
SOFT = "#5a6570"
FAINT = "#8b95a0"
ACCENT = "#2462a4"
ACCENT_SOFT = "#e6eff8"
AMBER = "#8a5200"
AMBER_SOFT = "#fdf1dc"
BORDER = "#c4ccd4"
FONTS = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, Noto Sans SC, sans-serif"


def shade(share: float) -> str:
    """From the page's colour to a clear blue on which dark words can still be read, for 0 to 1."""
    ends = (0xF2, 0xF7, 0xFC), (0x8F, 0xBD, 0xE8)
    share = min(1.0, max(0.0, share))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
