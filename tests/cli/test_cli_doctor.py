"""``callflow doctor`` as a person runs it."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from commandline import callflow
from live.pulse import needs_pulse, running

from callflow.errors import ModelError
from callflow.speech import engines

pytestmark = [
    pytest.mark.skipif(not find_spec("uvicorn"), reason="not installed: callflow[live]"),
    pytest.mark.timeout(240),
]
LINE = re.compile(r"^[✓!✕] \S.*\S$")


@needs_pulse
def test_with_everything_there_it_says_that_a_session_can_start(tmp_path: Path) -> None:
    try:
        engines.choose("auto", "live")
    except ModelError as error:
        pytest.skip(str(error))
    headset = ("--microphone", "mic.monitor", "--far-end", "far.monitor")
    with running(tmp_path):
        done = callflow("doctor", "--lang", "zh", *headset, cwd=tmp_path)
    *lines, last = done.stdout.decode().splitlines()
    assert all(LINE.match(line) for line in lines), lines
    assert done.stderr == b""
    troubles = [line for line in lines if line.startswith("✕")]
    assert troubles == [line for line in troubles if "浏览器" in line], "there may be no browser here"
    assert done.returncode == bool(troubles)
    assert ("可以启动" in last) != bool(troubles)
    assert any("采集" in line and "毫秒" in line for line in lines)


def test_what_is_missing_is_trouble_with_code_1_for_programs_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = callflow(
        *("doctor", "--json", "--lang", "en", "--microphone", "no-such-thing", "--engine", "no-such-engine"),
        *("--journals", str(tmp_path / "file" / "calls"), "--flow", "no-such-flow", "--port", "70000"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr == b""
    told = json.loads(done.stdout)
    assert told["ok"] is False
    states = {check["id"]: check["state"] for check in told["checks"]}
    assert {id_ for id_, state in states.items() if state == "trouble"} >= {
        *("recogniser", "microphone", "port", "disk", "speed.matching", "speed.overlay"),
    }
    assert states["python"] == states["packages"] == "ok"
    assert all(check["mend"] for check in told["checks"] if check["state"] == "trouble"), told
