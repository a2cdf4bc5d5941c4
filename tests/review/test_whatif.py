"""Archived calls judged again with two flows: in this process, in others that are killed, on a cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from functools import partial
from operator import truediv
from pathlib import Path

import pytest
from archived import archive_of, new_call
from bundled import NAMES
from commandline import ROOT, plan
from errands import Dies, squared

from callflow import plans
from callflow.archive import extracts
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.call.plan import Plan
from callflow.errors import CallflowError
from callflow.flowfiles import flows_folder
from callflow.journal import inputs_of
from callflow.review import processes, whatif
from callflow.review.compare import Call, Differences
from callflow.review.whatif import Kept


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    path = archive_of(tmp_path_factory.mktemp("archive") / "calls.sqlite")
    with Archive.open(str(path)) as archive:
        ids = extracts.chosen(archive, Wanted())
        return [Kept(Call(c.id, c.agent), c.journal) for c in extracts.calls(archive, ids, journals=True)]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The inbound flow without one of its taboos, and with another rule."""
    folder = tmp_path_factory.mktemp("flows") / "inbound"
    shutil.copytree(flows_folder() / "inbound", folder)
    for file in folder.glob("*.rehearsals.yaml"):
        file.unlink()
    file = folder / "zz-changed.yaml"
    file.write_text(
        """
phrases:
  name-asked: {say: ["请问您贵姓"]}
rules:
  say-nothing-of-delay:
    title: {zh: 不提等待, en: Say nothing of waiting}
    never: agent back-from-hold
    group: wording
    severity: severe
""",
        encoding="utf-8",
    )
    taboos = folder / "taboos-shirking.yaml"
    text = taboos.read_text("utf-8")
    assert "severity: severe" in text
    taboos.write_text(text.replace("severity: severe", "severity: minor", 1), encoding="utf-8")
    return plans.load(str(folder), cache=False)[0]


def differing(calls: list[Kept], old: Plan, new: Plan, workers: int = 1) -> Differences:
    return whatif.differences(calls, old, new, partial(processes.run, workers=workers))


def test_judging_again_says_what_the_archive_has(kept: list[Kept]) -> None:
    for name in NAMES:
        call = new_call(name)
        again = whatif.judged(inputs_of(call.journal, name), plan())
        assert [finding.to_json() for finding in again.findings] == [finding.to_json() for finding in call.findings]
        assert call.score is not None
        assert again.total == call.score.total


def test_a_flow_against_itself_is_empty(kept: list[Kept]) -> None:
    found = differing(kept, plan(), plan())
    assert (found.calls, found.touched, found.rules, found.up, found.down) == (len(NAMES), 0, {}, 0, 0)
    assert found.faults_old == found.faults_new > 0


def test_a_changed_flow_shows_what_changes_where(kept: list[Kept], changed: Plan) -> None:
    found = differing(kept, plan(), changed)
    rule = found.rules["say-nothing-of-delay"]
    assert rule.appears >= 2
    assert (rule.vanishes, rule.changes, rule.better) == (0, 0, 0)
    violated = [one.change for one in rule.examples if one.change.new and one.change.new.verdict == "violated"]
    assert violated
    assert all("等" in change.said and change.at > 0 for change in violated)
    (graded,) = [tally for name, tally in found.rules.items() if name != rule.name]
    assert (graded.appears, graded.vanishes, graded.changes) == (0, 0, 1)
    assert sum(tally.calls for tally in found.agents.values()) == found.calls == len(NAMES)
    mirrored = differing(kept, changed, plan())
    assert (mirrored.all.vanishes, mirrored.all.better) == (found.all.appears, found.all.worse)
    assert mirrored.all.moved == pytest.approx(-found.all.moved)


def test_workers_come_to_the_same(kept: list[Kept], changed: Plan) -> None:
    assert differing(kept * 3, plan(), changed, workers=2) == differing(kept * 3, plan(), changed)


def test_a_journal_that_cannot_be_read_is_told_and_the_rest_is_compared(kept: list[Kept]) -> None:
    broken = [Kept(Call(901), b"not zlib"), Kept(Call(902), zlib.compress(b"no journal\n"))]
    found = differing([*kept[:2], *broken], plan(), plan())
    assert found.calls == 2
    assert [one.call.id for one in found.failed] == [901, 902]
    assert all(one.failed and one.failed.zh for one in found.failed)


def test_a_cluster_comes_to_the_same(kept: list[Kept], changed: Plan) -> None:
    pytest.importorskip("distributed")
    from callflow.review import fleet

    run = partial(fleet.run, address="local", size=2)
    assert whatif.differences(kept * 4, plan(), changed, run) == differing(kept * 4, plan(), changed)


# ------------------------------------------------------------------------------------------------ processes


def counted(limit: int, taken: list[int]) -> Iterator[int]:
    for number in range(limit):
        taken.append(number)
        yield number


def test_results_come_in_order_and_no_more_is_taken_than_is_worked_on() -> None:
    taken: list[int] = []
    results = processes.run(squared, counted(200, taken), 2)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(taken) <= 5 + 2 * processes.AHEAD + 1
    assert list(results) == [n * n for n in range(5, 200)]


def test_a_killed_worker_costs_nothing(tmp_path: Path) -> None:
    assert list(processes.run(Dies(tmp_path, {3, 40}), range(50), 2)) == list(range(50))


def test_workers_that_die_again_and_again_are_given_up(tmp_path: Path) -> None:
    with pytest.raises(CallflowError) as error:
        list(processes.run(Dies(tmp_path, {0}, always=True), range(3), 2))
    assert "--workers" in error.value.in_("en")


def test_what_a_worker_stumbles_over_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(processes.run(partial(truediv, 1), [1, 2, 0], 2))


def test_workers_end_with_the_one_who_started_them(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from errands import told_and_slept\n"
        "from callflow.review import processes\n"
        f"if __name__ == '__main__':\n    list(processes.run(told_and_slept, [{str(tmp_path)!r}] * 2, 2))\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    process = subprocess.Popen([sys.executable, str(script)], env=environment, start_new_session=True,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    workers: list[int] = []
    while len(workers) < 2:
        assert process.poll() is None
        time.sleep(0.05)
        workers = [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]
    process.kill()
    process.wait()
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        time.sleep(0.05)
