"""``callflow lint`` and ``callflow schema`` as commands: what is printed, what is changed, how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commandline import ROOT, callflow
from jsonschema import Draft202012Validator

from callflow.cli import main
from callflow.design.lint.mend import mend_all

FLOW = """\
# the flow's own comment
flow: {start: talk, on: {call.hung_up: ended}}
phrases:
  hello: {sya: 您好请讲}   # a slip
states:
  talk: {title: 通话}
  ended: {title: 结束, final: true}
rules:
  greet: {after: call.answered, expect: agent hello, within: 5s, severity: majr}
"""


def test_the_bundled_flows_are_clean() -> None:
    folders = ["flows/inbound", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("flows/examples/*/"))]
    done = callflow("lint", *folders, cwd=ROOT)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "nothing to mend\n")


def test_mistakes_are_told_on_standard_output_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    done = callflow("lint", "flow.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.decode().splitlines()] == [
        "flow.yaml:4:3",
        "flow.yaml:4:11",
        "flow.yaml:9:76",
    ]
    zh = callflow("lint", "flow.yaml", "--lang", "zh", cwd=tmp_path).stdout.decode()
    assert "未知的键“sya”，是否想写“say”？" in zh
    as_json = json.loads(callflow("lint", "flow.yaml", "--format", "json", cwd=tmp_path).stdout)
    assert [one["rule"] for one in as_json] == ["missing-key", "unknown-key", "wrong-choice"]
    sarif = json.loads(callflow("lint", "flow.yaml", "--format", "sarif", cwd=tmp_path).stdout)
    assert [one["ruleId"] for one in sarif["runs"][0]["results"]] == [one["rule"] for one in as_json]
    github = callflow("lint", "flow.yaml", "--format", "github", cwd=tmp_path).stdout.decode()
    assert github.startswith("::error file=flow.yaml,line=4,col=3,title=missing-key::")


def test_fix_mends_the_file_and_tells_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "my-flow").mkdir()
    path = tmp_path / "my-flow" / "a.yaml"
    path.write_text(FLOW + "  other: {expect: agent nobody}\n", encoding="utf-8")
    done = callflow("lint", "my-flow", "--fix", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.decode().startswith("my-flow/a.yaml:10:19: error: unknown phrase")
    assert "mended: 2" in done.stderr.decode()
    mended = FLOW.replace("sya", "say").replace("majr", "major")
    assert path.read_text("utf-8") == mended + "  other: {expect: agent nobody}\n"
    path.write_text(mended, encoding="utf-8")
    again = callflow("lint", "my-flow", "--fix", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, b"")


def test_fix_loses_nothing_that_somebody_saved_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing one of the files is saved by an editor: then none is changed."""
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    one.write_text(FLOW, "utf-8")
    other.write_text("phrases:\n  bye: {sya: 再见}\n", "utf-8")

    def slow(*arguments: Any) -> Any:
        other.write_text("phrases:\n  bye: {sya: 慢走}\n", "utf-8")
        return mend_all(*arguments)

    monkeypatch.setattr("callflow.commands.lint.mend_all", slow)
    assert main(["lint", str(tmp_path), "--fix"]) == 2
    assert one.read_text("utf-8") == FLOW
    assert other.read_text("utf-8") == "phrases:\n  bye: {sya: 慢走}\n"


def test_a_hint_alone_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW.replace("sya", "say").replace("majr", "major").replace(", within: 5s", ""))
    done = callflow("lint", "flow.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert "info: " in done.stdout.decode()


def test_no_such_flow(tmp_path: Path) -> None:
    done = callflow("lint", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert 'no flow "nowhere"' in done.stderr.decode()


def test_schema_is_printed(tmp_path: Path) -> None:
    made = json.loads(callflow("schema", cwd=tmp_path).stdout)
    Draft202012Validator.check_schema(made)
    assert "短语" in callflow("schema", "--lang", "zh", cwd=tmp_path).stdout.decode()
