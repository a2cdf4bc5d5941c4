"""Flows of the desk: as their files are now, and told where a call was judged by others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from callflow import flowfiles
from callflow.events import CallAnswered
from callflow.journal import Header
from callflow.review.desk import flows as desk_flows
from callflow.review.desk.flows import Flows
from callflow.review.desk.opened import open_journal


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The main file of a flow of one's own, which every look reads."""
    monkeypatch.setattr(desk_flows, "LOOKED_EVERY", 0.0)
    shutil.copytree(flowfiles.flows_folder() / flowfiles.DEFAULT_FLOW, tmp_path / "mine")
    return tmp_path / "mine" / "flow.yaml"


def test_a_flow_that_is_mended_or_published_while_the_desk_runs_is_taken_up(file: Path) -> None:
    flows, good = Flows(file.parent.parent), file.read_text()
    first, version = flows.plan("mine"), flows.version("mine")
    assert first is not None
    assert flows.plan("mine") is first, "it is read, but not made again"
    file.write_text("nonsense: [")
    assert flows.plan("mine") is None
    file.write_text(good + "# a word more\n")
    second = flows.plan("mine")
    assert second is not None
    assert second.flow.hashes != first.flow.hashes
    assert flows.version("mine") != version
    shutil.rmtree(file.parent)
    assert flows.plan("mine") is None


@pytest.mark.parametrize("name", ["", "..", "../mine", "/etc", "mine/flow.yaml", "x" * 5_000])
def test_only_names_that_are_there_are_looked_for(file: Path, name: str) -> None:
    flows = Flows(file.parent.parent)
    assert flows.plan(name) is None
    assert flows.flow(name).title.en == name


def test_a_call_that_was_judged_by_another_version_says_so(file: Path) -> None:
    flows = Flows(file.parent.parent)
    hashes = flows.flow("mine").hashes

    def title(files: dict[str, str]) -> str:
        journal = "\n".join([Header("mine", files).to_json(), CallAnswered(at=1.0).to_json(), ""])
        return open_journal(journal.encode(), flows, reveals=True).story.flow.zh

    assert "已修改" not in title(dict(hashes))
    assert "已修改" not in title({**hashes, "more.rehearsals.yaml": "0" * 64}), "rehearsals judge nothing"
    assert "已修改" not in title({}), "nobody knows"
    file.write_text(file.read_text() + "# a word more\n")
    assert "已修改" in title(dict(hashes))
