"""Whether the devices that are captured are there: looked at every now and then, said when one goes or is back."""

from __future__ import annotations

import time

from callflow.audio import pulseaudio
from callflow.audio.capture import Capture
from callflow.audio.notices import Notice
from callflow.texts import Text, text

LOOKED_AFTER_EVERY = 0.5
"""Seconds between two looks; at the sound server's list at every fourth."""
_GONE_AFTER = 2.0  # seconds without a sign of life


def look_for_sources(*captures: Capture) -> None:
    """A sound server gives us another source when ours is unplugged, and says nothing: we would go on listening to
    the wrong microphone."""
    if not any(capture.leads_to_pulse for capture in captures):
        return
    names, listening = pulseaudio.names(), pulseaudio.listening()
    for capture in captures:
        if capture.leads_to_pulse:
            capture.heed(names, listening)


def look_at(role: str, capture: Capture) -> Notice:
    """Whether the device is gone, or back (then the notice is ended)."""
    silent_for = time.perf_counter() - capture.heard
    gone = silent_for > _GONE_AFTER
    if gone and silent_for < float("inf"):
        capture.interrupt()  # open, and yet nothing comes: the process hangs
    words = _BACK if not gone else _GONE
    return Notice(f"{role}.gone", text(words[role].en, words[role].zh, n=capture.device.name), ended=not gone)


_GONE = {
    "microphone": Text(
        'the microphone "{n}" is gone: plug it in again; until then nothing you say is heard',
        "麦克风“{n}”已断开：请重新插好；在此之前听不到您说的话",
    ),
    "far_end": Text(
        'the far end "{n}" is gone: plug the device in again; until then nothing the customer says is heard',
        "对方声音“{n}”已断开：请重新插好设备；在此之前听不到客户的声音",
    ),
}
_BACK = {
    "microphone": Text('the microphone "{n}" is back', "麦克风“{n}”已恢复"),
    "far_end": Text('the far end "{n}" is back', "对方声音“{n}”已恢复"),
}
