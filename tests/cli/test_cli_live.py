"""``callflow live`` as an agent starts it: a process of its own, real devices, a real recogniser."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from queue import Queue

import numpy as np
import pytest
from commandline import complaint, environment, plan
from live.pulse import Pulse, needs_pulse, running

from callflow.events import CallAnswered
from callflow.journal import Header, read_journal
from callflow.live.record import CallRecord, take_up
from callflow.speech import engines

INSTALLED = all(find_spec(name) for name in ("fastapi", "uvicorn", "websockets"))
pytestmark = [
    needs_pulse,
    pytest.mark.skipif(not INSTALLED, reason="not installed: callflow[live]"),
    pytest.mark.timeout(120),
]
DEVICES = ("--microphone", "mic.monitor", "--far-end", "far.monitor")


@pytest.fixture(scope="module")
def headset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    """One PulseAudio for all of these tests; it finds its clients by their environment."""
    with running(tmp_path_factory.mktemp("pulse")) as server:
        yield server


@pytest.fixture(autouse=True)
def _place(headset: Pulse) -> None:
    try:
        engines.choose("auto", "live")
    except Exception as error:
        pytest.skip(str(error))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "callflow", "live", *arguments]


def refused(*arguments: str, language: str = "en", **more: str) -> str:
    """The one line that says why it does not start."""
    done = subprocess.run(
        command("--lang", language, *arguments), capture_output=True, env=environment(**more), check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr.decode()
    assert done.stdout == b""
    return complaint(done.stderr.decode(), language)[0]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A session in a process group of its own, as under a shell, and the address that it printed."""
    process = subprocess.Popen(
        command(*DEVICES, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), address + (process.stderr.read() if process.stderr else "")
        yield process, address
    finally:
        process.kill()
        process.communicate()


def interrupted(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C, which reaches the whole group; returns standard error."""
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode in (0, 130), stderr
    return stderr


def test_it_prints_where_the_overlay_is_answers_there_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with started("--journals", str(tmp_path)) as (process, address):
        with urllib.request.urlopen(address, timeout=10) as page:
            assert b"<!doctype html>" in page.read()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(address.rsplit("/", 2)[0] + "/guessed/", timeout=10)
        stderr = interrupted(process)
        assert "Traceback" not in stderr
        assert str(tmp_path) in stderr
        assert stderr.splitlines()[-1] == "ending …"
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == [], "no call, no journal"


def test_ctrl_c_while_everything_is_starting_leaves_no_traceback(tmp_path: Path) -> None:
    with started("--journals", str(tmp_path)) as (process, _):
        assert "Traceback" not in interrupted(process)  # the recogniser is still loading


def test_a_second_ctrl_c_does_not_wait_and_says_what_is_true(tmp_path: Path) -> None:
    with started("--journals", str(tmp_path), "--lang", "en") as (process, address):
        assert process.stderr
        with socket.create_connection(("127.0.0.1", int(address.split(":")[2].split("/")[0]))) as waits:
            waits.sendall(b"GET / HTTP/1.1\r\n")  # the server's end waits for the rest of it
            os.killpg(process.pid, signal.SIGINT)
            while process.stderr.readline() not in ("ending …\n", ""):
                pass
            os.killpg(process.pid, signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
    assert "nothing was written" not in stderr
    if process.returncode:  # not over before the second
        assert (process.returncode, stderr) == (130, "ended at once; what was written of the calls is kept\n")


def test_an_unknown_device_is_named_with_those_that_could_be_meant() -> None:
    line = refused("--microphone", "no-such-thing")
    assert "no-such-thing" in line
    assert "mic.monitor" in line
    assert "--microphone" in line
    assert "没有" in refused("--far-end", "no-such-thing", language="zh")


@pytest.mark.parametrize("package", ["uvicorn", "fastapi"])
def test_a_missing_extra_is_named_with_the_command_that_brings_it(package: str, tmp_path: Path) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('No module named {package}', name='{package}')")
    paths = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    line = refused(*DEVICES, PYTHONPATH=paths)
    assert package in line
    assert "pip install 'callflow[live]'" in line


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused(*DEVICES, "--journals", str(tmp_path), "--port", port)
    assert f"127.0.0.1:{port}" in line


@pytest.mark.parametrize("port", ["70000", "-1", "abc"])
def test_a_port_that_cannot_be_is_said(port: str, tmp_path: Path) -> None:
    assert f'"{port}" is no port' in refused(*DEVICES, "--journals", str(tmp_path), f"--port={port}")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--journals", ""], "an empty name"),
        (["--journals", __file__], "it is a file"),
        (["--no-journal", "--engine", "zipformer+zipformer"], "two that differ"),
        (["--no-journal", "--transfer-to", "1001"], "--transfer-to is for a telephone"),
    ],
)
def test_an_option_that_cannot_be_is_said(arguments: list[str], told: str) -> None:
    assert told in refused(*DEVICES, *arguments)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refused(*DEVICES, "--journals", str(tmp_path / "file" / "calls"))
    assert str(tmp_path / "file" / "calls") in line
    assert "--no-journal" in line


@pytest.mark.parametrize(
    "calls",
    [
        "nonsense",
        "sip:",
        "ami://host",
        "http://x@y/z",
        "",
        "sip:a@b:99999",
        "sip:[@b",
        "ami://u@h:99999/PJSIP/1",
        "ami://u@[h/PJSIP/1",
    ],
)
def test_a_telephone_that_is_none_is_said(calls: str, tmp_path: Path) -> None:
    line = refused(*DEVICES, "--journals", str(tmp_path), "--calls", calls)
    assert "--calls" in line
    assert "sip:USER@HOST" in line


@contextmanager
def registrar(port: int) -> Iterator[Queue[str]]:
    """An exchange that lets everybody register on 127.0.0.1, and tells where they can be called."""
    contacts: Queue[str] = Queue()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", port))

        def answer() -> None:
            while True:
                asked, sender = line.recvfrom(65_536)
                if not asked.strip():
                    return
                head = [row for row in asked.decode().split("\r\n") if row.startswith(COPIED)]
                line.sendto("\r\n".join(["SIP/2.0 200 OK", *head, "Content-Length: 0", "", ""]).encode(), sender)
                contacts.put(next(row.partition("<")[2].partition(">")[0] for row in head if row[:7] == "Contact"))

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield contacts
        finally:
            line.sendto(b" ", ("127.0.0.1", port))
            thread.join()


COPIED = ("Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:")
"""Lines of a request that an answer repeats."""


def test_it_is_the_agents_telephone(tmp_path: Path) -> None:
    """Registered with an exchange, called, answered in the overlay, heard and hung up; and no far end is asked for."""
    pytest.importorskip("baresip", reason="not installed: callflow[sip]")
    from live.sip_call import free_port, parties, until
    from websockets.sync.client import connect
    from websockets.typing import Origin

    port = free_port()
    arguments = ("--journals", str(tmp_path), "--calls", f"sip:agent@127.0.0.1:{port}", "--sip-interface", "127.0.0.1")
    with parties("customer") as (customer,), registrar(port) as contacts, started(*arguments) as (process, address):
        customer.phone.dial(contacts.get(timeout=30))
        origin = address.rsplit("/", 2)[0]
        with connect(f"{address.replace('http', 'ws', 1)}socket", origin=Origin(origin), proxy=None) as page:
            while '"ringing"' not in (seen := str(page.recv(timeout=60))):
                page.send(json.dumps({"got": json.loads(seen)["number"]}))
            page.send(json.dumps({"action": "answer", "target": "", "value": ""}))
            customer.wait_for("answered")
        customer.say(np.full(16_000, 100, np.int16))
        assert customer.heard().size, "the agent's microphone goes out over the line"
        customer.phone.hang_up()
        customer.wait_for("hung_up")
        until(lambda: list(tmp_path.glob("*.jsonl")), lambda: "no journal")
        assert "Traceback" not in interrupted(process)
    (journal,) = tmp_path.glob("*.jsonl")
    kinds = [event.type for event in read_journal(journal).events]
    assert [kind for kind in kinds if kind.startswith("call.") and kind != "call.context"][-2:] == [
        "call.answered",
        "call.hung_up",
    ]


def test_a_wall_needs_an_address_and_a_token_that_is_not_on_the_command_line(tmp_path: Path) -> None:
    assert "wall-token NAME" in refused(*DEVICES, "--wall", "http://127.0.0.1:8700")
    assert "cannot read" in refused(*DEVICES, "--wall", "http://127.0.0.1:8700", "--wall-token", "1.secret")
    file = tmp_path / "token"
    file.write_text("1.secret\n")
    assert "no address" in refused(*DEVICES, "--wall", "desk", "--wall-token", str(file))
    file.write_bytes(b"\xff\xfe")
    assert "cannot read" in refused(*DEVICES, "--wall", "http://127.0.0.1:8700", "--wall-token", str(file))
    file.write_text("1.secret\nand more")
    assert "token" in refused(*DEVICES, "--wall", "http://127.0.0.1:8700", "--wall-token", str(file))


def test_sound_cannot_be_kept_where_nothing_is_kept() -> None:
    assert "--audio" in refused(*DEVICES, "--audio", "--no-journal")


def test_a_second_one_leaves_the_call_of_the_first_alone(tmp_path: Path) -> None:
    """The one that is on belongs to a living process, this one; the other was left by one that is gone."""
    header = Header("inbound", plan().flow.hashes)
    mine = CallRecord(tmp_path / "b.jsonl", header)
    mine.write(CallAnswered(at=1.0))
    left = CallRecord(tmp_path / "a.jsonl", header)
    left.write(CallAnswered(at=1.0))
    left.close()
    with started("--journals", str(tmp_path)) as (process, _), started("--journals", str(tmp_path)) as (other, _):
        end = time.monotonic() + 60
        while not (tmp_path / "a.jsonl").exists():  # too old to go on: it gets its name and its score
            assert time.monotonic() < end, "nobody took up the call that was left"
            time.sleep(0.05)
        interrupted(process)
        interrupted(other)
    assert not (tmp_path / "b.jsonl").exists()
    assert mine.finish() == tmp_path / "b.jsonl"
    assert list(take_up(tmp_path)) == []
