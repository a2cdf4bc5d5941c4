"""What ``callflow doctor`` says of every kind of trouble: what is wrong, and the command that mends it."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from callflow import models
from callflow.audio import devices as sound_devices
from callflow.audio.devices import Device
from callflow.doctor import checks, speed
from callflow.doctor.result import Check, Result
from callflow.errors import BadInput, DeviceError, ModelError
from callflow.speech import engines
from callflow.texts import Text

HEADSET = [
    Device("Jabra", "ALSA", 1, 48_000, "microphone", default=True),
    Device("Monitor of Jabra", "PulseAudio", 2, 48_000, "loopback", default=True),
]


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """These packages are not installed."""
    for module in (checks, engines, sound_devices):
        monkeypatch.setattr(module, "find_spec", lambda name: None if name in missing else find_spec(name))


def check(look: Callable[[], Result], limit: float = 10.0, needed: bool = True) -> Result:
    return Check("one", Text("one", "一"), look, limit, needed).run()


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for models, the only one that is looked into, with nothing in it."""
    monkeypatch.setattr(models, "search_path", lambda: [tmp_path])
    return tmp_path


# ---------------------------------------------------------------------------------------- how checks are run


def test_whatever_a_check_meets_is_a_line_and_never_a_traceback() -> None:
    def fails() -> Result:
        raise RuntimeError("the driver\nsays no")

    said = check(fails)
    assert said.state == "trouble"
    assert "RuntimeError: the driver says no" in said.in_("en")
    assert check(fails, needed=False).state == "warning"


def test_an_error_of_ours_brings_what_to_do() -> None:
    def fails() -> Result:
        raise BadInput(Text("wrong", "错"), Text("mend it", "改正"))

    assert check(fails).in_("en") == "wrong — mend it"
    assert check(fails).in_("zh") == "错 — 改正"


def test_a_check_that_hangs_is_left_behind() -> None:
    forever = threading.Event()

    def hangs() -> Result:
        forever.wait()
        return Result("ok", Text("", ""))

    assert check(hangs, limit=0.05).state == "trouble"
    forever.set()


# ---------------------------------------------------------------------------------------- packages and models


def test_an_old_python_is_named() -> None:
    assert checks.python((3, 10, 12)).state == "trouble"
    assert "3.10.12" in checks.python((3, 10, 12)).in_("en")
    assert checks.python().state == "ok"


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "websockets"])
def test_a_missing_package_is_named_with_the_command(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, package)
    said = checks.packages()
    assert said.state == "trouble"
    assert package in said.in_("en")
    assert "pip install 'callflow[live]'" in said.in_("zh")


def test_one_of_the_two_sound_packages_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pyaudio", "pyaudiowpatch")
    assert "pyaudio" in checks.packages().told.en
    assert check(partial(checks.device, "microphone", None)).state == "trouble"


def test_a_package_that_cannot_be_loaded_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("raise OSError('libportaudio.so.2: cannot open shared object file')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(checks, "LIVE", ("broken_package",))
    said = checks.packages()
    assert said.state == "trouble"
    assert "libportaudio.so.2" in said.told.en


@pytest.mark.parametrize("engine", engines.ENGINES, ids=lambda engine: engine.name)
def test_an_engine_without_package_or_model_has_a_command(
    engine: engines.Engine, monkeypatch: pytest.MonkeyPatch, no_models: Path
) -> None:
    if engine.installed():
        said = checks.engine(engine)
        assert said.state == "warning"
        assert f"callflow models install {engine.models[-1]}" in said.in_("en")
    without(monkeypatch, engine.package)
    said = checks.engine(engine)
    assert said.state == "warning"
    assert "pip install" in said.in_("en")


def test_without_any_recogniser_nothing_starts(monkeypatch: pytest.MonkeyPatch, no_models: Path) -> None:
    without(monkeypatch, *(engine.package for engine in engines.ENGINES))
    said = check(partial(checks.recogniser, lambda: [engines.choose("auto", "live")]))
    assert said.state == "trouble"
    assert "pip install" in said.in_("en")


@pytest.fixture
def zipformer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the installed model, the only one there is, to be damaged."""
    installed = models.find("zipformer")
    if installed is None or not find_spec("sherpa_onnx"):
        pytest.skip("not installed: zipformer")
    monkeypatch.setattr(models, "search_path", lambda: [tmp_path])
    return Path(shutil.copytree(installed, tmp_path / installed.name))


def test_a_damaged_model_is_found_and_mended_by_a_command(zipformer: Path) -> None:
    engine = engines.ENGINES[0]
    assert checks.engine(engine).state == "ok"
    (encoder,) = zipformer.glob("encoder*")
    content = bytearray(encoder.read_bytes())
    content[len(content) // 2] ^= 255
    encoder.write_bytes(content)
    said = checks.engine(engine)
    assert said.state == "warning"
    assert encoder.name in said.told.en
    assert "callflow models install zipformer" in said.mend.en


def test_a_recogniser_that_dies_when_it_loads_is_said_and_not_waited_for(zipformer: Path) -> None:
    for part in zipformer.glob("*.onnx"):
        part.write_bytes(b"no network at all")
    with pytest.raises(ModelError, match="zipformer, "):
        speed.recognition(engines.Choice("zipformer", zipformer, Text("", "")))


def test_a_recogniser_is_measured(zipformer: Path) -> None:
    said = speed.recognition(engines.Choice("zipformer", zipformer, Text("", "")))
    assert said.figures["took_s"] > 0
    assert said.figures["speech_s"] == 2 * speed.SECONDS


@pytest.mark.parametrize(
    ("engine", "took", "state"),
    [
        ("zipformer", 0.4, "ok"),
        ("zipformer", 3.0, "warning"),
        ("zipformer", 5.0, "trouble"),
        ("whisper", 4.0, "ok"),
        ("whisper", 9.0, "warning"),
    ],
)
def test_slow_recognisers_are_told_from_quick_ones(engine: str, took: float, state: str) -> None:
    assert speed.judged(engines.Choice(engine, Path(), Text("", "")), 1.0, took).state == state


# ---------------------------------------------------------------------------------------- devices, browser, port, disk


def test_no_device_is_trouble_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "devices", list)
    said = check(partial(checks.device, "microphone", None))
    assert said.state == "trouble"
    assert "callflow devices" in said.mend.en


def test_a_device_that_is_not_there_is_told_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "devices", lambda: HEADSET)
    assert "Jabra" in check(partial(checks.device, "microphone", None)).told.en
    said = check(partial(checks.device, "far_end", "plantronics"))
    assert said.state == "trouble"
    assert "Monitor of Jabra" in said.mend.en


def test_without_devices_nothing_is_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[Device]:
        raise DeviceError(Text("no sound", ""))

    monkeypatch.setattr(speed, "devices", none)
    assert speed.capture(lambda *_: pytest.fail("opened"), None, None).state == "warning"


@pytest.mark.parametrize(
    ("there", "window", "state"),
    [
        (["chromium"], False, "ok"),
        (["firefox", "microsoft-edge"], False, "ok"),
        (["firefox"], False, "warning"),
        ([], True, "warning"),
        ([], False, "trouble"),
    ],
)
def test_a_browser_is_needed(there: list[str], window: bool, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PLACES", ())
    said = checks.browser(lambda name: name if name in there else None, window)
    assert said.state == state
    assert bool(said.mend.zh) == (state != "ok" and not window)


def test_a_port_that_is_taken_is_trouble() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = checks.port(taken.getsockname()[1])
    assert said.state == "trouble"
    assert "--port" in said.mend.en
    assert checks.port().state == "ok"
    assert checks.port(70_000).state == "trouble"


@pytest.mark.parametrize(("free", "state"), [(50e9, "ok"), (100e6, "warning"), (1e6, "trouble")])
def test_room_on_the_disk(free: float, state: str, tmp_path: Path) -> None:
    said = checks.disk(tmp_path / "calls", lambda _: free)
    assert said.state == state
    assert not (tmp_path / "calls").exists(), "looking makes nothing"


def test_a_disk_that_is_full_is_trouble(tiny_disk: Path) -> None:
    assert checks.disk(tiny_disk).state == "trouble"


@pytest.mark.parametrize("folder", ["file/calls", "file"])
def test_a_folder_that_cannot_be_written_is_trouble(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = checks.disk(tmp_path / folder)
    assert said.state == "trouble"
    assert "--journals" in said.mend.en


# ---------------------------------------------------------------------------------------- what can be done without


def test_hotkeys_without_their_package_or_a_desktop_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pynput")
    assert "pip install 'callflow[hotkeys]'" in checks.hotkeys().in_("en")
    assert checks.hotkeys().state == "warning"


def test_an_optional_package_is_a_warning_with_its_command() -> None:
    said = checks.optional("no_such_package", "pip install it", Text("no floating", "不能置顶"))
    assert (said.state, said.mend.en) == ("warning", "pip install it")
    assert checks.optional("json", "", Text("", "")).state == "ok"


# ---------------------------------------------------------------------------------------- the other stages


def test_phrases_are_matched_and_measured() -> None:
    said = speed.matching(None)
    assert said.state in ("ok", "warning")
    assert 0 < said.figures["sentence_p50_s"] <= said.figures["sentence_p95_s"]
    assert check(partial(speed.matching, "no-such-flow")).state == "trouble"


def test_the_overlay_is_served_and_measured() -> None:
    pytest.importorskip("uvicorn", reason="not installed: callflow[live]")
    pytest.importorskip("fastapi", reason="not installed: callflow[live]")
    assert speed.overlay().figures["answer_s"] > 0
