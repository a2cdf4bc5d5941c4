"""What each command does with its options: ``cli`` reads them, and says what went wrong."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

from rich.console import Console

from callflow import flowfiles, models, plans
from callflow.audio.recording import Recording
from callflow.call.plan import Plan
from callflow.design import coverage_table, explain_text
from callflow.design.coverage import coverage
from callflow.design.lint import lint
from callflow.design.rehearse import rehearse, render
from callflow.design.simulate import simulate
from callflow.errors import BadFlow, BadInput, ModelError, OutputError
from callflow.events import CallContext, Event, Heard
from callflow.journal import PART, Header, JournalWriter, is_journal, lines_of, read_events, read_journal
from callflow.phrases.explain import explain
from callflow.problems import Problem
from callflow.review.replay import rejudge, replay
from callflow.review.report import write_report
from callflow.review.story import Story
from callflow.review.terminal import TerminalView
from callflow.speech import engines
from callflow.texts import Text, text
from callflow.workdays import with_day

MOST_EXPLAINED = 120
"""Characters of a sentence to explain: near misses of every wording are looked for, which takes its time."""
Side = Literal["left", "right"]
interrupts: list[int] = []
"""Signals that came: ``cli`` notes them, because PyAV loses an exception that reaches it at work."""


class _Console(Console):
    """Tells that nobody reads any more as everything else does; rich would end the process by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


# ------------------------------------------------------------------------------------------------ replay


def run_replay(options: argparse.Namespace, language: str) -> int:
    _check_paths(options)
    threads = _threads(options.threads)
    if options.file.suffix == ".jsonl" or is_journal(options.file):
        return _replay_journal(options, language)
    started = time.monotonic()
    with ExitStack() as stack:
        agent: Side = options.agent or "left"
        recording = stack.enter_context(Recording(options.file, agent=agent))
        call_events, source = _call_events(options)
        told = next((event for event in call_events or () if isinstance(event, CallContext)), CallContext(at=0.0))
        plan = _plan(options.flow, language)
        _warn_of_models(language)
        choice = engines.choose(options.engine, purpose="replay")
        _note(Text(f"{choice.name}: {choice.why.en}", f"{choice.name}：{choice.why.zh}"), language)
        if not recording.separate:
            for warning in recording.warnings:
                _note(warning, language)
        transcriber = engines.open_transcriber(choice, threads=threads)
        stack.callback(transcriber.close)
        context = replace(
            _dated(told, options.date, language),
            at=0.0,
            telephony=source,
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
                None if call_events is None else [event for event in call_events if not isinstance(event, CallContext)],
                views.show,
                lambda done: views.progress(done, recording.duration, time.monotonic() - started),
            )
            for warning in recording.warnings if recording.separate else ():
                _note(warning, language)
            if not views.heard:
                _note(text("no speech was heard in this recording", "这段录音中没有听到任何人说话"), language)
            views.finish(Recording(options.file, agent=agent) if options.report else None)
    return 0


def _replay_journal(options: argparse.Namespace, language: str) -> int:
    journal = read_journal(options.file)
    for problem in journal.problems:
        print(problem.in_(language), file=sys.stderr)
    plan = _plan(journal.header.flow or None if options.flow is None else options.flow, language)
    if flowfiles.of_calls(plan.flow.hashes) != flowfiles.of_calls(journal.header.files):
        _note(text("the flow has changed since this journal was written", "写日志之后流程已有改动"), language)
    name = Path(journal.header.recording).name
    sound = options.file.parent / name if name else None
    agent: Side = options.agent or journal.header.agent
    header = Header(plan.flow.name, plan.flow.hashes, name, agent)
    with _Views(options, plan, language, header) as views:
        rejudge(_dated_events(journal.events, options.date, language), plan, views.show)
        views.finish(Recording(sound, agent=agent) if options.report and sound and sound.is_file() else None)
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
        self._stack = ExitStack()
        self._kept: list[Event] = []
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
        self.heard = self.heard or isinstance(event, Heard)
        if not isinstance(event, Heard) or event.final:
            self._kept.append(event)

    def progress(self, done: float, total: float | None, elapsed: float) -> None:
        if interrupts:
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
    return [event for event in events if event.type.startswith("call.")], "events"


def _dated(context: CallContext, given: str | None, language: str) -> CallContext:
    """The context with the date that was given, where one was, and with the kind of day it is."""
    if given is not None:
        context = replace(context, date=given, day="", holiday="")
    dated, note = with_day(context)
    if given is not None and not dated.day:
        raise BadInput(note or text("--date: an empty date", "--date 是空的"))
    if note:
        _note(note, language)
    return dated


def _beside(recording: Path) -> Path:
    return recording.with_name(recording.name + ".events.jsonl")


def _threads(given: str | None) -> int:
    """How many were asked for; 0 for what suits the recogniser."""
    if given is None:
        return 0
    if not (given.isascii() and given.isdigit() and int(given[:9]) > 0):
        raise BadInput(text("--threads must be a whole number from 1 on", "--threads 应为不小于 1 的整数"))
    return min(int(given[:9]), 1024)


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
        raise BadInput(message, text("name a recording or a journal in it", "请给出其中的录音或日志"))
    inputs = {path.resolve() for path in (options.file, options.events, _beside(options.file)) if path}
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


def _plan(name: str | None, language: str) -> Plan:
    """The plan of a flow, for calls."""
    plan, warnings = plans.load(flowfiles.DEFAULT_FLOW if name is None else name)
    _warn(warnings, language)
    return plan


def _warn(warnings: Iterable[Problem], language: str) -> None:
    for warning in warnings:
        print(warning.in_(language), file=sys.stderr)


def _note(message: Text, language: str) -> None:
    print(message.in_(language), file=sys.stderr)


# ------------------------------------------------------------------------------------------------ simulate, test


def run_simulate(options: argparse.Namespace, language: str) -> int:
    plan = _plan(options.flow, language)

    def say(line: str) -> None:
        print(line, flush=True)

    def complain(problem: Problem) -> None:
        print(problem.in_(language), file=sys.stderr, flush=True)

    lines = lines_of(sys.stdin.buffer) if sys.stdin else ()
    return 0 if simulate(lines, plan, say, complain) else 2


def run_test(options: argparse.Namespace, language: str) -> int:
    """Play the flow's rehearsals; 1 where one of them fails."""
    flow, warnings = flowfiles.load(flowfiles.DEFAULT_FLOW if options.flow is None else options.flow)
    _warn(warnings, language)
    plan = Plan.of(flow)
    if not flow.rehearsals:
        _note(text("this flow has no rehearsals", "这个流程没有演练"), language)
        return 0
    outcomes = [rehearse(rehearsal, plan) for rehearsal in flow.rehearsals]
    print(render(outcomes, language))
    return 1 if any(outcome.failures for outcome in outcomes) else 0


def run_lint(options: argparse.Namespace, language: str) -> int:
    """What is wrong with a flow, one line each; 1 where anything is."""
    flow, problems = flowfiles.load(flowfiles.DEFAULT_FLOW if options.flow is None else options.flow)
    problems = sorted({*problems, *lint(Plan.of(flow))})
    for problem in problems:
        print(problem.in_(language))
    if not problems:
        _note(text("nothing to mend", "没有发现问题"), language)
    return 1 if problems else 0


def run_coverage(options: argparse.Namespace, language: str) -> int:
    """Which clause is served by what; 1 where one is open."""
    flow, warnings = flowfiles.load(flowfiles.DEFAULT_FLOW if options.flow is None else options.flow)
    _warn(warnings, language)
    rows = coverage(Plan.of(flow))
    missing = [row for row in rows if row.open]
    if options.json:
        print(json.dumps(coverage_table.data(missing if options.open else rows), ensure_ascii=False, indent=1))
        return 1 if missing else 0
    if not rows:
        _note(text("this flow names no clauses", "这个流程没有列出条款"), language)
        return 0
    console = _Console(highlight=False)
    if missing or not options.open:
        console.print(coverage_table.table(missing if options.open else rows, language, console.width))
    for line in coverage_table.still_open(rows, language):
        console.print(line, markup=False, soft_wrap=True)
    console.print(coverage_table.summary(rows).in_(language))
    return 1 if missing else 0


def run_explain(options: argparse.Namespace, language: str) -> int:
    """Why a sentence hits which phrases; 1 where it hits none."""
    if len(options.sentence) > MOST_EXPLAINED:
        raise BadInput(
            text(
                "the sentence is too long to explain: {n} characters at most",
                "句子太长：最多 {n} 个字",
                n=MOST_EXPLAINED,
            ),
            text("give the part of it that is in question", "请只给出有疑问的部分"),
        )
    plan = _plan(options.flow, language)
    found = explain(plan.book, plan.flow.slots, options.sentence, options.by)
    sounds = plan.sounds.names(plan.book.keys(options.sentence).key)
    if options.json:
        print(json.dumps(explain_text.data(options.sentence, sounds, found), ensure_ascii=False, indent=1))
    else:
        print(explain_text.render(options.sentence, sounds, found, language))
    return 0 if any(one.verdict == "said" for one in found) else 1


def _warn_of_models(language: str) -> None:
    for problem in models.search_path_problems():
        print(problem.in_(language), file=sys.stderr)


def run_models(options: argparse.Namespace, language: str) -> int:
    actions: dict[str, Callable[[argparse.Namespace, str], int]] = {
        "list": _models_list,
        "install": _models_install,
        "verify": _models_verify,
        "path": _models_path,
    }
    if options.action in ("install", "verify") and not options.name:
        raise ModelError(
            text("models {a} needs the name of a model", "models {a} 需要模型名称", a=options.action),
            text("one of {n}", "可选：{n}", n=", ".join(model.name for model in models.MODELS)),
        )
    _warn_of_models(language)
    return actions[options.action](options, language)


def _models_list(options: argparse.Namespace, language: str) -> int:
    missing = text("not installed", "未安装").in_(language)
    for listed in models.listing():
        print(f"{listed.model.name:58} {listed.path or missing}")
        print(f"    {listed.model.about.in_(language)}")
        if listed.path and listed.problems:
            why, mend = listed.problems[0].message, models.how_to_mend(listed.model, listed.path)
            print(
                text("    DAMAGED: {w} — {m}", "    已损坏：{w} — {m}", w=why.in_(language), m=mend.in_(language)).in_(
                    language
                )
            )
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
