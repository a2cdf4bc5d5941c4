"""Work spread over processes of this computer; a cluster does the same with ``fleet``."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Thread
from typing import Any, TypeVar

from callflow.errors import CallflowError
from callflow.review.batch.pool import undisturbed
from callflow.texts import text

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 4
"""Items that wait for each worker, so that none is ever idle; no more, so that a hundred thousand need no room."""
MOST_DEATHS = 3
"""Workers that die one after another with nothing done in between; then it is no accident."""


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
    left = iter(items)
    waiting: deque[Item] = deque()
    deaths = 0
    while deaths < MOST_DEATHS:
        done = 0
        try:
            for result in _pooled(function, left, waiting, workers):
                done += 1
                yield result
            return
        except BrokenProcessPool:
            deaths = 1 if done else deaths + 1
    raise CallflowError(
        text("the worker processes end by themselves again and again", "工作进程反复自行退出"),
        text("is there enough memory? try fewer --workers", "内存是否足够？请减少 --workers"),
    )


def _pooled(
    function: Callable[[Item], Result], left: Iterator[Item], waiting: deque[Item], workers: int
) -> Iterator[Result]:
    """Results of one pool, until it breaks; ``waiting`` has what was taken from ``left`` and has no result yet."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(function,))

    def submitted(item: Item) -> Future[Result]:
        with undisturbed():
            return pool.submit(_work, item)

    try:
        futures = deque(map(submitted, waiting))
        for item in left:
            waiting.append(item)
            futures.append(submitted(item))
            if len(futures) > AHEAD * workers:
                result = futures.popleft().result()
                waiting.popleft()
                yield result
        while futures:
            result = futures.popleft().result()
            waiting.popleft()
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# ------------------------------------------------------------------------------------------------ in a worker

_function: Callable[[Any], Any] | None = None


def _begin(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    if parent := multiprocessing.parent_process():
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """Whatever ended the one who started us, also a kill, nobody waits for our results any more."""
    parent.join()
    os._exit(1)


def _work(item: Any) -> Any:
    assert _function is not None
    return _function(item)
