"""What every speech engine looks like from outside, and what they share: one session for each channel of a call.

A ``Transcriber`` holds the model: loaded once, shared by all calls and threads. A ``Session`` is one channel of one
call. Engines only supply a ``Decoder``; cutting into utterances, the clock, the ids and the partials are done here,
once, so that no engine can do them differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import FRAME
from callflow.events import Heard, Speaker, Word
from callflow.speech.endpoint import SECOND, Endpointer, Samples, Step, Utterance

BATCH = 10
"""Frames given to a decoder at once (0.2 s), counted from the start of the utterance: however a caller cuts the
sound, a decoder sees the same batches and hears the same."""
PAUSE = 10
"""Frames without voice (0.2 s, after the 0.2 s for which voice activity stays up) that are a pause: what was said
before it is decoded at once, and is the final if the utterance ends there."""
PAUSE_MARK = "，"
"""What stands for a pause among syllables: engines that write them write no punctuation."""


class Session(Protocol):
    """One channel of one call. Its clock counts the sound it was given and starts at 0.

    ``partials``: whether to say also what is provisional; may be changed at any time. ``concluded``: the number of the
    last utterance that is over, whether anything came of it or not.
    """

    partials: bool

    @property
    def concluded(self) -> int: ...

    def accept(self, samples: Samples, voiced: NDArray[np.bool_]) -> list[Heard]:
        """Take ``320 * n`` samples (16 kHz, int16) with ``n`` voiced flags; returns what became known with them."""

    def finish(self) -> list[Heard]:
        """The channel is over; returns what was still under way."""


class Transcriber(Protocol):
    """An engine with its model. ``session`` may be called from any thread; the sessions are independent."""

    @property
    def name(self) -> str:
        """The engine's name and its model's: ``zipformer``, ``whisper`` …"""

    def session(self, speaker: Speaker, partials: bool = True) -> Session:
        """Begin listening to one channel; ``partials``: also say what is provisional."""

    def close(self) -> None:
        """Let the model go; sessions must not be used afterwards."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a decoder heard; word times in seconds from the first sample of the utterance."""

    text: str = ""
    sounds: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    confidence: float | None = None

    def __bool__(self) -> bool:
        return bool(self.text or self.sounds)


class Decoder(Protocol):
    """Decodes the utterances of one channel, one after another: ``begin``, ``feed`` and ``pause`` …, ``final``.

    ``pauses``: whether ``pause`` tells anything; then ``final`` says the same of the same sound.
    """

    pauses: bool

    def begin(self) -> None:
        """A new utterance."""

    def feed(self, samples: Samples) -> None:
        """More of it, 0.2 s at a time (the last batch, and one before a pause, may be shorter)."""

    def partial(self) -> Hypothesis | None:
        """What it seems to be so far; ``None`` from engines that only know at the end."""

    def pause(self) -> Hypothesis | None:
        """The voice has paused: all that was said until then, though more may follow; ``None`` from engines that
        cannot tell. What follows is fed only if it has voice again."""

    def final(self, voiced: float) -> Hypothesis:
        """It is over; ``voiced`` seconds of it had voice."""


class UtteranceSession:
    """The ``Session`` of every engine: finds the utterances and has them decoded."""

    def __init__(self, speaker: Speaker, decoder: Decoder, partials: bool = True) -> None:
        self.partials = partials
        self.concluded = 0
        self._speaker = speaker
        self._decoder = decoder
        self._endpointer = Endpointer()
        self._utterance: Utterance | None = None
        self._batch: list[Samples] = []
        self._said = Hypothesis()
        self._settled: Hypothesis | None = None  # what was said before a pause that lasts
        self._paused = False

    def accept(self, samples: Samples, voiced: NDArray[np.bool_]) -> list[Heard]:
        """See ``Session``. Raises ``ValueError`` where the flags do not fit the samples."""
        if len(samples) != FRAME * len(voiced):
            raise ValueError(f"{len(samples)} samples do not fit {len(voiced)} frames of {FRAME}")
        heard: list[Heard] = []
        frames = samples.reshape(-1, FRAME).copy()  # the caller may use its buffer again
        for frame, flag in zip(frames, voiced.tolist(), strict=True):
            for step in self._endpointer.push(frame, flag):
                heard += self._follow(step)
        return heard

    def finish(self) -> list[Heard]:
        """See ``Session``."""
        return [heard for step in self._endpointer.flush() for heard in self._follow(step)]

    def _follow(self, step: Step) -> Sequence[Heard]:
        if self._utterance is not step.utterance:
            self._utterance, self._said, self._settled, self._paused = step.utterance, Hypothesis(), None, False
            self._decoder.begin()
        self._batch += step.frames
        if self._paused and step.utterance.silence:
            return self._conclude(step.utterance) if step.last else ()
        self._settled, self._paused = None, False
        if step.utterance.silence == PAUSE and not step.last:
            return self._pause(step.utterance)
        fed = False
        while len(self._batch) >= BATCH or (step.last and self._batch):
            self._decoder.feed(np.concatenate(self._batch[:BATCH]))
            del self._batch[:BATCH]
            fed = True
        if step.last:
            return self._conclude(step.utterance)
        if not (fed and self.partials):
            return ()
        return self._provisional(step.utterance, self._decoder.partial())

    def _pause(self, utterance: Utterance) -> Sequence[Heard]:
        self._decoder.feed(np.concatenate(self._batch))
        self._batch.clear()
        if not self.partials and self._decoder.pauses:
            self._paused = True  # nobody asks what was said until now: if the voice goes on, nothing is decoded twice
            return ()
        self._settled = said = self._decoder.pause()
        self._paused = said is not None
        if said is None or not self.partials:
            return ()
        return self._provisional(utterance, replace(said, sounds=(*said.sounds, PAUSE_MARK)) if said.sounds else said)

    def _provisional(self, utterance: Utterance, said: Hypothesis | None) -> Sequence[Heard]:
        if said is None or (said.text, said.sounds) == (self._said.text, self._said.sounds):
            return ()
        self._said = said
        return [self._heard(utterance, said, final=False)]

    def _conclude(self, utterance: Utterance) -> Sequence[Heard]:
        self.concluded = utterance.number
        said = self._settled
        if said is None:
            said = self._decoder.final(utterance.voiced / SECOND)
        self._batch.clear()
        if said:
            return [self._heard(utterance, said, final=True)]
        # Nothing in the end: partials that were given are taken back with an empty one.
        return [self._heard(utterance, said, final=False)] if self._said else ()

    def _heard(self, utterance: Utterance, said: Hypothesis, *, final: bool) -> Heard:
        begin, end = utterance.begin / SECOND, utterance.end
        words = [Word(w.text, *(round(min(begin + at, end), 3) for at in (w.start, w.end))) for w in said.words]
        return Heard(
            at=self._endpointer.clock / SECOND,
            speaker=self._speaker,
            text=said.text,
            sounds=said.sounds,
            final=final,
            start=min([utterance.start, *(word.start for word in words[:1])]),
            end=end,
            confidence=said.confidence,
            utterance=f"{self._speaker[0]}{utterance.number}",
            words=tuple(words),
        )
