"""The process beside callflow that talks to PortAudio: lists the sound devices, or captures one of them.

PortAudio is kept in processes of its own, one per device, because it cannot be trusted inside a program that must run
all day. It writes to standard error as it likes: that of this process goes nowhere, and ours stays untouched. It learns
of new devices only by closing every stream, its callbacks wait for whatever Python is at work, and a device that is
pulled out may hang or crash it: a process can be ended and started anew while the other channel goes on.

Run by path and on its own: ``sound_card.py list`` writes a JSON array; ``sound_card.py capture REQUEST`` writes one
line of JSON, then records (``RECORD``, then that many bytes of interleaved int16) until its standard input ends.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyaudio

RECORD = struct.Struct("<dI")
"""When the first sample was taken (``time.perf_counter``: one clock for all processes, and a fine one on Windows too,
which ``time.monotonic`` is not), and the number of bytes that follow. No bytes: a sign of life, for a device may have
nothing to say."""

BLOCKS_A_SECOND = 50
SIGN_OF_LIFE = 0.5
"""Seconds between two signs of life."""

_RATE = 16_000  # what callflow works in; a device that cannot do it is asked for what it can
_UNSETTLED = 5  # callbacks after opening, 0.1 s, in which ALSA does not know the time yet
_LATEST = 1.0  # seconds: sound that is said to be older than this has a wrong time


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; it is our parent who decides
    if arguments[:1] == ["list"]:
        print(json.dumps(listing()))
        return 0
    return capture(json.loads(arguments[1]))


def library() -> Any:
    """PyAudioWPatch where it is installed: PyAudio with the loopback of Windows."""
    try:
        import pyaudiowpatch  # type: ignore[import-not-found,unused-ignore]

        return pyaudiowpatch
    except ImportError:
        import pyaudio

        return pyaudio


def listing() -> list[dict[str, Any]]:
    """Every device that sound can be taken from."""
    port = library().PyAudio()
    return [_described(port, index) for index in _inputs(port)]


def _inputs(port: pyaudio.PyAudio) -> list[int]:
    counted = range(port.get_device_count())
    return [index for index in counted if int(port.get_device_info_by_index(index)["maxInputChannels"]) > 0]


def _described(port: pyaudio.PyAudio, index: int) -> dict[str, Any]:
    info = port.get_device_info_by_index(index)
    host = port.get_host_api_info_by_index(int(info["hostApi"]))
    loopback = bool(info.get("isLoopbackDevice", False))
    return {
        "index": index,
        "name": str(info["name"]),
        "host": str(host["name"]),
        "channels": int(info["maxInputChannels"]),
        "rate": int(info["defaultSampleRate"]),
        "loopback": loopback,
        "default": index == (_default_loopback(port) if loopback else _default_input(port)),
    }


def _default_input(port: pyaudio.PyAudio) -> int | None:
    try:
        return int(port.get_default_input_device_info()["index"])
    except OSError:
        return None


def _default_loopback(port: Any) -> int | None:
    try:
        return int(port.get_default_wasapi_loopback()["index"])
    except (AttributeError, LookupError, OSError):
        return None


def capture(request: Mapping[str, Any]) -> int:
    """Send the sound of the device ``request`` names (``index``, ``name``, ``host``, maybe ``formats``) to standard
    output until nobody wants it. 1 where the device could not be opened or is gone.
    """
    library_ = library()
    port = library_.PyAudio()
    out, lock = sys.stdout.buffer, threading.Lock()

    def send(at: float, sound: bytes) -> None:
        try:
            with lock:
                out.write(RECORD.pack(at, len(sound)) + sound)
                out.flush()
        except OSError:  # nobody listens any more
            os._exit(0)

    unsettled = iter(range(_UNSETTLED))

    def heard(sound: bytes | None, frames: int, times: Mapping[str, float], _: int) -> tuple[None, int]:
        age = times["current_time"] - times["input_buffer_adc_time"]
        if not 0 < age < _LATEST:  # not every driver knows; then the last sample is from just now
            age = frames / rate
        if sound and next(unsettled, None) is None:
            send(time.perf_counter() - age, sound)
        return None, library_.paContinue

    found = _find(port, request)
    stream = None
    problem = "no such device"
    for rate, channels in request.get("formats") or (() if found is None else _formats(found)):
        try:
            stream = port.open(
                rate,
                channels,
                library_.paInt16,
                input=True,
                input_device_index=found["index"] if found else None,
                frames_per_buffer=rate // BLOCKS_A_SECOND,
                stream_callback=heard,
                start=False,
            )
            break
        except (OSError, ValueError) as error:
            problem = str(error)
    if stream is None:
        print(json.dumps({"problem": problem}), flush=True)
        return 1
    out.write(json.dumps({"rate": rate, "channels": channels}).encode() + b"\n")
    out.flush()
    threading.Thread(target=_until_nobody_wants_it, daemon=True).start()
    stream.start_stream()
    while stream.is_active():
        send(time.perf_counter(), b"")
        time.sleep(SIGN_OF_LIFE)
    return 1


def _find(port: pyaudio.PyAudio, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The device by its name; numbers change whenever something is plugged in, and only tell namesakes apart."""
    named = [
        device
        for device in (_described(port, index) for index in _inputs(port))
        if (device["name"], device["host"]) == (request["name"], request["host"])
    ]
    return next((device for device in named if device["index"] == request["index"]), next(iter(named), None))


def _formats(device: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Rates and numbers of channels to try, best first. A loopback gives what is played, as it is played."""
    if device["loopback"]:
        return [(device["rate"], device["channels"])]
    own = device["rate"], min(2, device["channels"])
    return [(_RATE, 1), own, (own[0], 1), (48_000, own[1]), (44_100, own[1])]


def _until_nobody_wants_it() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    # Not the ordinary way out: PortAudio may hang while it closes a device that is gone.
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
