"""A flow that is published while calls are taken: between calls, never in mid-call, and never a broken one."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest
from live.desk import Desk, desk, needs_quick

from callflow import flowfiles, plans, running
from callflow.audio.source import FRAME, RATE, Block
from callflow.design.studio.desk import Desk as Studio
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import Shelf
from callflow.events import CallAnswered, CallHungUp, Event
from callflow.journal import PART, read_journal
from callflow.live.reload import Reload
from callflow.telephony.source import Inbox, Reported
from callflow.texts import Text

pytest.importorskip("fastapi", reason="the Python package fastapi is not installed")
pytestmark = [pytest.mark.timeout(240), needs_quick]
FLOWS = Path(__file__).parent.parent.parent / "flows"


class Silence:
    """A headset in which nobody speaks, as fast as life, until the session is stopped."""

    separate = True

    def __init__(self) -> None:
        self.warnings: list[Text] = []
        self.began = time.monotonic()
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        block = Block(self._at * FRAME / RATE, *np.zeros((2, FRAME), np.int16))
        self._at += 1
        time.sleep(max(0.0, self.began + block.at - time.monotonic()))
        return block


class Phone(Inbox):
    """Reports what the test says."""

    def tell(self, event: Event, call: str) -> None:
        self.put(Reported(event, call, time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    (tmp_path / "flows" / ".callflow" / "running").mkdir(parents=True)
    return Path(shutil.copytree(FLOWS / "examples" / "logistics", tmp_path / "flows" / "logistics"))


def _say(flow: Path, words: str) -> dict[str, str]:
    """Change the flow's file of phrases; the hashes of what calls are judged by then."""
    with open(_file(flow), "a", encoding="utf-8") as file:
        file.write(words)
    return flowfiles.of_calls(flowfiles.read_sources(str(flow)).hashes)


def _file(flow: Path) -> Path:
    return flow / "flow.yaml"


def _header(place: Desk, call: int) -> dict[str, str]:
    """The files that a call was judged by, as its journal says."""
    journals = sorted([*place.folder.glob("*.jsonl"), *place.folder.glob(f"*{PART}")])
    return dict(flowfiles.of_calls(read_journal(journals[call]).header.files))


def _shown(place: Desk) -> str:
    return " ".join(notice["text"]["zh"] for notice in place.latest()["desk"]["notices"])


def test_a_published_flow_comes_between_calls_and_a_broken_one_never(tmp_path: Path, flow: Path) -> None:
    plan, _ = plans.load(str(flow))
    first = flowfiles.of_calls(plan.flow.hashes)
    calls = tmp_path / "calls"
    calls.mkdir()
    phone, reload = Phone(), Reload(str(flow), plan, every=0.1)
    with desk(Silence(), calls, [phone], reload=reload, flow=plan) as place:
        phone.tell(CallAnswered(at=0), "1")
        place.until(lambda: place.session.calls.current, "the first call")
        second = _say(flow, "\n# a comment\n")
        place.until(reload.fresh, "the new flow is ready, and waits")
        time.sleep(0.5)
        assert reload.fresh(), "in mid-call nothing is taken up"
        assert not place.notices()
        phone.tell(CallHungUp(at=0), "1")
        place.until(lambda: "flow.updated" in place.notices(), "it is taken up and told of")
        place.until(lambda: "流程已更新" in _shown(place), "the agent sees it")
        assert first == _header(place, 0) != second

        phone.tell(CallAnswered(at=0), "2")
        place.until(lambda: place.session.calls.current, "the second call")
        place.until(lambda: "flow.updated" not in place.notices(), "what was told is over")
        good = _file(flow).read_text("utf-8")
        _file(flow).write_text(good[: len(good) // 2] + "\nrulse:", "utf-8")  # saved by half
        place.until(lambda: "flow.broken" in place.notices(), "the agent is told of it in mid-call")
        place.until(lambda: "callflow lint logistics" in _shown(place), "and where to look")
        phone.tell(CallHungUp(at=0), "2")
        place.until(lambda: not place.session.calls.current, "the second call is over")
        phone.tell(CallAnswered(at=0), "3")
        place.until(lambda: place.session.calls.current, "the third call, with the flow as it was")
        assert second == _header(place, 1) == _header(place, 2)

        _file(flow).write_text(good + "# mended\n", "utf-8")
        place.until(lambda: "flow.broken" not in place.notices(), "it is mended")
        assert place.session.calls.current
        place.until(lambda: running.running(flow.parent, "logistics")[0].in_call, "publishing sees the call")
        phone.tell(CallHungUp(at=0), "3")
        place.until(lambda: "flow.updated" in place.notices(), "and taken up")
    assert not running.running(flow.parent, "logistics")


def test_a_file_that_is_being_saved_is_left_alone(flow: Path) -> None:
    plan, _ = plans.load(str(flow))
    with Reload(str(flow), plan, every=0.15) as reload:
        end = time.monotonic() + 2.0
        while time.monotonic() < end:  # somebody writes and writes: never twice the same
            _say(flow, "rulse: [\n")
            time.sleep(0.02)
        assert reload.trouble is None
        assert reload.fresh() is None


def test_rehearsals_and_what_was_taken_back_change_nothing(flow: Path) -> None:
    plan, _ = plans.load(str(flow))
    before = _file(flow).read_bytes()
    with Reload(str(flow), plan, every=0.05) as reload:
        (flow / "more.rehearsals.yaml").write_text("rehearsals: [broken\n")
        _say(flow, "rulse: [\n")
        _until(lambda: reload.trouble)
        _file(flow).write_bytes(before)
        _until(lambda: not reload.trouble)
        assert reload.fresh() is None
        shutil.rmtree(flow)
        _until(lambda: reload.trouble)


def _until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_whatever_goes_wrong_is_told_and_the_next_version_comes(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, _ = plans.load(str(flow))
    with Reload(str(flow), plan, every=0.05) as reload:
        with monkeypatch.context() as here:
            here.setattr(Reload, "_made", _no_memory)
            _say(flow, "# one\n")
            _until(lambda: reload.trouble)
        assert reload.trouble
        assert "MemoryError" in reload.trouble.en
        _say(flow, "# two\n")
        _until(reload.fresh)
        assert reload.trouble is None


def _no_memory(_: Reload) -> None:
    raise MemoryError("none left")


def test_a_version_that_is_never_ready_or_kills_its_process_is_told(
    flow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _ = plans.load(str(flow))
    monkeypatch.setattr("callflow.live.reload.LONGEST", 0.0)
    monkeypatch.setattr("callflow.running.AGAIN", 0.1)
    with Reload(str(flow), plan, every=0.01) as reload:
        _say(flow, "# one\n")
        _until(lambda: reload.trouble)
        assert reload.trouble
        assert "too long" in reload.trouble.en
        monkeypatch.setattr("callflow.live.reload.LONGEST", 60.0)
        _say(flow, "# two\n")
        _until(lambda: multiprocessing.active_children())
        (child,) = multiprocessing.active_children()
        assert child.pid
        os.kill(child.pid, signal.SIGSTOP)
        (mark,) = flow.parent.joinpath(*running.FOLDER).glob("*.json")
        before = mark.stat().st_mtime_ns
        _until(lambda: mark.stat().st_mtime_ns > before)  # it is there while it makes a flow ready
        child.kill()
        _until(lambda: reload.trouble and "died" in reload.trouble.en)
        _say(flow, "# three\n")
        _until(reload.fresh)


def test_several_files_that_are_published_come_together(flow: Path) -> None:
    """With an overlay that was there before the studio, and that says it is there while it makes the flow ready."""
    shutil.rmtree(flow.parent / ".callflow")
    plan, _ = plans.load(str(flow))
    with Reload(str(flow), plan, every=0.05) as reload:
        Repository.init(flow.parent, "root")
        studio = Studio(Shelf(flow.parent), Repository(flow.parent))
        _until(lambda: running.running(flow.parent, "logistics"))
        now = studio.open("a", "logistics")
        wanted = {
            **now.texts,
            "tracking.yaml": now.texts["tracking.yaml"] + "# new\n",
            "more.yaml": "variables: {新: 好}\n",
        }
        studio.publisher.publish("logistics", wanted, now.papers, "a", "why")
        _until(reload.fresh)
        fresh = reload.fresh()
        assert fresh
        assert flowfiles.of_calls(fresh.flow.hashes) == flowfiles.of_calls(flowfiles.read_sources(str(flow)).hashes)
        assert reload.trouble is None
