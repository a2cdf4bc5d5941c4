"""The tutorial is true: what it says to do works, and what it shows is what one sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from tutorial import PAGES, Walk, blocks, fits

ONLY_SEEN = ("serve", "type")
"""Done in the browser."""


@pytest.mark.parametrize("language", PAGES)
def test_the_walk_goes_as_the_page_says(language: str, tmp_path: Path) -> None:
    walk = Walk(tmp_path, language)
    for block in blocks(language):
        if block.kind not in ONLY_SEEN:
            walk(block)
