"""Processes on this machine that judge calls, one call at a time each; a file that kills two of them has failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callflow.archive.calls import NewCall
from callflow.review import processes
from callflow.review.batch.work import Job, Settings, Trouble, Worker, failed, settled
from callflow.texts import text

KILLED = text("the process that judged it was killed twice (out of memory?)", "处理它的进程两次被终止（内存不足？）")


class Pool:
    """``size`` processes; use it as a context manager, so that none is left behind."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._pool = processes.Pool[Job, NewCall | Trouble](Worker(settings).attempt, size)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.__exit__(*exception)

    @property
    def pids(self) -> list[int]:
        """The processes there are."""
        return self._pool.pids

    def results(self, jobs: Iterable[Job]) -> Iterator[NewCall]:
        """Judge ``jobs``, in whatever order they are done. No more is taken from ``jobs`` than there are hands."""
        for task in self._pool.tasks(jobs):
            yield settled(task.result) if task.done else failed(task.item, KILLED)
