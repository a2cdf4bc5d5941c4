"""Publishing that is cut off, or comes at a bad moment: kills at every step, full disks, people at work with git."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from design.studio.shelved import FLOW, add, git, new_folder, publish
from limits import disk_full_after

pytest.importorskip("nicegui")

from callflow.design.studio.desk import Desk
from callflow.design.studio.refusals import Refused
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import Shelf
from callflow.errors import CallflowError, OutputError
from callflow.texts import text
from callflow.writing import NotPutBack

KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from callflow.design.studio.desk import Desk
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import Shelf

def killed(folder, after):
    left = after
    def step(event, _):
        nonlocal left
        if event in ("os.rename", "os.remove", "subprocess.Popen"):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    desk = Desk(Shelf(folder), Repository(folder))
    now = desk.open("a", "logistics")
    sys.addaudithook(step)
    desk.publisher.publish("logistics", now.texts, now.papers, "a", "why")

template, place = map(Path, sys.argv[1:])
for steps in range(100):
    folder = Path(shutil.copytree(template, place / str(steps)))
    if not (child := os.fork()):
        killed(folder, steps)
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_folder(tmp_path)


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk(Shelf(folder), Repository(folder))


def again(folder: Path) -> Desk:
    """The server was started again."""
    return Desk(Shelf(folder), Repository(folder))


def head(desk: Desk) -> dict[str, str]:
    return dict(desk.publisher.published(FLOW).texts)


def by_hand(folder: Path, line: str, file: str = "flow.yaml") -> None:
    path = folder / FLOW / file
    path.write_text(path.read_text("utf-8") + line, "utf-8")


@pytest.fixture
def killed(desk: Desk, folder: Path, tmp_path: Path) -> list[Path]:
    """Copies of the folder in which publishing two files was killed, each a step later; in the last one not at all."""
    for file in ("flow.yaml", "tracking.yaml"):
        add(desk, "a", "# new\n", file)
    place = tmp_path / "killed"
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(place)], capture_output=True, text=True)
    assert not done.stderr
    return sorted(place.iterdir(), key=lambda copy: int(copy.name))


def test_a_kill_at_any_step_leaves_one_version_for_all(killed: list[Path], desk: Desk) -> None:
    """Calls, git and the next who publishes have the same: the old one or the new one, and never some of both."""
    before, wanted = desk.shelf.read(FLOW).texts, desk.open("a", FLOW).texts
    finished = 0
    for folder in killed:
        step = f"after {folder.name} steps"
        desk = again(folder)
        now = desk.shelf.read(FLOW).texts
        assert now in (before, wanted), step
        assert now == head(desk), step
        assert git(folder, "status", "--porcelain") == "", f"{step} the index is in line, and nothing is left about"
        assert not list(folder.rglob("publishing*")), step
        assert not desk.open("a", FLOW).conflicts, step
        add(desk, "b", "# of b\n", "complaint.yaml")
        publish(desk, "b")
        assert head(desk) == {**now, "complaint.yaml": now["complaint.yaml"] + "# of b\n"}, (
            f"{step} b takes nothing back"
        )
        finished += now == wanted
    assert len(killed) > 20
    assert 10 < finished < len(killed)


def test_what_was_changed_after_the_kill_is_left_alone(killed: list[Path]) -> None:
    folder = next(copy for copy in killed if (copy / ".callflow" / "publishing.json").exists())
    by_hand(folder, "# by hand\n")
    desk = again(folder)
    assert (folder / FLOW / "flow.yaml").read_bytes().endswith(b"# by hand\n")
    assert (folder / FLOW / "tracking.yaml").read_bytes().endswith(b"# new\n")
    assert head(desk)["flow.yaml"].endswith("# new\n")
    assert list(desk.open("a", FLOW).conflicts) == ["flow.yaml"], "the author is told"


def test_a_note_that_cannot_be_carried_out_stops_no_server(desk: Desk, folder: Path) -> None:
    note = folder / ".callflow" / "publishing.json"
    note.write_text("{half", "utf-8")
    again(folder)
    assert not note.exists()
    note.mkdir()
    again(folder)


def test_on_a_full_disk_nothing_is_changed(desk: Desk, folder: Path) -> None:
    before = head(desk)
    add(desk, "a", f"# {'汉字' * 20_000}\n")
    now = desk.open("a", FLOW)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with disk_full_after(50_000), pytest.raises(OutputError):
            desk.publisher.publish(FLOW, now.texts, now.papers, "a", "why")
    finally:
        signal.signal(signal.SIGXFSZ, handler)
    assert head(desk) == desk.shelf.read(FLOW).texts == before
    publish(desk, "a")
    assert head(desk) == desk.shelf.read(FLOW).texts == now.texts


@pytest.mark.parametrize("what", ["file", "branch"])
def test_what_happens_while_the_version_is_made_is_not_written_over(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Somebody saves a file, or commits with git, when it is too late to look: all of it is as it was."""
    add(desk, "a", "# new\n", "flow.yaml")
    add(desk, "a", "# new\n", "tracking.yaml")
    real = Repository.made

    def made(*given: object) -> str:
        commit = real(*given)  # type: ignore[arg-type]
        if what == "file":
            by_hand(folder, "# by hand\n", "tracking.yaml")
        else:
            git(folder, "commit", "--allow-empty", "-qm", "another")
        return commit

    monkeypatch.setattr(Repository, "made", made)
    with pytest.raises(CallflowError, match=r"changed by somebody|same moment"):
        publish(desk, "a")
    assert "# new" not in head(desk)["flow.yaml"]
    assert "# new" not in desk.shelf.read(FLOW).texts["flow.yaml"]
    kept = desk.shelf.read(FLOW).texts["tracking.yaml"]
    assert kept.endswith("# by hand\n") == (what == "file")
    assert not list(folder.rglob("*.part"))
    assert not list(folder.rglob("publishing*"))
    monkeypatch.setattr(Repository, "made", real)
    add(desk, "b", "# of b\n", "flow.yaml")
    publish(desk, "b")


# ------------------------------------------------------------------------------------------------ people with git


def test_a_branch_that_is_locked_is_told_as_that(desk: Desk, folder: Path) -> None:
    """What a git that was killed has left: nobody has published."""
    branch = git(folder, "symbolic-ref", "HEAD").strip()
    (folder / ".git" / f"{branch}.lock").touch()
    add(desk, "a", "# new\n")
    with pytest.raises(Refused, match=r"\.lock"):
        publish(desk, "a")
    assert "# new" not in desk.shelf.read(FLOW).texts["flow.yaml"]
    (folder / ".git" / f"{branch}.lock").unlink()
    publish(desk, "a")
    assert "# new" in head(desk)["flow.yaml"]


@pytest.mark.parametrize("way", ["merge", "cherry-pick", "stash"])
def test_in_the_middle_of_a_merge_nothing_is_published(desk: Desk, folder: Path, way: str) -> None:
    main = git(folder, "branch", "--show-current").strip()
    if way == "stash":
        by_hand(folder, "# other\n")
        git(folder, "stash", "-q")
    else:
        git(folder, "switch", "-qc", "other")
        by_hand(folder, "# other\n")
        git(folder, "commit", "-qam", "other")
        git(folder, "switch", "-q", main)
    by_hand(folder, "# mainline\n")
    git(folder, "commit", "-qam", "mainline")
    git(folder, way, "pop" if way == "stash" else "other", check=False)
    before = git(folder, "status", "--porcelain")
    assert before.startswith("UU")
    with pytest.raises(Refused, match="a merge is under way"):
        publish(desk, "a")
    assert git(folder, "status", "--porcelain") == before


def test_another_git_at_work_is_waited_for(desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = folder / ".git" / "index.lock"
    lock.touch()
    add(desk, "a", "# new\n")
    monkeypatch.setattr("callflow.design.studio.repository._OTHERS", 0.3)
    with pytest.raises(Refused, match="another git is at work"):
        publish(desk, "a")
    assert "# new" not in head(desk)["flow.yaml"], "or a commit of something else would take it back"
    monkeypatch.setattr("callflow.design.studio.repository._OTHERS", 30.0)
    threading.Timer(0.5, lock.unlink).start()
    publish(desk, "a")
    (folder / "notes.txt").write_text("x")
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-qm", "notes")
    assert "# new" in head(desk)["flow.yaml"]


def test_an_index_that_is_taken_meanwhile_is_put_right_before_the_next(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = folder / ".git" / "index.lock"
    monkeypatch.setattr("callflow.design.studio.repository._OTHERS", 0.2)
    real = Repository.move

    def move(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        lock.touch()

    monkeypatch.setattr(Repository, "move", move)
    add(desk, "a", "# new\n")
    publish(desk, "a")
    lock.unlink()
    assert git(folder, "status", "--porcelain")
    again(folder)
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("way", ["editor", "revert"])
def test_what_is_undone_before_the_index_is_in_line_stays_undone(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The version is made, only git's index was not to be had; until the next start somebody takes it back."""
    before = (folder / FLOW / "flow.yaml").read_bytes()

    def taken(*_: object) -> None:
        raise Refused(text("another git is at work", "另一个 git 正在运行"))

    add(desk, "a", "# new\n")
    with monkeypatch.context() as patched:
        patched.setattr(Repository, "refresh", taken)
        publish(desk, "a")
    if way == "editor":
        (folder / FLOW / "flow.yaml").write_bytes(before)
    else:
        git(folder, "reset", "-q")
        git(folder, "revert", "--no-edit", "HEAD")
    desk = again(folder)
    assert (folder / FLOW / "flow.yaml").read_bytes() == before
    assert git(folder, "status", "--porcelain").split() == (["M", f"{FLOW}/flow.yaml"] if way == "editor" else [])
    assert not list(folder.rglob("publishing*"))


def test_files_that_cannot_be_put_back_leave_the_note_for_the_next(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch does not move, and the disk does not take the old text: the version comes whole at the next start."""
    flow, whole = folder / FLOW / "flow.yaml", os.replace
    before = flow.read_bytes()

    def replace(source: Path, target: Path) -> None:
        if target == flow and Path(source).read_bytes() == before:
            raise OSError(5, "Input/output error")
        whole(source, target)

    def locked(*_: object) -> None:
        raise Refused(text("the branch is locked", "分支被锁定"))

    for file in ("flow.yaml", "tracking.yaml"):
        add(desk, "a", "# new\n", file)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replace)
        patched.setattr(Repository, "move", locked)
        with pytest.raises(NotPutBack, match=r"the branch is locked; not put back: .*flow\.yaml"):
            publish(desk, "a")
    (kept,) = flow.parent.glob(".flow.yaml.*")
    assert kept.read_bytes() == before
    assert "# new" not in desk.shelf.read(FLOW).texts["tracking.yaml"]
    desk = again(folder)
    assert head(desk) == desk.shelf.read(FLOW).texts == desk.open("a", FLOW).texts
    assert kept.read_bytes() == before


def test_what_was_staged_of_a_published_file_is_a_version_of_its_own(desk: Desk, folder: Path) -> None:
    before = (folder / FLOW / "flow.yaml").read_bytes()
    by_hand(folder, "# staged only\n")
    git(folder, "add", "-A")
    (folder / FLOW / "flow.yaml").write_bytes(before)
    by_hand(folder, "# by hand, too\n")
    now = desk.open("a", FLOW)
    desk.publisher.publish(FLOW, {**now.texts, "flow.yaml": before.decode() + "# new\n"}, now.papers, "a", "why")
    texts = [desk.publisher.version(FLOW, one.id)["flow.yaml"] for one in desk.publisher.repository.versions(FLOW)]  # type: ignore[union-attr]
    ends = [one.removeprefix(before.decode()) for one in texts]
    assert ends == ["# new\n", "# by hand, too\n", "# staged only\n", ""]
    assert git(folder, "status", "--porcelain") == ""


def test_whatever_git_takes_for_a_message_is_listed(desk: Desk, folder: Path) -> None:
    by_hand(folder, "#\n")
    git(folder, "config", "log.showSignature", "true")
    git(folder, "commit", "-qam", "a\x1eb\x1fc\n\nd")
    assert next(one.why for one in desk.publisher.repository.versions(FLOW)) == "a\x1eb\x1fc\n\nd"  # type: ignore[union-attr]


def test_a_flow_may_be_called_as_git_calls_patterns(folder: Path) -> None:
    (folder / FLOW).rename(folder / ":(top)*")
    desk = again(folder)
    now = desk.open("a", ":(top)*")
    desk.publisher.publish(":(top)*", now.texts, now.papers, "a", "why")
    assert len(desk.publisher.repository.versions(":(top)*")) == 1  # type: ignore[union-attr]
    assert desk.publisher.published(":(top)*").texts == now.texts
