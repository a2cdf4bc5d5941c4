"""``callflow replay``: what goes well, and what is said beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commandline import OUTPUTS, PROBLEM, call_of, callflow, complaint, plan

from callflow import models
from callflow.cli import main
from callflow.events import Score
from callflow.journal import Header, JournalWriter, read_journal


def test_a_journal_is_judged_again(folder: Path) -> None:
    """Its outputs are the engine's, not those of the file; the new journal is equal to it but for the header."""
    done = callflow("replay", "call.jsonl", *OUTPUTS, "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, b"")
    old, new = read_journal(folder / "call.jsonl"), read_journal(folder / "out.jsonl")
    assert new.events == old.events
    assert [event.to_json() for event in new.events] == done.stdout.decode().splitlines()
    assert isinstance(new.events[-1], Score)
    assert new.header == old.header, "a journal of a journal still knows its recording"
    assert (folder / "out.html").stat().st_size > 10_000
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize(("files", "told"), [({}, False), ({"flow.yaml": "0" * 64}, True)])
@pytest.mark.parametrize("command", ["replay", "score"])
def test_that_the_flow_has_changed_is_told_where_it_is_known(
    folder: Path, command: str, files: dict[str, str], told: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    first, _, rest = (folder / "call.jsonl").read_text("utf-8").partition("\n")
    (folder / "other.jsonl").write_text(json.dumps(json.loads(first) | {"files": files}) + "\n" + rest, "utf-8")
    assert main([command, str(folder / "other.jsonl"), "--lang", "en"]) == 0
    assert ("the flow has changed" in capfd.readouterr().err) is told


@pytest.mark.parametrize(("date", "day"), [("2026-10-01", "holiday"), ("2026-10-10T09:30", "workday")])
def test_a_call_has_the_date_that_is_given(
    folder: Path, date: str, day: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(folder / "call.jsonl"), "--date", date, "--json"]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(event["date"], event["day"]) for event in events if event["type"] == "call.context"] == [(date, day)]


def test_of_a_year_that_the_calendar_does_not_know_that_is_said(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(folder / "call.jsonl"), "--date", "2199-10-05", "--json", "--lang", "zh"]) == 0
    assert "没有 2199 年的放假安排" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["call.jsonl.part", "call.log"])
def test_a_journal_is_known_by_its_first_line(folder: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Also the one that was left behind by a kill -9, with its last line cut."""
    content = (folder / "call.jsonl").read_bytes()
    (folder / name).write_bytes(content[:-10])
    assert main(["replay", str(folder / name), "--json", "--lang", "en"]) == 0
    (warning,) = capfd.readouterr().err.splitlines()
    assert "the last line is cut" in warning
    assert PROBLEM.match(warning)


def test_a_part_is_not_overwritten_by_what_is_made_of_it(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = (folder / "call.jsonl").read_bytes()
    (folder / "left.jsonl.part").write_bytes(content)
    assert (
        main(["replay", str(folder / "left.jsonl.part"), "--journal", str(folder / "left.jsonl"), "--lang", "en"]) == 2
    )
    assert "would overwrite" in complaint(capfd.readouterr().err)[0]
    assert (folder / "left.jsonl.part").read_bytes() == content


def test_a_flow_that_has_changed_since_is_said(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = (folder / "call.jsonl").read_text("utf-8")
    (folder / "call.jsonl").write_text(re.sub(r"[0-9a-f]{64}", "0" * 64, content, count=1), "utf-8")
    assert main(["replay", str(folder / "call.jsonl"), "--lang", "zh"]) == 0
    assert "流程已有改动" in capfd.readouterr().err


def test_a_journal_keeps_the_agent_s_channel_and_its_report_the_recording_s_name(folder: Path) -> None:
    header = Header("inbound", plan().flow.hashes, "ok.wav", "right")
    with JournalWriter(folder / "right.jsonl", header) as writer:
        for event in call_of(1):
            writer.write(event)
    assert main(["replay", str(folder / "right.jsonl"), "--json", "--report", str(folder / "r.html"),
                 "--journal", str(folder / "again.jsonl")]) == 0  # fmt: skip
    assert read_journal(folder / "again.jsonl").header == header
    assert "ok.wav" in (folder / "r.html").read_text("utf-8")


def test_a_recording_in_which_nobody_speaks_is_said_plainly(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if not models.find("zipformer"):
        pytest.skip("the zipformer model is not installed")
    pytest.importorskip("sherpa_onnx", reason="the zipformer engine is not installed")
    assert main(["replay", str(folder / "ok.wav"), "--engine", "zipformer", "--lang", "en"]) == 0
    first, *_, last = capfd.readouterr().err.splitlines()
    assert (first, last) == ("zipformer: as asked for", "no speech was heard in this recording")


def test_an_action_on_nothing_is_told(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = (folder / "call.jsonl").read_text("utf-8").splitlines(keepends=True)
    wrong = '{"type":"agent.action","at":10.0,"action":"situation","target":"customer-sugests"}\n'
    where = next(n for n, line in enumerate(content) if '"heard"' in line) + 1
    (folder / "odd.jsonl").write_text("".join([*content[:where], wrong, *content[where:]]), "utf-8")
    assert main(["replay", str(folder / "odd.jsonl"), "--lang", "en"]) == 0
    (warning,) = capfd.readouterr().err.splitlines()
    assert PROBLEM.match(warning)
    assert warning.startswith("odd.jsonl: warning: agent.action situation at 10.0 s: unknown situation or state")
