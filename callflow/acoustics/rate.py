"""How fast somebody speaks: syllables a minute of voiced time."""

from __future__ import annotations

from callflow.acoustics.spectrum import SECONDS
from callflow.events import SPEAKERS, Heard, Rate, Speaker

FEWEST = 6
"""Syllables below which an utterance says nothing about the rate."""

_SHORTEST = 0.6  # seconds of voice below which the spans of words and voice do not belong together
_HAN = (("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\U00020000", "\U0003134f"))


class SpeakingRate:
    """Remembers where each speaker had voice (one byte a frame) and sets the words of an utterance against it."""

    def __init__(self, start: float = 0.0) -> None:
        self._start = start
        self._voiced: dict[Speaker, bytearray] = {speaker: bytearray() for speaker in SPEAKERS}

    def feed(self, agent: list[bool], customer: list[bool]) -> None:
        """Take in the next frames, voiced or not."""
        self._voiced["agent"] += bytes(agent)
        self._voiced["customer"] += bytes(customer)

    def heard(self, event: Heard) -> Rate | None:
        """The rate of a final utterance; ``None`` for partials and for what is too short to tell."""
        count = syllables(event)
        if not event.final or count < FEWEST:
            return None
        first, last = (max(0, round((time - self._start) / SECONDS)) for time in (event.start, event.end))
        seconds = self._voiced[event.speaker].count(1, first, last) * SECONDS
        if seconds < _SHORTEST:
            return None
        per_minute = count * 60 / seconds
        return Rate(at=event.at, start=event.start, end=event.end, speaker=event.speaker, per_minute=per_minute)


def syllables(event: Heard) -> int:
    """Han characters of the text (each is one syllable), or the sounds, but not the pauses among them."""
    han = sum(any(low <= character <= high for low, high in _HAN) for character in event.text)
    return han or sum(any(map(str.isalpha, sound)) for sound in event.sounds)
