"""A side that nobody can hear because its device is gone: the call is told, so that nothing is held against anybody."""

from __future__ import annotations

from collections.abc import Collection

from callflow.events import Gap, Speaker
from callflow.live.call import LiveCall

NOTICED_AFTER = 2.5
"""Seconds at most from a device's last sound to the notice that it is gone (``audio.presence``)."""
TOLD_EVERY = 5.0
"""Seconds after which a call is told of what it has missed, before the engine thinks that nothing was said."""
SIDES: dict[str, Speaker] = {"microphone.gone": "agent", "far_end.gone": "customer"}


class DeafSides:
    """Follows the notices of the sound devices. Times are the source's."""

    def __init__(self) -> None:
        self._since: dict[Speaker, float] = {}

    def look(self, notices: Collection[str], call: LiveCall | None, clock: float) -> None:
        """``notices``: the ids of those that hold now."""
        for id_, speaker in SIDES.items():
            if id_ in notices:
                self._since.setdefault(speaker, clock - NOTICED_AFTER)
                self._tell(call, speaker, TOLD_EVERY)
            elif speaker in self._since:
                self._tell(call, speaker, 0.0)
                del self._since[speaker]

    def end(self, call: LiveCall) -> None:
        """``call`` is over."""
        for speaker in self._since:
            self._tell(call, speaker, 0.0)

    def _tell(self, call: LiveCall | None, speaker: Speaker, longest: float) -> None:
        if call is None:
            return
        since = max(0.0, self._since[speaker] - call.began)
        if call.now - since > longest:
            call.feed(Gap(at=call.now, start=since, end=call.now, speaker=speaker))
            self._since[speaker] = call.began + call.now
