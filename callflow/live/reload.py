"""A flow that is published while calls are taken: it is noticed, made ready, and taken up between two calls.

The files are looked at every second. What has changed is read only when it has held still from one look to the next,
for somebody may be saving, and compiled in a process of its own, so that a call that is on hears nothing of it. A flow
with mistakes is told of and never used; the session goes on with the one it has.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from callflow import flowfiles, plans, running
from callflow.call.plan import Plan
from callflow.errors import BadFlow, CallflowError
from callflow.texts import Text, text

EVERY = 1.0
"""Seconds between two looks at the files."""
LONGEST = 120.0
"""Seconds in which a flow is made ready, or it never is."""
CUT_OFF = text(
    "The flow has changed since the last call was cut off: its record ends there, the rest of it has no guidance",
    "上一通电话中断后流程已更改：其记录到中断处为止，剩余部分没有提示",
)
_Look = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A flow made ready, or why not: how many mistakes, and the first one."""

    plan: Plan | None
    mistakes: int = 0
    first: Text | None = None


class Reload:
    """Watches the flow called ``name``, of which ``plan`` is running. ``every``: seconds between two looks.

    The session asks ``fresh`` and ``trouble``, and tells of what it has taken up by ``use``; all else is in a thread.
    """

    def __init__(self, name: str, plan: Plan, every: float = EVERY) -> None:
        self.path = flowfiles.find(name)
        self.in_call = False
        """whether a call is on: told to those who publish"""
        self.trouble: Text | None = None
        self._name, self._every = name, every
        self._running = flowfiles.of_calls(plan.flow.hashes)
        self._ready: Plan | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._mark = running.Mark(self.path)
        self._marked = float("-inf")
        self._thread = threading.Thread(target=self._watch, name="flow files", daemon=True)

    def __enter__(self) -> Reload:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5.0)
        self._mark.remove()

    def fresh(self) -> Plan | None:
        """A plan that is ready and waits to be taken up."""
        return self._ready

    def use(self, plan: Plan) -> None:
        """The session has taken ``plan`` up."""
        with self._lock:
            self._running = flowfiles.of_calls(plan.flow.hashes)
            if self._ready is plan:
                self._ready = None

    # ------------------------------------------------------------------------------------ the thread

    def _watch(self) -> None:
        done: _Look | None
        before, done = self._look(), None  # they may have changed since ``plan`` was read
        while not self._stop.wait(self._every):
            try:
                now = self._look()
                if now == before and now != done:
                    done = now
                    self._changed()
                before = now
                self._say_so()
            except Exception as error:  # whatever it is: with the thread no later version would ever come
                self.trouble = _trouble(_failed(error), self.path)

    def _say_so(self) -> None:
        """Leave the mark of this overlay, now and then."""
        if time.monotonic() - self._marked >= running.AGAIN:
            self._mark.write(running.version(self._running), self.in_call)
            self._marked = time.monotonic()

    def _changed(self) -> None:
        """The files are others than those last looked into."""
        try:
            found = flowfiles.read_sources(str(self.path), rehearsals=False)
        except CallflowError as error:
            self.trouble = _trouble(Made(None, 1, Text(error.in_("en"), error.in_("zh"))), self.path)
            return
        with self._lock:
            if self._is(found.hashes, self._running) and not found.unread:
                self._ready = self.trouble = None  # as it was
                return
        made = self._made()
        if self._stop.is_set():
            return
        with self._lock:
            self.trouble = None if made.plan else _trouble(made, self.path)
            # What waited has been overtaken: a broken flow leaves the one that is running.
            new = made.plan and not self._is(made.plan.flow.hashes, self._running)
            self._ready = made.plan if new else None

    def _made(self) -> Made:
        """The flow made ready in a process of its own, which is ended when it takes too long."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_make, args=(theirs, str(self.path)), name="callflow flow", daemon=True)
        process.start()
        theirs.close()
        end = time.monotonic() + LONGEST
        try:
            while not ours.poll(min(self._every, 0.5)):
                self._say_so()
                if self._stop.is_set() or time.monotonic() > end:
                    return Made(None, 1, text("it takes too long", "耗时过长"))
            made = ours.recv()
            assert isinstance(made, Made)
            return made
        except EOFError:
            return Made(None, 1, text("its process has died", "处理进程已退出"))
        finally:
            process.kill()
            process.join()
            ours.close()

    @staticmethod
    def _is(hashes: Mapping[str, str], running: Mapping[str, str]) -> bool:
        return flowfiles.of_calls(hashes) == dict(running)

    def _look(self) -> _Look:
        """Which files there are, how large and how old: quick, and enough to know that something has changed."""
        try:
            files = sorted(flowfiles.yaml_files(self.path)) if self.path.is_dir() else [self.path]
        except CallflowError:
            return ()
        found = []
        for file in files:
            try:
                state = os.stat(file)
            except OSError:
                continue
            if not file.name.endswith(flowfiles.REHEARSALS):
                found.append((str(file), state.st_size, state.st_mtime_ns, state.st_ino))
        return tuple(found)


def _trouble(made: Made, path: Path) -> Text:
    first = made.first or Text("", "")
    return text(
        "The new flow has mistakes ({n}) and is not used; the one before goes on. callflow lint {p} tells: {e}",
        "新流程有 {n} 处错误，未启用，继续使用原流程。详情请运行 callflow lint {p}：{z}",
        n=made.mistakes,
        p=path.name,
        e=first.en,
        z=first.zh,
    )


def updated(plan: Plan) -> Text:
    """What the agent is told of a flow that was taken up."""
    return text("The flow was updated (version {v})", "流程已更新（版本 {v}）", v=running.version(plan.flow.hashes))


# ------------------------------------------------------------------------------------------------ the process


def _make(answer: Connection, path: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the session, which ends this process
    try:
        made = _load(path)
    except Exception as error:
        made = _failed(error)
    answer.send(made)


def _failed(error: Exception) -> Made:
    words = f"{type(error).__name__}: {error}"
    return Made(None, 1, Text(words, words))


def _load(path: str) -> Made:
    try:
        return Made(plans.load(path)[0])
    except BadFlow as error:
        first = error.problems[0] if error.problems else None
        words = Text(f"{first.at}: {first.message.en}", f"{first.at}：{first.message.zh}") if first else error.message
        return Made(None, max(1, len(error.problems)), words)
    except CallflowError as error:
        return Made(None, 1, Text(error.in_("en"), error.in_("zh")))
