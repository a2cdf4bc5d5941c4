"""Versions in a real git repository: publishing, rolling back, two who change the same, changes by hand, kills."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from design.studio.shelved import FLOW, FLOWS, add, git, new_folder, publish

pytest.importorskip("nicegui")

from callflow import flowfiles
from callflow.design.studio.bench import Told
from callflow.design.studio.desk import Desk, must_be_good
from callflow.design.studio.drafts import Draft
from callflow.design.studio.refusals import Refused
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import Shelf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_folder(tmp_path)


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk(Shelf(folder), Repository(folder))


def test_a_published_draft_is_a_commit_with_who_and_why(desk: Desk, folder: Path) -> None:
    add(desk, "王 芳 <x>", "# new\n")
    assert "# new" not in (folder / FLOW / "flow.yaml").read_text("utf-8"), "a draft is nobody else's"
    made = publish(desk, "王 芳 <x>", "节日问候")
    assert git(folder, "log", "-1", "--format=%H %an %s").strip() == f"{made} 王 芳 x 节日问候"
    assert (folder / FLOW / "flow.yaml").read_text("utf-8").endswith("# new\n")
    assert git(folder, "status", "--porcelain") == "", "the drafts hide themselves"
    assert desk.open("王 芳 <x>", FLOW).draft.files == {}


def test_rolling_back_is_a_version_that_restores(desk: Desk, folder: Path) -> None:
    before = desk.publisher.published(FLOW)
    now = desk.open("a", FLOW)
    desk.write("a", FLOW, now.draft.revision, "more.yaml", "variables: {更多: 好}\n", new=True)
    now = desk.open("a", FLOW)
    desk.write("a", FLOW, now.draft.revision, "tracking.yaml", None)
    publish(desk, "a")
    assert (folder / FLOW / "more.yaml").exists()
    assert not (folder / FLOW / "tracking.yaml").exists()
    now = desk.open("b", FLOW)
    desk.publisher.publish(FLOW, desk.publisher.version(FLOW, before.id), now.papers, "b", "back")
    assert desk.shelf.read(FLOW).texts == before.texts == desk.publisher.published(FLOW).texts
    assert [one.who for one in desk.publisher.repository.versions(FLOW)] == ["b", "a", "root"]  # type: ignore[union-attr]


def test_two_who_change_the_same_are_told_and_nothing_is_lost(desk: Desk) -> None:
    add(desk, "a", "# of a\n")
    add(desk, "b", "# of b\n")
    publish(desk, "a")
    mine = desk.open("b", FLOW)
    assert list(mine.conflicts) == ["flow.yaml"]
    assert mine.texts["flow.yaml"].endswith("# of b\n"), "the draft is as it was"
    assert desk.merged(mine, "flow.yaml") is None, "both wrote at the same place"
    theirs = mine.papers.texts["flow.yaml"]
    settled = desk.settle("b", FLOW, "flow.yaml", theirs)
    assert not settled.draft.files
    (kept,) = desk.shelf.own("kept").rglob("*flow.yaml")
    assert kept.read_text("utf-8").endswith("# of b\n")


def test_changes_at_different_places_are_put_together(desk: Desk) -> None:
    add(desk, "a", "# at the end\n")
    now = desk.open("b", FLOW)
    desk.write("b", FLOW, 0, "flow.yaml", "# at the beginning\n" + now.texts["flow.yaml"])
    publish(desk, "a")
    mine = desk.open("b", FLOW)
    both = desk.merged(mine, "flow.yaml")
    assert both
    assert both.startswith("# at the beginning\n")
    assert both.endswith("# at the end\n")
    settled = desk.settle("b", FLOW, "flow.yaml", both)
    assert not settled.conflicts
    publish(desk, "b")
    assert desk.publisher.published(FLOW).texts["flow.yaml"] == both


def test_what_was_changed_by_hand_is_a_conflict_and_can_be_brought_back(desk: Desk, folder: Path) -> None:
    add(desk, "a", "# of a\n")
    path = folder / FLOW / "flow.yaml"
    path.write_bytes(path.read_bytes() + b"# by hand\n")
    mine = desk.open("a", FLOW)
    assert list(mine.conflicts) == ["flow.yaml"]
    desk.settle("a", FLOW, "flow.yaml", mine.texts["flow.yaml"])  # keep mine
    publish(desk, "a")
    assert path.read_text("utf-8").endswith("# of a\n")
    assert "# by hand" not in path.read_text("utf-8")
    before = desk.publisher.repository.versions(FLOW)[1]  # type: ignore[union-attr]
    assert desk.publisher.version(FLOW, before.id)["flow.yaml"].endswith("# by hand\n")


def test_a_file_that_changes_between_looking_and_publishing_is_not_written_over(desk: Desk, folder: Path) -> None:
    add(desk, "a", "# of a\n")
    seen = desk.open("a", FLOW)
    path = folder / FLOW / "flow.yaml"
    path.write_bytes(path.read_bytes() + b"# by hand\n")
    with pytest.raises(Refused, match="meanwhile"):
        desk.publisher.publish(FLOW, seen.texts, seen.papers, "a", "why")
    assert path.read_bytes().endswith(b"# by hand\n")


def test_of_two_windows_the_second_is_told(desk: Desk) -> None:
    add(desk, "a", "# one\n")
    with pytest.raises(Refused, match="another window"):
        desk.write("a", FLOW, 0, "flow.yaml", "# other\n")
    assert desk.open("a", FLOW).texts["flow.yaml"].endswith("# one\n")


def test_of_two_who_publish_at_once_one_is_told(desk: Desk, folder: Path) -> None:
    """Two servers over one folder: the branch moves only from where it was seen."""
    repository = Repository(folder)
    head = repository.head()
    told: list[object] = []

    def one(number: int) -> None:
        try:
            told.append(repository.commit({f"{FLOW}/n{number}.yaml": b"x: y\n"}, "a", "why", head))
        except Refused as refused:
            told.append(refused.status)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(409) == 3
    assert len(git(folder, "log", "--format=%H").split()) == 2


def test_what_somebody_has_staged_stays_staged_and_no_hook_runs(desk: Desk, folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    git(folder, "add", "notes.txt")
    for name in ("pre-commit", "post-commit", "reference-transaction", "commit-msg"):
        hook = folder / ".git" / "hooks" / name
        hook.write_text("#!/bin/sh\ntouch ../ran ran\nexit 1\n")
        hook.chmod(0o755)
    add(desk, "a", "# new\n")
    publish(desk, "a")
    assert git(folder, "status", "--porcelain").strip() == "A  notes.txt"
    assert not list(folder.parent.rglob("ran"))


def test_line_ends_and_the_mark_of_utf8_stay(desk: Desk, folder: Path) -> None:
    path = folder / FLOW / "flow.yaml"
    plain = path.read_text("utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode())
    add(desk, "a", "# new\n")
    publish(desk, "a")
    assert path.read_bytes() == b"\xef\xbb\xbf" + (plain + "# new\n").replace("\n", "\r\n").encode()


def test_a_folder_inside_a_repository_publishes_only_its_own(tmp_path: Path) -> None:
    flows = tmp_path / "project" / "my flows"
    shutil.copytree(FLOWS / "examples" / "logistics", flows / FLOW)
    git(flows.parent, "init", "-q")
    (flows.parent / "code.py").write_text("1")
    desk = Desk(Shelf(flows), Repository.around(flows))
    add(desk, "a", "# new\n")
    publish(desk, "a")
    assert {name.split("/")[1] for name in git(flows, "ls-files", "--full-name").split("\n") if name} == {FLOW}
    assert git(flows.parent, "status", "--porcelain").strip() == "?? code.py"
    assert [one.who for one in desk.publisher.repository.versions(FLOW)] == ["a", "a"]  # type: ignore[union-attr]
    assert desk.publisher.published(FLOW).texts == desk.shelf.read(FLOW).texts


def test_without_a_repository_drafts_are_written_and_nothing_is_published(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    shutil.copytree(FLOWS / "examples" / "logistics", flows / FLOW)
    desk = Desk(Shelf(flows), Repository.around(flows))
    add(desk, "a", "# new\n")
    with pytest.raises(Refused, match="no git repository"):
        publish(desk, "a")


def test_a_draft_that_cannot_be_read_is_kept_aside(desk: Desk, folder: Path) -> None:
    add(desk, "a", "# new\n")
    (file,) = desk.shelf.own("drafts").rglob("*.json")
    file.write_text(file.read_text("utf-8")[:-20], "utf-8")
    with pytest.raises(Refused, match="could not be read"):
        desk.open("a", FLOW)
    assert list(file.parent.glob("*.unreadable-*"))
    assert desk.open("a", FLOW).draft == Draft()


def test_a_draft_that_cannot_be_read_at_the_moment_stays(desk: Desk) -> None:
    add(desk, "a", "# precious\n")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(Refused, match="cannot be read"):
            desk.drafts.load("a", FLOW)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert desk.open("a", FLOW).texts["flow.yaml"].endswith("# precious\n")


def test_of_a_flow_that_is_in_no_version_nothing_was_changed_by_hand(desk: Desk, folder: Path) -> None:
    """It was made beside the running server."""
    shutil.copytree(folder / FLOW, folder / "new")
    assert desk.publisher.by_hand("new", desk.shelf.read("new")) == []


def test_hidden_files_are_none_of_the_flow(desk: Desk, folder: Path) -> None:
    for name in (".old.yaml", "._flow.yaml"):
        (folder / FLOW / name).write_bytes(b"\x00 [")
    assert desk.publisher.by_hand(FLOW, desk.shelf.read(FLOW)) == []
    with pytest.raises(Refused, match="nothing to publish"):
        publish(desk, "a")
    assert flowfiles.load(str(folder / FLOW))[0]


# ------------------------------------------------------------------------------------------------ what is good enough


class _Visitor:
    def __init__(self, role: str) -> None:
        self.user = type("User", (), {"role": role})()


@pytest.mark.parametrize(
    ("line", "role", "override", "refused"),
    [
        ("# fine\n", "supervisor", False, ""),
        ("rulse: {}\n", "admin", True, "mistakes"),
        ("phrases: {bad: {say: \"(open\"}}\n", "admin", True, "mistakes"),
        ("REHEARSAL", "supervisor", True, "rehearsals fail"),
        ("REHEARSAL", "admin", False, "rehearsals fail"),
        ("REHEARSAL", "admin", True, ""),
    ],
)  # fmt: skip
def test_a_broken_flow_is_never_published_and_failing_rehearsals_only_by_an_admin(
    desk: Desk, line: str, role: str, override: bool, refused: str
) -> None:
    try:
        now = desk.open("a", FLOW)
        if line == "REHEARSAL":
            words = (
                "rehearsals:\n  - name: 不会发生\n    call: [call.answered]\n    expect: [{finding: nothing-said}]\n"
            )
            rule = next(iter(desk.plan(now.texts, FLOW).flow.rules))
            words = words.replace("nothing-said}", f"{rule}, verdict: violated}}")
            desk.write("a", FLOW, 0, "odd.rehearsals.yaml", words, new=True)
        elif line.startswith("phrases"):
            desk.write("a", FLOW, 0, "odd.yaml", line, new=True)
        else:
            add(desk, "a", line)
        now = desk.open("a", FLOW)
        going = desk.going(now, now.texts)
        if refused:
            with pytest.raises(Refused, match=refused):
                must_be_good(going, _Visitor(role), override)  # type: ignore[arg-type]
        else:
            must_be_good(going, _Visitor(role), override)  # type: ignore[arg-type]
    finally:
        desk.bench.close()


@pytest.mark.parametrize(
    ("told", "line", "refused"),
    [
        (Told("", done=True, broken=True), "phrases: {bad: {say: \"(open\"}}\n", "mistakes"),
        (Told("", done=True, broken=True), "# fine\n", "not through"),
        (Told("", played=3), "# fine\n", "not through"),
    ],
)  # fmt: skip
def test_an_administrator_overrides_what_fails_and_not_what_nobody_has_played(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, told: Told, line: str, refused: str
) -> None:
    """The process of lint and rehearsals died over it, or is late."""
    monkeypatch.setattr(desk.bench, "put", lambda _, again: None)
    monkeypatch.setattr(desk.bench, "wait", lambda _key, of, _seconds: replace(told, of=of))
    desk.write("a", FLOW, 0, "odd.yaml", line, new=True)
    now = desk.open("a", FLOW)
    with pytest.raises(Refused, match=refused):
        must_be_good(desk.going(now, now.texts), _Visitor("admin"), True)  # type: ignore[arg-type]


def test_a_bench_that_is_killed_is_told_and_starts_again(desk: Desk) -> None:
    try:
        now = desk.open("a", FLOW)
        desk.look(now)
        while desk.bench._process is None:
            pass
        os.kill(desk.bench._process.pid, signal.SIGKILL)
        told = desk.bench.wait(("a", FLOW), now.hash, 60)
        assert told
        assert told.broken
        desk.look(desk.open("a", FLOW))
        again = desk.bench.wait(("a", FLOW), now.hash, 60)
        assert again
        assert again.broken or again.good
        going = desk.going(now, now.texts)
        assert going.told
        assert going.told.good, "who publishes has it tried again"
        add(desk, "a", "# new\n")
        later = desk.open("a", FLOW)
        desk.look(later)
        last = desk.bench.wait(("a", FLOW), later.hash, 60)
        assert last
        assert last.good
    finally:
        desk.bench.close()


def test_the_command_line_reads_what_was_published(desk: Desk, folder: Path) -> None:
    add(desk, "a", "# new\n")
    publish(desk, "a")
    found = flowfiles.read_sources(str(folder / FLOW))
    assert found.texts == desk.publisher.published(FLOW).texts
    assert json.loads(json.dumps(dict(found.hashes)))
