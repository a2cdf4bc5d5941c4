"""One device, captured for as long as it is wanted: opened again whenever it is gone and comes back."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import IO

import av
import numpy as np
from numpy.typing import NDArray

from callflow.audio.devices import PULSE, SOUND_CARD, Device
from callflow.audio.sound_card import RECORD
from callflow.audio.source import RATE

Samples = NDArray[np.int16]

_AGAIN_AFTER = 1.0  # seconds between two attempts to open a device


class ToMono:
    """Interleaved int16 of ``channels`` at ``rate`` to one channel at ``RATE``, streamed."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._channels = channels
        self._resampler = None if rate == RATE else av.AudioResampler("s16", "mono", RATE)

    def __call__(self, sound: bytes) -> Samples:
        samples = np.frombuffer(sound, np.int16)
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1).round().astype(np.int16)
        if not self._resampler:
            return samples
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.rate = self._rate
        parts = [np.frombuffer(memoryview(part.planes[0]), np.int16, part.samples) for part in self._resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def _resample(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        assert self._resampler
        return self._resampler.resample(frame)


class Capture:
    """Runs the process that captures ``device`` (see ``sound_card``) and hands its sound to ``deliver``.

    ``deliver(at, samples)`` is called in a thread of our own; ``at``: ``time.perf_counter`` of the first sample.
    ``heard``: the same of the last sign that the device is alive, ``-inf`` while it is not open. ``delivered`` is set
    when it has delivered for the first time.
    """

    def __init__(self, device: Device, deliver: Callable[[float, Samples], None]) -> None:
        self.device = device
        self.heard = float("-inf")
        self.delivered = threading.Event()
        self._present = True
        self._source: int | None = None  # PulseAudio's index of what the process listens to
        self._deliver = deliver
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=f"capture {device.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the process; nothing is delivered afterwards."""
        self._closed.set()
        self.interrupt()
        self._thread.join()

    @property
    def leads_to_pulse(self) -> bool:
        """Whether the device may be a source of PulseAudio."""
        return self.device.host in ("ALSA", "PulseAudio")

    def heed(self, names: Mapping[int, str], listening: Mapping[int, int]) -> None:
        """Take note of the sources that PulseAudio has (their names by index) and of which one each process listens
        to: it must be ours, and stay the same. Where it is not, listen no more, and try to open ours again.
        """
        self._present = not self.device.source or self.device.source in names.values()
        source = listening.get(self._process.pid) if self._process else None
        moved = self._source is not None and source != self._source
        other = source is not None and self.device.source not in ("", names.get(source))
        if source is not None:
            self._source = source
        if moved or other or not self._present:
            self.interrupt()

    def interrupt(self) -> None:
        """End the process: where the device is wanted and present, another begins."""
        if process := self._process:
            process.kill()

    def _run(self) -> None:
        while not self._closed.is_set():
            if self._present:
                with suppress(OSError, ValueError):  # the process could not be started, or wrote nonsense
                    self._capture()
            self.heard = float("-inf")
            self._closed.wait(_AGAIN_AFTER)

    def _capture(self) -> None:
        request, environment = asdict(self.device), dict(os.environ)
        if self.device.source:  # the device that leads to PulseAudio, and which source is meant there
            request |= {"name": PULSE, "host": "ALSA"}
            environment["PULSE_SOURCE"] = self.device.source
        with subprocess.Popen(
            [*SOUND_CARD, "capture", json.dumps(request)],
            stdin=subprocess.PIPE,  # closed by our end, whatever it is: then the process ends too
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as self._process:
            self._source = None
            try:
                assert self._process.stdout
                if not self._closed.is_set():
                    self._read(self._process.stdout)
            finally:
                self._process.kill()

    def _read(self, stream: IO[bytes]) -> None:
        opened = json.loads(stream.readline() or "{}")
        if "rate" not in opened:
            return
        to_mono = ToMono(opened["rate"], opened["channels"])
        while len(head := stream.read(RECORD.size)) == RECORD.size:
            at, size = RECORD.unpack(head)
            sound = stream.read(size)
            if len(sound) < size or self._closed.is_set():
                return
            if sound:
                self._deliver(at, to_mono(sound))
                self.delivered.set()
            if sound or self.device.falls_silent:
                self.heard = time.perf_counter()
