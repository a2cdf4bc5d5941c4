"""A batch on a real cluster of Dask's, on this machine: what is killed is done by others."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from batches import DEADLY, broken, journals, open_recording, plan, sound

from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.archive.tables import Call
from callflow.errors import BadInput
from callflow.review import fleet
from callflow.review.batch.listing import listing
from callflow.review.batch.pool import KILLED, Pool
from callflow.review.batch.run import Batch, Crew, Tally
from callflow.review.batch.work import Settings
from callflow.review.judge import flow_version
from callflow.texts import Text

SETTINGS = Settings(plan(), open_recording)


class Watcher:
    """Kills a worker of the cluster at some calls."""

    def __init__(self, fleet: object = None) -> None:
        self._fleet = fleet
        self._count = 0

    def update(self, tally: Tally) -> None:
        return None

    def trouble(self, message: Text) -> None:
        return None

    def call(self, call: NewCall) -> None:
        self._count += 1
        if self._fleet and self._count in (5, 20):
            nannies = self._fleet._client.cluster.workers.values()  # type: ignore[attr-defined]
            os.kill(next(nanny.pid for nanny in nannies if nanny.pid), signal.SIGKILL)


def archived(archive: Archive) -> dict[str, tuple[str, float | None, int, str]]:
    with archive.read() as session:
        return {
            call.key: (call.status, call.score, call.faults, (call.reason or {}).get("en", ""))
            for call in session.scalars(sa.select(Call))
        }


def run(archive: Archive, folder: Path, crew: Crew, watcher: Watcher) -> Tally:
    return Batch(archive, flow_version(plan().flow), watcher).run(listing([str(folder)]).tasks, crew)


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # Dask warns of what the kills leave behind
def test_a_cluster_judges_as_processes_here_do_and_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    from callflow.review.fleet import LOCAL, Fleet

    folder = tmp_path / "calls"
    journals(folder, range(40))
    broken(folder, 3)
    sound(folder / f"{DEADLY}.wav")
    with Archive.open(str(tmp_path / "fleet.db")) as archive, Fleet(SETTINGS, LOCAL, 2) as fleet:
        tally = run(archive, folder, fleet, Watcher(fleet))
        by_fleet = archived(archive)
    assert (tally.done, tally.failed) == (40, 4)
    assert [reason for *_, reason in by_fleet.values() if reason == KILLED.en] == [KILLED.en]
    with Archive.open(str(tmp_path / "pool.db")) as archive, Pool(SETTINGS, 1) as pool:
        run(archive, folder, pool, Watcher())
        assert archived(archive) == by_fleet


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(fleet, "PATIENCE", 1)
    with pytest.raises(BadInput, match="no cluster"):
        fleet.Fleet(SETTINGS, "tcp://127.0.0.1:1", 1)


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("default")
def test_a_cluster_keeps_nothing_of_what_it_was_sent() -> None:

    def sent(dask_worker: Any) -> list[str]:
        return [name for name in dask_worker.plugins if name.startswith("callflow")]

    with fleet.connected(fleet.LOCAL, 1) as client:
        address = client.scheduler.address
        assert list(fleet.run(abs, [-1, 2], address, 1)) == [1, 2]
        with fleet.Fleet(SETTINGS, address, 1):
            assert [len(names) for names in client.run(sent).values()] == [1]
        assert [len(names) for names in client.run(sent).values()] == [0]
