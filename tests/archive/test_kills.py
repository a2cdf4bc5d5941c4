"""What adds is killed, the database is killed, several add the same: no call is half there, lost, or there twice."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import postgres
import pytest
import sqlalchemy as sa
from archive_samples import call

from callflow.archive import said
from callflow.archive.calls import add, known
from callflow.archive.store import Archive
from callflow.archive.tables import Agent, Call, FlowVersion, Said, StoredFinding, StoredJournal, Team
from callflow.errors import ArchiveError

TESTS = Path(__file__).parent.parent


def adding(url: str, first: int, last: int, *more: str) -> subprocess.Popen[str]:
    """A process that is about to add these calls."""
    command = [sys.executable, str(TESTS / "archive_adder.py"), url, str(first), str(last), *more]
    environment = os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def begun(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """The same once it has opened the archive."""
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    return process


def told(process: subprocess.Popen[str]) -> set[str]:
    """The keys of the calls that a process said were added before it ended."""
    out, _ = process.communicate(timeout=60)
    whole = out[: out.rfind("\n") + 1]
    return {call(int(number)).key for number in whole.removeprefix("open\n").split()}


def check_consistent(archive: Archive) -> set[str]:
    """Every call is whole and there once; returns the keys."""
    with archive.read() as session:
        keys = session.scalars(sa.select(Call.key)).all()
        assert len(keys) == len(set(keys))
        ids = set(session.scalars(sa.select(Call.id)))
        assert set(session.scalars(sa.select(StoredJournal.call_id))) == ids
        assert set(session.scalars(sa.select(Said.call_id))) == ids
        found = session.execute(sa.select(StoredFinding.call_id, sa.func.count()).group_by(StoredFinding.call_id))
        assert dict(found.all()) == dict.fromkeys(ids, 2)
        for wanted in said.condition(session, "", "di") + said.condition(session, "通", ""):
            searched = session.scalars(wanted).all()
            assert set(searched) <= ids
        assert set(session.scalars(said.condition(session, "第", "")[0])) == ids
        for table, key in ((Agent, Agent.code), (Team, Team.name), (FlowVersion, FlowVersion.digest)):
            names = session.scalars(sa.select(key)).all()
            assert len(names) == len(set(names)), table.__tablename__
        if archive.sqlite:
            assert session.scalar(sa.text("PRAGMA integrity_check")) == "ok"
            session.execute(sa.text("INSERT INTO said_index (said_index) VALUES ('integrity-check')"))
    return set(keys)


def test_killed_while_adding(new_archive: Archive, url: str) -> None:
    draw = random.Random(5)
    done = 0
    for _ in range(3):
        process = begun(adding(url, done, 3_000))
        for _ in range(draw.randrange(3)):
            assert process.stdout
            process.stdout.readline()
        time.sleep(draw.uniform(0.0, 0.1))
        process.kill()
        sure = told(process)
        assert check_consistent(new_archive) >= sure
        done = len(check_consistent(new_archive))
    assert 0 < done < 3_000
    told(adding(url, 0, done + 20))
    assert check_consistent(new_archive) == {call(number).key for number in range(done + 20)}


def test_two_make_the_archive_and_add_the_same(url: str) -> None:
    both = [adding(url, 0, 150), adding(url, 0, 150, "back")]
    every = {call(number).key for number in range(150)}
    assert [told(process) for process in both] == [every, every]
    with Archive.open(url) as archive:
        assert check_consistent(archive) == every


def test_the_database_server_is_killed(postgres_server: postgres.Server) -> None:
    url = postgres_server.database()
    with Archive.open(url) as archive:
        process = begun(adding(url, 0, 3_000))
        time.sleep(0.2)
        postgres_server.stop("immediate")
        try:
            sure = told(process)
            assert process.returncode == 3
            with pytest.raises(ArchiveError, match="cannot reach the archive"):
                known(archive, ["a"])
        finally:
            postgres_server.start()
        assert check_consistent(archive) >= sure
        add(archive, [call(3_000, text="第一通")])
        assert call(3_000).key in check_consistent(archive)
