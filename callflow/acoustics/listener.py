"""Everything that the sound of a call says, from both channels at once."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from callflow.acoustics.activity import VoiceActivity
from callflow.acoustics.loudness import LoudnessMeter, clipped_samples
from callflow.acoustics.progress import CallProgress
from callflow.acoustics.rate import SpeakingRate
from callflow.acoustics.spectrum import Spectrum
from callflow.acoustics.tones import Signal, ToneDetector
from callflow.acoustics.turns import Turns
from callflow.events import SPEAKERS, Event, Heard, Rate


class Sound(Protocol):
    """A block of both channels: int16 at 16 kHz, shape ``[frames * FRAME]``, equally long."""

    @property
    def agent(self) -> NDArray[np.int16]: ...

    @property
    def customer(self) -> NDArray[np.int16]: ...


class Listened(NamedTuple):
    """What a block brought: events, and for the recognisers which of its frames are voiced, shape ``[frames]``."""

    events: list[Event]
    agent_voiced: NDArray[np.bool_]
    customer_voiced: NDArray[np.bool_]


class Listener:
    """Listens to one call from ``start`` (seconds, the first block's ``at``) on; blocks follow without gaps.

    ``infer_calls``: whether to infer ringing, answer and hang-up from the sound, where nobody reports them.
    ``silence`` and ``overlap``: the shortest that are reported, in seconds. Events come in the order of their ``at``.
    """

    def __init__(
        self, infer_calls: bool = False, *, start: float = 0.0, silence: float = 2.0, overlap: float = 0.3
    ) -> None:
        self._spectrum = Spectrum(channels=2)
        self._voices = VoiceActivity(), VoiceActivity()
        self._meters = [LoudnessMeter(speaker, start) for speaker in SPEAKERS]
        self._tones = [ToneDetector(speaker, start) for speaker in SPEAKERS]
        self._turns = Turns(silence, overlap, start)
        self._progress = CallProgress(start) if infer_calls else None
        self._rate = SpeakingRate(start)

    def feed(self, block: Sound) -> Listened:
        """Listen to the next block."""
        samples = np.empty((2, len(block.agent)), np.int16)
        samples[0], samples[1] = block.agent, block.customer
        channels = self._spectrum.feed(samples).channels()
        agent, customer = (voice.follow(channel) for voice, channel in zip(self._voices, channels, strict=True))
        events: list[Event] = []
        signals: list[Signal] = []
        for tones, channel in zip(self._tones, channels, strict=True):
            found, meant = tones.feed(channel)
            events += found
            signals += meant
        for meter, channel, voiced, hits in zip(
            self._meters, channels, (agent, customer), clipped_samples(samples), strict=True
        ):
            events += meter.feed(channel.power, voiced, hits)
        either = [one or other for one, other in zip(channels[0].tone, channels[1].tone, strict=True)]
        events += self._turns.feed(agent, customer, either)
        self._rate.feed(agent, customer)
        if self._progress:
            events += self._progress.feed(signals, agent, customer)
        return Listened(_in_order(events), np.array(agent, np.bool_), np.array(customer, np.bool_))

    def rate(self, heard: Heard) -> Rate | None:
        """How fast the final utterance ``heard`` was spoken, once its sound has been fed; ``None`` if too short."""
        return self._rate.heard(heard)

    def finish(self) -> list[Event]:
        """What the end of the call brings to an end."""
        events = self._turns.finish()
        for tones, meter in zip(self._tones, self._meters, strict=True):
            events += tones.finish() + meter.finish()
        return _in_order(events)


def _in_order(events: list[Event]) -> list[Event]:
    """By time and, for equal times, by kind and speaker: the order must not show how the sound was cut."""
    return sorted(events, key=lambda event: (event.at, event.type)) if len(events) > 1 else events
