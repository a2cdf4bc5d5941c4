"""The sound devices of this computer, and the choice of two of them: one for each side of the call.

PortAudio lists what there is. On Linux it knows nothing of the sources of PulseAudio or PipeWire, among them the
monitors that carry what is being played, though any of them can be opened through ALSA's ``pulse`` device; they are
listed with ``pactl``.
"""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from callflow.audio import pulseaudio
from callflow.errors import DeviceError, install
from callflow.texts import Text, text

Role = Literal["microphone", "far_end"]
Kind = Literal["microphone", "loopback"]

SOUND_CARD = [sys.executable, "-P", str(Path(__file__).with_name("sound_card.py"))]
"""How the process that talks to PortAudio is started (see there)."""

PULSE = "pulse"
"""The ALSA device that leads to PulseAudio or PipeWire."""

_LIST_TIMEOUT = 20.0
_PLUGINS = ("sysdefault", "front", "surround", "dmix", "dsnoop", "lavrate", "samplerate", "speex", "upmix", "vdownmix")
_WINDOWS_HOST = "Windows WASAPI"  # the others list the same devices again, with names cut short
_MONITOR_WORDS = ("monitor", "loopback", "blackhole", "soundflower", "stereo mix", "立体声混音", "what u hear")


@dataclass(frozen=True)
class Device:
    """Something that sound can be taken from.

    ``host``: the sound system it belongs to. ``channels``, ``rate`` (Hz): what it delivers by itself. ``kind``: what it
    can be, a microphone or a loopback (what the computer plays). ``default``: the one the system itself would take for
    this kind. ``source``: its name in PulseAudio, where it is opened through that. ``index``: PortAudio's, only valid
    until something is plugged in or out.
    """

    name: str
    host: str
    channels: int
    rate: int
    kind: Kind
    default: bool = False
    source: str = ""
    index: int = -1

    @property
    def falls_silent(self) -> bool:
        """Whether it delivers nothing at all, instead of silence, while nothing is played."""
        return self.kind == "loopback" and self.host.startswith("Windows")


def devices() -> list[Device]:
    """All devices, microphones first. Raises ``DeviceError`` where PyAudio is not installed."""
    if find_spec("pyaudio") is None and find_spec("pyaudiowpatch") is None:
        raise DeviceError(
            text("PyAudio is not installed", "未安装 PyAudio"),
            install("live"),
        )
    return arranged(_ports(), pulseaudio.sources())


def _ports() -> list[dict[str, Any]]:
    try:
        done = subprocess.run(
            [*SOUND_CARD, "list"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LIST_TIMEOUT,
            check=True,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise DeviceError(
            text("the sound system cannot be read: PortAudio fails", "无法读取声音系统：PortAudio 出错"),
            text("python -c 'import pyaudio' tells why", "可用 python -c 'import pyaudio' 查看原因"),
        ) from error


# ------------------------------------------------------------------------------------------------ pure


def arranged(ports: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]]) -> list[Device]:
    """The devices among what PortAudio (``ports``) and PulseAudio (``sources``) tell, microphones first."""
    wasapi = any(port["host"] == _WINDOWS_HOST for port in ports)
    leads_to_pulse = any(port["name"] == PULSE for port in ports)
    found = [_from_source(source) for source in sources] if leads_to_pulse else []
    for port in ports:
        if wasapi and port["host"] != _WINDOWS_HOST:
            continue
        if port["host"] == "ALSA" and port["name"].startswith(_PLUGINS):
            continue
        if found and port["name"] in (PULSE, "default"):
            continue  # its sources are listed one by one
        found.append(_from_port(port))
    return sorted(found, key=lambda device: (device.kind != "microphone", not device.source, not device.default))


def _from_source(source: Mapping[str, Any]) -> Device:
    rate, channels = 0, 0
    for word in str(source.get("sample_specification", "")).split():
        if word.endswith("ch") and word[:-2].isdigit():
            channels = int(word[:-2])
        elif word.endswith("Hz") and word[:-2].isdigit():
            rate = int(word[:-2])
    name = str(source["name"])
    is_monitor = bool(source.get("monitor_source")) or name.endswith(".monitor")
    return Device(
        name=str(source.get("description") or name),
        host="PulseAudio",
        channels=channels,
        rate=rate,
        kind="loopback" if is_monitor else "microphone",
        default=bool(source.get("default")),
        source=name,
    )


def _from_port(port: Mapping[str, Any]) -> Device:
    name = str(port["name"])
    is_loopback = port["loopback"] or any(word in name.lower() for word in _MONITOR_WORDS)
    return Device(
        name=name,
        host=str(port["host"]),
        channels=port["channels"],
        rate=port["rate"],
        kind="loopback" if is_loopback else "microphone",
        default=bool(port["default"]),
        index=port["index"],
    )


_KIND_FOR: dict[Role, Kind] = {"microphone": "microphone", "far_end": "loopback"}
_OPTION: dict[Role, str] = {"microphone": "--microphone", "far_end": "--far-end"}
_NO_DEFAULT: dict[Role, Text] = {
    "microphone": text("no microphone is found by itself", "没有自动找到麦克风"),
    "far_end": text("no device is found that carries what the computer plays", "没有找到能录下电脑播放声音的设备"),
}


def choose(found: Sequence[Device], role: Role, pattern: str | None = None) -> Device:
    """The device for ``role`` whose name fits ``pattern``: part of it, or all of it with ``*`` and ``?``; small and
    capital letters are the same. Without a pattern: the system's own choice, or the only one there is.

    A whole name goes before part of one, and a device made for the role before another. Raises ``DeviceError``, with
    the names that could be meant, where none or several fit.
    """
    made_for_it = [device for device in found if device.kind == _KIND_FOR[role]]
    if not pattern:
        fitting = [device for device in made_for_it if device.default] or made_for_it
        none = _NO_DEFAULT[role]
        several = text("several devices fit, and none is the default", "有多个设备可用，且没有默认设备")
    else:
        wanted = pattern.strip().lower()
        named = [device for device in found if _fits(wanted, device)]
        whole = [device for device in named if wanted in (device.name.lower(), device.source.lower())]
        fitting = whole or named
        fitting = [device for device in fitting if device in made_for_it] or fitting
        none = text('no sound device fits "{p}"', "没有与“{p}”相符的声音设备", p=pattern)
        several = text('"{p}" fits several sound devices', "“{p}”与多个声音设备相符", p=pattern)
    if len(fitting) == 1:
        return fitting[0]
    raise DeviceError(several if fitting else none, _name_one(role, fitting or found))


def _fits(wanted: str, device: Device) -> bool:
    names = [name.lower() for name in (device.name, device.source) if name]
    if any(sign in wanted for sign in "*?"):
        return any(fnmatch.fnmatchcase(name, wanted) for name in names)
    return any(wanted in name for name in names)


def _name_one(role: Role, candidates: Sequence[Device]) -> Text:
    """What to do: plug one in, or name one of ``candidates`` with the option of ``role``."""
    if not candidates:
        return text(
            "this computer has no sound input: plug the headset in, then see callflow devices",
            "本机没有声音输入：请插好耳机，再运行 callflow devices",
        )
    names = ", ".join(device.source or device.name for device in candidates)
    return text("name one with {o}: {n}", "请用 {o} 指定其一：{n}", o=_OPTION[role], n=names)
