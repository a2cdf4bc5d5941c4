"""What has to be there: packages, models, devices, a browser, a port, room on the disk, keys."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from callflow import models
from callflow.audio.devices import Role, choose, devices
from callflow.doctor.result import NOTHING, Result, State, ok
from callflow.errors import OutputError, install
from callflow.live.record import require_folder
from callflow.speech import engines
from callflow.speech.engines import Engine
from callflow.texts import Text, text

OLDEST = (3, 11)
LIVE = ("fastapi", "uvicorn", "websockets", ("pyaudio", "pyaudiowpatch"))
"""The packages of ``callflow[live]``; of those in brackets one will do."""
MUCH, LITTLE = 200e6, 5e6
"""Bytes free: weeks of journals (an hour of sound is 15 MB); not even a day of them."""
CHROMIUM = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("msedge", "microsoft-edge", "microsoft-edge-stable"),
)
OTHERS = ("firefox", "firefox-esr", "safari")
PLACES = (
    *(r"C:\Program Files\Google\Chrome\Application\chrome.exe", "/Applications/Google Chrome.app"),
    *(r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe", "/Applications/Microsoft Edge.app"),
    *(r"C:\Program Files\Mozilla Firefox\firefox.exe", "/Applications/Firefox.app", "/Applications/Safari.app"),
)
_INSTALL_LIVE = install("live")


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Result:
    """Whether this Python is new enough."""
    told = ".".join(map(str, version))
    if version[:2] < OLDEST:
        needed = text("callflow needs 3.11 or newer", "callflow 需要 3.11 或更高版本")
        return Result("trouble", Text(told, told), needed)
    return ok("{v}", "{v}", v=told)


def packages() -> Result:
    """Those of the extra ``live``."""
    asked = [(one,) if isinstance(one, str) else one for one in LIVE]
    missing = [names[0] for names in asked if not any(find_spec(name) for name in names)]
    if missing:
        return Result("trouble", text("missing: {m}", "缺少：{m}", m=", ".join(missing)), _INSTALL_LIVE)
    for names in asked:
        for name in (name for name in names if find_spec(name)):
            try:
                importlib.import_module(name)
            except Exception as error:
                told = text("{n} cannot be loaded: {e}", "无法加载 {n}：{e}", n=name, e=error)
                return Result("trouble", told, _INSTALL_LIVE)
    return ok("all there", "齐全")


def engine(one: Engine) -> Result:
    """Its package and its best model, every file compared with what it should be."""
    if not one.installed():
        extra = f"pip install 'callflow[{one.extra}]'" if one.extra else "pip install callflow"
        return Result("warning", text("not installed", "未安装"), text("{c}", "请运行 {c}", c=extra))
    found = [(name, path) for name in one.models if (path := models.find(name))]
    if not found:
        mend = f"callflow models install {one.models[-1]}"
        return Result("warning", text("no model", "没有模型"), text("{c}", "请运行 {c}", c=mend))
    for name, path in found:
        if problems := models.verify(path, one.name):
            said = problems[0].message
            told = Text(f"{name} is damaged: {said.en}", f"{name} 已损坏：{said.zh}")
            return Result("warning", told, models.how_to_mend(models.known(name), path))
    return ok("{n}: {p}", "{n}：{p}", n=found[0][0], p=found[0][1])


def recogniser(choose_engines: Callable[[], Sequence[engines.Choice]]) -> Result:
    """Which would be taken. Raises ``ModelError`` where none can be."""
    chosen = choose_engines()
    names = "+".join(choice.name for choice in chosen)
    if chosen[0].name == "whisper":
        return Result(
            "warning",
            text("only whisper: hints come when a sentence is over", "仅有 whisper：一句话说完才有提示"),
            text(
                "pip install 'callflow[zipformer]'; callflow models install zipformer",
                "请运行 pip install 'callflow[zipformer]'; callflow models install zipformer",
            ),
        )
    return ok("{n}", "{n}", n=names)


def device(role: Role, pattern: str | None) -> Result:
    """The device that would be chosen. Raises ``DeviceError``."""
    chosen = choose(devices(), role, pattern)
    return ok("{n} ({h})", "{n}（{h}）", n=chosen.name, h=chosen.host)


def browser(which: Callable[[str], object] = shutil.which, window: bool | None = None) -> Result:
    """Something to show the overlay with; ``window``: pywebview is there."""
    found = next((name for name in (*CHROMIUM, *OTHERS) if which(name)), "")
    found = found or next((Path(place.replace("\\", "/")).stem for place in PLACES if Path(place).exists()), "")
    if not found:
        if find_spec("webview") if window is None else window:
            return Result("warning", text("none; --window shows the overlay", "没有浏览器；可用 --window 显示浮窗"))
        return Result("trouble", text("none found", "没有找到浏览器"), _BROWSER)
    if found.lower() in OTHERS:
        return Result("warning", text("{n}: the overlay cannot float", "{n}：浮窗不能置顶", n=found), _BROWSER)
    return ok("{n}", "{n}", n=found)


_BROWSER = text("install Chromium, Chrome or Edge", "请安装 Chromium、Chrome 或 Edge")


def port(number: int = 0) -> Result:
    """Whether the overlay can be served on 127.0.0.1."""
    with socket.socket() as listening:
        try:
            if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", number))
            listening.listen()
        except (OSError, OverflowError) as error:
            return Result(
                "trouble",
                text("cannot listen on 127.0.0.1:{p}: {w}", "无法监听 127.0.0.1:{p}：{w}", p=number, w=error),
                text("choose another --port", "请用 --port 换一个端口"),
            )
        return ok("127.0.0.1 can be listened on", "可以监听 127.0.0.1")


def disk(folder: Path, free_of: Callable[[Path], float] | None = None) -> Result:
    """Room and permission where journals go; a folder that is not there yet is not made."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        if there == folder:
            require_folder(folder)
        elif not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            raise OutputError(text('"{p}" cannot be made', "无法建立“{p}”", p=folder), _ELSEWHERE)
    except OutputError as error:
        return Result("trouble", error.message, error.hint)
    free = free_of(there) if free_of else float(shutil.disk_usage(there).free)
    told = text("{f:.1f} GB free for {p}", "{p} 可用空间 {f:.1f} GB", f=free / 1e9, p=folder)
    state: State = "ok" if free >= MUCH else "warning" if free >= LITTLE else "trouble"
    return Result(state, told, NOTHING if state == "ok" else _ROOM, {"free_bytes": free})


_ELSEWHERE = text("name another folder with --journals", "请用 --journals 指定其他文件夹")
_ROOM = text("free some space, or use another disk with --journals", "请清理磁盘，或用 --journals 换到其他磁盘")


def hotkeys() -> Result:
    """Keys that work in every window; the overlay's own always do."""
    if find_spec("pynput") is None:
        return Result("warning", text("only in the overlay", "仅浮窗内可用"), _INSTALL_KEYS)
    try:
        importlib.import_module("pynput.keyboard")
    except Exception as error:  # without a display it raises what its backend does
        why = type(error).__name__
        told = text("only in the overlay: no desktop ({e})", "仅浮窗内可用：没有桌面环境（{e}）", e=why)
        return Result("warning", told, _DISPLAY)
    return ok("work in every window", "在任何窗口都可用")


_DISPLAY = text("on Linux an X11 session is wanted (DISPLAY)", "Linux 上需要 X11 会话（DISPLAY）")
_INSTALL_KEYS = install("hotkeys")


def optional(package: str, command: str, without: Text) -> Result:
    """A package that is not needed; ``without``: what is done without it."""
    if find_spec(package) is None:
        told = Text(f"not installed: {without.en}", f"未安装：{without.zh}")
        return Result("warning", told, Text(command, f"请运行 {command}"))
    return ok("installed", "已安装")
