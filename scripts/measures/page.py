"""docs/accuracy.md: each bench writes its own part between two marks, and leaves the others' alone."""

from __future__ import annotations

from measures.lines import ROOT

PAGE = ROOT / "docs" / "accuracy.md"


def put(part: str, text: str) -> None:
    """Replace what stands between ``<!-- PART -->`` and ``<!-- end of PART -->``."""
    begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} has no place for the part “{part}”")
    PAGE.write_text(f"{before}{begin}{text.strip()}\n{end}{after}", encoding="utf-8")


def table(head: list[str], rows: list[list[str]], texts: int = 1) -> str:
    """A Markdown table; the first columns, so many as ``texts``, are text, the others numbers."""
    marks = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))


def percent(part: int | float, whole: int | float = 1) -> str:
    """``97.5 %``, or a dash where there is nothing to divide by."""
    return f"{100 * part / whole:.1f} %" if whole else "-"
