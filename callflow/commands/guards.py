"""Plugins at work in a call: what one of them raises is told in words, and the call goes on where it can."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Real
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from callflow.errors import PluginError
from callflow.events import Heard, Speaker
from callflow.plugins import Plugin, at_work, must_be
from callflow.speech.endpoint import Samples
from callflow.speech.transcriber import Session, Transcriber
from callflow.telephony.source import CallEvents, Notice, Signal


@dataclass(frozen=True, slots=True)
class GuardedEngine:
    """A ``Transcriber`` of a plugin."""

    plugin: Plugin
    engine: Transcriber

    @property
    def name(self) -> str:
        return self.plugin.name

    def session(self, speaker: Speaker, partials: bool = True) -> Session:
        with at_work(self.plugin):
            return GuardedSession(self.plugin, self.engine.session(speaker, partials))

    def close(self) -> None:
        with at_work(self.plugin):
            self.engine.close()


class GuardedSession:
    """A ``Session`` of a plugin. What it raises ends a replay; live, the recogniser is started anew."""

    def __init__(self, plugin: Plugin, session: Session) -> None:
        self._plugin = plugin
        self._session = session

    @property
    def partials(self) -> bool:
        with at_work(self._plugin):
            return self._session.partials

    @partials.setter
    def partials(self, wanted: bool) -> None:
        with at_work(self._plugin):
            self._session.partials = wanted

    @property
    def concluded(self) -> int:
        with at_work(self._plugin):
            return self._session.concluded

    def accept(self, samples: Samples, voiced: NDArray[np.bool_]) -> list[Heard]:
        with at_work(self._plugin):
            return _heard(self._session.accept(samples, voiced))

    def finish(self) -> list[Heard]:
        with at_work(self._plugin):
            return _heard(self._session.finish())


def _heard(given: Iterable[Heard]) -> list[Heard]:
    heard = list(given)
    for one in heard:
        must_be(Heard, one, "an engine hears")
        must_be(str, one.text, "what is heard is")
        for seconds in (one.start, one.end):
            must_be(Real, seconds, "times are")
    return heard


class GuardedSource:
    """A source of call events of a plugin. Once it has failed the agent is told, and it says nothing more."""

    def __init__(self, plugin: Plugin, source: CallEvents) -> None:
        self._plugin = plugin
        self._source = source
        self._failed = False

    def __enter__(self) -> Self:
        with at_work(self._plugin):
            self._source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with at_work(self._plugin):
            self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Signal]:
        return self

    def __next__(self) -> Signal:
        if self._failed:
            raise StopIteration
        try:
            with at_work(self._plugin):
                signal = next(self._source, None)
                if signal is not None:
                    must_be(Signal, signal, "a telephony source tells")
        except PluginError as error:
            return self._over(error)
        if signal is None:
            raise StopIteration
        return signal

    def waiting(self) -> list[Signal]:
        if self._failed:
            return []
        try:
            with at_work(self._plugin):
                signals = list(self._source.waiting())
                for signal in signals:
                    must_be(Signal, signal, "a telephony source tells")
                return signals
        except PluginError as error:
            return [self._over(error)]

    def _over(self, error: PluginError) -> Notice:
        self._failed = True
        return Notice(f"plugin.{self._plugin.name}", error.message, time.monotonic())
