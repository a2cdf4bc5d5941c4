"""A batch on a cluster: Dask's workers judge, this process archives. The only place that knows Dask.

The workers need callflow, the recogniser's model, and the recordings under the same paths. Dask gives the calls of a
worker that is gone to another; a file that takes several workers with it is to blame, as in ``batch.pool``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import uuid4

import distributed

from callflow.archive.calls import NewCall
from callflow.errors import BadInput, CallflowError
from callflow.review.batch.pool import KILLED
from callflow.review.batch.work import Job, Settings, Trouble, Worker, failed, settled
from callflow.review.processes import undisturbed
from callflow.texts import text

Item = TypeVar("Item")
Result = TypeVar("Result")
LOCAL = "local"
AHEAD = 2
"""Calls that each thread of the cluster has waiting, so that none is idle while an answer travels."""
PATIENCE = 15
"""Seconds for which a cluster is looked for."""
_dask: Any = distributed  # half of it has types


@contextmanager
def connected(address: str, size: int) -> Iterator[Any]:
    """A client of the cluster at ``address``; see ``Fleet``."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told by us, in words
    with ExitStack() as stack:
        try:
            cluster: Any = address
            if address == LOCAL:
                with undisturbed():
                    cluster = _dask.LocalCluster(
                        n_workers=size, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
                    )
                stack.enter_context(cluster)
            client = stack.enter_context(_dask.Client(cluster, timeout=PATIENCE, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise BadInput(
                text('no cluster, or no worker in it, at "{a}"', "“{a}”处没有集群，或集群中没有工作进程", a=address),
                text("start one: dask scheduler, dask worker", "请先启动 dask scheduler 与 dask worker"),
            ) from error
        yield client


@contextmanager
def _there(client: Any, plugin: Any) -> Iterator[None]:
    """``plugin`` on every worker as long as it is needed: a cluster would keep all that it was ever sent."""
    client.register_plugin(plugin)
    try:
        yield
    finally:
        with suppress(OSError, TimeoutError):  # a cluster that has gone keeps nothing
            client.unregister_worker_plugin(plugin.name)


class Fleet:
    """A cluster at ``address`` (``tcp://host:port``), or ``local``: ``size`` processes here. A context manager.

    Raises ``BadInput`` where there is none, or nobody in it.
    """

    def __init__(self, settings: Settings, address: str, size: int) -> None:
        self._plugin = _Judge(settings, _new_name())
        with ExitStack() as stack:
            self._client = stack.enter_context(connected(address, size))
            stack.enter_context(_registered(self._client, self._plugin))
            self._stack = stack.pop_all()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def results(self, jobs: Iterable[Job]) -> Iterator[NewCall]:
        """Judge ``jobs``; see ``batch.run.Crew``."""
        waiting = iter(jobs)
        under_way: dict[str, Job] = {}

        def handed_out(many: int) -> list[Any]:
            taken = list(islice(waiting, many))
            futures = [self._client.submit(_judge, self._plugin.name, job, pure=False, retries=0) for job in taken]
            under_way.update(zip((future.key for future in futures), taken, strict=True))
            return futures

        answers = _dask.as_completed(handed_out(self._room()), loop=self._client.loop)
        for future in answers:
            yield self._told(future, under_way.pop(future.key))
            for more in handed_out(max(0, self._room() - len(under_way))):
                answers.add(more)

    def _room(self) -> int:
        """Calls that may be under way at a time; workers come and go."""
        return AHEAD * max(1, sum(map(int, self._client.nthreads().values())))

    def _told(self, future: Any, job: Job) -> NewCall:
        error = future.exception() if future.status == "error" else None
        if isinstance(error, _dask.KilledWorker):
            return failed(job, KILLED)
        if error is not None or future.status != "finished":
            why = str(error) or future.status
            raise CallflowError(
                text("the cluster gave up: {w}", "集群中断：{w}", w=why[:300]),
                text("run the same command again to go on", "再次运行同一命令即可继续"),
            ) from error
        told: NewCall | Trouble = future.result()
        return settled(told)


def run(function: Callable[[Item], Result], items: Iterable[Item], address: str, size: int) -> Iterator[Result]:
    """``function`` of every item on a cluster, in their order; it is sent to each worker once. As ``processes.run``.

    What a worker had that is gone is done again by another. Raises as ``Fleet``.
    """
    with connected(address, size) as client:
        plugin = _Function(function, _new_name())
        with _registered(client, plugin):
            yield from _in_order(client, plugin.name, items)


def _in_order(client: Any, name: str, items: Iterable[Item]) -> Iterator[Any]:
    waiting = iter(items)
    under_way: deque[Any] = deque()
    while True:
        room = AHEAD * max(1, sum(map(int, client.nthreads().values())))
        for item in islice(waiting, max(0, room - len(under_way))):
            under_way.append(client.submit(_apply, name, item, pure=False))
        if not under_way:
            return
        try:
            yield under_way.popleft().result()
        except _dask.KilledWorker as error:
            raise CallflowError(
                text("workers of the cluster end by themselves again and again", "集群的工作进程反复自行退出"),
                text("is there enough memory on them?", "其内存是否足够？"),
            ) from error


def _new_name() -> str:
    """A name for what is sent to a cluster: several commands may use it at once."""
    return f"callflow-{uuid4().hex}"


@contextmanager
def _registered(client: Any, plugin: Any) -> Iterator[None]:
    """``plugin`` is on each worker of the cluster, also on those that come; and gone from all at the end."""
    client.register_plugin(plugin)
    try:
        yield
    finally:
        with suppress(Exception):  # a cluster that is gone has forgotten it anyway
            client.unregister_worker_plugin(plugin.name)


@dataclass
class _Function(distributed.WorkerPlugin):
    """On each worker of the cluster: a function with all that it carries."""

    function: Callable[[Any], Any]
    name: str


def _apply(name: str, item: Any) -> Any:
    plugin: _Function = _dask.get_worker().plugins[name]
    return plugin.function(item)


@dataclass
class _Judge(distributed.WorkerPlugin):
    """On each worker of the cluster: the flow, and the model once it is needed."""

    settings: Settings
    name: str

    def setup(self, worker: Any) -> None:
        self.worker = Worker(self.settings)

    def teardown(self, worker: Any) -> None:
        self.worker.close()


def _judge(name: str, job: Job) -> NewCall | Trouble:
    plugin: _Judge = _dask.get_worker().plugins[name]
    return plugin.worker.attempt(job)
