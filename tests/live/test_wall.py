"""A real call on the live wall: seen by its supervisor in a browser, and a whisper read in the agent's overlay."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import until
from live.desk import CALLS, desk, needs_quick, plan
from live.test_session import Script
from overlay_pages import words

from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block
from callflow.call.hiding import MARKS
from callflow.call.screen import Desk
from callflow.errors import BadInput
from callflow.events import CallAnswered, CallRinging, Heard
from callflow.live import wall as live_wall
from callflow.live.calls import Calls
from callflow.live.ears import Ears
from callflow.live.hearing import Hearing
from callflow.live.lines import Lines
from callflow.live.notices import Board
from callflow.live.setting import Setting
from callflow.live.wall import Wall, Whisper, glance, is_in_clear, read, socket_address

pytest.importorskip("nicegui", reason="the Python package nicegui is not installed")
from served import Served, serving

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("wall")) as server:
        yield server


class HeldOn(Recording):
    """The beginning of a bundled call, after which both are silent but nobody hangs up."""

    UNTIL = 36.0

    def __next__(self) -> Block:
        block = super().__next__()
        if block.at < self.UNTIL:
            self._last = block
            return block
        time.sleep(FRAME / RATE)
        silence = np.zeros(FRAME, np.int16)
        self._last = Block(self._last.end, silence, silence)
        return self._last


@needs_quick
def test_a_supervisor_sees_the_call_and_whispers_into_the_overlay(served: Served, tmp_path: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="zh-CN")
    cookies = {**served.browser("banzhang").cookies, "callflow-look": "zh.light"}
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(f"{served.url}/wall")
    until(page, "!document.getElementById('nobody').hidden")
    script = Script(CallRinging(at=0.5), CallAnswered(at=1.0))
    with (
        Wall(served.url, served.wall_token()) as wall,
        desk(HeldOn(CALLS / "faulty.opus"), tmp_path, [script], live=False, wall=wall) as place,
    ):
        script.desk = place
        until(page, lambda: page.locator("#teams .warning").count() and page.locator("#teams .warning").is_visible())
        assert "→" in words(page, "#teams .warning")
        assert page.locator(".call .name").inner_text() == "王芳"
        page.fill(".whisper input", "请先致歉，再说 <b>办法</b>")
        page.keyboard.press("Enter")
        overlay = context.new_page()
        overlay.goto(place.overlay.url)
        until(overlay, lambda: "banzhang：请先致歉，再说 <b>办法</b>" in words(overlay, "#notices"))
        until(page, lambda: "已送达" in words(page, ".whispers"))
        overlay.locator("#notices button").first.click()
        until(page, lambda: "已读" in words(page, ".whispers"))
        until(overlay, lambda: "致歉，再说" not in words(overlay, "#notices"))
    until(page, lambda: "连接中断" in words(page, ".call .phase"))
    context.close()
    kept = served.rows("SELECT user, what FROM audit WHERE action LIKE 'wall.%' ORDER BY id")
    assert [user for user, _ in kept[-2:]] == ["banzhang", "zuoxi"]
    assert "请先致歉" in kept[-2][1]


def test_a_call_minds_neither_a_dead_nor_a_silent_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        for address in (f"http://127.0.0.1:{silent.getsockname()[1]}", "http://127.0.0.1:9"):
            with Wall(address, "1.secret") as wall:
                began = time.monotonic()
                for _ in range(10_000):
                    wall.show({})
                    wall.dismissed("whisper.1")
                    assert wall.next_whisper() is None
                assert time.monotonic() - began < 5
                assert not wall.connected


def test_a_whisper_outlives_a_lost_connection_and_is_shown_once(served: Served, tmp_path: Path) -> None:
    token = served.wall_token()
    boss = served.browser("banzhang")
    number = served.rows("SELECT id FROM users WHERE name = 'zuoxi'")[0][0]
    with Wall(served.url, token) as wall:
        _until(lambda: wall.connected)
        headers = {"content_type": "application/json", "x_csrf_token": boss.csrf}
        asked = boss.ask(f"/api/wall/{number}/whispers", "POST", '{"text": "慢一点"}', **headers)
        assert asked.status == 200
        _until(lambda: (got := wall.next_whisper()) is not None and got.words == "慢一点")
    with Wall(served.url, token) as wall:  # the program was started again: it has not been read
        got: list[Whisper | None] = []
        _until(lambda: _taken(got, wall))
        assert got[-1]
        wall.dismissed(got[-1].notice)
        _until(lambda: served.rows("SELECT * FROM audit WHERE action = 'wall.seen' AND what LIKE ?", f"%{_id(asked)}"))


def test_of_two_machines_with_one_token_the_later_stays_and_the_other_is_told(served: Served) -> None:
    token = served.wall_token()
    with Wall(served.url, token) as first:
        _until(lambda: first.connected)
        with Wall(served.url, token) as second:
            _until(lambda: second.connected and not first.connected)
            _until(lambda: first.trouble is not None)
            assert first.trouble
            assert "another computer" in first.trouble.en.lower()
            first._thread.join(5)
            assert not first._thread.is_alive()  # else they would throw each other out for ever
            assert second.connected
            assert second.trouble is None


def test_a_token_that_is_not_good_is_told_at_once(served: Served) -> None:
    with Wall(served.url, "1.secret") as wall:
        _until(lambda: wall.trouble is not None)
        assert wall.trouble
        assert "new token" in wall.trouble.en


@pytest.fixture(scope="module")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a certificate that it has made itself."""
    folder = tmp_path_factory.mktemp("certificate")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out desk.pem"
    subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "desk.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    with suppress(OSError), context.wrap_socket(line, server_side=True):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://localhost:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def another() -> Iterator[str]:
    """A web server that is none of ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_wall_that_is_not_reached_is_told_with_the_reason(
    served: Served, another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_wall, "PATIENCE", 0.0)
    other_name = served.url.replace("127.0.0.1", "127.1")
    for address, why in (
        ("http://127.0.0.1:9", "refused"),
        ("http://desk.invalid:8700", "no computer of that name"),
        (other_name, "by this name"),
        (another, "no callflow serve"),
        (served.url.replace("http", "https"), "no callflow serve"),
    ):
        with Wall(address, served.wall_token()) as wall:
            _until(lambda wall=wall: wall.trouble is not None)
            assert wall.trouble
            assert why in wall.trouble.en.lower()
            assert "token" not in wall.trouble.en, "nothing is wrong with it"
            board = Board()
            assert board.follow_wall(wall)
            assert [notice.text for notice in board.shown()] == [wall.trouble]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")
def test_a_certificate_that_is_not_trusted_is_told(untrusted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_wall, "PATIENCE", 0.0)
    with Wall(untrusted, "1.secret") as wall:
        _until(lambda: wall.trouble is not None)
        assert wall.trouble
        assert "not trusted here (self-signed certificate)" in wall.trouble.en.replace("self signed", "self-signed")


def test_a_wall_that_is_reached_again_is_no_trouble(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wall(served.url, served.wall_token()) as wall:
        assert wall.trouble is None, "not at once"
        _until(lambda: wall.connected)
        assert wall.trouble is None


@pytest.mark.parametrize(
    ("address", "clear"),
    [("http://desk:8700", True), ("ws://10.0.0.1", True), ("https://desk:8700", False), ("http://127.0.0.1:1", False)],
)
def test_it_is_known_where_others_can_read(address: str, clear: bool) -> None:
    assert is_in_clear(address) == clear


def _taken(got: list[Whisper | None], wall: Wall) -> bool:
    got.append(wall.next_whisper())
    return got[-1] is not None


def _id(answer: Any) -> str:
    import json

    return str(json.loads(answer.text)["id"])


def _until(true: Any, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_numbers_leave_the_machine_masked() -> None:
    said = {"speaker": "customer", "text": "我的电话一三八零零一三八零零零", "gloss": []}
    view: dict[str, Any] = {
        "phase": "talking", "at": 12.0, "began": 2.0, "ended": None, "state": {"title": {"zh": "受理", "en": "In"}},
        "main": {"kind": "ask", "text": "电话是13812345678吗"}, "warned": [],
        "warnings": [{"said": f"138{MARKS[0]}{MARKS[3]}{MARKS[5]}{MARKS[7]}5678", "gloss": "", "better": "好"}],
        "said": [said], "desk": {"levels": {"agent": -20}},
    }  # fmt: skip
    told = glance(view)
    assert told["length"] == 10.0
    assert told["main"]["text"] == "电话是138••••5678吗"
    assert told["warning"] == {"said": "138••••5678", "text": "好"}
    assert not any(mark in str(told) for mark in MARKS)
    assert "零零一三八" not in told["said"][0]["text"]


@pytest.mark.parametrize("kept", [False, True])
def test_a_number_told_in_parts_does_not_leave_the_machine_though_it_is_kept_there(kept: bool) -> None:
    setting = Setting(None, by_sound=False, keep_numbers=kept)
    calls = Calls(plan(), Hearing(False), Ears([]), Lines(), setting, True, datetime.now)
    calls.reported(CallAnswered(at=0.0), "", 0.0)
    call = calls.current
    assert call
    parts = ["电话一三八零", "零一三八零零零"]
    for at, said in zip((4.0, 6.0), parts, strict=True):
        call.feed(Heard(at=at, speaker="customer", text=said, start=at - 1.5, end=at - 0.2, utterance=f"c{at}"))
    assert not set(str(call.view(Desk())["said"])) & set(MARKS), "the agent sees it"
    shown = [said["text"] for said in glance(call.hidden_view(Desk()))["said"]]
    assert shown == ["电话一三八•", "•••八零零零"]


@pytest.mark.parametrize(
    "message",
    [
        *("", "1", "[]", "{}", '{"whisper": 1}', '{"whisper": {"id": "1", "from": "a"}}'),
        *(
            '{"whisper": {"id": "../1", "from": "a", "text": "b"}}',
            '{"whisper": {"id": "1", "from": "a", "text": " "}}',
        ),
        *('{"whisper": {"id": 1, "from": "a", "text": "b"}}', "[" * 5000),
    ],
)
def test_what_is_no_whisper_is_passed_over(message: str) -> None:
    assert read(message) is None


def test_a_whisper_is_one_short_line() -> None:
    whisper = read('{"whisper": {"id": "1f", "from": "a\\u001b[2J", "text": "' + "长" * 9000 + '\\n\\u202e"}}')
    assert whisper is not None
    assert len(whisper.words) == 300
    assert whisper.who.isprintable()


@pytest.mark.parametrize(
    "address", ["desk", "ftp://desk", "http://", "http://u:p@desk", "http://desk?x", "http://[", ""]
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(BadInput, match="no address"):
        socket_address(address)
    assert socket_address("https://desk:8700/") == "wss://desk:8700/wall/machine"
