"""One line of docs/performance.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, the figure, and the bar with whether it was reached (``None``: no bar)."""

    what: str
    figure: str
    bar: str = ""
    reached: bool | None = None

    def line(self) -> str:
        """The row in Markdown."""
        verdict = {None: "", True: "yes", False: "**no**"}[self.reached]
        return f"| {self.what} | {self.figure} | {self.bar} | {verdict} |"
