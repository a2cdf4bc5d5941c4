"""What takes longer than a key stroke: lint, rehearsals, coverage. In a process of its own, given up when overtaken.

The process reads the flow for itself, and keeps the trees of files that have not changed. It tells what it knows as
soon as it knows it. A newer text of the same draft is sent at once: the process looks between two rehearsals whether
there is one, and drops what it is at.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
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
from callflow.problems import Location, Problem, has_errors
from callflow.texts import Text

MOST_FAILED = 50
"""Rehearsals that failed and are told one by one."""
BETWEEN = 20
"""Rehearsals between two looks whether something newer has come."""
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

    def __init__(self) -> None:
        self._told: OrderedDict[Key, Told] = OrderedDict()
        self._waiting: OrderedDict[Key, Job] = OrderedDict()
        self._at_work: Job | None = None
        self._changed = threading.Condition()
        self._pipe: Connection | None = None
        self._process: Any = None
        self._closed = False

    def put(self, job: Job) -> None:
        """Look at a text, instead of an older one of the same draft."""
        with self._changed:
            told = self._told.get(job.key)
            at_work = self._at_work if self._at_work and self._at_work.key == job.key else None
            under_way = self._waiting.get(job.key) or at_work
            if told and told.of == job.of and (told.done or (under_way and under_way.of == job.of)):
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

    # ------------------------------------------------------------------------------------ with the lock held

    def _next(self) -> None:
        """Send the job that waits longest, and of the draft that is being worked at first of all."""
        if self._closed or not self._waiting:
            self._at_work = None
            return
        key = self._at_work.key if self._at_work and self._at_work.key in self._waiting else next(iter(self._waiting))
        self._at_work = self._waiting.pop(key)
        if self._pipe is None:
            self._start()
        try:
            assert self._pipe is not None
            self._pipe.send(self._at_work)
        except OSError:
            self._lost()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), name="callflow bench", daemon=True)
        self._process.start()
        theirs.close()
        threading.Thread(target=self._listen, args=(self._pipe,), name="bench", daemon=True).start()

    def _end(self) -> None:
        if self._pipe:
            self._pipe.close()
        if self._process:
            self._process.kill()
            self._process.join(5)
        self._pipe = self._process = None

    def _lost(self) -> None:
        """The process is gone: what it was at is told as that, and the next job gets a new process."""
        if self._at_work:
            key = self._at_work.key
            self._told[key] = replace(self._told.get(key) or Told(self._at_work.of), done=True, broken=True)
        self._at_work = None
        self._end()
        self._changed.notify_all()
        self._next()

    # ------------------------------------------------------------------------------------ a thread of its own

    def _listen(self, pipe: Connection) -> None:
        while True:
            try:
                key, told = pipe.recv()
            except (EOFError, OSError, TypeError):
                with self._changed:
                    if self._pipe is pipe and not self._closed:
                        self._lost()
                return
            with self._changed:
                if (before := self._told.get(key)) and before.of == told.of:
                    self._told[key] = told
                self._changed.notify_all()
                if told.done and self._at_work and (self._at_work.key, self._at_work.of) == (key, told.of):
                    self._at_work = None
                    self._next()


# ------------------------------------------------------------------------------------------------ the process


def _work(pipe: Connection) -> None:
    readers: OrderedDict[str, Reader] = OrderedDict()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            job = pipe.recv()
            reader = readers.setdefault(job.name, Reader())
            readers.move_to_end(job.name)
            while len(readers) > 4:
                readers.popitem(last=False)
            for told in look(job, reader):
                pipe.send((job.key, told))
                if pipe.poll():
                    break


def look(job: Job, reader: Reader | None = None) -> Iterator[Told]:
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
        yield replace(told, problems=tuple(problems), done=True)
        return
    yield told
    with collecting.paused():
        told = replace(told, problems=tuple(inspect(plan, problems, job.texts)), count=len(plan.flow.rehearsals))
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
