"""What is heard of a live call: acoustics here, words from recognisers in their own processes.

A stream is one stretch of a call without a break in the listening; after a crash of the only recogniser another begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import Block
from callflow.events import Gap, Heard, Speaker
from callflow.live.call import LiveCall, shifted
from callflow.live.recogniser import Changed, News, Reached, Recogniser, Said
from callflow.live.stages import Stages
from callflow.texts import Text

SLOW, QUICK_AGAIN = 1.5, 0.4
"""Seconds behind from which on the quick recogniser says finals only, and below which it says partials again."""
LATE = 8.0
"""Seconds behind from which on the agent is told that confirmation is late."""
TOLD_EVERY = 5.0
"""Seconds after which a call that nobody listens to is told so."""
LONGEST_FAREWELL = 15.0
"""Seconds, on the source's clock, that recognisers may take for what was under way when a call ended."""


@dataclass(slots=True)
class _Stream:
    call: LiveCall
    offset: float  # seconds on the call's clock at its second 0
    engines: frozenset[str]
    stages: Stages
    number: int  # of the call's streams, from 0
    open: dict[str, Heard] = field(default_factory=dict)  # utterances of which only partials are known
    ending_since: float = -1.0
    finished: frozenset[str] = frozenset()


class Ears:
    """Listens to the call that is on, and to the end of those before it.

    ``recognisers``: the quick one first; a second is the one that decides.
    """

    def __init__(self, recognisers: Sequence[Recogniser]) -> None:
        self.recognisers = {recogniser.name: recogniser for recogniser in recognisers}
        self._ready: set[str] = set()
        self._streams: dict[int, _Stream] = {}
        self._count = 0
        self._current = 0
        self._deaf_since: dict[int, tuple[LiveCall, float]] = {}
        self.slow = self.late = False
        """the quick recogniser says finals only; confirmation is late"""
        self.why: dict[str, Text] = {}
        """Why recognisers that are missing do not run, where they could say it."""

    @property
    def ready(self) -> bool:
        """Whether any recogniser listens."""
        return bool(self._ready)

    @property
    def missing(self) -> list[str]:
        """Recognisers that are not there at the moment."""
        return [name for name in self.recognisers if name not in self._ready]

    @property
    def behind(self) -> float:
        """Seconds that the slowest recogniser is behind."""
        return max((self.recognisers[name].behind for name in self._ready), default=0.0)

    # ------------------------------------------------------------------------------------ calls

    def begin(self, call: LiveCall, at: float = 0.0) -> None:
        """Listen to ``call`` from ``at`` seconds of its clock on."""
        if not self._ready:
            self._deaf_since[id(call)] = call, at
            return
        names = [name for name in self.recognisers if name in self._ready]
        self._count += 1
        stages = Stages(names[-1] if len(names) > 1 else "")
        self._streams[self._count] = _Stream(call, at, frozenset(names), stages, call.streams)
        call.streams += 1
        self._current = self._count
        self.slow = False
        for name in names:
            self.recognisers[name].begin(self._count)

    def hear(self, block: Block, agent_voiced: NDArray[np.bool_], customer_voiced: NDArray[np.bool_]) -> None:
        """More sound of the call that is on."""
        self._tell_of_gaps(TOLD_EVERY)
        stream = self._streams.get(self._current)
        if stream is None or stream.ending_since >= 0:
            return
        channels: dict[Speaker, tuple[NDArray[np.int16], NDArray[np.bool_]]] = {
            "agent": (block.agent, agent_voiced),
            "customer": (block.customer, customer_voiced),
        }
        for name in stream.engines & self._ready:
            self.recognisers[name].hear(self._current, channels)
        self._keep_up(stream)

    def end(self, call: LiveCall, clock: float) -> None:
        """``call`` is over; what is under way is still decoded. ``clock``: the source's."""
        self._tell_of_gaps(0.0)
        self._deaf_since.pop(id(call), None)
        self.slow = self.late = False
        for number, stream in self._streams.items():
            if stream.call is call and stream.ending_since < 0:
                stream.ending_since = clock
                for name in stream.engines & self._ready:
                    self.recognisers[name].finish(number)

    def done_with(self, call: LiveCall, clock: float) -> bool:
        """Whether nothing more will be heard of ``call``, which has ended."""
        streams = [(number, stream) for number, stream in self._streams.items() if stream.call is call]
        waiting = [
            stream
            for _, stream in streams
            if stream.finished < stream.engines & self._ready and clock - stream.ending_since < LONGEST_FAREWELL
        ]
        if not waiting:
            for number, stream in streams:
                for heard in stream.stages.give_up():
                    self._feed(stream, heard)
                del self._streams[number]
        return not waiting

    def _tell_of_gaps(self, longest: float) -> None:
        """Tell a call that nobody listens to of what it has missed, before the engine thinks that nothing was said."""
        for call, since in list(self._deaf_since.values()):
            if call.now - since > longest:
                call.feed(Gap(at=call.now, start=since, end=call.now))
                self._deaf_since[id(call)] = call, call.now

    def _keep_up(self, stream: _Stream) -> None:
        """On a machine that is too slow what is provisional goes first; finals always come."""
        quick = next(iter(self.recognisers))
        behind = self.recognisers[quick].behind if quick in self._ready else 0.0
        if (behind > SLOW and not self.slow) or (behind < QUICK_AGAIN and self.slow):
            self.slow = not self.slow
            self.recognisers[quick].partials(self._current, not self.slow)
        self.late = self.behind > LATE

    # ------------------------------------------------------------------------------------ news

    def take(self, news: News) -> bool:
        """What a recogniser says goes to its call. Returns whether there is anything new to show."""
        if isinstance(news, Changed):
            self._changed(news)
            return True
        stream = self._streams.get(news.call)
        if stream is None:
            return False
        if isinstance(news, Said):
            heard = shifted(news.heard, stream.offset)
            assert isinstance(heard, Heard)
            decided = stream.stages.heard(news.engine, heard, stream.call.now)
        else:
            decided = self._reached(stream, news)
        for heard in decided:
            self._feed(stream, heard)
        return bool(decided)

    def _reached(self, stream: _Stream, news: Reached) -> list[Heard]:
        if news.finished:
            stream.finished |= {news.engine}
        concluding = news.engine == stream.stages.accurate
        return stream.stages.concluded(news.concluded, stream.call.now) if concluding else []

    def _feed(self, stream: _Stream, heard: Heard) -> None:
        if stream.number:
            heard = replace(heard, utterance=f"{heard.utterance}.{stream.number}")
        if heard.final:
            stream.open.pop(heard.utterance, None)
        else:
            stream.open[heard.utterance] = heard
        stream.call.feed(heard)

    def _changed(self, news: Changed) -> None:
        self.why.pop(news.engine, None)
        if news.why:
            self.why[news.engine] = news.why
        if news.state == "ready":
            self._ready.add(news.engine)
            self._tell_of_gaps(0.0)
            deaf = [call for call, _ in self._deaf_since.values()]
            self._deaf_since.clear()
            for call in deaf:
                self.begin(call, call.now)
            return
        self._ready.discard(news.engine)
        for number, stream in list(self._streams.items()):
            if news.engine not in stream.engines:
                continue
            for heard in stream.stages.without(news.engine):
                self._feed(stream, heard)
            if not stream.engines & self._ready:
                for heard in stream.open.values():  # taken back: how they would have ended is not known
                    stream.call.feed(replace(heard, text="", sounds=(), words=()))
                if stream.ending_since < 0:
                    since = stream.call.now - self.recognisers[news.engine].behind
                    self._deaf_since[id(stream.call)] = stream.call, max(0.0, since)
                del self._streams[number]
