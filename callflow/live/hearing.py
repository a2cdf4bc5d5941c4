"""What the sound itself tells, and what is kept of it from before a call began. Time is the source's."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from callflow.acoustics.listener import Listener
from callflow.audio.source import Block
from callflow.events import Event, Speaker

PRE_ROLL = 1.5
"""Seconds of sound from before the first ring was noticed that belong to a call told from the sound."""
LEVELS_EVERY = 0.25


class Piece(NamedTuple):
    """Some sound, which of its frames have voice, and what became known with it."""

    block: Block
    agent_voiced: NDArray[np.bool_]
    customer_voiced: NDArray[np.bool_]
    events: list[Event]


class Hearing:
    """Listens all the time, whether a call is on or not.

    ``clock``: seconds of sound so far. ``voice_at``: when somebody last spoke. ``levels``: loudness of each channel
    between calls, in dBFS.
    """

    def __init__(self, by_sound: bool) -> None:
        self.clock = self.voice_at = 0.0
        self.levels: dict[Speaker, float] = {}
        self._by_sound = by_sound
        self._listener = Listener(infer_calls=by_sound)
        self._recent: deque[Piece] = deque()
        self._measured = 0.0

    def feed(self, block: Block) -> Piece:
        """More sound."""
        self.clock = block.end
        listened = self._listener.feed(block)
        if listened.agent_voiced.any() or listened.customer_voiced.any():
            self.voice_at = block.end
        return Piece(block, listened.agent_voiced, listened.customer_voiced, listened.events)

    def idle(self, piece: Piece) -> bool:
        """No call is on: keep ``piece`` for the one that may come. Returns whether the levels were measured anew."""
        self._recent.append(piece)
        while self._recent[0].block.at < self.clock - PRE_ROLL - 1:
            self._recent.popleft()
        if self.clock - self._measured < LEVELS_EVERY:
            return False
        self._measured = self.clock
        self.levels["agent"], self.levels["customer"] = _dbfs(piece.block.agent), _dbfs(piece.block.customer)
        return True

    def begin(self, began: float) -> tuple[float, list[Piece]]:
        """A call begins at ``began``, or where the sound that is kept begins: that, and what was heard since then.

        Where the sound does not tell of calls itself it is listened to anew, for one call is no part of another.
        """
        recent = [piece for piece in self._recent if piece.block.at >= began]
        self._recent.clear()
        began = recent[0].block.at if recent else self.clock
        self.levels.clear()
        self.voice_at = self.clock
        if not self._by_sound:
            self._listener = Listener(start=began)
            recent = [self._again(piece.block) for piece in recent]
        return began, recent

    def end(self) -> list[Event]:
        """The call is over: what becomes known with that."""
        last = self._listener.finish()
        self._listener = Listener(infer_calls=self._by_sound, start=self.clock)
        return last

    def _again(self, block: Block) -> Piece:
        listened = self._listener.feed(block)
        return Piece(block, listened.agent_voiced, listened.customer_voiced, [])


def _dbfs(samples: NDArray[np.int16]) -> float:
    power = float(np.square(samples.astype(np.float32)).mean())
    return float(10 * np.log10(max(power, 1.0) / 32768**2))
