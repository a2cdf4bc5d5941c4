"""Calls to put into archives, and addresses for these."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import postgres
import pytest

from callflow.archive.calls import NewCall, NewFlow
from callflow.events import Evidence, Finding, GroupScore, Score, Verdict

BOTH = ["sqlite", "postgresql"]
FLOW = NewFlow("inbound", "f" * 64, {"flow.yaml": "a" * 64}, {"greet": {"title": "问候"}})
JOURNAL = '{"type":"journal","format":1}\n{"type":"heard","at":4,"text":"您好"}\n'.encode()


def finding(rule: str = "greet", verdict: Verdict = "met", **more: Any) -> Finding:
    evidence = (Evidence(1.25, 2.5, "agent", "您好，请问有什么可以帮您"),)
    values: dict[str, Any] = {
        "at": 2.5,
        "severity": "major",
        "group": "opening",
        "refs": ("1.1",),
        "evidence": evidence,
    } | more
    return Finding(rule=rule, verdict=verdict, **values)


def call(number: int = 1, **more: Any) -> NewCall:
    """A call that differs from every other by its number."""
    values: dict[str, Any] = {
        "key": f"{number:064x}",
        "path": f"/calls/{number}.wav",
        "sha256": f"{number:064x}",
        "agent": "1001",
        "team": "华东",
        "queue": "售后",
        "direction": "inbound",
        "customer": "13800001234",
        "began": datetime(2026, 11, 1, 9, number % 60),
        "duration": 60.0 + number,
        "engine": "zipformer",
        "flow": FLOW,
        "journal": JOURNAL,
        "findings": (finding(), finding("sorry-after-hold", "missed", severity="severe")),
        "score": Score(at=90.0, total=75.0, groups={"opening": GroupScore(points=15.0, of=20.0, met=1, missed=1)}),
        "text": "您好，请问有什么可以帮您？\n我的快递还没到",
        "sounds": "nin hao qing wen you shen me ke yi bang nin\nwo de kuai di hai mei dao",
    }
    return NewCall(**(values | more))


def new_url(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """The address of an archive that does not exist yet."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'calls.db'}"
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.database()
