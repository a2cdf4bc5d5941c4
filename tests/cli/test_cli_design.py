"""``callflow simulate`` and ``callflow test``."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import PROBLEM, call_of, callflow, environment

from callflow.cli import main
from callflow.events import Output


def test_simulate_speaks_json_lines(folder: Path) -> None:
    given = (folder / "call.jsonl").read_bytes()
    done = callflow("simulate", cwd=folder, given=given)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [e.to_json() for e in call_of(1) if isinstance(e, Output)]


def test_simulate_goes_on_after_garbage_and_says_2(folder: Path) -> None:
    header, *lines = (folder / "call.jsonl").read_bytes().splitlines()
    given = b"\n".join([header, b"garbage", b"\xff", *lines, b'{"type":"tick","at":1}', b'{"type":"tick","at":NaN}'])
    done = callflow("simulate", "--lang", "zh", cwd=folder, given=given)
    assert done.returncode == 2
    problems = done.stderr.decode().splitlines()
    assert all(PROBLEM.match(line) for line in problems)
    assert [line.split(":")[1] for line in problems] == ["2", "3", str(len(lines) + 4), str(len(lines) + 5)]
    assert done.stdout.decode().splitlines() == [e.to_json() for e in call_of(1) if isinstance(e, Output)]


def test_closed_streams_are_no_traceback(folder: Path) -> None:
    """``callflow … <&-``: nothing on standard input is no events."""
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m callflow simulate <&-'],
        cwd=folder, capture_output=True, env=environment(), check=False,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert isinstance(io.BytesIO(done.stdout).read(), bytes)


def test_a_flow_is_tested_by_its_rehearsals(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    flow = "flow: {start: a}\nstates:\n  a: {}\nphrases:\n  p: {say: 您好}\nrehearsals:\n"
    script = "- {name: one, call: [{agent: 您好}], expect: [{match: p}]}\n"
    (tmp_path / "a.yaml").write_text(flow + script, "utf-8")
    assert main(["test", str(tmp_path / "a.yaml"), "--lang", "en"]) == 0
    assert capfd.readouterr().out == "✓ one\n1 of 1 rehearsals passed\n"
    (tmp_path / "a.yaml").write_text(flow + script.replace("agent: 您好", "agent: 再见"), "utf-8")
    assert main(["test", str(tmp_path / "a.yaml"), "--lang", "en"]) == 1
    assert "did not come: match p" in capfd.readouterr().out
