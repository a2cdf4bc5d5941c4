"""``callflow replay``: a recording, or a journal, through the engine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

from callflow import flowfiles
from callflow.audio.recording import Recording
from callflow.call.actions import Actions
from callflow.call.plan import Plan
from callflow.commands import plugins
from callflow.commands.common import interrupts, note, plan_of, warn, warn_few, warn_of_models
from callflow.commands.console import Console
from callflow.errors import BadInput, CallflowError, OutputError
from callflow.events import CallContext, Event, Heard
from callflow.journal import PART, Header, JournalWriter, is_journal, read_journal
from callflow.problems import Location
from callflow.review import processes
from callflow.review.beside import events_file, reported
from callflow.review.replay import rejudge, replay
from callflow.review.report import write_report
from callflow.review.story import Story
from callflow.review.terminal import TerminalView
from callflow.speech import engines
from callflow.texts import Text, text
from callflow.workdays import with_day

Side = Literal["left", "right"]


def run_replay(options: argparse.Namespace, language: str) -> int:
    _check_single(options)
    _check_paths(options)
    threads = _threads(options.threads)
    if options.file.suffix == ".jsonl" or is_journal(options.file):
        _check_of_a_journal(options)
        return _replay_journal(options, language)
    started = time.monotonic()
    with ExitStack() as stack:
        agent: Side = options.agent or "left"
        recording = stack.enter_context(Recording(options.file, agent=agent))
        told = reported(options.file, options.events)
        plan = plan_of(options.flow, language)
        warn_of_models(language)
        choice = plugins.engine(options.engine, options.file, language) or engines.choose(options.engine, "replay")
        note(Text(f"{choice.name}: {choice.why.en}", f"{choice.name}：{choice.why.zh}"), language)
        if not recording.separate:
            for warning in recording.warnings:
                note(warning, language)
        transcriber = engines.open_transcriber(choice, threads=threads)
        stack.callback(transcriber.close)
        context = replace(
            _dated(told.context, options.date, language),
            at=0.0,
            telephony=told.telephony,
            separate=recording.separate,
            engine=choice.name,
        )
        header = Header(plan.flow.name, plan.flow.hashes, options.file.name, agent)
        with _Views(options, plan, language, header) as views:
            replay(
                recording,
                transcriber,
                plan,
                context,
                told.events,
                views.show,
                lambda done: views.progress(done, recording.duration, time.monotonic() - started),
            )
            for warning in recording.warnings if recording.separate else ():
                note(warning, language)
            if not views.heard:
                note(text("no speech was heard in this recording", "这段录音中没有听到任何人说话"), language)
            views.finish(Recording(options.file, agent=agent) if options.report else None)
        views.end()
    return 0


def _replay_journal(options: argparse.Namespace, language: str) -> int:
    journal = read_journal(options.file)
    warn_few(journal.problems, language)
    plan = plan_of(journal.header.flow or None if options.flow is None else options.flow, language)
    known = flowfiles.of_calls(journal.header.files)  # another program's journal need not say
    if known and flowfiles.of_calls(plan.flow.hashes) != known:
        note(text("the flow has changed since this journal was written", "写日志之后流程已有改动"), language)
    name = Path(journal.header.recording).name
    sound = options.file.parent / name if name else None
    agent = journal.header.agent
    header = Header(plan.flow.name, plan.flow.hashes, name, agent)
    with _Views(options, plan, language, header) as views:
        rejudge(_dated_events(journal.events, options.date, language), plan, views.show)
        views.finish(Recording(sound, agent=agent) if options.report and sound and sound.is_file() else None)
    views.end()
    return 0


def _dated_events(events: Iterable[Event], given: str | None, language: str) -> Iterable[Event]:
    """The events of a journal, its context with the day filled in; one that has no context gets one for ``given``."""
    kept = list(events)
    if given is not None and not any(isinstance(event, CallContext) for event in kept):
        kept.insert(0, CallContext(at=0.0))
    return [_dated(event, given, language) if isinstance(event, CallContext) else event for event in kept]


class _Views:
    """Where a replayed call goes: the terminal or JSON lines, the journal, the report."""

    def __init__(self, options: argparse.Namespace, plan: Plan, language: str, header: Header) -> None:
        self._options = options
        self._flow = plan.flow
        self._language = language
        self._title = header.recording or options.file.name
        self.heard = False
        self.unwritten: CallflowError | None = None
        self._stack = ExitStack()
        self._kept: list[Event] = []
        self._actions = Actions(plan.flow)
        self._journal = self._stack.enter_context(JournalWriter(options.journal, header)) if options.journal else None
        self._view: TerminalView | None = None
        if not options.json:
            self._view = self._stack.enter_context(TerminalView(Console(highlight=False), plan.flow, language))

    def __enter__(self) -> _Views:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def show(self, event: Event) -> None:
        if self._journal:
            self._journal.write(event)
        if problem := self._actions.follow(event, Location(self._options.file.name)):
            warn([problem], self._language)
        if self._view:
            self._view.show(event)
        else:
            print(event.to_json(), flush=True)
        self.heard = self.heard or isinstance(event, Heard)
        if not isinstance(event, Heard) or event.final:
            self._kept.append(event)

    def progress(self, done: float, total: float | None, elapsed: float) -> None:
        if interrupts:
            raise KeyboardInterrupt
        if self._view:
            self._view.progress(done, total, elapsed)

    def finish(self, sound: Recording | None) -> None:
        """The report, then the summary that names it. A report that cannot be written is ``unwritten`` for the caller
        to raise when the journal has its name: an hour of work is not lost over it."""
        story = Story.of(self._kept, self._flow)
        report: Path | None = self._options.report
        try:
            if report:
                with sound or ExitStack():
                    write_report(report, story, sound=sound, title=self._title, language=self._language)
        except CallflowError as error:
            self.unwritten, report = error, None
        if self._view:
            self._view.summary(story, report, self._options.journal)

    def end(self) -> None:
        """Raise what kept the report from being written."""
        if self.unwritten:
            raise self.unwritten


def _dated(context: CallContext, given: str | None, language: str) -> CallContext:
    """The context with the date that was given, where one was, and with the kind of day it is."""
    if given is not None:
        context = replace(context, date=given, day="", holiday="")
    dated, why = with_day(context)
    if given is not None and not dated.day:
        raise BadInput(why or text("--date: an empty date", "--date 是空的"))
    if why:
        note(why, language)
    return dated


def _threads(given: str | None) -> int:
    """How many were asked for; 0 for what suits the recogniser."""
    if given is None:
        return 0
    most = processes.cores()
    if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= most):
        raise BadInput(
            text(
                "--threads must be a whole number from 1 to {m}, the cores of this computer",
                "--threads 应为 1 到 {m} 的整数（{m} 为本机可用核数）",
                m=most,
            ),
            text("more would only wait for each other", "再多只会互相等待"),
        )
    return int(given)


def _check_of_a_journal(options: argparse.Namespace) -> None:
    """In a journal everything is heard already: what speaks of the sound, or of what lies beside it, cannot help."""
    given = [name for name in ("events", "agent", "threads") if getattr(options, name) is not None]
    if options.engine != "auto":
        given.append("engine")
    if given:
        raise BadInput(
            text("--{n} is for a recording, not for a journal", "--{n} 用于录音，不能用于日志", n=given[0]),
            text("leave it out, or replay the recording", "请去掉它，或回放录音"),
        )


def _check_single(options: argparse.Namespace) -> None:
    """What only makes sense for many calls; makes the one file of the list of them."""
    archive = text("name the archive that they go into: --archive FILE", "请用 --archive 指定归档库")
    many = len(options.file) > 1 or options.file[0].endswith(".csv")
    batch = [name for name in ("workers", "pattern", "cluster") if getattr(options, name) is not None]
    if many or batch or options.again or options.retry_failed or options.no_peaks:
        raise BadInput(text("many calls are judged into an archive", "批量评定需要归档库"), archive)
    options.file = options.file[0]


def _check_paths(options: argparse.Namespace) -> None:
    """Find out before an hour of work that its results could not be written; makes ``Path`` of what was typed."""
    for name in ("file", "events", "journal", "report"):
        given = getattr(options, name)
        if given == "":
            option = "FILE" if name == "file" else f"--{name}"
            raise BadInput(text("{o}: an empty name", "{o}：名字是空的", o=option), text("name a file", "请给出文件名"))
        setattr(options, name, None if given is None else Path(given))
    if options.file.is_dir():
        message = text('"{p}" is a directory, not a file', "“{p}”是文件夹，不是文件", p=options.file)
        hint = text(
            "name a recording or a journal in it, or an archive for all of them: --archive FILE",
            "请给出其中的录音或日志，或用 --archive 把全部归档",
        )
        raise BadInput(message, hint)
    inputs = {path.resolve() for path in (options.file, options.events, events_file(options.file)) if path}
    for path in filter(None, (options.journal, options.report)):
        _check_output(path, inputs)
    if options.journal and options.report and options.journal.resolve() == options.report.resolve():
        same = text("journal and report have the same name", "日志和报告不能同名")
        raise OutputError(same, text("choose another name", "请换个名字"))


def _check_output(path: Path, inputs: set[Path]) -> None:
    if path.is_dir():
        folder = text('cannot write "{p}": it is a folder', "无法写入“{p}”：这是一个文件夹", p=path)
        raise OutputError(folder, text("name a file in it", "请给出其中的文件名"))
    if not path.parent.is_dir():
        missing = text('cannot write "{p}": no such folder', "无法写入“{p}”：没有这个文件夹", p=path)
        raise OutputError(missing, text("make the folder first", "请先建立文件夹"))
    if not inputs.isdisjoint((path.resolve(), path.with_name(path.name + PART).resolve())):
        own = text('"{p}" would overwrite what is replayed', "“{p}”会覆盖正在回放的文件", p=path)
        raise OutputError(own, text("choose another name", "请换个名字"))
