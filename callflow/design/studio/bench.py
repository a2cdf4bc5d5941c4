"""What takes longer than a key stroke: lint, rehearsals, coverage. In a process of its own, given up when overtaken.

The process reads the flow for itself, and keeps the trees of files that have not changed. It tells what it knows as
soon as it knows it. A newer text of the same draft is sent at once: the process looks between two rehearsals whether
there is one, and drops what it is at. One that tells nothing for long is ended.

Nothing is sent or started with the lock held: a thread sends, another one receives, or process and server could wait
for each other, and everybody for them.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from callflow import collecting
from callflow.call.plan import Plan
from callflow.design.lint import inspect
from callflow.design.rehearse import Outcome, rehearse
from callflow.design.rehearsed import rehearsed
from callflow.design.studio.reading import Reader
from callflow.errors import BadFlow
from callflow.problems import Level, Location, Problem, has_errors
from callflow.texts import Text

MOST_FAILED = 50
"""Rehearsals that failed and are told one by one."""
MOST_PROBLEMS = 500
"""Problems that are told; mistakes before all others."""
BETWEEN = 20
"""Rehearsals between two looks whether something newer has come."""
STUCK = 120.0
"""Seconds without a word after which the process is taken for stuck."""
Checks = Callable[[Plan], tuple[Sequence[Problem], Sequence[str]]]
"""What further checks find in a flow, and the names under which they report; it must be found by another process."""
Key = tuple[str, str]
"""Whose draft of which flow."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A rehearsal that failed, where it stands, and why."""

    name: str
    at: Location
    why: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a text so far. ``of``: its hash. ``problems``: ``None`` until lint is through.

    ``played``: rehearsals so far of ``count``, ``None`` where the flow has errors; ``covered``: the share of states,
    transitions, phrases and rules that they bring about. ``done``: there is no more to come; ``broken``: the process
    died over it.
    """

    of: str
    problems: tuple[Problem, ...] | None = None
    count: int | None = None
    played: int = 0
    passed: int = 0
    failed: tuple[Failed, ...] = ()
    covered: float | None = None
    done: bool = False
    broken: bool = False

    @property
    def good(self) -> bool:
        """Whether all rehearsals passed."""
        return self.done and self.count is not None and self.passed == self.count


@dataclass(frozen=True, slots=True)
class Job:
    """A text to be looked at: the files of a flow by name; ``unread``: what could not be read of them."""

    key: Key
    of: str
    name: str
    texts: Mapping[str, str]
    unread: tuple[Problem, ...] = ()


class Bench:
    """The process, what waits for it and what it has told. Started at the first job."""

    def __init__(self, checks: Checks | None = None, stuck: float = STUCK) -> None:
        self._checks, self._stuck = checks, stuck
        self._told: OrderedDict[Key, Told] = OrderedDict()
        self._waiting: OrderedDict[Key, Job] = OrderedDict()
        self._at_work: Job | None = None
        self._unsent: Job | None = None
        self._since = 0.0
        self._changed = threading.Condition()
        self._pipe: Connection | None = None
        self._process: Any = None
        self._sender: threading.Thread | None = None
        self._closed = False

    def put(self, job: Job, again: bool = False) -> None:
        """Look at a text, instead of an older one of the same draft. ``again``: also at one that the process died over,
        which may have been by chance."""
        with self._changed:
            told = self._told.get(job.key)
            at_work = self._at_work if self._at_work and self._at_work.key == job.key else None
            under_way = self._waiting.get(job.key) or at_work
            known = told and told.done and not (again and told.broken)
            if told and told.of == job.of and (known or (under_way and under_way.of == job.of)):
                return
            self._told[job.key] = replace(told, of=job.of, done=False) if told and not told.broken else Told(job.of)
            self._told.move_to_end(job.key)
            while len(self._told) > 200:
                self._told.popitem(last=False)
            self._waiting[job.key] = job
            if self._at_work is None or self._at_work.key == job.key:
                self._next()

    def told(self, key: Key) -> Told | None:
        """What is known of a draft."""
        with self._changed:
            return self._told.get(key)

    def wait(self, key: Key, of: str, seconds: float) -> Told | None:
        """What is known of a text when all of it is, or after ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: (told := self._told.get(key)) and told.of == of and told.done, seconds)
            return self._told.get(key)

    def close(self) -> None:
        """End the process."""
        with self._changed:
            self._closed = True
            self._end()
            self._changed.notify_all()

    # ------------------------------------------------------------------------------------ with the lock held

    def _next(self) -> None:
        """Have the job sent that waits longest, and of the draft that is being worked at first of all."""
        if self._closed or not self._waiting:
            self._at_work = None
            return
        key = self._at_work.key if self._at_work and self._at_work.key in self._waiting else next(iter(self._waiting))
        self._at_work = self._unsent = self._waiting.pop(key)
        self._since = time.monotonic()
        if self._sender is None:
            self._sender = threading.Thread(target=self._send, name="bench out", daemon=True)
            self._sender.start()
        self._changed.notify_all()

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.join(5)
        self._pipe = self._process = None

    def _lost(self) -> None:
        """The process is gone: what it was at is told as that, and the next job gets a new process."""
        if self._at_work:
            key = self._at_work.key
            self._told[key] = replace(self._told.get(key) or Told(self._at_work.of), done=True, broken=True)
        self._at_work = self._unsent = None
        self._end()
        self._changed.notify_all()
        self._next()

    # ------------------------------------------------------------------------------------ threads of its own

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsent or self._closed)
                if self._closed:
                    return
                job, self._unsent, pipe = self._unsent, None, self._pipe
            try:
                pipe = pipe or self._start()
                pipe.send(job)
            except (OSError, ValueError):
                with self._changed:
                    if self._pipe is pipe and not self._closed:
                        self._lost()

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._checks), name="callflow bench", daemon=True)
        process.start()
        theirs.close()
        with self._changed:
            self._pipe, self._process, self._since = ours, process, time.monotonic()
            if self._closed:
                self._end()
        threading.Thread(target=self._listen, args=(ours,), name="bench", daemon=True).start()
        return ours

    def _listen(self, pipe: Connection) -> None:
        while True:
            try:
                said = pipe.recv() if pipe.poll(self._stuck / 4) else None
            except Exception:  # it is gone, or what it sent cannot be read
                with self._changed:
                    if self._pipe is pipe and not self._closed:
                        self._lost()
                pipe.close()
                return
            with self._changed:
                if said:
                    self._heard(*said)
                elif self._pipe is pipe and self._at_work and time.monotonic() - self._since > self._stuck:
                    self._lost()  # and so is the pipe

    def _heard(self, key: Key, told: Told) -> None:
        self._since = time.monotonic()
        if (before := self._told.get(key)) and before.of == told.of:
            self._told[key] = told
        self._changed.notify_all()
        if told.done and self._at_work and (self._at_work.key, self._at_work.of) == (key, told.of):
            self._at_work = None
            self._next()


# ------------------------------------------------------------------------------------------------ the process


def _work(pipe: Connection, checks: Checks | None = None) -> None:
    readers: OrderedDict[str, Reader] = OrderedDict()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            job = pipe.recv()
            reader = readers.setdefault(job.name, Reader())
            readers.move_to_end(job.name)
            while len(readers) > 4:
                readers.popitem(last=False)
            for told in look(job, reader, checks):
                pipe.send((job.key, told))
                if pipe.poll():
                    break


def look(job: Job, reader: Reader | None = None, checks: Checks | None = None) -> Iterator[Told]:
    """All that there is to tell of a text, more and more of it."""
    flow, problems = (reader or Reader()).whole(job.texts, job.name, job.unread)
    told = Told(job.of)
    plan: Plan | None = None
    if flow:
        try:
            plan = Plan.of(flow)
        except BadFlow as error:
            problems = sorted({*problems, *error.problems})
    if plan is None or has_errors(problems):
        yield replace(told, problems=_first(problems), done=True)
        return
    yield told
    with collecting.paused():
        more, names = checks(plan) if checks else ((), ())
        found = inspect(plan, [*problems, *more], job.texts, names)
        told = replace(told, problems=_first(found), count=len(plan.flow.rehearsals))
    yield told
    outcomes: list[Outcome] = []
    failed: list[Failed] = []
    for number, one in enumerate(plan.flow.rehearsals, 1):
        outcome = rehearse(one, plan)
        outcomes.append(outcome)
        if outcome.failures:
            failed.append(Failed(one.name, one.at, tuple(failure.message for failure in outcome.failures)))
        if number % BETWEEN == 0:
            told = replace(told, played=number, passed=number - len(failed), failed=tuple(failed[:MOST_FAILED]))
            yield told
    items = rehearsed(outcomes, plan.flow)
    yield replace(
        told,
        played=len(outcomes),
        passed=len(outcomes) - len(failed),
        failed=tuple(failed[:MOST_FAILED]),
        covered=sum(not item.open for item in items) / len(items) if items else None,
        done=True,
    )


def _first(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """As many as are told, by place."""
    return tuple(sorted(sorted(problems, key=lambda one: one.level is not Level.ERROR)[:MOST_PROBLEMS]))
