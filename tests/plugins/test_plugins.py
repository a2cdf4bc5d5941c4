"""Packages that add to callflow: the example of docs/plugins.md, installed and used by the command; and broken ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest
from archived import archive_of, new_call
from commandline import environment, sound
from live.pulse import needs_pulse, running

from callflow.archive import calls
from callflow.archive.store import Archive
from callflow.cli import main
from callflow.commands.guards import GuardedSource
from callflow.commands.places import chosen_engines
from callflow.commands.plugins import check
from callflow.design.studio.bench import Bench, Job
from callflow.errors import ModelError
from callflow.events import CallAnswered
from callflow.plugins import Plugin
from callflow.telephony.source import Notice, Reported

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).with_name("example_package")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with nothing but the example package in it."""
    source = tmp_path_factory.mktemp("source") / "example"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    place = tmp_path_factory.mktemp("plugins")
    pip = (sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation")
    done = subprocess.run([*pip, "--target", place, source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def package(place: Path, code: str, **points: str) -> Path:
    """A package as an installer would have left it: ``points`` are its entry points, all in one module ``code``."""
    place.mkdir(exist_ok=True)
    (place / "strange.py").write_text(code, "utf-8")
    info = place / "strange-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 0.1\n")
    lines = [f"[callflow.{group}]\n{point}\n" for group, point in points.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return place


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def callflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command with these plugins installed, in ``tmp_path``; in this process, for starting one takes a second."""

    def run(*arguments: str, plugins: Path) -> Done:
        with monkeypatch.context() as here:
            here.chdir(tmp_path)
            here.syspath_prepend(str(plugins))
            for name in [name for name in sys.modules if name.partition(".")[0] in ("strange", "callflow_example")]:
                here.delitem(sys.modules, name)
            code = main(arguments)
        return Done(code, *capsys.readouterr())

    return run


# ------------------------------------------------------------------------------------------------ the example


def test_plugins_are_listed_with_their_package(installed: Path, tmp_path: Path, callflow: Run) -> None:
    done = callflow("plugins", plugins=installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "speech engines: beside (callflow-example 1.0): Hears the text beside the recording; live it hears nothing.",
        "telephony sources: spool (callflow-example 1.0): Reads call events that another program appends to a file.",
        "checks of flows: shouting (callflow-example 1.0): No exclamation marks in what the agent is to say.",
        "exporters: md (callflow-example 1.0): Markdown tables (*.md).",
    ]


def test_where_there_are_none_it_says_how_to_make_one(tmp_path: Path, callflow: Run) -> None:
    done = callflow("plugins", "--lang", "zh", plugins=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "docs/plugins.md" in done.stderr


def test_an_engine_is_used_by_replay(installed: Path, tmp_path: Path, callflow: Run) -> None:
    sound(tmp_path / "call.wav", seconds=12.0)
    (tmp_path / "call.wav.txt").write_text("2.5 3.8 agent 这事不归我管\n5.0 6.0 customer 那我找谁\n", "utf-8")
    done = callflow("replay", "call.wav", "--engine", "beside", "--json", plugins=installed)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    heard = [(one["speaker"], one["text"], one["start"]) for one in events if one["type"] == "heard"]
    assert heard == [("agent", "这事不归我管", 2.5), ("customer", "那我找谁", 5.0)]
    assert "not-my-job" in {one.get("rule") for one in events if one["type"] == "finding"}
    assert "plugin of callflow-example 1.0" in done.stderr


def test_what_an_engine_can_explain_is_one_line(installed: Path, tmp_path: Path, callflow: Run) -> None:
    sound(tmp_path / "call.wav")
    done = callflow("replay", "call.wav", "--engine", "beside", plugins=installed)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == 'callflow: error: no transcript "call.wav.txt" — put it there'


def test_a_check_is_used_by_lint(installed: Path, tmp_path: Path, callflow: Run) -> None:
    (tmp_path / "flow.yaml").write_text(
        "flow: {start: talk}\nstates: {talk: {title: 通话}}\nphrases:\n  hello: {say: [您好！！]}\n", "utf-8"
    )
    done = callflow("lint", "flow.yaml", plugins=installed)
    assert done.returncode == 1, done.stderr
    assert "flow.yaml:4:17: warning: “您好！！” is shouted [shouting]" in done.stdout.splitlines()
    without = callflow("lint", "flow.yaml", plugins=tmp_path)
    assert "shouting" not in without.stdout
    source = (tmp_path / "flow.yaml").read_text("utf-8").replace("您好！！", "您好")
    (tmp_path / "flow.yaml").write_text(source + "# lint: allow shouting because of joy\n", "utf-8")
    silent = callflow("lint", "flow.yaml", plugins=installed)
    assert "shouting finds nothing here any more" in silent.stdout, "a check that is there and finds nothing is known"


def test_a_check_is_used_by_the_studio(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed))
    text = "flow: {start: talk}\nstates: {talk: {title: 通话}}\nphrases:\n  hello: {say: [您好！！]}\n"
    bench = Bench(check)
    try:
        bench.put(Job(("anna", "shop"), "1", "shop", {"flow.yaml": text}))
        told = bench.wait(("anna", "shop"), "1", 60)
    finally:
        bench.close()
    assert told
    assert told.problems
    assert ("flow.yaml", 4, "shouting") in [(one.at.file, one.at.line, one.rule) for one in told.problems]


def test_an_exporter_writes_a_table(installed: Path, tmp_path: Path, callflow: Run) -> None:
    done = callflow("phrases", "export", "examples/logistics", "--out", "p.md", "--lang", "zh", plugins=installed)
    assert done.returncode == 0, done.stderr
    head, line, *rows = (tmp_path / "p.md").read_text("utf-8").splitlines()
    assert head == "| 类别 | 名称 | 用语 | 改用 | 严重程度 | 分组 | 文件 |"
    assert set(line) == set("| -")
    assert "| 禁用语 | blames-courier | 找快递员去，[别找我] |  |  |  |  |" in rows
    without = callflow("phrases", "export", "--out", "q.md", plugins=tmp_path)
    assert without.returncode == 2
    assert "csv, xlsx" in without.stderr


def test_an_exporter_writes_what_was_found(installed: Path, tmp_path: Path, callflow: Run) -> None:
    archive_of(tmp_path / "calls.sqlite")
    arguments = ["--archive", "calls.sqlite", "--what", "findings", "--lang", "en"]
    done = callflow("export", *arguments, "--out", "f.md", plugins=installed)
    assert done.returncode == 0, done.stderr
    head, _, *rows = (tmp_path / "f.md").read_text("utf-8").splitlines()
    assert head.startswith("| call | began | agent |")
    assert f"{len(rows):,} rows written to f.md" in done.stderr
    with Archive.open(str(tmp_path / "calls.sqlite")) as archive:
        calls.add(archive, [replace(new_call("faulty"), key="a" * 64, agent="=cmd|calc!A0")])
    assert callflow("export", *arguments, "--out", "f.md", plugins=installed).returncode == 0
    assert "| '=cmd\\|calc!A0 |" in (tmp_path / "f.md").read_text("utf-8"), "no plugin has to think of formulas"
    broken = package(tmp_path / "other", FAILING, exporters="md = strange:f")
    assert callflow("export", *arguments, "--out", "g.md", plugins=broken).returncode == 2
    assert not (tmp_path / "g.md").exists()


@needs_pulse
@pytest.mark.skipif(not find_spec("fastapi"), reason="not installed: callflow[live]")
def test_a_telephony_source_and_an_engine_are_used_by_live(installed: Path, tmp_path: Path) -> None:
    """Calls begin and end as the file says; the engine is opened in a process of its own, which has loaded nothing."""
    spool = tmp_path / "spool"
    spool.touch()
    pulse = tmp_path / "pulse"
    pulse.mkdir()
    with running(pulse):
        arguments = ["--calls", f"spool:{spool}", "--engine", "beside", "--journals", str(tmp_path), "--no-webhook"]
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "callflow",
                "live",
                "--microphone",
                "mic.monitor",
                "--far-end",
                "far.monitor",
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(installed)])),
            start_new_session=True,
        )
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("http://")
            for event in ("ringing", "answered", "hung_up"):
                with open(spool, "a", encoding="utf-8") as file:
                    file.write(f"17 {event}\n")
                time.sleep(1.0)
            for _ in range(300):
                journals = [path.read_text("utf-8") for path in tmp_path.glob("*.jsonl")]
                if any('"call.hung_up"' in journal for journal in journals):
                    break
                time.sleep(0.1)
            os.killpg(process.pid, signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
        finally:
            process.kill()
            process.communicate()
    assert "Traceback" not in stderr
    (journal,) = journals
    assert '"engine":"beside"' in journal
    assert [kind for kind in ("call.ringing", "call.answered", "call.hung_up") if kind not in journal] == []


@pytest.mark.parametrize("language", ["toml", "python"])
def test_the_page_quotes_the_example(language: str) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    files = [path.read_text("utf-8") for path in EXAMPLE.rglob("*") if path.suffix in (".py", ".toml")]
    blocks = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert blocks
    for block in blocks:
        assert any(block in file for file in files), block


# ------------------------------------------------------------------------------------------------ broken ones


@pytest.mark.parametrize(
    ("code", "point", "why"),
    [
        ("import no_such_thing", "x = strange:f", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise SystemExit(3)", "x = strange:f", "SystemExit: 3"),
        ("1/0", "x = strange:f", "ZeroDivisionError"),
        ("def g(): pass", "x = strange:f", "AttributeError"),
        ("f = 3", "x = strange:f", "strange:f is no function"),
        ("f(", "x = strange:f", "SyntaxError"),
        ("def f(_): return []", "x = strange:f\nx = strange:f", "the name of another one"),
    ],
    ids=["import", "exit", "error", "missing", "no function", "syntax", "twice"],
)
def test_one_that_cannot_be_loaded_is_a_warning_with_its_package(
    tmp_path: Path, code: str, point: str, why: str, callflow: Run
) -> None:
    place = package(tmp_path, code, checks=point)
    done = callflow("plugins", plugins=place)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("strange 0.1 (callflow.checks ")
    assert "warning" in line
    assert why in line
    lint = callflow("lint", "examples/logistics", plugins=place)
    assert lint.returncode == 0, "the rest goes on"
    assert line in lint.stderr
    (tmp_path / "flow.yaml").write_text("flow: {start: talk}\nstaets: {talk: {}}\n", "utf-8")
    fixed = callflow("lint", "flow.yaml", "--fix", plugins=place)
    assert fixed.stderr.count(line) == 1, "told once, however often the flow is looked at"


def test_a_name_of_our_own_cannot_be_taken(tmp_path: Path, callflow: Run) -> None:
    place = package(
        tmp_path, "def f(*_): raise RuntimeError('taken')",
        engines="vosk = strange:f", telephony="keys = strange:f", exporters="csv = strange:f",
    )  # fmt: skip
    done = callflow("plugins", plugins=place)
    assert len(done.stderr.splitlines()) == 3
    assert all("of callflow; it is left out" in line for line in done.stderr.splitlines())
    exported = callflow("phrases", "export", "examples/logistics", "--out", "a.csv", plugins=place)
    assert exported.returncode == 0


FAILING = "def f(*_): raise RuntimeError('over\\nthere')\n"


@pytest.mark.parametrize(
    ("points", "arguments"),
    [
        ({"engines": "bad = strange:f"}, ["replay", "call.wav", "--engine", "bad"]),
        ({"exporters": "bad = strange:f"}, ["phrases", "export", "--out", "p.bad"]),
        ({"telephony": "bad = strange:f"}, ["live", "--calls", "bad:x", "--no-journal"]),
    ],
    ids=["engine", "exporter", "telephony"],
)
def test_one_that_fails_at_work_is_told_in_one_line(
    tmp_path: Path, points: dict[str, str], arguments: list[str], callflow: Run
) -> None:
    sound(tmp_path / "call.wav")
    place = package(tmp_path, FAILING, **points)
    before = set(tmp_path.iterdir())
    done = callflow(*arguments, plugins=place)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert "plugin bad (strange 0.1) failed: RuntimeError: over there" in last
    assert {path for path in tmp_path.iterdir() if path.name != "__pycache__"} == before


def test_an_engine_that_no_other_process_can_find_is_told_before_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(package(tmp_path, "f = lambda *_: None", engines="bad = strange:f")))
    monkeypatch.delitem(sys.modules, "strange", raising=False)
    with pytest.raises(ModelError, match=r"plugin bad \(strange 0.1\) cannot be used live"):
        chosen_engines("bad")


@pytest.mark.parametrize(
    ("accept", "why"),
    [
        ("raise RuntimeError('no ears')", "RuntimeError: no ears"),
        ("return ['heard']", "TypeError: an engine hears Heard, not str"),
        ("return None", "TypeError"),
    ],
)
def test_an_engine_that_fails_in_mid_call_is_told_in_one_line(
    tmp_path: Path, accept: str, why: str, callflow: Run
) -> None:
    sound(tmp_path / "call.wav")
    code = """
class Engine:
    name = 'bad'
    def session(self, *_): return self
    def accept(self, *_): ACCEPT
    def finish(self): return []
    def close(self): pass
def f(*_): return Engine()
""".replace("ACCEPT", accept)
    place = package(tmp_path, code, engines="bad = strange:f")
    done = callflow("replay", "call.wav", "--engine", "bad", "--journal", "j.jsonl", plugins=place)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"plugin bad (strange 0.1) failed: {why}" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "j.jsonl").exists()


PROBLEM = """
from callflow.problems import Edit, Level, Location, Problem
from callflow.texts import Text
def f(_): return [Problem({}, {}, "bad")]
"""
WELL, HERE = 'Text("a", "一")', 'Location("flow.yaml", 1, 1)'


@pytest.mark.parametrize(
    "code",
    [
        FAILING,
        "def f(_): return [3]",
        "def f(_): return None",
        PROBLEM.format("Location(None, 1, 1)", WELL),
        PROBLEM.format("Location('flow.yaml', '1', 1)", WELL),
        PROBLEM.format("3", WELL),
        PROBLEM.format(HERE, "'a text'"),
        PROBLEM.format(HERE, WELL + ", 'x', 'fatal'").replace(', "bad")', ")"),
        PROBLEM.format(HERE, WELL + ", 'x', Level.ERROR, 'flow.yaml'").replace(', "bad")', ")"),
        PROBLEM.format(HERE, WELL + ", 'x', Level.ERROR, (), Edit(3, 'a', 'b')").replace(', "bad")', ")"),
    ],
    ids=["raises", "3", "None", "file", "line", "place", "message", "level", "related", "edit"],
)
def test_a_check_that_fails_leaves_the_others_alone(tmp_path: Path, code: str, callflow: Run) -> None:
    place = package(tmp_path, code, checks="bad = strange:f")
    (tmp_path / "flow.yaml").write_text(
        "flow: {start: talk}\nstates: {talk: {title: 通话}}\nphrases:\n"
        "  a: {never: [不归我管], better: 不归我管}\n", "utf-8",
    )  # fmt: skip
    done = callflow("lint", "flow.yaml", plugins=place)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "[better-is-taboo]" in done.stdout
    assert "warning: plugin bad (strange 0.1) failed" in done.stdout


def test_a_telephony_source_that_fails_is_told_once_and_then_silent() -> None:
    def fails() -> Iterator[Any]:
        yield Reported(CallAnswered(at=0.0), "1", 0.0)
        yield "answered"

    source = GuardedSource(Plugin("telephony", "bad", "strange 0.1", fails), cast(Any, fails()))
    first, told = source
    assert isinstance(first, Reported)
    assert isinstance(told, Notice)
    assert "plugin bad (strange 0.1) failed: TypeError" in told.message.en
    assert source.waiting() == []


def test_what_a_plugin_has_for_a_docstring_is_shown_as_text() -> None:
    def run() -> None: ...

    run.__doc__ = cast(Any, 3)
    assert Plugin("checks", "bad", "strange 0.1", run).about == "3"
