"""The command line: chooses the adapters, prints Problems, sets the exit code; nothing else.

Exit codes: 0 done, 2 something given was wrong (one line on standard error says what and what to do), 130 interrupted.
"""

from __future__ import annotations

import argparse
import locale
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, NoReturn

from rich.console import Console

from callflow import __version__, flowfiles, models
from callflow.audio.recording import Recording
from callflow.call.plan import Plan
from callflow.design.simulate import simulate
from callflow.errors import BadFlow, CallflowError, OutputError
from callflow.events import CallContext, Event, Heard
from callflow.journal import PART, Header, JournalWriter, is_journal, lines_of, read_events, read_journal
from callflow.problems import Problem
from callflow.review.replay import rejudge, replay
from callflow.review.report import write_report
from callflow.review.story import Story
from callflow.review.terminal import TerminalView
from callflow.speech import engines
from callflow.texts import Text, printable, text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``callflow`` with ``arguments`` (default: the process's own); returns the exit code."""
    _utf8_streams()
    options = _parser().parse_args(arguments)
    language = options.lang or _language()
    try:
        code = int(options.run(options, language))
        if sys.stdout:
            sys.stdout.flush()
        return code
    except BadFlow as error:
        for problem in error.problems:
            print(problem.in_(language), file=sys.stderr)
        _complain(error.in_(language), language)
    except CallflowError as error:
        _complain(error.in_(language), language)
    except BrokenPipeError:
        # Whoever read our output has heard enough. The code is what a shell says of any command in this case.
        _drop_output()
        return 141
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(text("interrupted; nothing was written", "已中断，未写出任何文件").in_(language), file=sys.stderr)
        return 130
    except OSError as error:
        why = error.strerror or str(error)
        where = f"{error.filename}: " if error.filename else ""
        _complain(printable(f"{where}{why}"), language)
        _drop_output()
    return 2


_interrupts: list[int] = []


def on_interrupt(number: int, _frame: object) -> NoReturn:
    """Ctrl-C: an exception, and a note of it, because PyAV loses an exception that reaches it at work."""
    _interrupts.append(number)
    raise KeyboardInterrupt


def _complain(message: str, language: str) -> None:
    word = text("error", "错误").in_(language)
    print(f"callflow: {word}: {message}", file=sys.stderr)


def _drop_output() -> None:
    """What standard output could not take goes nowhere; Python would try again, and complain, while shutting down."""
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Console(Console):
    """Tells that nobody reads any more as everything else does; rich would end the process by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _utf8_streams() -> None:
    """Chinese goes out as UTF-8 even where the locale knows only ASCII; a bad byte must not end a call."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _language() -> str:
    """zh where the environment speaks Chinese, else en."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return "zh" if (named or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


# ------------------------------------------------------------------------------------------------ replay


def _replay(options: argparse.Namespace, language: str) -> int:
    _check_outputs(options)
    if options.file.suffix == ".jsonl" or is_journal(options.file):
        return _replay_journal(options, language)
    started = time.monotonic()
    with ExitStack() as stack:
        recording = stack.enter_context(Recording(options.file, agent=options.agent))
        call_events, source = _call_events(options)
        plan = _plan(options.flow, language)
        choice = engines.choose(options.engine, purpose="replay")
        _note(choice.why, language)
        if not recording.separate:
            for warning in recording.warnings:
                _note(warning, language)
        transcriber = engines.open_transcriber(choice, threads=options.threads)
        stack.callback(transcriber.close)
        context = CallContext(at=0.0, telephony=source, separate=recording.separate, engine=choice.name)
        with _Views(options, plan, language, options.file.name) as views:
            replay(
                recording,
                transcriber,
                plan,
                context,
                call_events,
                views.show,
                lambda done: views.progress(done, recording.duration, time.monotonic() - started),
            )
            for warning in recording.warnings if recording.separate else ():
                _note(warning, language)
            views.finish(Recording(options.file, agent=options.agent) if options.report else None)
    return 0


def _replay_journal(options: argparse.Namespace, language: str) -> int:
    journal = read_journal(options.file)
    for problem in journal.problems:
        print(problem.in_(language), file=sys.stderr)
    plan = _plan(options.flow or journal.header.flow, language)
    if dict(plan.flow.hashes) != dict(journal.header.files):
        _note(text("the flow has changed since this journal was written", "写日志之后流程已有改动"), language)
    name = Path(journal.header.recording).name
    sound = options.file.parent / name if name else None
    with _Views(options, plan, language, name) as views:
        rejudge(journal.events, plan, views.show)
        views.finish(Recording(sound, agent=options.agent) if options.report and sound and sound.is_file() else None)
    return 0


class _Views:
    """Where a replayed call goes: the terminal or JSON lines, the journal, the report."""

    def __init__(self, options: argparse.Namespace, plan: Plan, language: str, recording: str) -> None:
        self._options = options
        self._flow = plan.flow
        self._language = language
        self._title = options.file.name
        self._stack = ExitStack()
        self._kept: list[Event] = []
        header = Header(plan.flow.name, plan.flow.hashes, recording)
        self._journal = self._stack.enter_context(JournalWriter(options.journal, header)) if options.journal else None
        self._view: TerminalView | None = None
        if not options.json:
            self._view = self._stack.enter_context(TerminalView(_Console(highlight=False), plan.flow, language))

    def __enter__(self) -> _Views:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def show(self, event: Event) -> None:
        if self._journal:
            self._journal.write(event)
        if self._view:
            self._view.show(event)
        else:
            print(event.to_json(), flush=True)
        if not isinstance(event, Heard) or event.final:
            self._kept.append(event)

    def progress(self, done: float, total: float | None, elapsed: float) -> None:
        if _interrupts:
            raise KeyboardInterrupt
        if self._view:
            self._view.progress(done, total, elapsed)

    def finish(self, sound: Recording | None) -> None:
        """The report, then the summary that names it."""
        story = Story.of(self._kept, self._flow)
        report: Path | None = self._options.report
        if report:
            with sound or ExitStack():
                write_report(report, story, sound=sound, title=self._title, language=self._language)
        if self._view:
            self._view.summary(story, report, self._options.journal)


def _call_events(options: argparse.Namespace) -> tuple[list[Event] | None, Literal["events", "sound"]]:
    """The telephone system's events beside the recording, and how much is known of the telephony."""
    path: Path | None = options.events or (beside if (beside := _beside(options.file)).is_file() else None)
    if path is None:
        return None, "sound"
    events, problems = read_events(path)
    if problems:
        raise BadFlow(text('"{p}" has mistakes', "“{p}”有错误", p=path), problems)
    return [event for event in events if event.type.startswith("call.") and event.type != "call.context"], "events"


def _beside(recording: Path) -> Path:
    return recording.with_name(recording.name + ".events.jsonl")


def _check_outputs(options: argparse.Namespace) -> None:
    """Find out before an hour of work that its results could not be written."""
    inputs = {path.resolve() for path in (options.file, options.events, _beside(options.file)) if path}
    for path in (options.journal, options.report):
        if path is None:
            continue
        if not path.parent.is_dir() or path.is_dir():
            raise OutputError(
                text('cannot write "{p}": no such folder', "无法写入“{p}”：没有这个文件夹", p=path),
                text("make the folder first", "请先建立文件夹"),
            )
        if not inputs.isdisjoint((path.resolve(), path.with_name(path.name + PART).resolve())):
            raise OutputError(
                text('"{p}" would overwrite what is replayed', "“{p}”会覆盖正在回放的文件", p=path),
                text("choose another name", "请换个名字"),
            )
    if options.journal and options.report and options.journal.resolve() == options.report.resolve():
        same = text("journal and report have the same name", "日志和报告不能同名")
        raise OutputError(same, text("choose another name", "请换个名字"))


def _plan(name: str, language: str) -> Plan:
    flow, warnings = flowfiles.load(name or flowfiles.DEFAULT_FLOW)
    for warning in warnings:
        print(warning.in_(language), file=sys.stderr)
    return Plan.of(flow)


def _note(message: Text, language: str) -> None:
    print(message.in_(language), file=sys.stderr)


# ------------------------------------------------------------------------------------------------ simulate, models


def _simulate(options: argparse.Namespace, language: str) -> int:
    plan = _plan(options.flow, language)

    def say(line: str) -> None:
        print(line, flush=True)

    def complain(problem: Problem) -> None:
        print(problem.in_(language), file=sys.stderr, flush=True)

    lines = lines_of(sys.stdin.buffer) if sys.stdin else ()
    return 0 if simulate(lines, plan, say, complain) else 2


def _models(options: argparse.Namespace, language: str) -> int:
    actions: dict[str, Callable[[argparse.Namespace, str], int]] = {
        "list": _models_list,
        "install": _models_install,
        "verify": _models_verify,
        "path": _models_path,
    }
    return actions[options.action](options, language)


def _models_list(options: argparse.Namespace, language: str) -> int:
    missing = text("not installed", "未安装").in_(language)
    for listed in models.listing():
        print(f"{listed.model.name:58} {listed.path or missing}")
        print(f"    {listed.model.about.in_(language)}")
    return 0


def _models_install(options: argparse.Namespace, language: str) -> int:
    console = Console(stderr=True, highlight=False)
    last = ""

    def warn(problem: Problem) -> None:
        print(problem.in_(language), file=sys.stderr)

    def progress(what: Text, done: int, of: int | None) -> None:
        """One line that counts up on a terminal; a line for each step elsewhere."""
        nonlocal last
        if console.is_terminal:
            share = f"{100 * done // of:3d} %" if of else f"{done / 1e6:.1f} MB"
            console.file.write(f"\r\x1b[K{what.in_(language)}  {share}")
            if of and done >= of:
                console.file.write("\n")
            console.file.flush()
        elif what.en != last:
            print(what.in_(language), file=sys.stderr, flush=True)
        last = what.en

    path = models.install(options.name, options.source, progress=progress, report=warn)
    print(path)
    return 0


def _models_verify(options: argparse.Namespace, language: str) -> int:
    path = Path(options.name) if Path(options.name).is_dir() else models.require(options.name)
    problems = models.verify(path)
    for problem in problems:
        print(problem.in_(language), file=sys.stderr)
    if not problems:
        print(text("{p} is whole", "{p} 完整", p=path).in_(language))
    return 2 if problems else 0


def _models_path(options: argparse.Namespace, language: str) -> int:
    if options.name:
        print(models.require(options.name))
    else:
        print(*models.search_path(), sep="\n")
    return 0


# ------------------------------------------------------------------------------------------------ options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="callflow",
        description="Guidance for Mandarin service calls: what to say next, and what must not be said. 来电服务引导",
    )
    parser.add_argument("--version", action="version", version=f"callflow {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=("zh", "en"), help="language of messages and reports 界面语言")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "replay", parents=[common], help="replay a recording or a journal through the engine 回放录音或日志"
    )
    command.add_argument("file", type=Path, metavar="FILE", help="a recording, or a journal (*.jsonl)")
    command.add_argument("--events", type=Path, help="call events of the telephone system (default: FILE.events.jsonl)")
    command.add_argument("--flow", default="", help="flow by name or path (default: inbound)")
    command.add_argument(
        "--engine", default="auto", help=", ".join(["auto", *(engine.name for engine in engines.ENGINES)])
    )
    command.add_argument("--agent", choices=("left", "right"), default="left", help="the agent's channel")
    command.add_argument("--journal", type=Path, metavar="OUT.jsonl", help="write the call's journal")
    command.add_argument("--report", type=Path, metavar="OUT.html", help="write a report to read and play")
    command.add_argument("--json", action="store_true", help="events as JSON lines on standard output")
    command.add_argument("--threads", type=int, default=0, help="threads of the recogniser (default: what suits it)")
    command.set_defaults(run=_replay)

    command = commands.add_parser(
        "simulate", parents=[common], help="events as JSON lines in, outputs as JSON lines out 以 JSON 行模拟通话"
    )
    command.add_argument("flow", nargs="?", default="", metavar="FLOW", help="flow by name or path (default: inbound)")
    command.set_defaults(run=_simulate)

    command = commands.add_parser("models", parents=[common], help="list, install and verify speech models 语音模型")
    command.add_argument("action", choices=("list", "install", "verify", "path"), nargs="?", default="list")
    command.add_argument("name", nargs="?", default="", help="a model's name (see list)")
    command.add_argument("--source", help="install from this address, archive or directory instead")
    command.set_defaults(run=_models)
    return parser
