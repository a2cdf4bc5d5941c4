"""A connection to a telephone exchange that is made again whenever it is lost."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from callflow.errors import TelephonyError
from callflow.telephony.asterisk import Extension, Fact
from callflow.telephony.source import Inbox
from callflow.texts import refused, text

BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next try; the last for every further one."""
LOOK = 0.5
"""Longest time, in seconds, that a reader waits before it looks whether it should stop."""
FIRST = 15.0
"""Seconds that the first try may take; after that the source goes on in the background."""


class Connection(Protocol):
    """An open, logged-in connection."""

    def receive(self, timeout: float) -> list[Fact]:
        """What has come, waiting ``timeout`` seconds at most; raises ``OSError`` where the connection is lost."""
        ...

    def close(self) -> None: ...


class Link(Inbox):
    """Follows one extension over a connection that ``connect`` makes: a ``CallEvents`` source.

    A password that is refused when the source is opened raises ``TelephonyError``. A host that cannot be reached is a
    notice, then and later, and is tried again for as long as it takes.
    """

    def __init__(self, name: str, where: str, endpoint: str) -> None:
        super().__init__()
        self.name, self.where = name, where
        self._extension = Extension(endpoint)
        self._leaving = threading.Event()
        self._tried = threading.Event()
        self._refusal: TelephonyError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def connect(self) -> Connection:
        """Connect and log in; raises ``OSError`` where nobody answers, ``TelephonyError`` where we are refused."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        self._tried.wait(FIRST)
        if self._refusal is not None:
            self._thread.join()
            raise self._refusal
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._thread.join()
        self.close()

    def _run(self) -> None:
        failed = 0
        while not self._leaving.is_set():
            try:
                connection = self.connect()
            except TelephonyError as error:
                if not self._tried.is_set():
                    self._refusal = error
                    self._tried.set()
                    return
                self.notice(self.name, error.message)
            except Exception as error:  # OSError, or what a library makes of a name or an answer that is none
                self._unreachable(error)
            else:
                failed = 0
                self.notice(
                    self.name, text("{n}: connected to {w}", "{n}：已连接 {w}", n=self.name, w=self.where), over=True
                )
                self._tried.set()
                self._follow(connection)
            self._tried.set()
            self._leaving.wait(BACK_OFF[min(failed, len(BACK_OFF) - 1)])
            failed += 1

    def _follow(self, connection: Connection) -> None:
        """Read until the connection is lost or we are leaving."""
        try:
            while not self._leaving.is_set():
                ring = self._extension.wait(time.monotonic())
                facts = connection.receive(LOOK if ring is None else max(0.0, min(LOOK, ring)))
                now = time.monotonic()
                self.put(*self._extension.due(now))
                for fact in facts:
                    self.put(*self._extension.take(fact, now))
        except Exception as error:  # what the other side sends must not end the thread
            self._unreachable(error)
        finally:
            with suppress(Exception):
                connection.close()

    def _unreachable(self, error: Exception) -> None:
        self.notice(
            self.name,
            text(
                "{n}: {w} cannot be reached ({e}); it is tried again. Check the address, and that Asterisk is running",
                "{n}：无法连接 {w}（{e}），将自动重试。请检查地址，并确认 Asterisk 正在运行",
                n=self.name,
                w=self.where,
                e=refused(error) if isinstance(error, OSError) else str(error) or type(error).__name__,
            ),
        )
