"""``callflow devices``: what sound can be taken from, and how loud it is."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text as Styled

from callflow.audio import devices as sound_devices
from callflow.audio.devices import Device, Role, choose
from callflow.audio.levels import FLOOR, Levels
from callflow.errors import BadInput, DeviceError
from callflow.texts import Text, text

_METER_WITHOUT_TERMINAL = 3.0  # seconds
_LONGEST_METER = 24 * 3600.0
_REDRAWN_EVERY = 0.1
_BAR = 12  # characters


def run_devices(options: argparse.Namespace, language: str) -> int:
    """List the sound devices and say which would be chosen; 1 where one of the two cannot be."""
    seconds = _seconds(options.seconds)
    console = Console(highlight=False)
    found = sound_devices.devices()
    chosen: dict[Role, Device] = {}
    problems: list[DeviceError] = []
    asked: dict[Role, str | None] = {"microphone": options.microphone, "far_end": options.far_end}
    for role, pattern in asked.items():
        try:
            chosen[role] = choose(found, role, pattern)
        except DeviceError as error:
            problems.append(error)
    if found and not options.meter:
        console.print(_table(found, chosen, language))
    for problem in problems:  # before the meter, which runs until somebody has seen enough
        console.print(problem.in_(language), markup=False, soft_wrap=True)
    if found and options.meter:
        _meter(console, found, chosen, seconds, language)
    return 1 if problems else 0


def _seconds(given: str | None) -> float | None:
    try:
        seconds = None if given is None else float(given)
    except ValueError:
        seconds = -1.0
    if seconds is not None and not 0 < seconds <= _LONGEST_METER:
        raise BadInput(text("--seconds must be a number above 0", "--seconds 应为大于 0 的数"))
    return seconds


def _meter(
    console: Console, found: list[Device], chosen: dict[Role, Device], seconds: float | None, language: str
) -> None:
    """Show what each device hears, as it hears it; without a terminal once, after some seconds."""
    if seconds is None and not console.is_terminal:
        seconds = _METER_WITHOUT_TERMINAL
    with ExitStack() as stack:
        levels = stack.enter_context(Levels(found))
        ends = None if seconds is None else time.monotonic() + seconds
        try:
            if console.is_terminal:
                live = stack.enter_context(Live(console=console, auto_refresh=False))
            while ends is None or time.monotonic() < ends:
                time.sleep(_REDRAWN_EVERY)
                if console.is_terminal:
                    hint = Styled(_SPEAK.in_(language), style="dim")
                    live.update(Group(_table(found, chosen, language, levels.now()), hint), refresh=True)
        except KeyboardInterrupt:  # how one stops looking
            pass
        if not console.is_terminal:
            console.print(_table(found, chosen, language, levels.loudest()))


def _table(
    found: list[Device], chosen: dict[Role, Device], language: str, levels: list[float | None] | None = None
) -> Table:
    """The devices; ``levels``: dBFS of each, ``None`` where no sound comes."""
    table = Table(box=None, pad_edge=False)
    for title in (_USED_AS, _DEVICE, _SYSTEM, _KIND, _RATE, *([_LEVEL] if levels is not None else [])):
        table.add_column(title.in_(language), overflow="fold", no_wrap=title in (_RATE, _LEVEL))
    for number, device in enumerate(found):
        used = [_ROLES[role].in_(language) for role in chosen if chosen[role] is device]
        kind = _KINDS[device.kind].in_(language)
        default = text(" (default)", "（默认）").in_(language) if device.default else ""
        named = f"{device.name}\n{device.source}" if device.source else device.name
        row = ["\n".join(used), named, device.host, kind + default, f"{device.rate} Hz"]
        table.add_row(*map(Styled, row), *([_level(levels[number], language)] if levels is not None else []))
    return table


def _level(level: float | None, language: str) -> Styled:
    if level is None:
        return Styled(text("no sound comes", "没有声音传来").in_(language))
    filled = round(_BAR * (1 - level / FLOOR))
    loud = "red" if level > -1 else "green"
    return Styled.assemble(("█" * filled, loud), ("·" * (_BAR - filled), "dim"), f" {level:4.0f} dB")


_ROLES: dict[Role, Text] = {"microphone": text("microphone", "麦克风"), "far_end": text("far end", "对方声音")}
_KINDS = {"microphone": text("microphone", "麦克风"), "loopback": text("what is played", "播放的声音")}
_USED_AS = text("used as", "用作")
_DEVICE = text("device", "设备")
_SYSTEM = text("system", "系统")
_KIND = text("kind", "种类")
_RATE = text("rate", "采样率")
_LEVEL = text("level", "音量")
_SPEAK = text(
    "Speak: your microphone moves. Play something: the far end moves. Ctrl-C ends.",
    "说话时麦克风应有跳动；播放声音时对方声道应有跳动。按 Ctrl-C 结束。",
)
