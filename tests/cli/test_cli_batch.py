"""``callflow replay … --archive`` as people run it, interrupt it and kill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from batches import broken, journals, sound
from commandline import callflow, complaint, environment

from callflow.archive.store import Archive
from callflow.archive.tables import Call


def archived(folder: Path) -> int:
    with Archive.open(str(folder / "a.db"), create=False) as archive, archive.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Call)) or 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    journals(tmp_path / "calls", range(4))
    return tmp_path


def test_a_folder_goes_into_an_archive_and_is_summed_up(folder: Path) -> None:
    broken(folder / "calls", 1)
    done = callflow("replay", "calls", "--archive", "a.db", "--workers", "1", cwd=folder)
    said = done.stdout.decode()
    assert (done.returncode, done.stderr) == (1, b"")
    assert "4 calls judged" in said
    assert "1 could not be judged" in said
    assert "bad-000-empty.wav" in said
    assert "\x1b" not in said
    again = callflow("replay", "calls", "--archive", "a.db", "--lang", "zh", cwd=folder).stdout.decode()
    assert "5 个此前已归档" in again
    assert archived(folder) == 5


@pytest.mark.parametrize(("more", "kept"), [([], 1), (["--no-peaks"], 0)])
def test_waveforms_are_kept_beside_the_archive_unless_they_are_not_wanted(
    tmp_path: Path, more: list[str], kept: int
) -> None:
    sound(tmp_path / "call.wav")
    done = callflow("replay", "call.wav", "--archive", "a.db", *more, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(list((tmp_path / "a.db.sound").glob("*-left.peaks"))) == kept


def test_for_programs_every_call_is_a_line(folder: Path) -> None:
    (folder / "empty.wav").touch()
    (folder / "list.csv").write_text(
        "file,agent,time\ncalls/call-00001.jsonl,7,2026/10/1 9:30\nempty.wav,8,\ngone.wav,9,\n", encoding="utf-8"
    )
    done = callflow("replay", "list.csv", "--archive", "a.db", "--json", cwd=folder)
    first, second = done.stderr.decode().splitlines()
    assert first.startswith('list.csv:4:1: warning: no file "gone.wav"')
    assert (done.returncode, second) == (1, "1 calls of the list have no file")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(line["status"], Path(line["path"]).name) for line in lines[:-1]} == {
        ("done", "call-00001.jsonl"),
        ("failed", "empty.wav"),
    }
    assert [line["reason"] for line in lines if "reason" in line] == ["this file is empty (0 bytes)"]
    assert {key: lines[-1][key] for key in ("type", "files", "done", "failed")} == {
        "type": "summary",
        "files": 2,
        "done": 1,
        "failed": 1,
    }


def test_a_second_run_tells_what_could_not_be_judged_and_what_is_new(folder: Path) -> None:
    (folder / "calls" / "bad.jsonl").touch()
    (folder / "calls" / "copy.jsonl").write_bytes((folder / "calls" / "call-00001.jsonl").read_bytes())
    run = ("replay", "calls", "--archive", "a.db", "--workers", "1")
    first = callflow(*run, cwd=folder)
    assert first.returncode == 1
    said = first.stdout.decode()
    assert "4 in the archive without an agent or a time" in said
    assert "with the content of another file: 1\n    calls/copy.jsonl = calls/call-00001.jsonl\n" in said
    assert "✕ calls/bad.jsonl  this file is not a journal\n" in said
    second = callflow(*run, "--pattern", "{}-{agent}", cwd=folder)
    assert second.returncode == 1, "what was red does not turn green by itself"
    said = second.stdout.decode()
    assert "1 of them could not be judged (--retry-failed" in said
    assert "4 of them with new particulars" in said


def test_a_list_of_which_no_file_is_there_says_so_line_by_line(folder: Path) -> None:
    (folder / "list.csv").write_text("file\ngone.wav\nlost.wav\n", encoding="utf-8")
    done = callflow("replay", "list.csv", "--archive", "a.db", cwd=folder)
    said, problems = complaint(done.stderr.decode())
    assert (done.returncode, len(problems)) == (2, 2)
    assert "no calls in list.csv" in said
    assert not (folder / "a.db").exists()


@pytest.mark.parametrize(
    ("arguments", "complains"),
    [
        ("calls", "is a directory, not a file"),
        ("calls/call-00001.jsonl calls/call-00002.jsonl", "many calls are judged into an archive"),
        ("calls/call-00001.jsonl --again", "many calls are judged into an archive"),
        ("calls --archive a.db --report r.html", "--report is for one call"),
        ("calls --archive a.db --workers 0", "--workers must be a whole number"),
        ("calls --archive a.db --pattern {agnet}", 'did you mean "agent"?'),
        ("nowhere/* --archive a.db", "no calls in nowhere/*"),
        ("calls callls --archive a.db", 'no file or folder "callls"'),
        ("wrong.csv --archive a.db", "has mistakes; nothing was begun"),
        ("calls --archive text.db", "text.db"),
        ("calls --archive missing/a.db", "missing/a.db"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_begun(folder: Path, arguments: str, complains: str) -> None:
    (folder / "wrong.csv").write_text("file,agnet\ncalls/call-00001.jsonl,7\n", encoding="utf-8")
    (folder / "text.db").write_text("这不是数据库" * 100, encoding="utf-8")
    done = callflow("replay", *arguments.split(), cwd=folder)
    assert done.returncode == 2
    said, problems = complaint(done.stderr.decode())
    assert complains in said
    assert bool(problems) == ("wrong.csv" in arguments)
    assert not (folder / "a.db").exists() or archived(folder) == 0


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "callflow", "replay", "calls", "--archive", "a.db", "--workers", "2"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=pipe, stderr=pipe, start_new_session=True)


def wait_for(folder: Path, many: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.05)
        if (folder / "a.db").exists():
            try:
                if archived(folder) >= many:
                    return
            except Exception:  # the tables are just being made
                continue
    raise AssertionError("nothing was archived")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_batch_that_is_interrupted_goes_on_where_it_was(tmp_path: Path, how: signal.Signals) -> None:
    journals(tmp_path / "calls", range(150))
    batch = start(tmp_path)
    wait_for(tmp_path, 5)
    (os.killpg if how == signal.SIGINT else os.kill)(batch.pid, how)
    out, err = batch.communicate()
    if how == signal.SIGINT and batch.returncode == 130 and archived(tmp_path) < 150:  # else it was done before
        assert "run the same command again" in err.decode()
        assert "calls judged" in out.decode()
    assert b"Traceback" not in err
    before = archived(tmp_path)
    done = callflow("replay", "calls", "--archive", "a.db", "--json", "--workers", "1", cwd=tmp_path)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["done"], summary["already_archived"]) == (150 - before, before)
    assert archived(tmp_path) == 150
