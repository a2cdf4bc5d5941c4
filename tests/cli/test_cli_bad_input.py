"""The real command, ``python -m callflow``, on everything that people get wrong.

Exit code 2 for what was given wrong, with one clear line (after the Problems, where there is a list of them), in the
language asked for, without a traceback, and with no file that was not there before.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import OUTPUTS, PROBLEM, callflow, complaint, environment, listing

from callflow.cli import main
from callflow.journal import Header, JournalWriter, read_journal

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
    ("graph --out folder.wav", "is a folder", "文件夹", []),
    ("replay ok.wav --threads -3", "a whole number from 1 to", "的整数", []),
    ("replay ok.wav --threads 0", "a whole number from 1 to", "的整数", []),
    ("replay ok.wav --threads two", "a whole number from 1 to", "的整数", []),
    ("replay ok.wav --threads 100000", "a whole number from 1 to", "的整数", []),
    ("replay call.jsonl --events nan.events", "--events is for a recording", "--events 用于录音", []),
    ("replay call.jsonl --engine foo", "--engine is for a recording", "--engine 用于录音", []),
    ("replay call.jsonl --agent right", "--agent is for a recording", "--agent 用于录音", []),
    ("replay call.jsonl --threads 1", "--threads is for a recording", "--threads 用于录音", []),
    ("replay ''", "FILE: an empty name", "名字是空的", []),
    ("replay .", "is a directory", "文件夹", []),
    ("replay call.jsonl --report ''", "--report: an empty name", "名字是空的", []),
    ("replay call.jsonl --flow ''", 'no flow ""', "没有流程“”", []),
    ("simulate ''", 'no flow ""', "没有流程“”", []),
    ("test bad.yaml", "has mistakes", "有错误", BAD_RULES),
    ("explain ''", "nothing to explain", "没有可解释的内容", []),
    ("explain '，。'", "nothing to explain", "没有可解释的内容", []),
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
    "arguments", ["", "replay", "reply x", "coverage a b", "replay x --lang fr", "replay x --colour"]
)
def test_a_wrong_command_line_shows_how_it_goes(tmp_path: Path, arguments: str) -> None:
    done = callflow(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"usage: callflow")
    assert b"error: " in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "缺少参数：COMMAND"),
        (["replay", "--lang", "zh"], "缺少参数：FILE"),
        (["replay", "x", "--colour"], "无法识别的参数：--colour"),
        (["replay", "x", "--agent"], "--agent：后面要跟一个值"),
        (["replay", "x", "--agent", "top"], "--agent：没有 'top' 这个选项"),
        (["graph", "--call", "a", "--heat", "b"], "--heat：不能与 --call 同用"),
    ],
)
def test_a_wrong_command_line_is_told_in_chinese(
    arguments: list[str], told: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    usage, *_, last = capfd.readouterr().err.splitlines()
    assert usage.startswith("usage: callflow")
    assert f"错误：{told}" in last


def test_two_hundred_mistakes_are_listed_in_order(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rules = "".join(f"  r{n}: {{expect: agent gone{n}, severty: major}}\n" for n in range(100))
    (tmp_path / "a.yaml").write_text("flow: {start: a}\nstates:\n  a: {}\nrules:\n" + rules)
    assert main(["simulate", str(tmp_path / "a.yaml"), "--lang", "en"]) == 2
    line, problems = complaint(capfd.readouterr().err)
    assert len(problems) == 200
    assert [int(problem.split(":")[1]) for problem in problems] == [n // 2 + 5 for n in range(200)]
    assert "a.yaml has mistakes" in line


@pytest.mark.parametrize(
    ("arguments", "given", "last"),
    [
        (["replay", "ok.wav", "--events", "many.events"], b"", "callflow: error: "),
        (["simulate"], b"garbage\n" * 40, "… and 30 more"),
        (["score", "twice.jsonl"], b"", "… and "),
    ],
)
def test_of_a_file_of_mistakes_the_first_few_are_told(
    folder: Path, arguments: list[str], given: bytes, last: str
) -> None:
    (folder / "many.events").write_bytes(b"garbage\n" * 40)
    call = (folder / "call.jsonl").read_bytes()
    (folder / "twice.jsonl").write_bytes(call + call.partition(b"\n")[2] * 20)
    told = callflow(*arguments, cwd=folder, given=given).stderr.decode().splitlines()
    assert sum(bool(PROBLEM.match(line)) for line in told) == 10
    assert any(line.startswith("… and ") for line in told)
    assert any(line.startswith(last) for line in told[10:])


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
def test_a_file_name_that_is_not_utf_8_is_a_name_like_any_other(folder: Path) -> None:
    """Names are bytes on Linux, and old recording systems write them in GBK."""
    name = os.fsdecode("录音".encode("gbk"))
    (folder / "call.jsonl").rename(folder / f"{name}.jsonl")
    header = Header("inbound", {}, f"{name}.wav")
    with JournalWriter(folder / "again.jsonl", header):
        pass
    assert read_journal(folder / "again.jsonl").header == header, "so its recording is found again"
    for arguments in (
        ["replay", f"{name}.jsonl", *OUTPUTS],
        ["graph", "--call", f"{name}.jsonl", "--format", "svg", "--out", "path.svg"],
        ["score", f"{name}.jsonl"],
        ["record", f"{name}.jsonl"],
        ["replay", f"{name}.jsonl", "again.jsonl", "--archive", "a.db", "--workers", "1"],
    ):
        if arguments[0] == "graph" and shutil.which("dot") is None:
            continue
        done = callflow(*arguments, cwd=folder)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode()


def test_names_cannot_play_with_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("a\x1b[31mb.wav", "a\nb.wav", ":smile:.wav", "[bold]x.wav"):
        assert main(["replay", str(tmp_path / name), "--lang", "en"]) == 2
        line, _ = complaint(capfd.readouterr().err)
        assert "\x1b" not in line
    assert main(["replay", ":smile:.wav", "--lang", "en"]) == 2
    assert '":smile:.wav"' in complaint(capfd.readouterr().err)[0]


@pytest.mark.parametrize("option", [[], ["ok.wav", "--report"], ["ok.wav", "--journal"]])
def test_a_name_that_is_too_long_for_any_file_is_not_echoed_whole(folder: Path, option: list[str]) -> None:
    done = callflow("replay", *option, "a" * 5000, "--lang", "zh", cwd=folder)
    assert done.returncode == 2
    assert "aa…aa" in complaint(done.stderr.decode(), "zh")[0]
    assert len(done.stderr) < 1_000


def test_what_is_explained_cannot_play_with_the_terminal_either(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "这事不归我管\x1b[31m\u202e", "--lang", "en"]) in (0, 1)
    out = capfd.readouterr().out
    assert not {"\x1b", "\u202e"} & set(out)
    assert "sh/s" in out.splitlines()[2], "zh, ch, sh are written as z, c, s"


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


def test_main_can_be_called_without_a_process(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capfd.readouterr().out.startswith("callflow ")
