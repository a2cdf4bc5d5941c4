"""One server for all tests of the studio: over a small flow, the inbound one, and things that lead astray."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nicegui")
from chromium import pages
from design.studio.looking import Windows
from served import Served, serving

FLOWS = Path(__file__).parent.parent.parent.parent / "flows"
SECRET = "this is nobody's business"


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of flows; ``shop`` is for the browser, ``logistics`` for the others."""
    folder = tmp_path_factory.mktemp("studio") / "flows"
    shutil.copytree(FLOWS / "examples" / "logistics", folder / "logistics")
    shutil.copytree(FLOWS / "examples" / "logistics", folder / "shop")
    shutil.copytree(FLOWS / "inbound", folder / "inbound")
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(SECRET)
    (folder / "linked").symlink_to(outside)
    astray = shutil.copytree(FLOWS / "examples" / "logistics", folder / "astray")
    (astray / "link.yaml").symlink_to(outside / "secret.yaml")
    (astray / "binary.yaml").write_bytes(b"\x00\xff\xfe" * 100)
    (astray / "huge.yaml").write_bytes(b"# x\n" * 5_000_000)
    os.mkfifo(astray / "pipe.yaml")
    with open(os.fsencode(astray) + "/中文.yaml".encode("gbk"), "wb") as file:
        file.write(b"phrases: {}\n")
    os.mkdir(os.fsencode(folder) + "/流程".encode("gbk"))
    for name in ("._flow.yaml", ".#flow.yaml"):  # of a Mac, and of Emacs
        (folder / "logistics" / name).write_bytes(b"\x00\x05\x16\x07")
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, flows: Path) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), "--flows", str(flows), "--flows-init") as server:
        yield server


@pytest.fixture
def open_page(browser: Any, served: Served) -> Iterator[Windows]:
    """Opens pages as somebody."""
    allowed: list[str] = []
    with pages(browser, served, allowed=allowed) as open_:
        yield Windows(open_, allowed)
