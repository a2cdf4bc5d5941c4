"""A batch from beginning to end: what is archived already is passed over, the rest is judged and archived call by call.

Whatever interrupts it, the same command goes on where it was: a call is in the archive or it is not, and its key, the
sha256 of what was recorded, keeps it from being there twice. Files that have not changed since they were archived are
known by their stamp and not read again. Only this process writes to the archive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from callflow.archive import calls, failed, particulars
from callflow.archive.calls import NewCall, NewFlow
from callflow.archive.store import Archive
from callflow.errors import ArchiveError
from callflow.review.batch.keeper import Keeper
from callflow.review.batch.task import Metadata, Task
from callflow.review.batch.work import Job, stamp_of, told_of, unheard_stamp
from callflow.review.beside import found_events
from callflow.review.known import rescored
from callflow.texts import Text

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between tries while the archive does not answer: a database that starts anew is waited for."""


class Crew(Protocol):
    """Whoever judges: processes here, or a cluster."""

    def results(self, jobs: Iterable[Job]) -> Iterator[NewCall]:
        """Judge ``jobs``, taking only as many as are worked on, in whatever order they are done."""


class Watcher(Protocol):
    """Is told how a batch goes on."""

    def update(self, tally: Tally) -> None: ...

    def call(self, call: NewCall) -> None:
        """One was archived, done or failed."""

    def trouble(self, message: Text) -> None:
        """Something is in the way, and is waited for."""


@dataclass(slots=True)
class Tally:
    """How far a batch is. ``there``: archived before, of which ``bad`` could not be judged; ``same``: files with the
    content of one before them, ``copies``: which these are, and of which; ``seconds``: of sound that was judged;
    ``bytes`` of ``all_bytes``: sizes of files that are settled, and of all.

    At the end: ``told``: archived calls with new particulars; ``unheard``: those that were judged without the call
    events that there are now; ``lacking``: calls of the archive without an agent or a time."""

    files: int = 0
    all_bytes: int = 0
    bytes: int = 0
    done: int = 0
    failed: int = 0
    there: int = 0
    same: int = 0
    seconds: float = 0.0
    skipped_bytes: int = 0
    bad: int = 0
    copies: list[tuple[str, str]] = field(default_factory=list)
    told: int = 0
    unheard: int = 0
    lacking: int = 0

    @property
    def settled(self) -> int:
        return self.done + self.failed + self.there + self.same


@dataclass(slots=True)
class Batch:
    """``flow``: what the calls are judged with; ``again``: judge also what is archived; ``retry_failed``: try those
    once more that failed; ``beside``: is given each call that was archived, for what is kept beside the archive."""

    archive: Archive
    flow: NewFlow
    watcher: Watcher
    again: bool = False
    retry_failed: bool = False
    pauses: Sequence[float] = PAUSES
    beside: Callable[[NewCall], None] = lambda call: None
    tally: Tally = field(default_factory=Tally)
    _failed: dict[str, str] = field(default_factory=dict)
    _stamped: dict[str, tuple[str, str]] = field(default_factory=dict)
    _stamps: list[tuple[str, str, str]] = field(default_factory=list)
    _kept: dict[str, str] = field(default_factory=dict)
    _given: dict[str, str] = field(default_factory=dict)
    _copies: list[Job] = field(default_factory=list)
    _judged: set[str] = field(default_factory=set)
    _told: dict[str, NewCall] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, tasks: Sequence[Task], crew: Crew) -> Tally:
        """Judge ``tasks``. Raises ``ArchiveError`` where the archive does not come back.

        Of files with the same content the first is judged, and one with call events is before those without.
        """
        self._failed = self._patiently(lambda: failed.known(self.archive))
        with_events = [task for task in tasks if found_events(task.path, task.events) is not None]
        if not self.again:
            stamps = [*map(stamp_of, tasks), *(unheard_stamp(stamp_of(task)) for task in with_events)]
            self._stamped = self._patiently(lambda: calls.stamped(self.archive, list(filter(None, stamps))))
        self.tally.files = len(tasks)
        self.tally.all_bytes = sum(map(_size, tasks))
        tasks = sorted(tasks, key=lambda task: found_events(task.path, task.events) is None)
        with Keeper(self._keep) as keeper:
            self._stopped = keeper.stopped
            for jobs in (self._jobs(tasks), self._copies_to_judge()):
                for call in crew.results(jobs):
                    self._judged |= {call.key} if call.status == "done" else set()
                    keeper.put(call)
        self.tally.told = self._patiently(lambda: particulars.take_over(self.archive, list(self._told.values())))
        self._patiently(lambda: calls.stamp_anew(self.archive, self._stamps))
        self.tally.lacking = self._patiently(lambda: particulars.lacking(self.archive))
        self.watcher.update(self.tally)
        return self.tally

    def _jobs(self, tasks: Iterable[Task]) -> Iterator[Job]:
        """The tasks that are to be judged; each is looked at when somebody is free for it."""
        for task in tasks:
            stamp = stamp_of(task)
            unheard = unheard_stamp(stamp)
            status, key = self._stamped.get(stamp) or self._stamped.get(unheard) or ("", "")
            if self._is_settled(status):
                self._note(task, key, own=True)
                self.tally.unheard += stamp not in self._stamped
            else:
                job = Job.of(task, stamp)
                if job.key and self._given.setdefault(job.key, job.path) != job.path:
                    self._copies.append(job)
                    continue
                status, key = self._settled_before(job)
                if not status:
                    yield self._counted(job)
                    continue
                self._note(task, key, own=False)
                is_unheard = self._is_unheard(task, key)
                self.tally.unheard += is_unheard
                if stamp:
                    self._stamps.append((key, job.path, unheard if is_unheard else stamp))
            self.tally.bad += status == "failed"
            self._skip(task)

    def _copies_to_judge(self) -> Iterator[Job]:
        """Copies whose like could not be judged; the others are counted. For when all else has been judged."""
        for job in self._copies:
            status, _ = ("done", "") if job.key in self._judged else self._settled_before(job)
            if not status:
                yield self._counted(job)
                continue
            self.tally.bad += status == "failed"
            self._skip(job.task, like=(job.path, self._given[job.key]) if status == "done" else None)

    def _counted(self, job: Job) -> Job:
        self._sizes[job.path] = _size(job.task)
        return job

    def _note(self, task: Task, key: str, own: bool) -> None:
        """Remember what is told of an archived call, before all by its ``own`` file and not by a copy."""
        if task.metadata != Metadata() and (own or key not in self._told):
            self._told[key] = told_of(task, key)

    def _skip(self, task: Task, like: tuple[str, str] | None = None) -> None:
        with self._lock:
            if like:
                self.tally.same += 1
                self.tally.copies.append(like)
            else:
                self.tally.there += 1
            self.tally.bytes += _size(task)
            self.tally.skipped_bytes += _size(task)
        self.watcher.update(self.tally)

    def _is_settled(self, status: str) -> bool:
        return status == "done" or (status == "failed" and not self.retry_failed)

    def _settled_before(self, job: Job) -> tuple[str, str]:
        """How a file was settled that is archived and not to be judged again, and its key there; else empty."""
        has_events = found_events(job.task.path, job.task.events) is not None
        if self._failed.get(job.path) == job.sha256 and not has_events:  # these may be what has changed
            return ("", "") if self.retry_failed or self.again else ("failed", job.failed_key)
        if self.again or not job.sha256:
            return "", ""
        # a journal whose recording was not there then is archived by its own content
        there = self._patiently(lambda: calls.known(self.archive, {job.key, job.sha256}))
        return ("done", job.key if job.key in there else job.sha256) if there else ("", "")

    def _is_unheard(self, task: Task, key: str) -> bool:
        """Whether an archived call lacks the call events that there are now."""
        if found_events(task.path, task.events) is None:
            return False
        return self._patiently(lambda: particulars.only_heard(self.archive, key))

    def _keep(self, judged: list[NewCall]) -> None:
        """Into the archive, together; rows that said that these files were bad go."""
        mended = [
            call.source for call in judged if call.status == "done" and self._failed.pop(call.source, None) is not None
        ]
        if mended:
            self._patiently(lambda: failed.forget(self.archive, mended))
        good = [replace(call, flow=self.flow) for call in judged if call.status == "done"]
        bad = [call for call in judged if call.status == "failed"]
        self._patiently(lambda: calls.add(self.archive, good, again=self.again, rescore=rescored))
        self._patiently(lambda: calls.add(self.archive, bad, again=True))
        for call in good + bad:
            self.beside(call)
            self._count(call)

    def _count(self, call: NewCall) -> None:
        with self._lock:
            if call.status == "failed":
                self.tally.failed += 1
            elif call.key in self._kept:
                self.tally.same += 1
                self.tally.copies.append((call.source, self._kept[call.key]))
            else:
                self._kept[call.key] = call.source
                self.tally.done += 1
                self.tally.seconds += call.duration
            self.tally.bytes += self._sizes.pop(call.source or call.path, 0)
        self.watcher.call(call)
        self.watcher.update(self.tally)

    def _patiently(self, action: Callable[[], T]) -> T:
        """What the archive answers, tried again while it does not: nothing that is done here harms when done twice."""
        for pause in self.pauses:
            try:
                return action()
            except ArchiveError as error:
                self.watcher.trouble(error.message)
                if self._stopped.wait(pause):
                    raise
        return action()


def _size(task: Task) -> int:
    try:
        return task.path.stat().st_size
    except OSError:
        return 0
