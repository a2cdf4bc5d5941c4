"""The tutorial is true: what it says to do works, and what it shows is what one sees."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("nicegui")
pytest.importorskip("openpyxl")
from chromium import chromium
from tutorial import PAGES, Walk, blocks, fits
from tutorial_studio import LOCALES, WHY, Studio, serving, versions

IN_THE_BROWSER = ("serve", "type")
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"


@pytest.fixture(scope="module", params=PAGES)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Who has done all that the page says, up to the browser."""
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    walk = Walk(tmp_path_factory.mktemp("home"), request.param)
    for block in blocks(request.param):
        if block.kind not in IN_THE_BROWSER:
            walk(block)
    return walk


def test_the_walk_goes_as_the_page_says(walked: Walk) -> None:
    written = (walked.folder / "flows/repairs/visits.yaml").read_text("utf-8")
    assert "expect: agent sorry-nobody-came" in written
    assert "师傅没空" in written
    assert (walked.folder / "calls.db").is_file()


def test_in_the_studio_it_goes_as_the_page_says_too(walked: Walk) -> None:
    path = walked.folder / "flows/repairs/visits.yaml"
    before = path.read_text("utf-8")
    page = PAGES[walked.language].read_text("utf-8")
    labels = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", page[page.index("\n## 12.") : page.index("\n## 13.")])
    browser_blocks = [block for block in blocks(walked.language) if block.kind in IN_THE_BROWSER]
    published: list[str] = []

    def shot(name: str) -> None:
        if name == "studio-versions":
            published.append(path.read_text("utf-8"))

    with serving(walked, browser_blocks[0]) as url, chromium() as browser:
        studio = Studio(browser.new_page(locale=LOCALES[walked.language]), url, walked.language, shot)
        studio.walk(browser_blocks[1:])
    for counted in {"en": ("✕ 1 mistake\n", "1 comes out differently"), "zh": ("✕ 1 错误", "1 通结果不同")}[
        walked.language
    ]:
        assert counted in studio.seen
    assert len(labels) >= 8
    assert [label for label in labels if label.casefold() not in studio.seen.casefold()] == []
    assert "等到什么时候" in published[0]
    assert "severity: severe\n" in published[0]
    assert path.read_text("utf-8") == before
    assert versions(walked)[:2] == [("anna", WHY[walked.language])] * 2


def test_both_pages_do_the_same() -> None:
    done = {
        language: [
            (block.kind, block.name, block.text.splitlines()[2:] if block.kind == "rows" else block.text)
            for block in blocks(language)
            if block.kind != "shows"
        ]
        for language in PAGES
    }
    assert done["zh"] == done["en"]
    assert [block.kind for block in blocks("zh")] == [block.kind for block in blocks("en")]


@pytest.mark.parametrize("language", PAGES)
def test_what_the_page_leads_to_is_there(language: str) -> None:
    page = PAGES[language]
    links = re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_pictures_are_small_and_all_are_shown() -> None:
    pictures = list(PICTURES.glob("*"))
    assert sum(picture.stat().st_size for picture in pictures) < 400_000
    shown = {name for page in PAGES.values() for name in re.findall(r"\(pictures/([^)]+)\)", page.read_text("utf-8"))}
    assert shown == {picture.name for picture in pictures}


@pytest.mark.parametrize(
    ("wanted", "said", "is_it"),
    [
        ("done", "done\n", True),
        ("done", "undone\n", False),
        ("done", "done\nand more\n", False),
        ("a …\nend", "a 1 s\nend\n", True),
        ("a …\nend", "a 1 s\nb\nend\n", False),
        ("…\nend", "end\n", True),
        ("…\nend", "a\nb\nend\n", True),
        ("start\n…", "start\na\nb\n", True),
        ("call 2 x", "call 31 x\n", True),
        ("2 calls", "3 calls\n", False),
        ("1.5", "1x5\n", False),
    ],
)
def test_what_a_page_shows_is_held_against_what_was_said(wanted: str, said: str, is_it: bool) -> None:
    assert fits(wanted, said) is is_it
