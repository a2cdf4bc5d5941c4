"""Marks of overlays that run a flow."""

from __future__ import annotations

import os
import time
from pathlib import Path

from callflow import running


def test_an_overlay_counts_while_its_mark_is_fresh(tmp_path: Path) -> None:
    flow = tmp_path / "examples" / "shop"
    flow.mkdir(parents=True)
    running.Mark(flow).write("v", False)  # nobody wants to know
    assert running.running(tmp_path, "examples/shop") == []
    tmp_path.joinpath(*running.FOLDER).mkdir(parents=True)
    mark = running.Mark(flow)
    mark.write("v1", True)
    (one,) = running.running(tmp_path, "examples/shop")
    assert (one.version, one.in_call) == ("v1", True)
    assert running.running(tmp_path, "other") == []
    assert running.running(tmp_path, "examples/shop", time.time() + running.OLD + 1) == []
    mark.remove()
    assert running.running(tmp_path, "examples/shop") == []


def test_an_overlay_that_was_there_before_the_studio_counts_for_its_own_flow(tmp_path: Path) -> None:
    for name in ("shop", "team/shop"):
        (tmp_path / name).mkdir(parents=True)
    mark = running.Mark(tmp_path / "team" / "shop")
    mark.write("v1", True)
    tmp_path.joinpath(*running.FOLDER).mkdir(parents=True)
    mark.write("v1", True)
    assert len(running.running(tmp_path, "team/shop")) == 1
    assert running.running(tmp_path, "shop") == []


def test_what_is_no_mark_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*running.FOLDER)
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("[1")
    (folder / "b.json").write_text("[]")
    (folder / "c.json").write_text('{"flow": 1}')
    (folder / "d.json").write_bytes(b"x" * 20_000)
    os.symlink("/etc/passwd", folder / "e.json")
    assert running.running(tmp_path, "a") == []


def test_a_version_is_that_of_the_files_by_which_calls_are_judged() -> None:
    files = {"flow.yaml": "1", "hold.yaml": "2"}
    assert running.version(files) == running.version({**files, "hold.rehearsals.yaml": "3"})
    assert running.version(files) != running.version({**files, "hold.yaml": "3"})
