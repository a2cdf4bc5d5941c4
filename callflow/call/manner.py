"""How somebody speaks, as facts: fast, slow, loud, quiet or unclear over a longer stretch, and who explains at length.

One quick sentence says nothing: the figures of a speaker are gathered until they cover ``STRETCH`` seconds of speech,
and their mean is judged. All of it follows from the events alone, so that the same call gives the same facts.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from callflow.call.log import Fact
from callflow.events import SPEAKERS, Heard, Loudness, Rate, Speaker

STRETCH = 15.0
"""Seconds of speech over which a mean is taken; hardly anybody says a sentence so long."""

FAST, SLOW = 375.0, 180.0
"""Syllables a minute of voice. Customary are 250 to 270 characters a minute: 224 ms a character in a million characters
of Mandarin news (Lee and Chan, "Chinese speaking times", International Journal of Industrial Ergonomics 31, 2003, 313).
That counts pauses and ``acoustic.rate`` does not, which makes it about a fifth larger: 300 to 320. Fast is a fifth
above that, slow is two fifths below; these shares are our choice."""

NOMINAL = -26.0
"""dBFS: the active speech level to which telephone speech is set by convention (ITU-T P.56 and P.800: -26 dBov)."""
LOUD, QUIET, FAINT = NOMINAL + 14, NOMINAL - 14, NOMINAL - 24
"""14 dB are a factor of five; at ``FAINT`` words drown in the line's noise. The distances are our choice."""

UNCLEAR = 0.5
"""Mean confidence of the recogniser's finals below which it hardly understands; our choice, as scales differ."""

EXPLAINS = 15.0
"""Seconds that somebody speaks without a word of the other's between, until that counts as explaining."""
MEMORY = 120.0
"""Seconds after which words are forgotten: somebody who says little now and then does not explain."""

_NEEDS = {"fast": "rate", "slow": "rate", "loud": "level", "quiet": "level", "unclear": "confidence"}
_MISSING = {"rate": "no-sound", "level": "no-sound", "confidence": "no-confidence"}


@dataclass(slots=True)
class _Mean:
    """The mean of a figure over the speech gathered so far, weighted by time."""

    judged: bool = False
    start: float = 0.0
    seconds: float = 0.0
    total: float = 0.0

    def add(self, value: float, start: float, end: float) -> float | None:
        """The mean, as soon as it covers a stretch; the next stretch begins after it."""
        if not self.seconds:
            self.start = start
        self.seconds += max(end - start, 0.01)
        self.total += value * max(end - start, 0.01)
        if self.seconds < STRETCH:
            return None
        mean = self.total / self.seconds
        self.judged, self.seconds, self.total = True, 0.0, 0.0
        return mean


@dataclass(slots=True)
class _Explaining:
    """What one speaker says without a word of the other's between; spans in seconds."""

    own: list[tuple[float, float]] = field(default_factory=list)
    others: list[tuple[float, float]] = field(default_factory=list)
    told: float = 0.0

    def hears(self, start: float, end: float) -> None:
        """The other speaks."""
        insort(self.others, (start, end))

    def speaks(self, start: float, end: float) -> list[float]:
        """The moments, not told of yet, at which ``EXPLAINS`` seconds were full."""
        insort(self.own, (start, end))
        oldest = self.told = max(self.told, end - MEMORY)
        self.own = [span for span in self.own if span[1] > oldest]
        self.others = [span for span in self.others if span[1] > oldest]
        # Only the stretch that these words are part of can have become full, and it began after the other's last word.
        since = max((last for _, last in self.others if last <= start), default=0.0)
        if sum(last - first for first, last in self.own if last > since) < EXPLAINS:
            return []
        moments: list[float] = []
        while (moment := self._full()) is not None:
            self.told = moment
            moments.append(moment)
        return moments

    def _full(self) -> float | None:
        """The first moment after ``told`` at which one has spoken long enough since the other's last word."""
        at, spoken = self.told, 0.0
        for start, end in self.own:
            for other_start, other_end in self.others:
                if at < other_end and other_start < end:
                    before = max(0.0, other_start - max(start, at))
                    if spoken + before >= EXPLAINS:
                        return other_start - (spoken + before - EXPLAINS)
                    at, spoken = other_end, 0.0
            spoken += max(0.0, end - max(start, at))
            if spoken >= EXPLAINS:
                return end - (spoken - EXPLAINS)
            at = max(at, end)
        return None


class Manner:
    """Follows how both speak. Every method returns the facts that its event completes."""

    def __init__(self) -> None:
        self.hears_sound = False
        """whether anybody listens to the sound of the call"""
        self._means = {(figure, speaker): _Mean() for figure in _MISSING for speaker in SPEAKERS}
        self._seen: set[tuple[str, Speaker]] = set()
        self._explaining = {speaker: _Explaining() for speaker in SPEAKERS}

    def measured(self, event: Rate | Loudness) -> list[Fact]:
        """Facts from a rate or a level."""
        if event.speaker is None:
            return []
        if isinstance(event, Rate):
            return self._judge("rate", event.speaker, event.per_minute, event.start, event.end)
        return self._judge("level", event.speaker, event.dbfs, event.start, event.end)

    def said(self, event: Heard) -> list[Fact]:
        """Facts from a final that the other could hear."""
        facts: list[Fact] = []
        if event.confidence is not None:
            facts = self._judge("confidence", event.speaker, event.confidence, event.start, event.end)
        for speaker in SPEAKERS:
            if speaker != event.speaker:
                self._explaining[speaker].hears(event.start, event.end)
        for moment in self._explaining[event.speaker].speaks(event.start, event.end):
            key = f"{event.speaker} explains"
            facts.append(Fact(key, moment, moment, event.speaker, turn_end=event.end))
        return facts

    def missing(self, key: str) -> str:
        """Why nobody could tell of ``key`` (``acoustic.fast agent``): a code of ``reasons``, or nothing."""
        how, _, speaker = key.removeprefix("acoustic.").partition(" ")
        figure = _NEEDS.get(how)
        if figure is None:
            return "" if self.hears_sound else "no-sound"
        for who in SPEAKERS:
            if who == speaker and not self._means[figure, who].judged:
                return "too-little" if (figure, who) in self._seen else _MISSING[figure]
        return ""

    def _judge(self, figure: str, speaker: Speaker, value: float, start: float, end: float) -> list[Fact]:
        self._seen.add((figure, speaker))
        mean = self._means[figure, speaker]
        figure_mean = mean.add(value, start, end)
        if figure_mean is None:
            return []
        return [Fact(f"acoustic.{how} {speaker}", mean.start, end, speaker) for how in _is(figure, figure_mean)]


def _is(figure: str, mean: float) -> list[str]:
    judged = {
        "rate": {"fast": mean > FAST, "slow": mean < SLOW},
        "level": {"loud": mean > LOUD, "quiet": mean < QUIET, "unclear": mean < FAINT},
        "confidence": {"unclear": mean < UNCLEAR},
    }[figure]
    return [how for how, true in judged.items() if true]
