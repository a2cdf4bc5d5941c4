"""A PulseAudio of the tests' own: two null sinks, ``mic`` and ``far``, whose monitors are the headset.

It touches nothing of the machine's: its socket, its home and its ALSA configuration lie in a directory of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from callflow.audio.source import RATE

MISSING = [name for name in ("pulseaudio", "pactl", "pacat") if not shutil.which(name)] + [
    name for name in ("pyaudio",) if not find_spec(name)
]
needs_pulse = pytest.mark.skipif(bool(MISSING) or sys.platform != "linux", reason=f"not installed: {MISSING}")

ASOUND = """
pcm.!default {{ type pulse server "{server}" }}
pcm.pulse    {{ type pulse server "{server}" }}
pcm.card_mic {{ type pulse server "{server}" device "mic.monitor" }}
pcm.card_far {{ type pulse server "{server}" device "far.monitor" }}
"""


class Pulse:
    """A running PulseAudio. ``environment``: what a process needs to find it, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = f"unix:{folder / 'native'}"
        (folder / "run").mkdir(mode=0o700, exist_ok=True)
        config = folder / "asound.conf"
        config.write_text(ASOUND.format(server=self.server))
        self.environment = {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PULSE_SERVER": self.server,
            "ALSA_CONFIG_PATH": str(config),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self, **rates: int) -> None:
        """Start it with both sinks; ``rates``: Hz of a sink that is not to run at 16 kHz, by name."""
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.server.removeprefix('unix:')}"]
        for sink in ("far", "mic"):
            command += ["-L", f"module-null-sink {self._sink(sink, rates.get(sink, RATE))}"]
        self._daemon = subprocess.Popen(
            command, env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _sink(self, name: str, rate: int) -> str:
        return f"sink_name={name} norewinds=1 channels=1 rate={rate} sink_properties=device.description={name}-headset"

    def _wait(self) -> None:
        for _ in range(200):
            if self._daemon and self._daemon.poll() is not None:
                raise RuntimeError("pulseaudio does not start")
            if "mic.monitor" in self.control("list", "short", "sources", check=False):
                return
            time.sleep(0.05)
        raise RuntimeError("pulseaudio does not answer")

    def kill(self) -> None:
        """As ``kill -9``."""
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def control(self, *arguments: str, check: bool = True) -> str:
        """What ``pactl`` answers."""
        done = subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=check,
        )
        return done.stdout.decode()

    def unplug(self, sink: str) -> None:
        """Take a sink out, and with it its monitor."""
        for line in self.control("list", "short", "modules").splitlines():
            if f"sink_name={sink} " in line:
                self.control("unload-module", line.split()[0])

    def plug(self, sink: str, rate: int = RATE) -> None:
        """Put a sink back."""
        self.control("load-module", "module-null-sink", *self._sink(sink, rate).split())

    def play(self, sink: str, samples: NDArray[np.int16], rate: int = RATE) -> subprocess.Popen[bytes]:
        """Begin to play mono samples into a sink; ``wait()`` on what comes back to be done."""
        path = self.folder / f"{sink}-{time.monotonic_ns()}.raw"
        path.write_bytes(samples.tobytes())
        return self.play_file(sink, path, rate)

    def play_file(self, sink: str, path: Path, rate: int = RATE) -> subprocess.Popen[bytes]:
        """Begin to play a file of mono int16 samples."""
        command = ["pacat", "--playback", f"--device={sink}", "--raw", "--format=s16le", "--channels=1"]
        return subprocess.Popen(
            [*command, f"--rate={rate}", "--latency-msec=1000", str(path)],  # so that a busy machine does not stutter
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def running(folder: Path, **rates: int) -> Iterator[Pulse]:
    """A PulseAudio that this process, too, finds while the context lasts."""
    pulse = Pulse(folder)
    before = {name: os.environ.get(name) for name in pulse.environment}
    os.environ.update(pulse.environment)
    try:
        pulse.start(**rates)
        yield pulse
    finally:
        pulse.kill()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
