"""Fills an archive to look at: the bundled calls, and many copies with other agents, queues, days and verdicts.

Usage: fill_archive.py ARCHIVE [CALLS] [--admin NAME]: the password of NAME is read from CALLFLOW_PASSWORD. Beside the
bundled calls some copies have no recording where they say, and some files are none that could be judged.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import bundled

from callflow import plans
from callflow.archive import calls, users
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.call.plan import Plan
from callflow.events import Event, GroupScore, Score
from callflow.journal import Header
from callflow.review.judge import flow_version, judgement
from callflow.review.replay import rejudge
from callflow.texts import Text

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "杰",
    "娟",
    "涛",
    "超",
    "秀英",
    "建国",
    "丽华",
    "晓明",
)
QUEUES = ("售后", "查询", "投诉", "订单")
TEAMS = ("一组", "二组", "三组")
AGENTS = 40
AT_ONCE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("calls", type=int, nargs="?", default=2_000)
    parser.add_argument("--admin", default="admin")
    options = parser.parse_args()
    plan, _ = plans.load()
    originals = [_original(name, plan) for name in bundled.NAMES]
    chance = random.Random(1)
    with Archive.open(options.archive) as archive:
        for start in range(0, options.calls, AT_ONCE):
            copies = range(start, min(options.calls, start + AT_ONCE))
            calls.add(archive, [_copy(originals[n % len(originals)], n, chance) for n in copies])
            print(f"{copies.stop}/{options.calls}", flush=True)
        if password := os.environ.get("CALLFLOW_PASSWORD"):
            users.add(archive, options.admin, password, "admin", reveal=False)
            users.add(archive, "banzhang", password, "supervisor", team=TEAMS[0])
            users.add(archive, "zuoxi", password, "agent", agent="1001")


def _original(name: str, plan: Plan) -> NewCall:
    """A bundled call as it would be archived, judged from what was really said."""
    path = bundled.CALLS / f"{name}.opus"
    events: list[Event] = []
    rejudge(bundled.events(name), plan, events.append)
    made = judgement(events, Header(plan.flow.name, plan.flow.hashes, path.name), plan)
    return NewCall(
        key="",
        path=str(path),
        sha256=sha256(path.read_bytes()).hexdigest(),
        duration=made.duration,
        engine="truth",
        flow=flow_version(plan.flow),
        journal=made.journal,
        findings=made.findings,
        score=made.score,
        fields=made.fields,
        text=made.text,
        sounds=made.sounds,
    )


def _copy(call: NewCall, number: int, chance: random.Random) -> NewCall:
    agent = chance.randrange(AGENTS)
    told: dict[str, Any] = {
        "key": sha256(f"copy {number}".encode()).hexdigest(),
        "agent": str(1001 + agent),
        "agent_name": SURNAMES[agent % len(SURNAMES)] + GIVEN[agent % len(GIVEN)],
        "team": TEAMS[agent % len(TEAMS)],
        "queue": chance.choice(QUEUES),
        "direction": chance.choice(("inbound", "inbound", "inbound", "outbound")),
        "customer": f"1{chance.randrange(30, 99)}{chance.randrange(10**8):08}",
        "began": datetime(2026, 11, 29, 9, tzinfo=UTC) - timedelta(minutes=7 * number + chance.randrange(7)),
    }
    if number % 97 == 96:
        why = Text("not a recording: it ends before any sound", "不是录音：没有任何声音")
        failed = NewCall(key="", path=f"recordings/{number}.wav", status="failed", reason=why)
        return replace(failed, **told)
    gone: dict[str, Any] = {"path": f"/recordings/2026-09/{number}.wav"} if number % 53 == 52 else {}
    return replace(call, **told, **gone, **_other_verdicts(call, chance))


def _other_verdicts(call: NewCall, chance: random.Random) -> dict[str, Any]:
    """Some findings turned round, so that calls differ; the score is moved, not made anew."""
    findings = [
        replace(finding, verdict="met") if finding.verdict == "missed" and chance.random() < 0.4 else finding
        for finding in call.findings
    ]
    better = sum(a.verdict != b.verdict for a, b in zip(findings, call.findings, strict=True))
    if call.score is None or call.score.total is None:
        return {"findings": findings}
    total = min(100.0, max(0.0, call.score.total + 4 * better + chance.gauss(0, 3)))
    groups: dict[str, GroupScore] = dict(call.score.groups)
    return {"findings": findings, "score": Score(at=call.score.at, total=round(total, 1), groups=groups)}


if __name__ == "__main__":
    main()
