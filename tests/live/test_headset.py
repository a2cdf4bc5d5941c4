"""The headset with a real PulseAudio: what is played is what comes, and what breaks is noticed and mended."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from live.pulse import Pulse, needs_pulse, running
from numpy.typing import NDArray

from callflow.audio.devices import choose, devices
from callflow.audio.headset import Headset
from callflow.audio.notices import Notice
from callflow.audio.source import FRAME, RATE, Block
from callflow.cli import main

pytestmark = needs_pulse
PATIENCE = 40.0
"""Seconds of sound after which a test gives up waiting."""


def headset(microphone: str = "mic.monitor", far_end: str = "far.monitor") -> Headset:
    found = devices()
    return Headset(choose(found, "microphone", microphone), choose(found, "far_end", far_end))


def noise(seconds: float, seed: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-9000, 9000, round(seconds * RATE)).astype(np.int16)


def until(source: Iterator[Block], done: Callable[[], object]) -> list[Block]:
    """The blocks up to where ``done``."""
    blocks = []
    for block in source:
        blocks.append(block)
        if done():
            return blocks
        assert block.at < PATIENCE, "gave up waiting"
    raise AssertionError("the headset has ended")


def gone(source: Headset) -> list[str]:
    return [notice.id for notice in source.notices.open if notice.id.endswith(".gone")]


def listen(source: Iterator[Block], seconds: float) -> list[Block]:
    return [next(source) for _ in range(round(seconds * RATE / FRAME))]


def place_of(wanted: NDArray[np.int16], sound: NDArray[np.int16]) -> int:
    """Where in ``sound`` it is most like ``wanted``, in samples."""
    size = 1 << (len(wanted) + len(sound)).bit_length()
    spectrum = np.fft.rfft(sound.astype(float), size) * np.conj(np.fft.rfft(wanted.astype(float), size))
    return int(np.fft.irfft(spectrum, size).argmax())


def channels(blocks: list[Block]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    return np.concatenate([block.agent for block in blocks]), np.concatenate([block.customer for block in blocks])


def test_every_sample_that_is_played_is_captured_on_its_own_channel(pulse: Pulse) -> None:
    said, answered = noise(3, 1), noise(2, 2)
    whole = False
    for _ in range(3):  # on a busy machine the player itself may stumble
        with headset() as source:
            players = pulse.play("mic", said), pulse.play("far", answered)
            blocks = until(source, lambda: all(player.poll() is not None for player in players))  # noqa: B023
            blocks += listen(source, 1)
        places = [place_of(played, sound) for sound, played in zip(channels(blocks), (said, answered), strict=True)]
        whole = all(
            np.array_equal(sound[place : place + len(played)], played)
            for place, sound, played in zip(places, channels(blocks), (said, answered), strict=True)
        )
        if whole:
            break
    assert whole
    assert [block.at for block in blocks] == pytest.approx([n * FRAME / RATE for n in range(len(blocks))])
    assert source.separate
    assert source.warnings == []


def test_silence_lasts_as_long_as_it_lasts(pulse: Pulse) -> None:
    with headset() as source:
        blocks = listen(source, 2)
    assert not any(block.agent.any() or block.customer.any() for block in blocks)


def test_the_same_sound_through_two_devices_lies_side_by_side(pulse: Pulse) -> None:
    with headset("card_far", "far.monitor") as source:  # the same monitor twice, by two ways
        player = pulse.play("far", played := noise(2, 3))
        blocks = until(source, lambda: player.poll() is not None) + listen(source, 1)
    agent, customer = (place_of(played, sound) for sound in channels(blocks))
    assert abs(agent - customer) < 0.02 * RATE


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_device_of_another_rate_is_heard_at_its_true_speed(tmp_path: Path, rate: int) -> None:
    tone = (9000 * np.sin(2 * np.pi * 1000 * np.arange(2 * rate) / rate)).astype(np.int16)
    with running(tmp_path, mic=rate) as pulse, headset() as source:
        player = pulse.play("mic", tone, rate)
        agent, _ = channels(until(source, lambda: player.poll() is not None))
    heard = np.flatnonzero(np.abs(agent) > 1000)
    assert (heard[-1] - heard[0]) / RATE == pytest.approx(2.0, abs=0.05)
    middle = agent[heard[0] + RATE // 2 :][:RATE]
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(1000, abs=1)


def test_a_device_that_starts_late_is_silence_until_then(pulse: Pulse) -> None:
    source = headset()
    pulse.unplug("mic")
    with source:
        until(source, lambda: gone(source))
        pulse.plug("mic")
        blocks = until(source, lambda: not gone(source))
        player = pulse.play("mic", noise(1, 4))
        blocks += until(source, lambda: player.poll() is not None)
    assert channels(blocks)[0].any()


def survived(pulse: Pulse, source: Headset, breaks: Callable[[], None], mends: Callable[[], None]) -> list[Notice]:
    """Break something, wait until it is noticed, mend it, wait until it is back; what was noticed."""
    noticed: list[Notice] = []

    def seen(ended: bool) -> list[Notice]:
        noticed.extend(source.notices.take())
        return [notice for notice in noticed if notice.id == "microphone.gone" and notice.ended == ended]

    blocks = listen(source, 3)
    breaks()
    blocks += until(source, lambda: seen(ended=False))
    mends()
    blocks += until(source, lambda: seen(ended=True))
    whole = False
    for _ in range(3):  # on a busy machine the player itself may stumble
        player = pulse.play("mic", played := noise(1, 5))
        latest = until(source, lambda: player.poll() is not None) + listen(source, 1)  # noqa: B023
        agent, _ = channels(latest)
        place = place_of(played, agent)
        whole = np.array_equal(agent[place : place + len(played)], played)
        blocks += latest
        if whole:
            break
    assert whole
    assert [block.at for block in blocks] == pytest.approx([n * FRAME / RATE for n in range(len(blocks))])
    return noticed


@pytest.mark.parametrize("microphone", ["mic.monitor", "card_mic"])
def test_a_device_pulled_out_is_told_of_and_heard_again_when_it_is_back(pulse: Pulse, microphone: str) -> None:
    with headset(microphone) as source:
        noticed = survived(pulse, source, lambda: pulse.unplug("mic"), lambda: pulse.plug("mic"))
    assert not any(notice.id == "far_end.gone" for notice in noticed)
    gone, back = (notice.text for notice in noticed if notice.id == "microphone.gone")
    assert gone in source.warnings
    assert back not in source.warnings


def test_a_device_pulled_out_is_told_of_though_the_server_gives_us_another(pulse: Pulse) -> None:
    pulse.control("load-module", "module-rescue-streams")
    with headset() as source:
        survived(pulse, source, lambda: pulse.unplug("mic"), lambda: pulse.plug("mic"))


def test_the_sound_server_killed_and_started_again(pulse: Pulse) -> None:
    with headset() as source:
        noticed = survived(pulse, source, pulse.kill, pulse.start)
    assert any(notice.id == "far_end.gone" for notice in noticed)


def test_a_device_chosen_for_the_wrong_side_is_told_at_once(pulse: Pulse) -> None:
    with headset("far.monitor", "far.monitor") as source:
        assert [notice.id for notice in source.notices.take()] == ["same.choice"]
    with headset("far.monitor", "card_mic") as source:
        assert [notice.id for notice in source.notices.take()] == ["swapped.choice"]


def test_nothing_is_left_running(pulse: Pulse) -> None:
    with headset() as source:
        listen(source, 0.5)
        _until_heard_by(pulse, 2)
    _until_heard_by(pulse, 0)
    assert len(list(source)) < 10, "what was known already, and then it ends"


def _until_heard_by(pulse: Pulse, many: int) -> None:
    """Wait until so many listen; the sound server takes a moment."""
    for _ in range(200):
        if len(pulse.control("list", "short", "source-outputs").splitlines()) == many:
            return
        time.sleep(0.05)
    raise AssertionError(f"never {many} who listen")


def test_nothing_is_left_running_though_the_program_is_killed(pulse: Pulse) -> None:
    program = (
        "from live.test_headset import headset\n"
        "with headset() as source:\n"
        "    print('ready', flush=True)\n"
        "    for block in source: pass\n"
    )
    search = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env={**os.environ, **search}
    ) as live:
        assert live.stdout
        assert live.stdout.readline() == b"ready\n"
        live.kill()
    _until_heard_by(pulse, 0)


def test_the_command_lists_chooses_and_measures(pulse: Pulse, capsys: pytest.CaptureFixture[str]) -> None:
    player = pulse.play("mic", noise(8, 6))
    assert main(["devices", "--lang", "en", "--meter", "--seconds", "2", "--microphone", "card_mic"]) == 0
    player.kill()
    player.wait()
    out = capsys.readouterr().out
    rows = {name: next(line for line in out.splitlines() if name in line) for name in ("card_mic", "card_far")}
    assert rows["card_mic"].startswith("microphone")
    assert rows["card_mic"].rstrip().endswith("-11 dB")
    assert rows["card_far"].rstrip().endswith("-60 dB")
    assert main(["devices", "--lang", "zh", "--far-end", "nobody"]) == 1
    assert "没有与“nobody”相符的声音设备" in capsys.readouterr().out
    assert main(["devices", "--lang", "en", "--seconds", "soon"]) == 2
    assert "--seconds" in capsys.readouterr().err
