"""One file of a batch judged: the same for a process on this machine and for a worker of a cluster."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callflow import collecting
from callflow.archive.calls import NewCall
from callflow.audio.source import Source
from callflow.call.plan import Plan
from callflow.errors import BadFlow, BadJournal, CallflowError, ModelError
from callflow.events import CallContext, Event
from callflow.journal import Header, is_journal, read_header, read_journal
from callflow.review import words
from callflow.review.batch.listing import JOURNAL
from callflow.review.batch.task import Metadata, Side, Task
from callflow.review.beside import found_events, reported
from callflow.review.judge import judgement
from callflow.review.peaks import Drawn
from callflow.review.replay import rejudge, replay
from callflow.speech import engines
from callflow.speech.transcriber import Transcriber
from callflow.texts import Text, short, text
from callflow.workdays import with_day

Opener = Callable[[Path, Side], Source]
"""Opens a recording; a function of a module, because workers in other processes get it by name."""
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """A task with what makes it the same call when it comes again: the sha256 of its content, ``""`` where there is
    none to be read. ``recording`` and ``recording_sha256``: of the recording that lies beside a journal; ``stamp``: see
    ``stamp_of``."""

    task: Task
    sha256: str
    recording: str = ""
    recording_sha256: str = ""
    stamp: str = ""

    @classmethod
    def of(cls, task: Task, stamp: str = "") -> Job:
        """Looks at the files: what they are is told by their content."""
        own, sound = content_hash(task.path), _recording_of(task.path)
        if sound and (recorded := content_hash(sound)):
            return cls(task, own, str(sound.resolve()), recorded, stamp)
        return cls(task, own, stamp=stamp)

    @property
    def path(self) -> str:
        return str(self.task.path.resolve())

    @property
    def key(self) -> str:
        """A call is the same whether it comes by its recording or by the journal beside it."""
        return self.recording_sha256 or self.sha256

    @property
    def failed_key(self) -> str:
        """The key of the row that says why this file could not be judged: one for each path."""
        return hashlib.sha256(f"failed\n{self.path}".encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Settings:
    """What all calls of a batch are judged with. ``engine`` is chosen by each worker, where the models lie; ``peaks``:
    whether to gather the loudness of recordings for the desk."""

    plan: Plan
    open_recording: Opener
    engine: str = "auto"
    peaks: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """To other processes: a plan is so many objects that to read it with the collector on takes five times as
        long."""
        return _received, (
            pickle.dumps(self.plan, pickle.HIGHEST_PROTOCOL),
            self.open_recording,
            self.engine,
            self.peaks,
        )


def _received(plan: bytes, open_recording: Opener, engine: str, peaks: bool) -> Settings:
    with collecting.paused():
        return Settings(pickle.loads(plan), open_recording, engine, peaks)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nobody can judge anything, as it travels between processes."""

    message: Text
    hint: Text


@dataclass(slots=True)
class Worker:
    """Judges one call after another; the model is loaded with the first recording, and once."""

    settings: Settings
    _transcriber: Transcriber | None = None
    _engine: str = ""

    def attempt(self, job: Job) -> NewCall | Trouble:
        """``judge``, with what it raises as a value; see ``settled``."""
        try:
            return self.judge(job)
        except ModelError as error:
            return Trouble(error.message, error.hint)

    def judge(self, job: Job) -> NewCall:
        """What became of a file, good or bad, its flow left out, which is the same for all.

        Raises ``ModelError`` where there is no recogniser: that is no matter of the file.
        """
        path = job.task.path
        if not path.exists():
            return failed(job, text("the file is no longer there", "文件已不存在"))
        try:
            journal = path.suffix.lower() == JOURNAL or is_journal(path)
            return self._judge_journal(job) if journal else self._judge_recording(job)
        except ModelError:
            raise
        except BadFlow as error:
            first = error.problems[0]  # which names its file
            return failed(job, Text(first.in_("en"), first.in_("zh")))
        except CallflowError as error:
            return failed(job, error.message)
        except Exception as error:  # a file that we stumble over is a row with its reason, never the end of the run
            why = f"{type(error).__name__}: {error}"
            return failed(job, text("callflow stumbled over it: {w}", "处理时出错：{w}", w=why))

    def close(self) -> None:
        if self._transcriber:
            self._transcriber.close()

    def _judge_recording(self, job: Job) -> NewCall:
        task = job.task
        told = reported(task.path, task.events)
        out: list[Event] = []

        with self.settings.open_recording(task.path, task.agent) as opened:
            drawn = Drawn(opened) if self.settings.peaks else None
            sound: Source = drawn or opened
            transcriber = self._listener()
            context = replace(
                _dated(told.context, task.metadata),
                at=0.0,
                telephony=told.telephony,
                separate=sound.separate,
                engine=self._engine,
            )
            plan = self.settings.plan
            replay(sound, transcriber, plan, context, told.events, out.append, lambda done: None, partials=False)
            warnings = list(sound.warnings)
        header = Header(plan.flow.name, plan.flow.hashes, task.path.name, task.agent)
        call = self._call(job, out, header, warnings)
        return replace(call, peaks=drawn.peaks(), agent_channel=task.agent) if drawn else call

    def _judge_journal(self, job: Job) -> NewCall:
        read = read_journal(job.task.path)
        plan, out = self.settings.plan, list[Event]()
        events = [_dated(e, job.task.metadata) if isinstance(e, CallContext) else e for e in read.events]
        rejudge(events, plan, out.append)
        header = replace(read.header, flow=plan.flow.name, files=plan.flow.hashes)
        return self._call(job, out, header, [problem.message for problem in read.problems[:3]])

    def _call(self, job: Job, events: list[Event], header: Header, warnings: list[Text]) -> NewCall:
        judged = judgement(events, header, self.settings.plan)
        context, known = judged.context, job.task.metadata
        call = NewCall(
            key=job.key,
            path=job.recording or job.path,
            sha256=job.key,
            source=job.path,
            source_sha256=job.sha256,
            stamp=job.stamp,
            reason=_joined([*warnings, *filter(None, [words.guessed(context)])]),
            began=_began(known, context),
            duration=judged.duration,
            separate=context.separate,
            engine=context.engine,
            journal=judged.journal,
            findings=judged.findings,
            score=judged.score,
            fields=judged.fields,
            text=judged.text,
            sounds=judged.sounds,
        )
        return _named(call, known)

    def _listener(self) -> Transcriber:
        if self._transcriber is None:
            choice = engines.choose(self.settings.engine, purpose="replay")
            self._engine = choice.name
            self._transcriber = engines.open_transcriber(choice, threads=1)  # as many workers as there are cores
        return self._transcriber


def settled(told: NewCall | Trouble) -> NewCall:
    """What another process told. Raises ``ModelError`` where that was trouble."""
    if isinstance(told, Trouble):
        raise ModelError(told.message, told.hint)
    return told


def failed(job: Job, why: Text) -> NewCall:
    """The row of a file that could not be judged."""
    call = told_of(job.task, job.failed_key, job.path)
    return replace(call, sha256=job.sha256, stamp=job.stamp, status="failed", reason=_of_this(job.task.path, why))


def told_of(task: Task, key: str, path: str = "") -> NewCall:
    """A call with what people say of it, and nothing of what was heard."""
    known = task.metadata
    return _named(NewCall(key=key, path=path, began=_began(known, CallContext(at=0.0))), known)


def _of_this(path: Path, why: Text) -> Text:
    """``why`` without the path, which stands beside it wherever it is shown; of files beside it the name is enough."""
    named, folder = short(path), f"{path.parent}{os.sep}"
    en = why.en.replace(f'"{named}"', "this file")
    zh = why.zh.replace(f"“{named}”", "此文件")
    return Text(en.replace(folder, ""), zh.replace(folder, "")) if path.parent.name else Text(en, zh)


def content_hash(path: Path) -> str:
    """The sha256 of a file; ``""`` where it cannot be read, which whoever opens it will explain."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def stamp_of(task: Task) -> str:
    """What a file is known by without reading it, and its call events: path, size and time of change of each; ``""``
    where there is none."""
    events = found_events(task.path, task.events)
    try:
        parts = [(path.resolve(), path.stat()) for path in (task.path, *([events] if events else []))]
    except OSError:
        return ""
    known = "\n".join(f"{path}\n{found.st_size}\n{found.st_mtime_ns}" for path, found in parts)
    return hashlib.sha256(known.encode("utf-8", "surrogateescape")).hexdigest()


def unheard_stamp(stamp: str) -> str:
    """The stamp of a file whose call events came when it had been judged already, and have not been heard."""
    return hashlib.sha256(f"unheard\n{stamp}".encode()).hexdigest()


def _named(call: NewCall, known: Metadata) -> NewCall:
    return replace(
        call,
        agent=known.agent,
        team=known.team,
        queue=known.queue,
        direction=known.direction,
        customer=known.customer,
    )


def _dated(context: CallContext, known: Metadata) -> CallContext:
    """The context with the date that people gave, where they gave one, and the kind of day it is."""
    if known.time:
        context = replace(context, date=known.time.isoformat(), day="", holiday="")
    return with_day(context)[0]


def _began(known: Metadata, context: CallContext) -> datetime | None:
    """When the call began, in UTC; what has no zone is this computer's local time."""
    time = known.time
    if time is None and "T" in context.date:
        try:
            time = datetime.fromisoformat(context.date)
        except ValueError:
            return None
    return time.astimezone(UTC) if time else None


def _recording_of(path: Path) -> Path | None:
    """The recording that a journal is of, where it lies beside it."""
    if path.suffix.lower() != JOURNAL:
        return None
    try:
        name = Path(read_header(path).recording).name
    except BadJournal:
        return None
    return path.with_name(name) if name and path.with_name(name).is_file() else None


def _joined(messages: list[Text]) -> Text | None:
    if not messages:
        return None
    return Text("; ".join(message.en for message in messages), "；".join(message.zh for message in messages))
