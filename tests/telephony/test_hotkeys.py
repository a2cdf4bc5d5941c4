"""Hotkeys: what they mean, and real key presses on a display of their own."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from callflow.events import CallAnswered, CallHungUp
from callflow.telephony.hotkeys import Hotkeys
from callflow.telephony.source import Notice, Reported, Signal


def kinds(signals: list[Signal]) -> list[str]:
    named = [s.event.type[5:] if isinstance(s, Reported) else s.name for s in signals if not isinstance(s, Notice)]
    return [name.replace("transfer_", "") for name in named]


@pytest.mark.parametrize(
    ("pressed", "reported"),
    [
        ("answer hold hold hang_up", "answered held resumed hung_up"),
        ("answer transfer transfer transfer hang_up", "answered started answered completed hung_up"),
        ("answer hold transfer hold hold", "answered held started failed held"),
        ("answer transfer transfer hold transfer transfer", "answered started answered failed started answered"),
        ("hold transfer hang_up", ""),  # no call
        ("answer answer", "answered"),
        ("tick dismiss situation answer tick", "tick dismiss situation answered tick"),
        ("answer hang_up answer hang_up", "answered hung_up answered hung_up"),
    ],
)
def test_what_keys_mean(pressed: str, reported: str) -> None:
    hotkeys = Hotkeys()
    for now, action in enumerate(pressed.split()):
        hotkeys.press(action, float(now))
    assert kinds(hotkeys.waiting()) == reported.split()


def test_a_key_that_the_overlay_tells_as_well_is_one() -> None:
    hotkeys = Hotkeys()
    for now, action in ((1.0, "answer"), (2.0, "hold"), (2.05, "hold"), (3.0, "hold")):
        hotkeys.press(action, now)
    assert kinds(hotkeys.waiting()) == ["answered", "held", "resumed"]


def test_each_call_has_a_name() -> None:
    hotkeys = Hotkeys()
    for now, action in enumerate(["answer", "hold", "hang_up", "answer"]):
        hotkeys.press(action, float(now))
    calls = [signal.call for signal in hotkeys.waiting() if isinstance(signal, Reported)]
    assert calls == ["keys-1", "keys-1", "keys-1", "keys-2"]


def test_keys_go_on_from_what_others_report() -> None:
    hotkeys = Hotkeys()
    hotkeys.follow(Reported(CallAnswered(at=0.0), "pjsip-7", 0.0))
    hotkeys.press("hold", 1.0)
    (held,) = hotkeys.waiting()
    assert isinstance(held, Reported)
    assert (held.event.type, held.call) == ("call.held", "pjsip-7")
    hotkeys.follow(Reported(CallHungUp(at=0.0), "pjsip-7", 2.0))
    hotkeys.press("hold", 3.0)
    assert hotkeys.waiting() == []


def _needs_pynput() -> None:
    if importlib.util.find_spec("pynput") is None:  # not importorskip: without a display it cannot be imported
        pytest.skip("the extra hotkeys is not installed")


def test_without_a_display_it_says_so() -> None:
    _needs_pynput()
    program = (
        "from callflow.telephony.hotkeys import Hotkeys\nfrom callflow.errors import TelephonyError\n"
        "try:\n    Hotkeys().__enter__()\nexcept TelephonyError as error:\n    print(error.in_('en'))"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([sys.executable, "-c", program], env=bare, capture_output=True, text=True, check=True)
    if sys.platform == "linux":
        assert done.stdout.startswith("hotkeys need a desktop")


# ------------------------------------------------------------------------------------------ a real keyboard


@pytest.fixture(scope="module")
def display() -> Iterator[dict[str, str]]:
    """The environment of a virtual display."""
    _needs_pynput()
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("Xvfb or xdotool is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "320x240x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield {**os.environ, "DISPLAY": f":{number}"}
    server.terminate()
    server.wait(10)


LISTENER = """
import sys
from callflow.telephony.hotkeys import Hotkeys
from callflow.telephony.source import Reported
with Hotkeys() as keys:
    print("listening", flush=True)
    for signal in keys:
        print(signal.event.type if isinstance(signal, Reported) else signal.name, flush=True)
"""


def test_real_keys(display: dict[str, str]) -> None:
    """In a process of its own, because pynput looks for its display once, when it is imported."""
    with subprocess.Popen([sys.executable, "-c", LISTENER], env=display, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        try:
            assert listener.stdout.readline() == "listening\n"
            heard = []
            for key in ("F2", "F5", "a", "F3", "F6", "F9"):
                subprocess.run(["xdotool", "key", key], env=display, check=True)
            heard += [listener.stdout.readline().strip() for _ in range(4)]
            # Held down, a key repeats; it still is pressed once.
            subprocess.run(["xdotool", "keydown", "F2"], env=display, check=True)
            time.sleep(1.2)
            subprocess.run(["xdotool", "keyup", "F2", "key", "F8"], env=display, check=True)
            heard += [listener.stdout.readline().strip() for _ in range(2)]
        finally:
            listener.terminate()
    assert heard == ["call.answered", "call.held", "situation", "call.hung_up", "call.answered", "dismiss"]
