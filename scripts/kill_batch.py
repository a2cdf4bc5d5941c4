"""Kills a batch, its workers and the database at random moments, and looks whether anything is lost or doubled.

``python scripts/kill_batch.py [--kills 20] [--calls 400] [--seed 1]``. The batch runs as people run it, into a
PostgreSQL of our own that forces every commit to disk (and, for what does not need it, into SQLite). After a kill of
the batch the same command is run again; workers and database are killed under a batch that goes on. ``docs/scale.md``
has the result.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import postgres  # noqa: E402
import psycopg  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from batches import broken, journals  # noqa: E402

from callflow.archive.store import Archive  # noqa: E402
from callflow.archive.tables import Call, StoredFinding, StoredJournal  # noqa: E402

WHAT = ("batch", "worker", "database")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    plan = [WHAT[number % len(WHAT)] for number in range(options.kills)]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, postgres.server() as server:
        assert server, "PostgreSQL is not installed"
        calls = Path(folder) / "calls"
        journals(calls, range(options.calls))
        bad = len({path.name for path in broken(calls, 10)})
        for number, what in enumerate(plan, start=1):
            url = server.database() if what == "database" or number % 2 else str(Path(folder) / f"{number}.db")
            if "://" in url:
                always_to_disk(url)
            after = chance.randrange(options.calls) if number % 5 else 0  # one in five while it is starting
            began = time.monotonic()
            said = one(what, after, chance, url, calls, server)
            problems = wrongs(url, options.calls, bad)
            wrong += bool(problems)
            kind = "PostgreSQL" if "://" in url else "SQLite"
            took = time.monotonic() - began
            print(f"{number:2} {what:9} {kind:10} killed: {said}; all done after {took:4.1f} s: "
                  f"{problems or 'nothing lost, nothing double'}", flush=True)  # fmt: skip
    return 1 if wrong else 0


def one(what: str, after: int, chance: random.Random, url: str, calls: Path, server: postgres.Server) -> str:
    """A batch in which something is killed once ``after`` calls are archived; goes on until all are."""
    batch = start(url, calls)
    while batch.poll() is None and count(url) < after:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 0.3) if after else chance.uniform(0.0, 5.0))
    there = count(url)
    if batch.poll() is not None:
        state = "the batch was done already"
    elif what == "batch":
        os.killpg(batch.pid, signal.SIGSTOP)  # so that what is told is what there was
        there = count(url)
        os.kill(batch.pid, signal.SIGKILL)
        os.killpg(batch.pid, signal.SIGCONT)
        state = f"{there} calls archived"
    elif what == "worker":
        hands = children(batch.pid)
        for pid in hands[:1]:
            os.kill(pid, signal.SIGKILL)
        state = f"{there} calls archived" if hands else "before there were workers"
    else:
        postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        for pid in (postmaster, *children(postmaster)):  # the head first, or it would bear new ones
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        restart(server)
        state = f"{count(url)} calls archived"
    batch.wait()
    for _ in range(3):
        if start(url, calls).wait() in (0, 1):
            break
    return state


def restart(server: postgres.Server) -> None:
    """As whatever watches over a database would; it takes a while until the dead one's memory is free."""
    for _ in range(10):
        time.sleep(1.0)
        with suppress(AssertionError):
            return server.start()
    raise SystemExit("PostgreSQL does not start again")


def start(url: str, calls: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "callflow", "replay", str(calls), "--archive", url, "--workers", "2"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


def count(url: str) -> int:
    if "://" not in url and not Path(url).exists():
        return 0
    try:
        with Archive.open(url, create=False) as archive, archive.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(Call)) or 0
    except Exception:
        return 0


def always_to_disk(url: str) -> None:
    """The tests' server may lose its last commits when it is killed; one that people use may not."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = on")


def wrongs(url: str, good: int, bad: int) -> list[str]:
    """What in the archive is not as it should be."""
    problems = []
    with Archive.open(url, create=False) as archive, archive.read() as session:
        calls = session.execute(sa.select(Call.id, Call.path, Call.status, Call.sha256)).all()
        status = Counter(row.status for row in calls)
        paths = Counter(row.path for row in calls)
        if status != {"done": good, "failed": bad}:
            problems.append(f"expected {good} done and {bad} failed, found {dict(status)}")
        problems += [f"{path} is there {times} times" for path, times in paths.items() if times > 1]
        done = {row.id for row in calls if row.status == "done"}
        for table in (StoredJournal, StoredFinding):
            have = set(session.scalars(sa.select(table.call_id).distinct()))
            if have != done:
                problems.append(f"{table.__tablename__}: {len(done - have)} lack, {len(have - done)} too many")
        if archive.sqlite and session.scalar(sa.text("PRAGMA integrity_check")) != "ok":
            problems.append("SQLite's integrity check fails")
    return problems


if __name__ == "__main__":
    sys.exit(main())
