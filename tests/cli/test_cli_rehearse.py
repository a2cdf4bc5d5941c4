"""``callflow test``, ``record`` and ``graph`` as a person runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from xml.etree import ElementTree as xml

import pytest
from commandline import environment, journal

from callflow.archive import calls as archived
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.cli import main
from callflow.events import Output

FLOW = """flow: {start: a}
states:
  a: {on: {agent p: b}}
  b: {}
phrases:
  p: {say: 您好}
rules:
  r: {expect: agent p}
"""
PASSES = "- {name: one, call: [{agent: 您好}], expect: [{match: p}, {state: b}, {finding: r, verdict: met}]}\n"
FAILS = "- {name: two, call: [{agent: 再见}], expect: [{match: p}]}\n"
MISSES = "- {name: three, call: [{agent: 再见}], expect: [{finding: r, verdict: missed}]}\n"
WAIT = 60
"""Seconds to wait for a line before the test fails: nothing is measured."""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A flow in a folder, with its rehearsals in a file of their own."""
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "a.yaml").write_text(FLOW, "utf-8")
    (folder / "a.rehearsals.yaml").write_text("rehearsals:\n" + PASSES + FAILS, "utf-8")
    return folder


def test_junit_has_a_case_for_each_rehearsal(flow: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = flow.parent / "out.xml"
    assert main(["test", str(flow), "--junit", str(out), "--lang", "zh"]) == 1
    suites = xml.parse(out).getroot()
    (suite,) = suites
    assert (suites.get("tests"), suite.get("name"), suite.get("failures")) == ("2", "a.rehearsals.yaml", "1")
    passed, failed = suite
    assert (passed.get("name"), len(passed)) == ("one", 0)
    assert (failed.get("file"), failed.get("line")) == ("a.rehearsals.yaml", "3")
    assert "未出现：match p" in str(failed[0].get("message"))
    assert "✗ two" in capfd.readouterr().out
    assert main(["test", str(flow), "--junit", str(flow / "no" / "out.xml")]) == 2


def test_junit_parses_whatever_the_file_is_called(flow: Path) -> None:
    (flow / "a.rehearsals.yaml").rename(flow / "a\x1b\x01\udcff.rehearsals.yaml")
    out = flow.parent / "out.xml"
    assert main(["test", str(flow), "--junit", str(out)]) == 1
    (suite,) = xml.parse(out).getroot()
    assert (
        suite.get("name") == suite[0].get("file") == suite[0].get("classname") == "a\ufffd\ufffd\ufffd.rehearsals.yaml"
    )


def test_some_rehearsals_by_name_or_file(flow: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(flow), "-k", "one", "--lang", "en"]) == 0
    assert capfd.readouterr().out == "✓ one\n1 of 1 rehearsals passed\n"
    assert main(["test", str(flow), "-k", "one", "-k", "two"]) == 1
    assert main(["test", str(flow), "-k", "a.rehearsals"]) == 1
    capfd.readouterr()
    assert main(["test", str(flow), "-k", "twp", "--lang", "en"]) == 2
    assert 'did you mean "two"' in capfd.readouterr().err


def test_as_json_with_coverage_and_mutants(flow: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (flow / "a.rehearsals.yaml").write_text("rehearsals:\n" + PASSES, "utf-8")
    assert main(["test", str(flow), "--json", "--coverage", "--mutate"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["rehearsals"], told["failed"], told["mutants"], told["unnoticed"]) == (1, [], 3, [])
    assert told["coverage"]["rule"]["items"][0]["open"] == [{"en": "never missed", "zh": "从未缺失"}]
    (flow / "a.rehearsals.yaml").write_text("rehearsals:\n" + MISSES, "utf-8")
    assert main(["test", str(flow), "--mutate", "--lang", "en"]) == 1, "nobody notices without the phrase"
    assert "a.yaml:6:3: phrase p" in capfd.readouterr().out


class Watching:
    """``callflow test --watch`` as a process whose lines can be waited for."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "callflow", "test", *arguments, "--watch", "--lang", "en"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment())
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.decode())

    def until(self, words: str) -> str:
        """What came, up to the line with ``words``."""
        told = ""
        while words not in told:
            told += self._lines.get(timeout=WAIT)
        return told

    def interrupt(self) -> int:
        self._process.send_signal(subprocess.signal.SIGINT)  # type: ignore[attr-defined]
        return self._process.wait(timeout=WAIT)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


@pytest.fixture
def watching(flow: Path) -> Iterator[Watching]:
    started = Watching(str(flow))
    yield started
    started.close()


def test_watching_plays_again_at_every_change_and_outlives_a_broken_flow(flow: Path, watching: Watching) -> None:
    assert "1 of 2 rehearsals passed" in watching.until("waiting for changes")
    (flow / "a.rehearsals.yaml").write_text("rehearsals:\n" + PASSES, "utf-8")
    assert "1 of 1 rehearsals passed" in watching.until("waiting for changes")
    (flow / "a.yaml").write_text(FLOW.replace("agent p}", "agent q}"), "utf-8")
    told = watching.until("has mistakes")
    assert "a.yaml:" in told
    assert "Traceback" not in told
    (flow / "a.yaml").write_text(FLOW.replace("您好", "再会"), "utf-8")
    assert "0 of 1 rehearsals passed" in watching.until("waiting for changes"), "the phrase is another now"
    assert watching.interrupt() == 0


def test_a_journal_is_recorded_as_a_rehearsal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    journal(tmp_path / "call.jsonl")
    out = tmp_path / "call.rehearsals.yaml"
    assert main(["record", str(tmp_path / "call.jsonl"), "--flow", "inbound", "--out", str(out)]) == 0
    assert main(["record", str(tmp_path / "call.jsonl"), "--flow", "inbound", "--name", "一通电话"]) == 0
    assert capfd.readouterr().out == out.read_text("utf-8").replace("name: call\n", "name: 一通电话\n")
    out.write_text("# mended by hand", "utf-8")
    assert main(["record", str(tmp_path / "call.jsonl"), "--flow", "inbound", "--out", str(out), "--lang", "en"]) == 2
    assert "is there already" in capfd.readouterr().err
    assert out.read_text("utf-8") == "# mended by hand"
    assert main(["record", str(tmp_path / "none.jsonl"), "--lang", "en"]) == 2
    assert "cannot read" in capfd.readouterr().err


def test_a_flow_is_drawn_as_its_name_says(flow: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = flow.parent / "flow.mmd"
    assert main(["graph", str(flow), "--out", str(out)]) == 0
    assert out.read_text("utf-8").startswith("---\ntitle:")
    assert main(["graph", str(flow), "--format", "dot"]) == 0
    assert capfd.readouterr().out.startswith("digraph flow {")
    if shutil.which("dot"):
        assert main(["graph", str(flow)]) == 0
        assert "<svg" in capfd.readouterr().out


def test_calls_over_a_flow_come_from_journals_folders_and_archives(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    journal(calls / "one.jsonl")
    (calls / "one.wav.events.jsonl").write_text('{"type":"call.answered","at":1}\n', "utf-8")
    database = tmp_path / "archive.db"
    with Archive.open(str(database)) as archive:
        content = (calls / "one.jsonl").read_bytes()
        archived.add(archive, [NewCall(key="1", path="one.wav", journal=content)])
    drawn = []
    for named in (calls / "one.jsonl", calls, f"sqlite:///{database}", database):
        assert main(["graph", "--format", "mermaid", "--lang", "en", "--heat", str(named)]) == 0
        drawn.append(capfd.readouterr().out)
    assert '1 call"' in drawn[0]
    assert "100 % of calls" in drawn[0]
    assert drawn[0] == drawn[1] == drawn[2] == drawn[3]
    assert main(["graph", "--format", "mermaid", "--call", str(calls / "one.jsonl")]) == 0
    judged = capfd.readouterr().out
    assert "1. 0:0" in judged
    header, *lines = (calls / "one.jsonl").read_text("utf-8").splitlines(keepends=True)
    outputs = {kind.type for kind in Output.__subclasses__()}
    unjudged = calls / "inputs.jsonl"
    unjudged.write_text(header + "".join(one for one in lines if json.loads(one)["type"] not in outputs), "utf-8")
    assert main(["graph", "--format", "mermaid", "--call", str(unjudged)]) == 0
    assert capfd.readouterr().out.replace("inputs", "one") == judged


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--heat", "sqlite:///nowhere.db"], "no archive at"),
        (["--heat", "nothing://x/y"], "cannot have an address"),
        (["--heat", "."], "no calls"),
        (["--call", "none.jsonl"], "cannot read"),
        (["--out", "no/flow.dot"], "cannot write"),
    ],
)
def test_calls_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["graph", "--format", "dot", "--lang", "en", *arguments]) == 2
    assert words in capfd.readouterr().err


def test_an_ending_that_tells_no_format(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--lang", "en", "--out", str(tmp_path / "flow.jpg")]) == 2
    assert "--format" in capfd.readouterr().err
    assert main(["graph", "--format", "dot", "--out", str(tmp_path / "flow.jpg")]) == 0


def test_a_flow_without_rehearsals(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(FLOW, "utf-8")
    assert main(["test", str(tmp_path / "a.yaml"), "--lang", "en"]) == 0
    assert capfd.readouterr() == ("", "this flow has no rehearsals\n")
    assert main(["test", str(tmp_path / "a.yaml"), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["rehearsals"] == 0
