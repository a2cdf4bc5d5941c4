"""``callflow score``, ``diff`` and ``export``: what is printed, what is written, what is refused and how."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archived import archive_of, new_call
from commandline import callflow, complaint

from callflow.archive import audit, extracts
from callflow.archive.calls import NewFlow, add
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.cli import main
from callflow.commands.scores import cards
from callflow.events import Evidence, Finding, Heard, Score
from callflow.flowfiles import flows_folder
from callflow.journal import Header


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive_of(tmp_path_factory.mktemp("archive") / "calls.sqlite")


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inbound flow with another rule."""
    folder = tmp_path_factory.mktemp("flows") / "inbound"
    shutil.copytree(flows_folder() / "inbound", folder)
    rule = {"title": {"zh": "不提等待", "en": "Say nothing of waiting"}, "never": "agent back-from-hold"}
    rules = {"say-nothing-of-delay": {**rule, "group": "wording", "severity": "severe"}}
    (folder / "zz-changed.yaml").write_text(json.dumps({"rules": rules}), "utf-8")
    return folder


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.jsonl"
    path.write_bytes(new_call("faulty").journal)
    return path


def test_a_score_is_explained_line_by_line(faulty: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(faulty), "--lang", "zh"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "得分 3.94 / 100   faulty.opus" in out
    assert "坐席 左声道 “你问我，我问谁”" in out
    assert "JJ-2.2.2" in out
    assert main(["score", str(faulty), "--json"]) == 0
    data = json.loads(capfd.readouterr().out)
    assert round(sum(line["points"] for line in data["lines"]), 2) == data["total"] == 3.94
    assert len(data["flow_version"]) == 64


def test_an_archived_call_scores_the_same(calls: Path, faulty: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(faulty), "--json"]) == 0
    from_journal = json.loads(capfd.readouterr().out)
    with Archive.open(str(calls)) as archive:
        number = next(n for n in range(1, 11) if scored_name(archive, n) == "faulty.opus")
    assert main(["score", "--archive", str(calls), "--call", str(number), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == from_journal | {"call": number}


def scored_name(archive: Archive, call_id: int) -> str:
    from callflow.review import scored

    return scored.of_call(archive, call_id).name


def test_a_scorecard_of_one_s_own(faulty: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "card.yaml"
    card.write_text("scorecard: {title: 热线, fatal: {cap: 0, rules: [greet-first]}, groups: {wording: 90}}", "utf-8")
    assert main(["score", str(faulty), "--scorecard", str(card), "--lang", "zh"]) == 0
    out = capfd.readouterr().out
    assert "评分表：热线" in out
    assert "致命项" in out
    assert "得分 0.00" in out
    card.write_text("scorecard: {groups: {wordin: 90}}", "utf-8")
    assert main(["score", str(faulty), "--scorecard", str(card), "--lang", "en"]) == 2
    line, problems = complaint(capfd.readouterr().err)
    assert "has mistakes" in line
    assert 'did you mean "wording"' in problems[0]


def test_a_scorecard_is_read_once_however_many_calls_there_are(tmp_path: Path) -> None:
    card = tmp_path / "card.yaml"
    card.write_text("scorecard: {title: 热线}", "utf-8")
    chosen = cards(argparse.Namespace(scorecard=str(card), flow=None), "en")
    assert chosen("inbound") is chosen("inbound") is not None


def test_diff_tells_by_rule_and_agent(calls: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "--flow", "inbound", "--against", "inbound", "--archive", str(calls), "--lang", "en",
                 "--workers", "1"]) == 0  # fmt: skip
    assert "10 calls judged with both flows, 0 differ" in capfd.readouterr().out
    assert main(["diff", "--flow", "inbound", "--against", "inbound", "--archive", str(calls), "--json", "--workers",
                 "1", "--agent", "李丽", "--since", "2026-11-03", "--until", "2026-11-07"]) == 0  # fmt: skip
    data = json.loads(capfd.readouterr().out)
    assert (data["calls"], data["touched"], data["rules"]) == (2, 0, [])


def test_diff_leaves_out_calls_of_other_flows(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = archive_of(tmp_path / "calls.sqlite", ["faulty", "exemplary"])
    other = replace(new_call("vulgar"), flow=NewFlow("reminders", "0" * 64))
    with Archive.open(str(path)) as archive:
        add(archive, [other, replace(new_call("transferred"), flow=NewFlow("other", "1" * 64))])
    asked = ["--archive", str(path), "--lang", "en", "--workers", "1"]
    assert main(["diff", "--flow", "inbound", "--against", "inbound", *asked]) == 0
    out, err = capfd.readouterr()
    assert "2 calls judged" in out
    assert "calls of other flows, left out: 2" in err
    reminders = tmp_path / "reminders.yaml"
    reminders.write_text("flow: {start: a}\nstates: {a: {final: true}}\n", "utf-8")
    assert main(["diff", "--flow", str(reminders), "--against", "inbound", *asked]) == 0
    out, err = capfd.readouterr()
    assert "3 calls judged" in out, "of both flows"
    assert "left out: 1" in err
    assert main(["diff", "--flow", str(reminders), "--against", "inbound", *asked, "--limit", "2"]) == 0
    assert "2 calls judged" in capfd.readouterr().out


PHONE = "13800138005"
TOLD = ("我的电话是一三八", "零零一三", "八零零五")


@pytest.fixture(scope="module")
def told_in_parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, Path]:
    """An archive with a call in which a number is told in parts, its number there, and its journal."""
    folder = tmp_path_factory.mktemp("told")
    finding = Finding(
        at=3.0, rule="greet-first", verdict="missed", severity="major", group="greeting",
        evidence=tuple(Evidence(n, n + 1, "customer", said) for n, said in enumerate(TOLD)),
    )  # fmt: skip
    said = [
        Heard(at=n + 1.0, speaker="customer", text=one, start=float(n), end=n + 0.9, utterance=str(n))
        for n, one in enumerate(TOLD)
    ]
    events = [*said, finding, Score(at=9.0, total=50.0)]
    lines = [Header("inbound", recording=f"{PHONE}.wav").to_json(), *(event.to_json() for event in events), ""]
    journal = folder / "told.jsonl"
    journal.write_text("\n".join(lines), "utf-8")
    call = replace(new_call("faulty"), path=f"/calls/{PHONE}.wav", findings=(finding,), text="\n".join(TOLD))
    with Archive.open(str(folder / "calls.sqlite")) as archive:
        return folder / "calls.sqlite", add(archive, [call])[0], journal


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("kept", [False, True])
def test_a_score_shows_no_number_unless_asked_to(
    told_in_parts: tuple[Path, int, Path], form: list[str], kept: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    archive, call, journal = told_in_parts
    arguments = ["score", *(["--archive", str(archive), "--call", str(call)] if kept else [str(journal)]), *form]
    assert main(arguments) == 0
    masked = capfd.readouterr().out
    assert main([*arguments, "--reveal"]) == 0
    shown = capfd.readouterr().out
    for number in ("零零一三", PHONE):
        assert number not in masked
        assert number in shown


def test_diff_as_a_page_with_moments_to_click_on(
    calls: Path, changed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["diff", "--flow", str(changed), "--against", "inbound", "--archive", str(calls), "--workers", "1"]
    out = tmp_path / "diff.html"
    assert main([*arguments, "--lang", "en", "--html", str(out), "--desk", "https://desk.example:8700/"]) == 0
    assert "differ" in capfd.readouterr().out
    page = out.read_text("utf-8")
    assert os.listdir(tmp_path) == ["diff.html"]
    links = re.findall(r'<a href="(https://desk.example:8700/calls/(\d+)\?at=([0-9.]+))"', page)
    with Archive.open(str(calls)) as archive:
        there = set(extracts.chosen(archive, Wanted()))
    assert len(links) >= 2
    assert {int(call) for _, call, _ in links} <= there
    assert all(float(at) > 0 for _, _, at in links)
    assert "Say nothing of waiting" in page
    assert "等" in "".join(re.findall(r"<q [^>]*>([^<]*)<", page)), "the words of the moment"
    assert "<script" not in page
    assert main([*arguments, "--lang", "zh", "--html", str(out), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["touched"] > 0
    assert "<a " not in out.read_text("utf-8")


@pytest.mark.parametrize("desk", ["desk.example", "javascript:alert(1)", 'http://x"onclick=', "http://x y"])
def test_the_desk_of_a_diff_is_a_web_address(
    calls: Path, tmp_path: Path, desk: str, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["diff", "--flow", "inbound", "--against", "inbound", "--archive", str(calls), "--lang", "en"]
    assert main([*arguments, "--html", str(tmp_path / "d.html"), "--desk", desk]) == 2
    assert "is no address" in capfd.readouterr().err
    assert main([*arguments, "--desk", "http://x"]) == 2
    assert main([*arguments, "--html", str(tmp_path / "nowhere" / "d.html")]) == 2
    assert os.listdir(tmp_path) == []


def test_an_export_is_noted_before_anything_is_taken(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bool] = []
    write = audit.note

    def note(*told: Any) -> None:
        noted.append((tmp_path / "f.csv").exists())
        write(*told)

    monkeypatch.setattr(audit, "note", note)
    assert main(["export", "--archive", str(calls), "--what", "findings", "--out", str(tmp_path / "f.csv")]) == 0
    assert noted == [False]


@pytest.mark.parametrize(
    ("name", "what", "more", "told"),
    [
        ("f.csv", "findings", [], "390 rows"),
        ("f.xlsx", "findings", ["--agent", "1001"], "rows"),
        ("w.csv", "faults", [], "68 rows"),
        ("s.csv", "scores", ["--since", "2026-11-05"], "7 rows"),
        ("a.html", "agent", ["--agent", "1001", "--month", "2026-11"], "4 calls"),
        ("c.html", "call", ["--call", "1"], "call 1"),
    ],
)
def test_export(
    calls: Path, tmp_path: Path, name: str, what: str, more: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert main(["export", "--archive", str(calls), "--what", what, "--out", str(out), "--lang", "en", *more]) == 0
    masked, count = capfd.readouterr().err.splitlines()
    assert "masked" in masked
    assert told in count
    assert os.listdir(tmp_path) == [name]
    assert out.stat().st_size > 1_000
    with Archive.open(str(calls)) as archive:
        assert audit.read(archive, limit=1)[0].action == f"export.{what}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score"], "which call?"),
        (["score", "gone.jsonl"], "cannot read"),
        (["score", "x.jsonl", "--archive", "CALLS", "--call", "1"], "one of them"),
        (["score", "--archive", "CALLS"], "--call must be a whole number"),
        (["score", "--archive", "CALLS", "--call", "4711"], "call 4711 is not in the archive"),
        (["score", "--archive", "gone.sqlite", "--call", "1"], "gone.sqlite"),
        (["score", "--archive", "CALLS", "--call", "1", "--scorecard", "gone.yaml"], "no scorecard"),
        (["diff", "--flow", "inbound", "--against", "gone", "--archive", "CALLS"], 'no flow "gone"'),
        (["diff", "--flow", "inbound", "--against", "inbound", "--archive", "gone.sqlite"], "gone.sqlite"),
        (["diff", "--flow", "inbound", "--against", "inbound", "--archive", "CALLS", "--since", "soon"], "is no date"),
        (["diff", "--flow", "inbound", "--against", "inbound", "--archive", "CALLS", "--workers", "0"], "--workers"),
        (["diff", "--flow", "inbound", "--against", "inbound", "--archive", "CALLS", "--limit", "x"], "--limit"),
        (["export", "--archive", "CALLS", "--what", "scores", "--out", "nowhere/x.csv"], "no such folder"),
        (["export", "--archive", "CALLS", "--what", "scores", "--out", "."], "is a folder"),
        (["export", "--archive", "CALLS", "--what", "scores", "--out", "x.pdf"], "cannot be written as pdf"),
        (["export", "--archive", "CALLS", "--what", "agent", "--out", "x.html"], "which agent"),
        (["export", "--archive", "CALLS", "--what", "agent", "--agent", "1001", "--month", "May", "--out", "x.html"],
         "is no month"),
        (["export", "--archive", "CALLS", "--what", "agent", "--agent", "9", "--month", "2026-11", "--out", "x.html"],
         'no calls of "9"'),
        (["export", "--archive", "CALLS", "--what", "scores", "--since", "2026-11-02", "--until", "2026-11-01", "--out",
          "x.csv"], "not before"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(
    calls: Path, tmp_path: Path, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main([*(str(calls) if word == "CALLS" else word for word in arguments), "--lang", "en"]) == 2
    line, _ = complaint(capfd.readouterr().err)
    assert told in line
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_no_half_of_an_export(calls: Path, tiny_disk: Path) -> None:
    out = tiny_disk / "f.csv"
    out.write_text("old", "utf-8")
    done = callflow("export", "--archive", str(calls), "--what", "findings", "--out", str(out), "--lang", "en",
                    cwd=tiny_disk)  # fmt: skip
    assert done.returncode == 2
    line, _ = complaint(done.stderr.decode())
    assert "cannot write" in line
    assert out.read_text("utf-8") == "old"
    assert [path.name for path in tiny_disk.iterdir()] == ["f.csv"]
