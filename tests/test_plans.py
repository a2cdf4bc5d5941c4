"""Plans are kept between starts; whatever the cache is like, the plan is that of the files."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from callflow import flowfiles, plans
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.errors import BadFlow
from callflow.events import CallAnswered, Event, Heard

FLOW = "flow: {start: talk}\nstates: {talk: {}}\nphrases:\n  no: {never: [WORDS], better: 好的}\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; compiling is counted in ``compiled``."""
    monkeypatch.setattr(plans, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache" / "plans"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    of = Plan.of

    def count(flow):  # type: ignore[no-untyped-def]
        seen.append(flow.name)
        return of(flow)

    monkeypatch.setattr(Plan, "of", staticmethod(count))
    return seen


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    file = tmp_path / "flow.yaml"
    file.write_text(FLOW.replace("WORDS", "这事不归我管"), "utf-8")
    return file


def outputs(plan: Plan, said: str) -> list[Event]:
    guide = Guide(plan)
    heard = Heard(at=2.0, speaker="agent", text=said, final=True, start=1.0, end=2.0, utterance="a1")
    return [*guide.feed(CallAnswered(at=0.0)), *guide.feed(heard), *guide.close()]


def test_a_kept_plan_does_what_a_fresh_one_does(cache: Path, compiled: list[str]) -> None:
    fresh, _ = plans.load()
    kept, _ = plans.load()
    assert compiled == ["inbound"]
    assert outputs(kept, "这事不归我管。") == outputs(fresh, "这事不归我管。")


def test_a_changed_file_is_compiled_anew(cache: Path, compiled: list[str], flow: Path) -> None:
    plans.load(str(flow))
    flow.write_text(FLOW.replace("WORDS", "你找别人去吧"), "utf-8")
    plan, _ = plans.load(str(flow))
    assert len(compiled) == 2
    assert [hit.phrase for hit in plan.book.find("你找别人去吧", "agent")] == ["no"]


def test_warnings_are_kept_too(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.yaml").write_text(FLOW, "utf-8")
    (folder / "b.yaml").write_text("", "utf-8")
    first, again = (plans.load(str(folder))[1] for _ in range(2))
    assert [problem.rule for problem in first] == ["empty-file"]
    assert again == first


@pytest.mark.parametrize(
    "content", [b"", b"not a pickle", pickle.dumps("something else")[:-3], pickle.dumps(42), pickle.dumps(("a", "b"))]
)
def test_a_damaged_cache_is_mended(cache: Path, compiled: list[str], flow: Path, content: bytes) -> None:
    plans.load(str(flow))
    (kept,) = cache.glob("*.plan")
    kept.write_bytes(content)
    plans.load(str(flow))
    plans.load(str(flow))
    assert len(compiled) == 2


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="file modes")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_others_can_write_to_is_not_read(cache: Path, compiled: list[str], flow: Path, what: str) -> None:
    plans.load(str(flow))
    (kept,) = cache.glob("*.plan")
    (kept if what == "file" else cache).chmod(0o777)
    plans.load(str(flow))
    assert len(compiled) == 2


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path, flow: Path) -> None:
    cache.parent.write_text("a file where the folder should be")
    assert plans.load(str(flow))[0].flow.name == "flow"


def test_the_oldest_go(cache: Path, flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_KEPT", 2)
    for i in range(4):
        flow.write_text(FLOW.replace("WORDS", "不归我管" * (i + 1)), "utf-8")
        plans.load(str(flow))
    assert len(list(cache.iterdir())) == 2


def test_a_flow_with_mistakes_is_not_kept(cache: Path, flow: Path) -> None:
    flow.write_text(FLOW.replace("WORDS", "这事(不归我管"), "utf-8")
    for _ in range(2):
        with pytest.raises(BadFlow):
            plans.load(str(flow))
    assert not cache.exists()


def test_rehearsals_are_no_part_of_a_plan(cache: Path) -> None:
    plan, _ = plans.load()
    assert plan.flow.rehearsals == ()
    assert flowfiles.load()[0].rehearsals


def test_a_file_that_cannot_be_read_is_told_whatever_is_kept(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.yaml").write_text(FLOW, "utf-8")
    plans.load(str(folder))
    (folder / "b.yaml").write_bytes("phrases: {那: {cue: 好}}".encode("gbk"))
    with pytest.raises(BadFlow):
        plans.load(str(folder))


def test_rehearsals_are_read_for_their_problems_and_left_out(cache: Path, compiled: list[str], flow: Path) -> None:
    more = "rehearsals:\n  - {name: a, call: [call.answered]}\n  - {phrase: no, fires: [这事不归我管]}\n"
    flow.write_text(flow.read_text("utf-8").replace("[这事不归我管]", "[这事不归我管, 这事不归我管]") + more, "utf-8")
    for _ in range(2):
        plan, problems = plans.of(flowfiles.read_sources(str(flow)))
        assert plan.flow.rehearsals == ()
        assert [one.rule for one in problems] == ["repeated"]
        assert problems[0].edit, "what mends it is kept as well"
    assert len(compiled) == 1
    flow.write_text(flow.read_text("utf-8").replace("phrase: no,", "phrase: know,"), "utf-8")
    with pytest.raises(BadFlow):
        plans.of(flowfiles.read_sources(str(flow)))
