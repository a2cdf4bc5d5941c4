"""A batch from beginning to end: what is archived already is passed over, the rest is judged and archived call by call.

Whatever interrupts it, the same command goes on where it was: a call is in the archive or it is not, and its key, the
sha256 of what was recorded, keeps it from being there twice. Only this process writes to the archive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from callflow.archive import calls, failed
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.errors import ArchiveError
from callflow.review.batch.task import Task
from callflow.review.batch.work import Job, content_hash
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
    """How far a batch is. ``there``: archived before; ``same``: files with the content of one before them;
    ``seconds``: of sound that was judged; ``bytes`` of ``all_bytes``: sizes of files that are settled, and of all."""

    files: int = 0
    all_bytes: int = 0
    bytes: int = 0
    done: int = 0
    failed: int = 0
    there: int = 0
    same: int = 0
    seconds: float = 0.0
    skipped_bytes: int = 0

    @property
    def settled(self) -> int:
        return self.done + self.failed + self.there + self.same


@dataclass(slots=True)
class Batch:
    """``again``: judge also what is archived; ``retry_failed``: try those once more that failed."""

    archive: Archive
    watcher: Watcher
    again: bool = False
    retry_failed: bool = False
    pauses: Sequence[float] = PAUSES
    tally: Tally = field(default_factory=Tally)
    _failed: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _sizes: dict[str, int] = field(default_factory=dict)

    def run(self, tasks: Sequence[Task], crew: Crew) -> Tally:
        """Judge ``tasks``. Raises ``ArchiveError`` where the archive does not come back."""
        self._failed = self._patiently(lambda: failed.known(self.archive))
        self.tally.files = len(tasks)
        self.tally.all_bytes = sum(map(_size, tasks))
        for call in crew.results(self._jobs(tasks)):
            self._keep(call)
        self.watcher.update(self.tally)
        return self.tally

    def _jobs(self, tasks: Iterable[Task]) -> Iterator[Job]:
        """The tasks that are to be judged; each is looked at when somebody is free for it."""
        for task in tasks:
            job, size = Job(task, content_hash(task.path)), _size(task)
            if job.sha256 and job.sha256 in self._seen:
                self.tally.same += 1
            elif self._settled_before(job):
                self.tally.there += 1
                self._seen.add(job.sha256)
            else:
                self._seen.add(job.sha256)
                self._sizes[job.path] = size
                yield job
                continue
            self.tally.bytes += size
            self.tally.skipped_bytes += size
            self.watcher.update(self.tally)

    def _settled_before(self, job: Job) -> bool:
        if self._failed.get(job.path) == job.sha256:
            return not (self.retry_failed or self.again)
        if self.again or not job.sha256:
            return False
        return bool(self._patiently(lambda: calls.known(self.archive, [job.sha256])))

    def _keep(self, call: NewCall) -> None:
        """Into the archive, in a transaction of its own; a row that said the file was bad goes."""
        if call.status == "done" and self._failed.pop(call.path, None) is not None:
            self._patiently(lambda: failed.forget(self.archive, [call.path]))
        again = self.again or call.status == "failed"
        self._patiently(lambda: calls.add(self.archive, [call], again=again))
        if call.status == "done":
            self.tally.done += 1
            self.tally.seconds += call.duration
        else:
            self.tally.failed += 1
        self.tally.bytes += self._sizes.pop(call.path, 0)
        self.watcher.call(call)
        self.watcher.update(self.tally)

    def _patiently(self, action: Callable[[], T]) -> T:
        """What the archive answers, tried again while it does not: nothing that is done here harms when done twice."""
        for pause in self.pauses:
            try:
                return action()
            except ArchiveError as error:
                self.watcher.trouble(error.message)
                time.sleep(pause)
        return action()


def _size(task: Task) -> int:
    try:
        return task.path.stat().st_size
    except OSError:
        return 0
