"""The softphone as the agent's telephone: the microphone goes out over the line, the far end comes out of the
loudspeaker, and both are heard by callflow."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("baresip", reason="the extra sip is not installed")

from live.pulse import Pulse, needs_pulse, running
from live.sip_call import Party, account, parties, until

from callflow.audio.devices import choose, devices
from callflow.audio.source import RATE
from callflow.audio.telephone import Telephone
from callflow.commands.live import _player
from callflow.telephony.sip import Softphone

pytestmark = [needs_pulse, pytest.mark.timeout(120)]
AGENT, CUSTOMER = 500, 1500
"""Hz of the tones that the two speak."""


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    with running(tmp_path) as server:
        server.control("set-default-sink", "far")
        yield server


def tone(pitch: int, seconds: float) -> NDArray[np.int16]:
    return (8000 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def has(sound: NDArray[np.int16], pitch: int) -> bool:
    """Whether a second of ``sound`` is mostly this tone."""
    seconds = [sound[at : at + RATE] for at in range(0, len(sound) - RATE, RATE // 2)]
    spectra = [np.abs(np.fft.rfft(second)) for second in seconds if np.abs(second).max() > 2000]
    return any(abs(int(spectrum.argmax()) - pitch) < 25 for spectrum in spectra)


def test_microphone_line_and_loudspeaker(pulse: Pulse) -> None:
    phone = Softphone(replace(account("agent"), player=_player("linux")))
    loudspeaker = subprocess.Popen(
        ["parec", "--device=far.monitor", "--raw", "--format=s16le", "--channels=1", f"--rate={RATE}"],
        stdout=subprocess.PIPE,
        env={**os.environ, **pulse.environment},
    )
    played: list[bytes] = []
    assert loudspeaker.stdout
    stream = loudspeaker.stdout
    reading = threading.Thread(target=lambda: played.extend(iter(lambda: stream.read(3200), b"")))
    reading.start()
    try:
        with parties("customer") as (customer,), phone:
            agent = Party(phone)
            customer.phone.dial(agent.address)
            agent.wait_for("ringing 1")
            agent.phone.answer()
            agent.wait_for("answered")
            with Telephone(phone, choose(devices(), "microphone", "mic.monitor")) as source:
                playing = pulse.play("mic", tone(AGENT, 12.0))
                speaking = threading.Thread(target=customer.say, args=(tone(CUSTOMER, 6.0),))
                speaking.start()
                blocks = [next(source) for _ in range(8 * 50)]
                speaking.join()
                until(lambda: has(customer.heard(), AGENT), lambda: "the customer does not hear the agent")
                playing.kill()
                playing.wait()
                assert not source.notices.open
            assert has(np.concatenate([block.agent for block in blocks]), AGENT)
            assert has(np.concatenate([block.customer for block in blocks]), CUSTOMER)
    finally:
        loudspeaker.kill()
        loudspeaker.wait()
        reading.join()
        stream.close()
    assert has(np.frombuffer(b"".join(played), np.int16), CUSTOMER), "the agent does not hear the customer"
