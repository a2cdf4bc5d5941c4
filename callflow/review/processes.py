"""Work spread over processes of this computer; a cluster does the same with ``fleet``.

The standard pools give up altogether when one of their processes is killed. Here it is replaced, and what it was at is
done again; an item that kills two of them is to blame.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, Generic, TypeVar, cast

from callflow.errors import CallflowError
from callflow.texts import text

Item = TypeVar("Item")
Result = TypeVar("Result")
TRIES = 2
"""Processes that may be killed by one item before it is given up."""
FALSE_STARTS = 3
"""Processes that may die one after another before they are ready: then something is wrong with this machine."""
AHEAD = 4
"""Items for each worker that ``run`` takes before the results of those before them are there."""
READY = "ready"


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """``function`` of every item, in their order, by ``workers`` processes; one works in this process itself.

    ``function`` is sent to each process once, so that what it carries may be large. A worker that is killed costs
    nothing: what it had is done again. Raises ``CallflowError`` where workers die again and again.
    """
    if workers <= 1:
        yield from map(function, items)
    else:
        yield from pooled(function, items, workers)


def pooled(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """The same, in processes of their own even where it is only one."""
    early: dict[int, Result] = {}
    given = 0

    def room(taken: int) -> bool:
        return taken - given < AHEAD * workers

    with Pool(function, workers) as pool:
        for task in pool.tasks(items, room, ahead=workers):
            if not task.done:
                raise CallflowError(
                    text("the worker processes end by themselves again and again", "工作进程反复自行退出"),
                    text("is there enough memory? try fewer --workers", "内存是否足够？请减少 --workers"),
                )
            early[task.number] = task.result
            while given in early:
                given += 1
                yield early.pop(given - 1)


@dataclass(eq=False, slots=True)
class Task(Generic[Item, Result]):
    """An item, counted from 0. ``done``: ``result`` is there; else it was given up, as it killed its processes."""

    number: int
    item: Item
    killed: int = 0
    done: bool = False
    _result: Result | None = None

    @property
    def result(self) -> Result:
        return cast(Result, self._result)

    def finish(self, told: Any) -> None:
        """Take in what a process told; raises what the function raised."""
        if isinstance(told, _Raised):
            raise told.error
        self._result, self.done = told, True


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


@dataclass(eq=False, slots=True)
class _Hand:
    """One process, its pipe, and what it is at."""

    process: Any
    pipe: Connection
    task: Task[Any, Any] | None = None
    ready: bool = False


class Pool(Generic[Item, Result]):
    """``size`` processes that apply ``function``; use it as a context manager, so that none is left behind."""

    def __init__(self, function: Callable[[Item], Result], size: int) -> None:
        self._function = function
        self._size = size
        self._hands: list[_Hand] = []
        self._false_starts = 0

    def __enter__(self) -> Pool[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self._hands:
            hand.process.kill()  # whatever it is at will be done again: it keeps nothing
        for hand in self._hands:
            hand.process.join()
            hand.pipe.close()
        self._hands.clear()

    @property
    def pids(self) -> list[int]:
        """The processes there are."""
        return [hand.process.pid for hand in self._hands]

    def tasks(
        self, items: Iterable[Item], room: Callable[[int], bool] = lambda taken: True, ahead: int = 0
    ) -> Iterator[Task[Item, Result]]:
        """What became of ``items``, in whatever order they are done.

        No more is taken of them than there are hands, and ``ahead`` more while these are busy; and none while ``room``
        says no to how many were taken.
        """
        left: _Left[Item, Result] = _Left(items, room)
        while True:
            self._hand_out(left)
            busy = [hand for hand in self._hands if hand.task or not hand.ready]
            if not any(hand.task for hand in busy):
                return
            left.take(ahead)
            for pipe in wait([hand.pipe for hand in busy]):
                hand = next(hand for hand in busy if hand.pipe is pipe)
                task = self._heard(hand)
                if task and not task.done and task.killed < TRIES:
                    left.again.append(task)
                elif task:
                    yield task

    def _heard(self, hand: _Hand) -> Task[Item, Result] | None:
        """The task that a hand has done, or was killed over."""
        task = hand.task
        try:
            told = hand.pipe.recv()
        except (EOFError, OSError):
            self._bury(hand)
            if task:
                task.killed += hand.ready
            return task
        if told == READY and not hand.ready:
            hand.ready, self._false_starts = True, 0
            return None
        hand.task = None
        if task:
            task.finish(told)
        return task

    def _hand_out(self, left: _Left[Item, Result]) -> None:
        """Give every idle hand something to do; hire as long as there is work."""
        while idle := next((hand for hand in self._hands if hand.task is None), None) or len(self._hands) < self._size:
            task = left.next()
            if task is None:
                return
            hand = idle if isinstance(idle, _Hand) else self._hire()
            hand.task = task
            with suppress(OSError):  # it has just died, which the other end of its pipe tells
                hand.pipe.send(task.item)

    def _hire(self) -> _Hand:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._function), name="callflow worker", daemon=True)
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
                text("the worker processes do not start", "工作进程无法启动"),
                text("is there memory left? try --workers 1", "请检查内存，或试用 --workers 1"),
            )


class _Left(Generic[Item, Result]):
    """What is left to do. ``again``: what a killed process was at, which comes first."""

    def __init__(self, items: Iterable[Item], room: Callable[[int], bool]) -> None:
        self.again: deque[Task[Item, Result]] = deque()
        self._items = iter(items)
        self._room = room
        self._taken = 0
        self._ahead: deque[Task[Item, Result]] = deque()

    def next(self) -> Task[Item, Result] | None:
        if self.again:
            return self.again.popleft()
        if not self._ahead:
            self.take(1)
        return self._ahead.popleft() if self._ahead else None

    def take(self, many: int) -> None:
        """Take items until ``many`` wait, as long as there is room for them."""
        while len(self._ahead) < many and self._room(self._taken):
            for item in self._items:
                self._ahead.append(Task(self._taken, item))
                self._taken += 1
                break
            else:
                return


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


# ------------------------------------------------------------------------------------------------ in a worker


def serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """What a process of the pool does until nobody wants anything any more."""
    if parent := multiprocessing.parent_process():
        Thread(target=_end_with, args=(parent,), daemon=True).start()
    with suppress(EOFError, OSError):
        pipe.send(READY)
        while True:
            item = pipe.recv()
            try:
                told = function(item)
            except Exception as error:
                told = _Raised(error)
            pipe.send(told)


def _end_with(parent: Any) -> None:
    """Whatever ended the one who started us, also a kill, nobody waits for our results any more."""
    parent.join()
    os._exit(1)
