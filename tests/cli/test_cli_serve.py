"""callflow serve as a command: what it is given wrongly, and that it listens on this computer only."""

import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_samples import call
from commandline import complaint, environment

pytest.importorskip("nicegui", reason="the Python package nicegui is not installed")

from callflow.archive.calls import add
from callflow.archive.store import Archive
from callflow.cli import main
from callflow.commands import studio


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "calls.db"
    Archive.open(str(path)).close()
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--archive", "nowhere.db"], "nowhere.db"),
        (["--archive", "calls.db", "--recordings", "nowhere"], "no such folder"),
        (["--archive", "calls.db", "--flows", "nowhere"], "no such folder"),
        (["--archive", "calls.db", "--certificate", "x.pem"], "--key"),
        (["--archive", "calls.db", "--port", "99999"], '"99999" is no port'),
        (["--archive", "calls.db", "--host", "198.51.100.1", "--port", "0"], "cannot listen on 198.51.100.1"),
        (["--archive", "calls.db", "--certificate", "x.pem", "--key", "y.pem", "--port", "0"], "x.pem"),
    ],
)
def test_what_is_given_wrongly_is_told_in_one_line(
    archive: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive.parent)
    assert main(["serve", "--lang", "en", *arguments]) == 2
    assert said in complaint(capsys.readouterr().err)[0]


def test_a_port_that_is_taken(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--lang", "en", "--archive", str(archive), "--port", str(port)]) == 2
    assert f"127.0.0.1:{port}" in complaint(capsys.readouterr().err)[0]


def test_it_listens_on_this_computer_only_and_leaves_nothing_behind(archive: Path, tmp_path: Path) -> None:
    copies = archive.with_name("calls.db.sound")
    copies.mkdir()
    (copies / f"{'a' * 64}-left.webm").touch()
    command = [sys.executable, "-m", "callflow", "serve", "--archive", "calls.db", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(re.findall(r"^http://127\.0\.0\.1:(\d+)/$", process.stdout.readline())[0])
            listening = _listening(process.pid)
        finally:
            process.terminate()
            process.wait(20)
    assert listening in ([], [f"127.0.0.1:{port}"])
    assert list(copies.iterdir()) == [], "what others purged is not kept here"
    assert {path.name for path in tmp_path.iterdir()} - {copies.name} <= {"calls.db", "calls.db-wal", "calls.db-shm"}


def test_a_purge_leaves_no_copy_of_a_recording(archive: Path) -> None:
    with Archive.open(str(archive)) as opened:
        add(opened, [call(1, sha256="a" * 64, began=datetime(2020, 1, 1, tzinfo=UTC))])
    kept = archive.with_name("calls.db.sound")
    kept.mkdir()
    for name in (f"{'a' * 64}-left.webm", f"{'a' * 64}-left.peaks", "of-somebody-else.webm"):
        (kept / name).touch()
    assert main(["purge", "--archive", str(archive), "--older-than", "1d"]) == 0
    assert [path.name for path in kept.iterdir()] == ["of-somebody-else.webm"]


def _listening(pid: int) -> list[str]:
    """The addresses that a process listens on; none where nothing can tell."""
    if not shutil.which("ss"):
        return []
    told = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    return [line.split()[3] for line in told.splitlines() if f"pid={pid}," in line]


def test_the_first_version_needs_no_name_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the number of a user may have none."""

    def nobody() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert studio._user() == "callflow"
