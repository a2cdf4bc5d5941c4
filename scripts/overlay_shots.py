"""Takes pictures of the overlay at moments of the bundled calls, for looking at: out/overlay/SCENE-SIZE-THEME-….png.

    python scripts/overlay_shots.py [SCENE ...] [--sizes small,docked,page] [--themes light,dark] [--languages zh,en]

Needs the extras ``live`` and ``dev``, and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import sync_playwright  # noqa: E402
from scenes import SCENES, scene  # noqa: E402

from callflow import flowfiles  # noqa: E402
from callflow.call.plan import Plan  # noqa: E402
from callflow.live.overlay import Overlay  # noqa: E402

SIZES = {"small": (360, 480), "docked": (480, 720), "page": (1280, 720)}
OUT = ROOT / "out" / "overlay"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("scenes", nargs="*", default=list(SCENES))
    options.add_argument("--sizes", default=",".join(SIZES))
    options.add_argument("--themes", default="light,dark")
    options.add_argument("--languages", default="zh,en")
    options.add_argument("--settings", default="", help='JSON, such as {"size":"large"}')
    given = options.parse_args()
    plan = Plan.of(flowfiles.load("inbound")[0])
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    OUT.mkdir(parents=True, exist_ok=True)
    with Overlay() as overlay, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        kinds = product(given.sizes.split(","), given.themes.split(","), given.languages.split(","))
        for size, theme, language in kinds:
            width, height = SIZES[size]
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
            page = context.new_page()
            if given.settings:
                page.add_init_script(f"localStorage.setItem('callflow.overlay', {given.settings!r})")
            page.goto(f"{overlay.url}#{language}")
            for name in given.scenes:
                number = overlay.show(scene(name, plan))
                while not any(painted.number == number for painted in overlay.painted):
                    page.wait_for_timeout(20)
                page.wait_for_timeout(200)
                page.screenshot(path=OUT / f"{name}-{size}-{theme}-{language}.png")
            context.close()
        browser.close()
    print(OUT)


if __name__ == "__main__":
    main()
