"""Full disks, readers who have heard enough, Ctrl-C: one clear line, and nothing half written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import OUTPUTS, callflow, complaint, environment, journal, listing, sound

from callflow import models
from callflow.journal import read_journal


@pytest.mark.parametrize("output", ["--journal", "--report"])
def test_a_full_disk_is_one_clear_line_and_nothing_half_written(tmp_path: Path, tiny_disk: Path, output: str) -> None:
    journal(tmp_path / "call.jsonl", turns=200)
    (tiny_disk / "out").write_text("the one of before")
    done = callflow("replay", "call.jsonl", output, str(tiny_disk / "out"), "--json", cwd=tmp_path)
    assert done.returncode == 2
    line, problems = complaint(done.stderr.decode())
    assert "No space left on device" in line
    assert problems == []
    assert os.listdir(tiny_disk) == ["out"]
    assert (tiny_disk / "out").read_text() == "the one of before"


def test_a_report_that_cannot_be_written_costs_neither_the_result_nor_the_journal(
    tmp_path: Path, tiny_disk: Path
) -> None:
    journal(tmp_path / "call.jsonl")
    outputs = ("--report", str(tiny_disk / "out.html"), "--journal", "out.jsonl", "--lang", "zh")
    done = callflow("replay", "call.jsonl", *outputs, cwd=tmp_path)
    assert done.returncode == 2
    line = done.stderr.decode().splitlines()[-1]
    assert "磁盘空间已满" in line
    assert "请腾出空间" in line
    assert "/ 100" in done.stdout.decode()
    assert "out.html" not in done.stdout.decode()
    assert read_journal(tmp_path / "out.jsonl").events == read_journal(tmp_path / "call.jsonl").events
    assert os.listdir(tiny_disk) == []


def test_an_archive_that_finds_no_room_leaves_nothing(tmp_path: Path, tiny_disk: Path) -> None:
    journal(tmp_path / "call.jsonl")
    done = callflow("replay", "call.jsonl", "--archive", str(tiny_disk / "a.db"), cwd=tmp_path)
    assert done.returncode == 2
    complaint(done.stderr.decode())
    assert os.listdir(tiny_disk) == []


@pytest.mark.parametrize("command", [["replay", "call.jsonl"], ["models"], ["--version"]])
def test_an_output_that_is_closed_is_no_success(folder: Path, command: list[str]) -> None:
    """``callflow … >&-``, as a script may have it."""
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m callflow {" ".join(command)} >&-'],
        cwd=folder, capture_output=True, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "standard output is closed" in complaint(done.stderr.decode())[0]


@pytest.mark.parametrize("output", ["--journal", "--report"])
def test_so_is_a_file_that_may_not_grow(tmp_path: Path, output: str) -> None:
    journal(tmp_path / "call.jsonl", turns=200)
    before = listing(tmp_path)
    limit = (20_000, resource.RLIM_INFINITY)
    done = callflow(
        *("replay", "call.jsonl", output, "out", "--json"),
        cwd=tmp_path,
        limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert done.returncode == 2
    complaint(done.stderr.decode())
    assert listing(tmp_path) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command", [["replay", "call.jsonl", "--json"], ["replay", "call.jsonl"], ["simulate"], ["models"], ["--help"]]
)
def test_standard_output_on_a_full_disk(folder: Path, command: list[str]) -> None:
    with open("/dev/full", "wb") as full, open(folder / "call.jsonl", "rb") as given:
        done = subprocess.run(
            [sys.executable, "-m", "callflow", *command],
            cwd=folder, stdin=given, stdout=full, stderr=subprocess.PIPE, env=environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "No space left on device" in complaint(done.stderr.decode())[0]


@pytest.mark.parametrize(
    "command",
    [["replay", "long.jsonl", "--json", *OUTPUTS], ["replay", "long.jsonl"], ["simulate"], ["models"], ["--help"]],
)
def test_a_reader_who_has_heard_enough_is_no_error(folder: Path, command: list[str]) -> None:
    """``callflow … | true``: no complaint, nothing half-written."""
    journal(folder / "long.jsonl", turns=100)
    before = listing(folder)
    reader, writer = os.pipe()
    os.close(reader)
    with open(folder / "long.jsonl", "rb") as given:
        done = subprocess.run(
            [sys.executable, "-m", "callflow", *command],
            cwd=folder, stdin=given, stdout=writer, stderr=subprocess.PIPE, env=environment(), check=False,
        )  # fmt: skip
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == (0 if command == ["--help"] else 141)
    assert listing(folder) == before


def interrupted(command: list[str], folder: Path, ready: Callable[[bytes], bool]) -> tuple[int, str]:
    """Run until a line of output is ``ready``, press Ctrl-C; the exit code and standard error.

    The process cannot be done by then: it has more to say than a pipe holds, and nobody is reading.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "callflow", *command],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while not ready(line := process.stdout.readline()):
            assert line, "ended before it was ready"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    return process.returncode, err.decode()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ctrl_c_leaves_nothing_half_written(folder: Path, language: str) -> None:
    journal(folder / "long.jsonl", turns=400)
    before = listing(folder)
    command = ["replay", "long.jsonl", *OUTPUTS, "--json", "--lang", language]
    code, err = interrupted(command, folder, lambda line: b'"type":"heard"' in line)
    assert code == 130
    assert err.splitlines() == [
        "interrupted; nothing unfinished was kept" if language == "en" else "已中断，未完成的没有保留"
    ]
    assert listing(folder) == before


def test_ctrl_c_keeps_what_was_there(folder: Path) -> None:
    journal(folder / "long.jsonl", turns=400)
    (folder / "out.jsonl").write_text("the one of before")
    (folder / "out.html").write_text("the one of before")
    before = listing(folder)
    code, _ = interrupted(["replay", "long.jsonl", *OUTPUTS, "--json"], folder, lambda line: b'"heard"' in line)
    assert (code, listing(folder)) == (130, before)
    assert (folder / "out.jsonl").read_text() == "the one of before"


def test_ctrl_c_in_the_middle_of_a_recording(folder: Path) -> None:
    """With the real recogniser at work in its threads."""
    if not models.find("zipformer"):
        pytest.skip("the zipformer model is not installed")
    pytest.importorskip("sherpa_onnx", reason="the zipformer engine is not installed")
    sound(folder / "long.wav", seconds=3_000)
    before = listing(folder)
    command = ["replay", "long.wav", "--engine", "zipformer", *OUTPUTS, "--json"]
    code, err = interrupted(command, folder, lambda line: b'"call.context"' in line)
    assert code == 130
    assert err.splitlines()[-1] == "interrupted; nothing unfinished was kept"
    assert "Traceback" not in err
    assert listing(folder) == before


def test_ctrl_c_while_it_starts_is_no_traceback(tmp_path: Path) -> None:
    """The libraries take their time to load: whenever the key is pressed, no file and no traceback."""
    for tries in range(6):
        with subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "callflow", "simulate"],
            cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(),
        ) as process:  # fmt: skip
            assert process.stderr is not None
            for line in process.stderr:  # wait for this library to be loaded, then interrupt
                if line.rstrip().endswith(
                    [b"argparse", b"numpy", b"ahocorasick", b"transitions", b"ruamel.yaml", b"design.simulate"][tries]
                ):
                    process.send_signal(signal.SIGINT)
                    break
            rest = process.stderr.read()
        assert b"Traceback" not in rest, rest.decode()[-2_000:]
        assert rest.splitlines()[-1].startswith(b"interrupted")
        assert process.returncode == 130
