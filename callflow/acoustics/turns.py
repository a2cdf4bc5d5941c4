"""Who speaks when: voices, silences, and overlaps with who cut in, from the voiced frames of both channels."""

from __future__ import annotations

from dataclasses import replace

from callflow.acoustics.activity import HANGOVER
from callflow.acoustics.spectrum import SECONDS
from callflow.events import Event, Overlap, Silence, Speaker, Voice

_NOBODY, _AGENT, _CUSTOMER, _BOTH, _TONE = 0, 1, 2, 3, 4

_SAME_TURN = 25
"""Frames (0.5 s): a shorter pause does not end a turn. Who began their turn later is who cut in."""
_STILL = 150
"""Frames (3 s) after which a voice that goes on is told of again."""
_SPEAKERS: tuple[tuple[int, Speaker], ...] = ((_AGENT, "agent"), (_CUSTOMER, "customer"))


class Turns:
    """Follows both channels from ``start`` (seconds). ``silence`` and ``overlap``: shortest that is reported, seconds.

    A frame counts as speech only when it is still voiced ``HANGOVER`` frames later, so that the hangover of the voice
    activity neither shortens silences nor makes every quick answer an overlap. Events come that much later.
    """

    def __init__(self, silence: float = 2.0, overlap: float = 0.3, start: float = 0.0) -> None:
        self._silence = round(silence / SECONDS)
        self._overlap = round(overlap / SECONDS)
        self._start = start
        self._codes = [_NOBODY] * HANGOVER  # who is voiced in the frames that wait to be judged
        self._frame = -HANGOVER  # number of the frame that is judged next
        self._who = _NOBODY
        self._since = 0  # the frame from which on it has been so
        self._turn = {_AGENT: 0, _CUSTOMER: 0}  # first frame of the last turn
        self._last = {_AGENT: -1000, _CUSTOMER: -1000}  # last frame of it
        self._told = {_AGENT: 0, _CUSTOMER: 0}  # the frame for which this voice was last told of

    def feed(self, agent: list[bool], customer: list[bool], tone: list[bool]) -> list[Event]:
        """What the next frames bring to an end: voiced or not, and whether there is a tone, which is no silence."""
        new = [a * _AGENT + c * _CUSTOMER + t * _TONE for a, c, t in zip(agent, customer, tone, strict=True)]
        codes = self._codes + new
        self._codes = codes[-HANGOVER:]
        events: list[Event] = []
        for now, later in zip(codes, new, strict=False):
            who = now & later & _BOTH or now & _TONE
            if who != self._who:
                events += self._ended(self._frame + HANGOVER)
                self._who, self._since = who, max(self._frame, 0)
            if who & _BOTH:
                events += self._speaks(who)
            self._frame += 1
        return events

    def finish(self) -> list[Event]:
        """What the end of the call brings to an end."""
        end = self._start + (self._frame + HANGOVER) * SECONDS
        nothing = [False] * HANGOVER
        events = [*self.feed(nothing, nothing, nothing), *self._ended(self._frame)]
        return [replace(event, at=end) for event in events]

    def _speaks(self, who: int) -> list[Event]:
        """Somebody is voiced in this frame: told of when their turn begins, and now and then while it goes on."""
        events: list[Event] = []
        for side, speaker in _SPEAKERS:
            if not who & side:
                continue
            begins = self._frame - self._last[side] > _SAME_TURN
            if begins:
                self._turn[side] = self._frame
            if begins or self._frame - self._told[side] >= _STILL:
                self._told[side] = self._frame
                now = self._start + self._frame * SECONDS
                known = self._start + (self._frame + HANGOVER + 1) * SECONDS
                events.append(Voice(at=known, start=now, end=now, speaker=speaker))
            self._last[side] = self._frame
        return events

    def _ended(self, known: int) -> list[Event]:
        start, end = self._start + self._since * SECONDS, self._start + self._frame * SECONDS
        at = self._start + (known + 1) * SECONDS
        lasted = self._frame - self._since
        if self._who == _NOBODY and lasted >= self._silence:
            return [Silence(at=at, start=start, end=end)]
        if self._who == _BOTH and lasted >= self._overlap:
            return [Overlap(at=at, start=start, end=end, speaker=self._cut_in())]
        return []

    def _cut_in(self) -> Speaker | None:
        agent, customer = self._turn[_AGENT], self._turn[_CUSTOMER]
        if agent == customer:
            return None
        return "agent" if agent > customer else "customer"
