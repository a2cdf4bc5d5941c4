"""Two recognisers on the same sound: the quick one says at once what it seems to hear, the accurate one decides.

Both cut the sound into the same utterances, for they are given the same flags; so an utterance has the same name with
both. One recogniser alone is the case in which the quick one decides as well. Pure: news in, events out.
"""

from __future__ import annotations

from dataclasses import replace

from callflow.events import Heard, Speaker

PATIENCE = 5.0
"""Seconds that a final of the quick recogniser waits for the accurate one before it counts."""


class Stages:
    """The words of one call. ``accurate``: the name of the engine that decides; "" where there is only one."""

    def __init__(self, accurate: str = "") -> None:
        self.accurate = accurate
        self._waiting: dict[str, tuple[Heard, float]] = {}
        self._decided: set[str] = set()

    def heard(self, engine: str, heard: Heard, now: float) -> list[Heard]:
        """``engine`` heard something; ``now``: seconds on the call's clock."""
        if heard.utterance in self._decided:
            return []
        if engine == self.accurate or not self.accurate:
            return self._decide(heard) if heard.final else [heard] if not self.accurate else []
        if heard.final:
            self._waiting[heard.utterance] = heard, now
        return [replace(heard, final=False, words=())]

    def concluded(self, last: dict[Speaker, int], now: float) -> list[Heard]:
        """The accurate engine is done with all utterances up to ``last`` (by speaker): where it understood nothing,
        the other's word counts. And whoever waited too long waits no longer."""
        out: list[Heard] = []
        for name, (heard, since) in list(self._waiting.items()):
            if int(name[1:]) <= last.get(heard.speaker, 0) or now - since > PATIENCE:
                out += self._decide(heard)
        return out

    def without(self, engine: str) -> list[Heard]:
        """``engine`` is gone: the other one decides alone."""
        decided = self.give_up() if engine == self.accurate else []
        self.accurate = "" if engine == self.accurate else self.accurate
        return decided

    def give_up(self) -> list[Heard]:
        """Nothing more will come of the accurate engine: what waits for it counts as it is."""
        return [decided for heard, _ in list(self._waiting.values()) for decided in self._decide(heard)]

    def _decide(self, heard: Heard) -> list[Heard]:
        self._waiting.pop(heard.utterance, None)
        self._decided.add(heard.utterance)
        return [heard]
