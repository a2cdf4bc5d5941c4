"""The real command, ``python -m callflow``, on everything that people get wrong.

Exit code 2 for what was given wrong, with one clear line (after the Problems, where there is a list of them), in the
language asked for, without a traceback, and with no file that was not there before.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from callflow import models, plans
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.cli import main
from callflow.events import CallAnswered, CallContext, CallHungUp, Event, Heard, Output, Score
from callflow.journal import FORMAT, Header, JournalWriter, read_journal

ROOT = Path(__file__).resolve().parent.parent
PROBLEM = re.compile(r"^.+: (error|warning|错误|警告): .+ \[[a-z-]+\]$")
ERROR = {"en": "callflow: error: ", "zh": "callflow: 错误: "}
OUTPUTS = ("--journal", "out.jsonl", "--report", "out.html")


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
    return {**kept, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


def callflow(
    *arguments: str, cwd: Path, given: bytes = b"", limit: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a person would."""
    command = [sys.executable, "-m", "callflow", *arguments]
    return subprocess.run(
        command, cwd=cwd, input=given, capture_output=True, env=environment(), preexec_fn=limit, check=False
    )


def complaint(stderr: str, language: str = "en") -> tuple[str, list[str]]:
    """The one line that says what was wrong, and the Problems above it."""
    assert "Traceback" not in stderr
    *problems, last = stderr.splitlines()
    assert last.startswith(ERROR[language]), stderr
    assert all(PROBLEM.match(line) for line in problems), stderr
    return last.removeprefix(ERROR[language]), problems


def sound(path: Path, channels: int = 2, seconds: float = 1.0) -> Path:
    """A recording in which nobody speaks: quiet noise."""
    noise = np.random.default_rng(1).integers(-20, 20, int(8_000 * seconds) * channels, dtype=np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 8_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())
    return path


def journal(path: Path, turns: int = 1) -> Path:
    """The journal of a call with so many taboos, as a replay would have written it."""
    lines = call_of(turns)
    with JournalWriter(path, Header("inbound", plan().flow.hashes, "call.wav")) as writer:
        for line in lines:
            writer.write(line)
    return path


@cache
def plan() -> Plan:
    return plans.load(cache=False)[0]


@cache
def call_of(turns: int) -> list[Event]:
    """What goes in, and what the engine says to it."""
    guide = Guide(plan())
    call: list[Event] = [CallContext(at=0.0), CallAnswered(at=1.0)]
    call += [
        Heard(
            at=10.0 * n, speaker="agent", text="这事不归我管", start=10.0 * n - 2, end=10.0 * n - 1, utterance=f"a{n}"
        )
        for n in range(1, turns + 1)
    ]
    call.append(CallHungUp(at=10.0 * turns + 10, by="customer"))
    return [*(line for event in call for line in (event, *guide.feed(event))), *guide.close()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one sound recording, one journal, and everything that is neither."""
    sound(tmp_path / "ok.wav")
    sound(tmp_path / "six.wav", channels=6)
    sound(tmp_path / "zero.wav", seconds=0)
    journal(tmp_path / "call.jsonl")
    files: dict[str, bytes] = {
        "text.wav": "这是一段文字，不是录音。\n".encode(),
        "empty.wav": b"",
        "cut.wav": (tmp_path / "ok.wav").read_bytes()[:20],
        "random.mp3": np.random.default_rng(2).bytes(50_000),
        "text.jsonl": b"hello\n",
        "empty.jsonl": b"",
        "newer.jsonl": json.dumps({"type": "journal", "format": FORMAT + 1, "version": "9"}).encode(),
        "nan.events": b'{"type":"call.answered","at":NaN}\n',
        "speaker.events": b'{"type":"heard","at":1,"speaker":"robot","text":"a"}\n',
        "order.events": b'{"type":"call.answered","at":9}\n{"type":"call.held","at":8}\n',
        "long.events": b'{"type":"heard","at":1,"speaker":"agent","text":"' + b"a" * 1_000_000 + b'"}\n',
        "bytes.events": b'{"type":"call.transfer_started","at":1,"to":"\xff\xfe"}\n',
        "garbage.events": b"garbage\n\x00\n{}\n",
        "bad.yaml": b"flow: {start: a}\nstates:\n  a: {}\nphrase: {}\nrules:\n  r: {expect: agent b, servity: major}\n",
        "tagged.yaml": b"flow: !!python/object/apply:os.system ['touch pwned']\n",
        "template.yaml": "flow: {start: a}\nstates:\n  a: {}\nphrases:\n  p: {say: 您好(呀}\n".encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.wav").mkdir()
    return tmp_path


def listing(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


BAD_RULES = ["unknown-key", "unknown-phrase", "unknown-key"]
CASES: list[tuple[str, str, str, list[str]]] = [
    # arguments, what the English line says, what the Chinese one says, rules of the Problems above it
    ("replay missing.wav", "missing.wav", "missing.wav", []),
    ("replay empty.wav", "is empty", "空", []),
    ("replay text.wav", "is text", "文本", []),
    ("replay zero.wav", "no sound", "没有任何声音", []),
    ("replay six.wav", "6 channels", "6", []),
    ("replay cut.wav", "cut.wav", "cut.wav", []),
    ("replay random.mp3", "random.mp3", "random.mp3", []),
    ("replay folder.wav", "is a directory", "folder.wav", []),
    ("replay ok.wav --engine vsok", 'did you mean "vosk"', "是否想写“vosk”", []),
    ("replay ok.wav --flow inbuond", 'did you mean "inbound"', "是否想写“inbound”", []),
    ("replay ok.wav --flow bad.yaml", "flow bad.yaml has mistakes", "有错误", BAD_RULES),
    ("replay ok.wav --flow tagged.yaml", "has mistakes", "有错误", ["yaml-forbidden"]),
    ("replay ok.wav --flow template.yaml", "has mistakes", "有错误", ["template"]),
    ("replay ok.wav --events missing.events", "No such file", "missing.events", []),
    ("replay ok.wav --events nan.events", "nan.events", "有错误", ["event-field"]),
    ("replay ok.wav --events speaker.events", "speaker.events", "有错误", ["event-field"]),
    ("replay ok.wav --events order.events", "order.events", "有错误", ["event-order"]),
    ("replay ok.wav --events long.events", "long.events", "有错误", ["event-size"]),
    ("replay ok.wav --events bytes.events", "bytes.events", "有错误", ["encoding"]),
    ("replay ok.wav --events garbage.events", "garbage.events", "有错误", ["json", "json", "event-type"]),
    ("replay missing.jsonl", "cannot read", "无法读取", []),
    ("replay empty.jsonl", "not a journal", "不是日志", []),
    ("replay text.jsonl", "not a journal", "不是日志", []),
    ("replay newer.jsonl", "install a newer callflow", "请安装更新版本", []),
    ("replay call.jsonl --date tomorrow", 'the date "tomorrow" is not one', "日期“tomorrow”无法识别", []),
    ("replay call.jsonl --date ''", "an empty date", "是空的", []),
    ("replay call.jsonl --flow nothing", 'no flow "nothing"', "没有流程“nothing”", []),
    ("replay call.jsonl --report no/where/out.html", "make the folder first", "请先建立文件夹", []),
    ("replay call.jsonl --journal no/where/out.jsonl", "make the folder first", "请先建立文件夹", []),
    ("replay call.jsonl --report folder.wav", "folder.wav", "folder.wav", []),
    ("replay call.jsonl --journal call.jsonl", "would overwrite", "覆盖", []),
    ("replay call.jsonl --journal ./x/../call.jsonl", "call.jsonl", "call.jsonl", []),
    ("replay ok.wav --report ok.wav", "would overwrite", "覆盖", []),
    ("replay ok.wav --events nan.events --journal nan.events", "would overwrite", "覆盖", []),
    ("replay call.jsonl --journal same --report same", "same name", "同名", []),
    ("simulate inbuond", 'did you mean "inbound"', "是否想写“inbound”", []),
    ("simulate bad.yaml", "has mistakes", "有错误", BAD_RULES),
    ("simulate template.yaml", "has mistakes", "有错误", ["template"]),
    ("replay call.jsonl --report folder.wav", "is a folder", "文件夹", []),
    ("replay ok.wav --threads -3", "a whole number from 1 on", "不小于 1 的整数", []),
    ("replay ok.wav --threads 0", "a whole number from 1 on", "不小于 1 的整数", []),
    ("replay ok.wav --threads two", "a whole number from 1 on", "不小于 1 的整数", []),
    ("replay ''", "FILE: an empty name", "名字是空的", []),
    ("replay .", "is a directory", "文件夹", []),
    ("replay call.jsonl --report ''", "--report: an empty name", "名字是空的", []),
    ("replay call.jsonl --flow ''", 'no flow ""', "没有流程“”", []),
    ("simulate ''", 'no flow ""', "没有流程“”", []),
    ("test bad.yaml", "has mistakes", "有错误", BAD_RULES),
    ("models verify", "one of zipformer, whisper-base", "可选：zipformer", []),
    ("models install", "needs the name of a model", "需要模型名称", []),
    ("models install zipformer --source https://host/", "names no file", "没有指明文件", []),
    ("models install zipformer --source https://host/..?x=.zip", "names no file", "没有指明文件", []),
    ("models path nonesuch", "nonesuch", "nonesuch", []),
    ("models install nonesuch", "nonesuch", "nonesuch", []),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("arguments", "en", "zh", "rules"), CASES, ids=[case[0] for case in CASES])
def test_bad_input_is_one_clear_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: str,
    en: str,
    zh: str,
    rules: list[str],
    language: str,
) -> None:
    monkeypatch.chdir(folder)
    before = listing(folder)
    words = [*shlex.split(arguments), "--lang", language]
    if "replay" in words and "--journal" not in words and "--report" not in words:
        words += OUTPUTS
    assert main(words) == 2
    line, problems = complaint(capfd.readouterr().err, language)
    assert (en if language == "en" else zh) in line
    assert [problem[problem.rindex("[") + 1 : -1] for problem in problems] == rules
    assert listing(folder) == before


@pytest.mark.parametrize(
    "arguments",
    [
        "replay missing.wav",
        "replay text.wav --lang zh",
        "replay ok.wav --flow bad.yaml",
        "replay newer.jsonl",
        "simulate no",
    ],
)
def test_the_real_command_does_the_same(folder: Path, arguments: str) -> None:
    before = listing(folder)
    done = callflow(*arguments.split(), cwd=folder)
    assert done.returncode == 2
    assert done.stdout == b""
    complaint(done.stderr.decode(), "zh" if "zh" in arguments else "en")
    assert listing(folder) == before


@pytest.mark.parametrize(
    "arguments", ["", "replay", "reply x", "replay a b", "replay x --lang fr", "replay x --colour"]
)
def test_a_wrong_command_line_shows_how_it_goes(tmp_path: Path, arguments: str) -> None:
    done = callflow(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"usage: callflow")
    assert b"error: " in done.stderr.splitlines()[-1]


def test_two_hundred_mistakes_are_listed_in_order(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rules = "".join(f"  r{n}: {{expect: agent gone{n}, severty: major}}\n" for n in range(100))
    (tmp_path / "a.yaml").write_text("flow: {start: a}\nstates:\n  a: {}\nrules:\n" + rules)
    assert main(["simulate", str(tmp_path / "a.yaml"), "--lang", "en"]) == 2
    line, problems = complaint(capfd.readouterr().err)
    assert len(problems) == 200
    assert [int(problem.split(":")[1]) for problem in problems] == [n // 2 + 5 for n in range(200)]
    assert "a.yaml has mistakes" in line


def test_names_cannot_play_with_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("a\x1b[31mb.wav", "a\nb.wav", ":smile:.wav", "[bold]x.wav"):
        assert main(["replay", str(tmp_path / name), "--lang", "en"]) == 2
        line, _ = complaint(capfd.readouterr().err)
        assert "\x1b" not in line
    assert main(["replay", ":smile:.wav", "--lang", "en"]) == 2
    assert '":smile:.wav"' in complaint(capfd.readouterr().err)[0]


@pytest.mark.parametrize(("variable", "language"), [("zh_CN.UTF-8", "zh"), ("en_GB.UTF-8", "en"), ("C", "en")])
def test_the_environment_s_language_is_spoken(tmp_path: Path, variable: str, language: str) -> None:
    """And Chinese comes out as UTF-8 whatever the locale can write."""
    done = subprocess.run(
        [sys.executable, "-m", "callflow", "replay", "没有.wav"],
        cwd=tmp_path,
        capture_output=True,
        env=environment(LC_ALL=variable, PYTHONIOENCODING="ascii"),
        check=False,
    )
    assert done.returncode == 2
    assert "没有.wav" in complaint(done.stderr.decode("utf-8"), language)[0]


# ------------------------------------------------------------------------------------------------- what goes well


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


# ------------------------------------------------------------------------------------------------ full disks


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KB that is really full after that."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


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


# --------------------------------------------------------------------------------------------- pipes and Ctrl-C


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
    assert err.splitlines() == ["interrupted; nothing was written" if language == "en" else "已中断，未写出任何文件"]
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
    assert err.splitlines()[-1] == "interrupted; nothing was written"
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
                    [b"argparse", b"numpy", b"rich.console", b"av", b"transitions", b"jinja2"][tries]
                ):
                    process.send_signal(signal.SIGINT)
                    break
            rest = process.stderr.read()
        assert b"Traceback" not in rest, rest.decode()[-2_000:]
        assert process.returncode in (-signal.SIGINT, 130)


def test_main_can_be_called_without_a_process(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capfd.readouterr().out.startswith("callflow ")


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


def test_a_journal_keeps_the_agent_s_channel_and_its_report_the_recording_s_name(folder: Path) -> None:
    header = Header("inbound", plan().flow.hashes, "ok.wav", "right")
    with JournalWriter(folder / "right.jsonl", header) as writer:
        for event in call_of(1):
            writer.write(event)
    assert main(["replay", str(folder / "right.jsonl"), "--json", "--report", str(folder / "r.html"),
                 "--journal", str(folder / "again.jsonl")]) == 0  # fmt: skip
    assert read_journal(folder / "again.jsonl").header == header
    assert "ok.wav" in (folder / "r.html").read_text("utf-8")


def test_a_models_folder_that_is_not_there_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / models.known("zipformer").directory
    damaged.mkdir()
    (damaged / "encoder.onnx").write_text("")
    monkeypatch.setenv("CALLFLOW_MODELS", os.pathsep.join([str(tmp_path / "gone"), str(tmp_path)]))
    assert main(["models", "--lang", "en"]) == 0
    out, err = capfd.readouterr()
    assert PROBLEM.match(err.strip())
    assert "gone" in err
    assert f"delete {damaged}, then callflow models install zipformer" in out


def test_a_recording_in_which_nobody_speaks_is_said_plainly(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if not models.find("zipformer"):
        pytest.skip("the zipformer model is not installed")
    pytest.importorskip("sherpa_onnx", reason="the zipformer engine is not installed")
    assert main(["replay", str(folder / "ok.wav"), "--engine", "zipformer", "--lang", "en"]) == 0
    first, *_, last = capfd.readouterr().err.splitlines()
    assert (first, last) == ("zipformer: as asked for", "no speech was heard in this recording")
