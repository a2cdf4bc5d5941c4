"""Which device is meant, told from lists as PortAudio and PulseAudio give them."""

from typing import Any

import numpy as np
import pytest

from callflow.audio import devices as sound_devices
from callflow.audio.capture import ToMono
from callflow.audio.devices import Device, Role, arranged, choose, devices
from callflow.audio.levels import FLOOR, peak
from callflow.errors import DeviceError

MICROPHONE = Device("Jabra Evolve2 30 Mono", "PulseAudio", 1, 48_000, "microphone", source="alsa_input.usb-Jabra")
BUILT_IN = Device("Built-in Audio", "PulseAudio", 2, 44_100, "microphone", True, source="alsa_input.pci")
MONITOR = Device("Monitor of Jabra Evolve2 30", "PulseAudio", 2, 48_000, "loopback", source="alsa_output.usb.monitor")
SPEAKERS = Device("Monitor of Built-in Audio", "PulseAudio", 2, 44_100, "loopback", True, source="alsa_output.monitor")
FOUND = [MICROPHONE, BUILT_IN, MONITOR, SPEAKERS]


@pytest.mark.parametrize(
    ("role", "pattern", "meant"),
    [
        ("microphone", None, BUILT_IN),  # the system's own
        ("far_end", None, SPEAKERS),
        ("microphone", "", BUILT_IN),
        ("microphone", "jabra", MICROPHONE),  # of two that fit, the one made for the role
        ("far_end", "JABRA", MONITOR),
        ("far_end", "built-in audio", BUILT_IN),  # a whole name goes before a part, whatever its kind
        ("microphone", "alsa_output.usb.monitor", MONITOR),
        ("microphone", "jab*mono", MICROPHONE),
        ("far_end", "*evolve2 3?", MONITOR),
    ],
)
def test_the_device_that_is_meant(role: Role, pattern: str | None, meant: Device) -> None:
    assert choose(FOUND, role, pattern) is meant


@pytest.mark.parametrize(
    ("found", "role", "pattern", "message", "names"),
    [
        (FOUND, "microphone", "plantronics", "no sound device fits", ["alsa_input.usb-Jabra", "alsa_output.monitor"]),
        (FOUND, "microphone", "alsa_input", "fits several", ["alsa_input.usb-Jabra", "alsa_input.pci"]),
        (FOUND, "far_end", "jab*mono*e", "no sound device fits", ["alsa_output.usb.monitor"]),
        ([MONITOR], "microphone", None, "no microphone is found", ["alsa_output.usb.monitor"]),
        ([MICROPHONE], "far_end", None, "carries what the computer plays", ["alsa_input.usb-Jabra"]),
        ([MICROPHONE, MICROPHONE], "microphone", None, "none is the default", ["alsa_input.usb-Jabra"]),
        ([], "microphone", None, "no microphone is found", ["plug the headset in"]),
    ],
)
def test_what_is_said_where_no_device_or_several_are_meant(
    found: list[Device], role: Role, pattern: str | None, message: str, names: list[str]
) -> None:
    with pytest.raises(DeviceError) as error:
        choose(found, role, pattern)
    assert message in error.value.message.en
    assert error.value.message.zh != error.value.message.en
    assert all(name in error.value.hint.en for name in names)
    assert all(name in error.value.hint.zh for name in names if name != "plug the headset in")


def port(index: int, name: str, host: str = "ALSA", **more: Any) -> dict[str, Any]:
    return {"index": index, "name": name, "host": host, "channels": 2, "rate": 44_100, "loopback": False} | {
        "default": False,
        **more,
    }


def source(name: str, description: str, monitor_of: str = "", default: bool = False) -> dict[str, Any]:
    specification = "s16le 1ch 16000Hz"
    return {"name": name, "description": description, "sample_specification": specification} | {
        "monitor_source": monitor_of,
        "default": default,
    }


def test_the_sources_of_pulseaudio_stand_for_the_device_that_leads_to_them() -> None:
    ports = [port(0, "hw:0"), port(1, "sysdefault"), port(2, "pulse"), port(3, "default", default=True)]
    sources = [source("out.monitor", "Monitor of Speakers", "out"), source("in", "Headset", default=True)]
    assert [(d.name, d.source, d.kind, d.rate, d.channels, d.default) for d in arranged(ports, sources)] == [
        ("Headset", "in", "microphone", 16_000, 1, True),
        ("hw:0", "", "microphone", 44_100, 2, False),
        ("Monitor of Speakers", "out.monitor", "loopback", 16_000, 1, False),
    ]


def test_sources_that_no_device_leads_to_cannot_be_opened_and_are_not_listed() -> None:
    assert [d.name for d in arranged([port(0, "hw:0")], [source("in", "Headset")])] == ["hw:0"]


def test_on_windows_each_device_is_listed_once_with_its_whole_name() -> None:
    ports = [
        port(0, "Microphone (Jabra Evolve2 30 SE", "MME", default=True),
        port(1, "Microphone (Jabra Evolve2 30 SE)", "Windows WASAPI"),
        port(2, "Speakers (Jabra) [Loopback]", "Windows WASAPI", loopback=True, default=True),
    ]
    microphone, loopback = arranged(ports, [])
    assert (microphone.name, microphone.kind, microphone.falls_silent) == (ports[1]["name"], "microphone", False)
    assert (loopback.kind, loopback.falls_silent) == ("loopback", True)


@pytest.mark.parametrize("name", ["BlackHole 2ch", "Stereo Mix (Realtek)", "far.monitor"])
def test_a_virtual_device_is_known_by_its_name(name: str) -> None:
    assert arranged([port(0, name, "Core Audio")], [])[0].kind == "loopback"


def test_without_pyaudio_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_devices, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match="PyAudio") as error:
        devices()
    assert "callflow[live]" in error.value.hint.en


def test_levels_are_decibels_of_the_largest_sample() -> None:
    assert peak(np.array([0, -32768], np.int16)) == 0
    assert peak(np.array([3277], np.int16)) == pytest.approx(-20, abs=0.01)
    assert peak(np.zeros(3, np.int16)) == peak(np.zeros(0, np.int16)) == FLOOR


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (44_100, 2), (44_100, 1), (16_000, 2), (16_000, 1)])
def test_every_format_becomes_one_channel_at_16_khz(rate: int, channels: int) -> None:
    wave = 8000 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    sound = np.repeat(wave.astype(np.int16)[:, None], channels, axis=1)
    to_mono = ToMono(rate, channels)
    heard = np.concatenate([to_mono(part.tobytes()) for part in np.array_split(sound, 100)])
    assert len(heard) == pytest.approx(2 * 16_000, abs=64)
    middle = heard[8000:24_000].astype(float)
    assert np.abs(np.fft.rfft(middle)).argmax() == 440
    assert np.abs(middle).max() == pytest.approx(8000, rel=0.05)
