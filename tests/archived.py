"""An archive of the bundled calls: what an ideal recogniser heard of them, judged by the bundled flow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from bundled import NAMES, events
from commandline import plan

from callflow.archive.calls import NewCall, add
from callflow.archive.store import Archive
from callflow.events import Event
from callflow.journal import Header
from callflow.review.judge import flow_version, judgement
from callflow.review.replay import rejudge

BEGAN = datetime(2026, 11, 2, 9)
AGENTS = (("1001", "王小明"), ("1002", "李丽"), ("1003", "赵强"))


@cache
def new_call(name: str) -> NewCall:
    """One bundled call; each is taken by another agent, a day after the one before."""
    number = NAMES.index(name)
    out: list[Event] = []
    rejudge(events(name), plan(), out.append)
    judged = judgement(out, Header(plan().flow.name, plan().flow.hashes, f"{name}.opus"), plan())
    agent, agent_name = AGENTS[number % len(AGENTS)]
    return NewCall(
        key=sha256(name.encode()).hexdigest(),
        path=f"/calls/{name}.opus",
        agent=agent,
        agent_name=agent_name,
        team="华东",
        queue="售后",
        direction="inbound",
        customer="13812345678",
        began=BEGAN + timedelta(days=number),
        duration=judged.duration,
        separate=judged.context.separate,
        engine="truth",
        flow=flow_version(plan().flow),
        journal=judged.journal,
        findings=judged.findings,
        score=judged.score,
        fields=judged.fields,
        text=judged.text,
        sounds=judged.sounds,
    )


def archive_of(path: Path, names: Iterable[str] = NAMES) -> Path:
    """Make an archive of these calls at ``path``; their ids count from 1 in the order of their keys."""
    with Archive.open(str(path)) as archive:
        add(archive, [new_call(name) for name in names])
    return path
