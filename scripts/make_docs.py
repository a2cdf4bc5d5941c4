"""Writes the pages of docs/ that are made from the code: docs/flow-language.md and docs/lint.md.

Run it after the flow language or a check was changed: ``.venv/bin/python scripts/make_docs.py``.
"""

from __future__ import annotations

from pathlib import Path

from callflow.design import reference

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages() -> dict[Path, str]:
    """What each page should be."""
    template = (DOCS / "templates" / "flow-language.md").read_text(encoding="utf-8")
    return {DOCS / "flow-language.md": reference.flow_language(template), DOCS / "lint.md": reference.checks()}


if __name__ == "__main__":
    for path, content in pages().items():
        path.write_text(content, encoding="utf-8")
        print(path)
