"""A folder of flows in a git repository of its own, and somebody who writes in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from callflow.design.studio.desk import Desk
from callflow.design.studio.repository import Repository

FLOWS = Path(__file__).parent.parent.parent.parent / "flows"
FLOW = "logistics"


def new_folder(place: Path) -> Path:
    flows = place / "flows"
    shutil.copytree(FLOWS / "examples" / "logistics", flows / FLOW)
    Repository.init(flows, "root")
    return flows


def git(folder: Path, *words: str, check: bool = True) -> str:
    me = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    return subprocess.run(["git", *me, *words], cwd=folder, check=check, capture_output=True, text=True).stdout


def add(desk: Desk, user: str, line: str, file: str = "flow.yaml") -> None:
    """Write a line at the end of a file of ``user``'s draft."""
    now = desk.open(user, FLOW)
    desk.write(user, FLOW, now.draft.revision, file, now.texts[file] + line)


def publish(desk: Desk, user: str, why: str = "why") -> str:
    now = desk.open(user, FLOW)
    made = desk.publisher.publish(FLOW, now.texts, now.papers, user, why)
    desk.rest_on(user, FLOW)
    return made
