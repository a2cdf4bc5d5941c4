"""Processes on this machine that judge calls, one call at a time each.

The standard pools give up altogether when one of their processes is killed. Here it is replaced, and its call is judged
again; a file that kills two of them is to blame.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from callflow.archive.calls import NewCall
from callflow.errors import CallflowError
from callflow.review.batch.work import Cancelled, Job, Settings, Worker, failed, settled
from callflow.texts import text

TRIES = 2
"""Processes that may be killed by one file before it is given up."""
FALSE_STARTS = 3
"""Processes that may die one after another before they are ready: then something is wrong with this machine."""
READY = "ready"
KILLED = text("the process that judged it was killed twice (out of memory?)", "处理它的进程两次被终止（内存不足？）")


@dataclass(eq=False, slots=True)
class _Hand:
    """One process, its pipe, and what it is at."""

    process: Any
    pipe: Connection
    job: Job | None = None
    ready: bool = False


class Pool:
    """``size`` processes; use it as a context manager, so that none is left behind."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._settings = settings
        self._size = size
        self._hands: list[_Hand] = []
        self._false_starts = 0

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self._hands:
            hand.process.kill()  # whatever it is at will be judged again: it keeps nothing
        for hand in self._hands:
            hand.process.join()
            hand.pipe.close()
        self._hands.clear()

    @property
    def pids(self) -> list[int]:
        """The processes there are."""
        return [hand.process.pid for hand in self._hands]

    def results(self, jobs: Iterable[Job]) -> Iterator[NewCall]:
        """Judge ``jobs``, in whatever order they are done. No more is taken from ``jobs`` than there are hands."""
        waiting = iter(jobs)
        again: deque[Job] = deque()
        killed: Counter[str] = Counter()
        while True:
            self._hand_out(waiting, again)
            busy = [hand for hand in self._hands if hand.job or not hand.ready]
            if not any(hand.job for hand in busy):
                return
            for pipe in wait([hand.pipe for hand in busy]):
                hand = next(hand for hand in busy if hand.pipe is pipe)
                try:
                    told = hand.pipe.recv()
                except (EOFError, OSError):
                    self._bury(hand)
                    if hand.job is None:
                        continue
                    killed[hand.job.path] += hand.ready
                    if killed[hand.job.path] < TRIES:
                        again.append(hand.job)
                    else:
                        yield failed(hand.job, KILLED)
                    continue
                if told == READY:
                    hand.ready, self._false_starts = True, 0
                else:
                    hand.job = None
                    yield settled(told)

    def _hand_out(self, waiting: Iterator[Job], again: deque[Job]) -> None:
        """Give every idle hand something to do; hire as long as there is work."""
        while idle := next((hand for hand in self._hands if hand.job is None), None) or len(self._hands) < self._size:
            job = again.popleft() if again else next(waiting, None)
            if job is None:
                return
            hand = idle if isinstance(idle, _Hand) else self._hire()
            hand.job = job
            with suppress(OSError):  # it has just died, which the other end of its pipe tells
                hand.pipe.send(job)

    def _hire(self) -> _Hand:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._settings), name="callflow batch", daemon=True)
        with undisturbed():
            process.start()
        theirs.close()
        hand = _Hand(process, ours)
        self._hands.append(hand)
        return hand

    def _bury(self, hand: _Hand) -> None:
        """Forget a process that is gone."""
        hand.process.join()
        hand.pipe.close()
        self._hands.remove(hand)
        self._false_starts += not hand.ready
        if self._false_starts >= FALSE_STARTS:
            raise CallflowError(
                text("the workers of the batch do not start", "批处理进程无法启动"),
                text("is there memory left? try --workers 1", "请检查内存，或试用 --workers 1"),
            )


@contextmanager
def undisturbed() -> Iterator[None]:
    """Processes begun inside never hear of a Ctrl-C, which a terminal sends to all of them: it is ours to handle."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # the first process to begin would start it, and with that let signals in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(pipe: Connection, settings: Settings) -> None:
    """What a process of the pool does until nobody wants anything any more."""
    parent = os.getppid()
    worker = Worker(settings)
    with suppress(EOFError, OSError, Cancelled):
        pipe.send(READY)
        while True:
            job: Job = pipe.recv()
            pipe.send(worker.attempt(job, wanted=lambda: os.getppid() == parent))
