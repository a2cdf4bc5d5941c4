"""Makes the pictures of docs/tutorial.md: docs/pictures/NAME-LANGUAGE.png, by doing what the page says.

    python scripts/tutorial_pictures.py [--languages en,zh]

Needs the extras ``web``, ``design``, ``live`` and ``dev``, a Chromium and Graphviz.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import av  # noqa: E402
import av.filter  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from scenes import DESK  # noqa: E402
from tutorial import Block, Walk, blocks  # noqa: E402
from tutorial_studio import LOCALES, SIZE, Studio, serving  # noqa: E402

from callflow import flowfiles  # noqa: E402
from callflow.call.guide import Guide  # noqa: E402
from callflow.call.plan import Plan  # noqa: E402
from callflow.call.screen import Screen  # noqa: E402
from callflow.events import Tick  # noqa: E402
from callflow.journal import inputs_of  # noqa: E402
from callflow.live.overlay import Overlay  # noqa: E402

OUT = ROOT / "docs" / "pictures"
CALL, MOMENT = "calls/1002_20261124-1030.jsonl", 14.0
"""The call that the overlay is shown of, and when: a customer has just said that nobody came."""
COLOURS = 80
SHEETS = ("studio-publish", "studio-versions")
"""Of these only the sheet over the page is shown."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--languages", default="en,zh")
    OUT.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for language in options.parse_args().languages.split(","):
            with tempfile.TemporaryDirectory() as home:
                _pictures(browser, Path(home), language)
        browser.close()
    print(OUT)


def _pictures(browser: Any, home: Path, language: str) -> None:
    walk = Walk(home, language)
    done: dict[str, list[Block]] = {"serve": [], "type": []}
    for block in blocks(language):
        done[block.kind].append(block) if block.kind in done else walk(block)
    walk(Block("run", "", f"callflow graph before/repairs --rules --out {home}/graph.png\n", 0))
    _keep(home / "graph.png", f"graph-{language}", width=1100)
    _overlay(browser, walk, language)
    page = browser.new_page(viewport=SIZE, locale=LOCALES[language])

    def shot(name: str) -> None:
        path = home / "shot.png"
        (page.locator("#sheet") if name in SHEETS else page).screenshot(path=path)
        _keep(path, f"{name}-{language}")

    with serving(walk, done["serve"][0]) as url:
        Studio(page, url, language, shot).walk(done["type"])
    page.close()


def _overlay(browser: Any, walk: Walk, language: str) -> None:
    plan = Plan.of(flowfiles.load(str(walk.folder / "flows/repairs"))[0])
    guide, screen = Guide(plan), Screen(plan.flow)
    heard = [event for event in inputs_of((walk.folder / CALL).read_bytes(), CALL) if event.at <= MOMENT]
    for event in (*heard, Tick(at=MOMENT)):
        for line in (event, *guide.feed(event)):
            screen.follow(line)
    with Overlay() as overlay:
        page = browser.new_page(viewport={"width": 400, "height": 440})
        page.goto(f"{overlay.url}#{language}")
        number = overlay.show(screen.view(MOMENT, DESK))
        while not any(painted.number == number for painted in overlay.painted):
            page.wait_for_timeout(20)
        page.wait_for_timeout(300)
        page.screenshot(path=walk.home / "shot.png")
        page.close()
    _keep(walk.home / "shot.png", f"overlay-{language}")


def _keep(picture: Path, name: str, width: int = 0) -> None:
    """Few colours and a palette: a page of text loses nothing by it, and is a third of the size."""
    with av.open(str(picture)) as opened:
        frame = next(opened.decode(video=0)).reformat(format="rgb24")
    graph = av.filter.Graph()
    shown = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    scaled = graph.add("scale", f"{width or -1}:-1:flags=lanczos")
    split, palette, sink = graph.add("split"), graph.add("palettegen", f"max_colors={COLOURS}"), graph.add("buffersink")
    used = graph.add("paletteuse", "dither=none")
    shown.link_to(scaled)
    scaled.link_to(split)
    split.link_to(used, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(used, 0, 1)
    used.link_to(sink)
    graph.configure()
    frame.pts, frame.time_base = 0, Fraction(1)
    graph.push(frame)
    graph.push(None)
    small = graph.pull()
    assert isinstance(small, av.VideoFrame)
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = small.width, small.height, "pal8", Fraction(1)
    codec.options = {"compression_level": "9", "pred": "none"}
    (OUT / f"{name}.png").write_bytes(b"".join(bytes(packet) for packet in [*codec.encode(small), *codec.encode(None)]))


if __name__ == "__main__":
    main()
