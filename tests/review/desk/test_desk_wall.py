"""What may be done to the live wall from outside: by machines without a token or with bad manners, and by users."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from hashlib import sha256
from typing import Any, cast

import pytest
from fastapi import FastAPI, Response, WebSocket
from served import Answer, Served
from starlette.testclient import TestClient, WebSocketDenialResponse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from callflow.archive.machines import Machine
from callflow.archive.viewers import EVERYTHING
from callflow.review.desk import glance
from callflow.review.desk import wall as desk_wall
from callflow.review.desk.wall import CHECKED_EVERY, Whisper
from callflow.web.access import FRESH, MOST_REQUESTS

VIEW: dict[str, Any] = {
    "phase": "talking", "state": {"zh": "受理", "en": "Intake"}, "length": 12.5,
    "main": {"kind": "say", "text": "对不起，让您久等了。"}, "warning": None,
    "said": [{"speaker": "customer", "text": "我的电话是13812345678"}], "levels": {"agent": -20, "customer": -31},
}  # fmt: skip
BAD: tuple[dict[str, Any], ...] = (
    {"phase": "<script>"}, {"phase": ["talking"]}, {"length": -1}, {"length": 1e300}, {"length": True},
    {"length": float("nan")}, {"main": {"kind": "x", "text": ""}}, {"main": {"kind": "say", "text": 1}},
    {"said": [VIEW["said"][0]] * 3}, {"said": [{"speaker": "boss", "text": ""}]}, {"levels": {"agent": "loud"}},
    {"state": []}, {"warning": "x"},
)  # fmt: skip


@contextmanager
def machine(served: Served, token: str, **more: Any) -> Iterator[ClientConnection]:
    address = f"ws://127.0.0.1:{served.port}/wall/machine"
    with connect(address, additional_headers={"authorization": f"Bearer {token}"}, close_timeout=1, **more) as line:
        yield line


@contextmanager
def watching(served: Served, user: str) -> Iterator[ClientConnection]:
    cookie = {"cookie": f"callflow={served.browser(user).cookies['callflow']}"}
    address = f"ws://127.0.0.1:{served.port}/wall/socket"
    with connect(address, origin=Origin(served.url), additional_headers=cookie, close_timeout=1) as line:
        yield line


def cards(line: ClientConnection, until: Any = lambda cards: True) -> Any:
    """The first cards that are as they should be."""
    end = time.monotonic() + 20
    told: Any = None
    while True:
        assert time.monotonic() < end, told
        told = json.loads(line.recv(5))["cards"]
        line.send("got")
        if until(told):
            return told


def whisper(served: Served, user: str, text: str, number: int | None = None, **more: Any) -> Answer:
    browser = served.browser(user)
    number = agent(served) if number is None else number
    headers = {"content_type": "application/json", "x_csrf_token": browser.csrf, **more}
    return browser.ask(f"/api/wall/{number}/whispers", "POST", json.dumps({"text": text}), **headers)


def agent(served: Served) -> int:
    return int(served.rows("SELECT id FROM users WHERE name = 'zuoxi'")[0][0])


def read(line: ClientConnection, page: ClientConnection) -> dict[str, str]:
    """The whisper that comes; it is read, and the page knows."""
    told: dict[str, str] = json.loads(line.recv(5))["whisper"]
    line.send(json.dumps({"seen": told["id"]}))
    until_is(page, told["id"], "read")
    return told


def until_is(page: ClientConnection, whisper: str, state: str) -> None:
    cards(page, lambda seen: (whisper, state) in [(each["id"], each["state"]) for each in seen[0]["whispers"]])


def closed(line: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        for _ in range(100):
            line.recv(10)
    return line.close_code


def test_only_a_token_that_is_good_lets_a_machine_in(served: Served) -> None:
    token = served.wall_token()
    number, _, secret = token.partition(".")
    wrong = ["", "x", ".", number, f"{number}.", f".{secret}", f"{number}.{secret[:-1]}", f"{number}.{secret}x"]
    wrong += [f"0{number}.x", f"999.{secret}", f"-1.{secret}", f"{number} OR 1=1.{secret}", f"{'9' * 400}.{secret}"]
    for bad in wrong:
        with pytest.raises(InvalidStatus) as refused, machine(served, bad):
            pass
        assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus), machine(served, token, origin=Origin(served.url)):
        pass  # no program of ours, but a page that somebody has given a token to
    with machine(served, token) as line:
        line.send(json.dumps({"view": VIEW}))
    with pytest.raises(InvalidStatus), machine(served, served.browser("admin").cookies["callflow"]):
        pass  # a session is no token


def test_the_archive_does_not_know_the_token_and_a_new_one_ends_the_old(served: Served) -> None:
    old = served.wall_token()
    files = [path.read_bytes() for path in served.archive.parent.glob("calls.db*") if path.is_file()]
    assert not any(old.partition(".")[2].encode() in content for content in files)
    with machine(served, old) as line:
        served.wall_token()
        assert closed(line) == 1008
    with pytest.raises(InvalidStatus), machine(served, old):
        pass


def test_who_is_disabled_is_off_the_wall(served: Served) -> None:
    token = served.wall_token()
    served.change("UPDATE users SET active = 0 WHERE name = 'zuoxi'")
    try:
        with pytest.raises(InvalidStatus), machine(served, token):
            pass
    finally:
        served.change("UPDATE users SET active = 1 WHERE name = 'zuoxi'")


def test_a_second_machine_with_the_same_token_takes_the_place_of_the_first(served: Served) -> None:
    token = served.wall_token()
    with machine(served, token) as first, machine(served, token) as second, watching(served, "admin") as page:
        assert closed(first) == 4001
        second.send(json.dumps({"view": VIEW}))
        assert len(cards(page, lambda seen: seen and seen[0]["phase"] == "talking")) == 1


@pytest.mark.parametrize(
    "message",
    [
        *("", "no JSON", "[]", "{}", '{"view": 1}', '{"view": {}}', '{"seen": 1}', "[" * 5_000, "x" * 9_000),
        *(json.dumps({"view": {**VIEW, **bad}}) for bad in BAD),
    ],
)  # fmt: skip
def test_what_our_program_would_never_send_ends_the_connection(served: Served, message: str) -> None:
    with machine(served, served.wall_token()) as line:
        line.send(message)
        assert closed(line) == 1008


def test_a_flood_ends_the_connection(served: Served) -> None:
    with machine(served, served.wall_token()) as line:
        with suppress(ConnectionClosed):
            for _ in range(50):
                line.send(json.dumps({"view": VIEW}))
        assert closed(line) == 1008


def test_a_page_gets_text_that_is_bounded_and_masked_whatever_the_machine_does(served: Served) -> None:
    said = [{"speaker": "customer", "text": "我的电话是13812345678" + "长" * 900}]
    main = {"kind": "say", "text": "<img src=x onerror=alert(1)>\u202e\n\x1b[2J"}
    with machine(served, served.wall_token()) as line, watching(served, "banzhang") as page:
        line.send(json.dumps({"view": {**VIEW, "said": said, "main": main, "evil": "x"}}))
        (card,) = cards(page, lambda seen: seen and seen[0]["said"] and seen[0]["main"]["text"].startswith("<img"))
        assert card["said"][0]["text"].startswith("我的电话是138••••5678长")
        assert len(card["said"][0]["text"]) == 200
        assert card["main"]["text"].isprintable()
        assert "evil" not in card


def test_supervisors_see_their_team_only_and_agents_nothing(served: Served) -> None:
    with machine(served, served.wall_token()) as line:
        line.send(json.dumps({"view": VIEW}))
        with watching(served, "banzhang") as page, watching(served, "admin") as other:
            assert [card["agent"] for card in cards(page)] == [card["agent"] for card in cards(other)] == ["1001"]
        served.change("UPDATE agents SET team_id = (SELECT id FROM teams WHERE name = '二组') WHERE code = '1001'")
        try:
            with watching(served, "banzhang") as page:
                cards(page, lambda seen: seen == [])
            assert whisper(served, "banzhang", "您好").status == 404
        finally:
            served.change("UPDATE agents SET team_id = (SELECT id FROM teams WHERE name = '一组') WHERE code = '1001'")
        with pytest.raises(InvalidStatus), watching(served, "zuoxi"):
            pass
    assert served.browser("zuoxi").ask("/wall").status == 403
    assert whisper(served, "zuoxi", "我来看看").status == 403


def test_who_gets_another_team_or_role_is_shown_something_else_at_once(served: Served) -> None:
    with machine(served, served.wall_token()), watching(served, "banzhang") as page:
        assert len(cards(page)) == 1
        try:
            served.change(
                "UPDATE users SET team_id = (SELECT id FROM teams WHERE name = '二组') WHERE name = 'banzhang'"
            )
            cards(page, lambda seen: seen == [])
            served.change("UPDATE users SET role = 'agent' WHERE name = 'banzhang'")
            assert answered_until_closed(page) == 1008
        finally:
            served.change("UPDATE users SET role = 'supervisor', team_id = (SELECT id FROM teams WHERE name = '一组')"
                          " WHERE name = 'banzhang'")  # fmt: skip
            time.sleep(FRESH)  # until then the server remembers what was


def answered_until_closed(page: ClientConnection) -> int | None:
    """A page that goes on saying that it got what was sent."""
    end = time.monotonic() + 20
    with suppress(ConnectionClosed):
        while time.monotonic() < end:
            page.recv(5)
            page.send("got")
    return page.close_code


def test_a_whisper_is_shown_read_and_noted(served: Served) -> None:
    with machine(served, served.wall_token()) as line:
        answer = whisper(served, "banzhang", " 请先\n致歉 ")
        assert answer.status == 200
        told = json.loads(line.recv(5))["whisper"]
        assert (told["from"], told["text"]) == ("banzhang", "请先 致歉")
        with watching(served, "admin") as page:
            line.send(json.dumps({"seen": "not one of ours"}))
            line.send(json.dumps({"seen": told["id"]}))
            cards(page, lambda seen: seen[0]["whispers"][-1]["state"] == "read")
    noted = served.rows("SELECT user, action, what FROM audit WHERE what LIKE ? ORDER BY id", f"%{told['id']}%")
    assert [(user, action) for user, action, _ in noted] == [("banzhang", "wall.whisper"), ("zuoxi", "wall.seen")]
    assert "请先 致歉" in noted[0][2]


def test_numbers_in_a_whisper_are_for_the_agent_and_for_those_who_may_see_them(served: Served) -> None:
    shown = {"admin": "请回拨138••••5678", "banzhang": "请回拨138••••5678", "seer": "请回拨13812345678"}
    with machine(served, served.wall_token()) as line, watching(served, "admin") as page:
        assert shown["admin"] in whisper(served, "admin", "请回拨13812345678").text
        assert read(line, page)["text"] == "请回拨13812345678"
        for user, words in shown.items():
            with watching(served, user) as other:
                assert cards(other)[0]["whispers"][-1]["text"] == words, user
    assert served.rows("SELECT 1 FROM audit WHERE what LIKE '%请回拨138••••5678%'")
    assert not served.rows("SELECT 1 FROM audit WHERE what LIKE '%13812345678%'")


def test_numbers_in_the_names_of_agents_and_teams_are_masked(served: Served) -> None:
    served.change("UPDATE agents SET name = '王13812345678' WHERE code = '1001'")
    served.change("UPDATE teams SET name = '组13912345678' WHERE name = '一组'")
    try:
        with machine(served, served.wall_token()):
            for user, name, team in (
                ("admin", "王138••••5678", "组139••••5678"),
                ("seer", "王13812345678", "组13912345678"),
            ):
                with watching(served, user) as page:
                    assert [(card["name"], card["team"]) for card in cards(page)] == [(name, team)]
    finally:
        served.change("UPDATE agents SET name = '王芳' WHERE code = '1001'")
        served.change("UPDATE teams SET name = '一组' WHERE name = '组13912345678'")


def test_the_name_of_a_whisper_is_no_number_to_be_masked() -> None:
    assert glance.read('{"seen": "c00d98332896adf9"}') == glance.Seen("c00d98332896adf9")


def test_an_archive_that_stumbles_costs_no_connection_no_receipt_and_no_revocation(served: Served) -> None:
    token = served.wall_token()
    with machine(served, token) as line, watching(served, "admin") as page:
        assert whisper(served, "admin", "先别急").status == 200
        told = json.loads(line.recv(5))["whisper"]
        until_is(page, told["id"], "sent")
        served.change("ALTER TABLE wall_tokens RENAME TO away")
        served.change("ALTER TABLE audit RENAME TO lost")
        try:
            line.send(json.dumps({"seen": told["id"]}))
            with pytest.raises(InvalidStatus) as refused, machine(served, token):
                pass
            assert refused.value.response.status_code == 503  # which says nothing against the token
            end = time.monotonic() + CHECKED_EVERY + 1
            while time.monotonic() < end:
                assert cards(page)[0]["whispers"][-1]["state"] == "sent"
        finally:
            served.change("ALTER TABLE lost RENAME TO audit")
            served.change("ALTER TABLE away RENAME TO wall_tokens")
        cards(page, lambda seen: seen[0]["whispers"][-1]["state"] == "read")
        assert (
            len(served.rows("SELECT 1 FROM audit WHERE action = 'wall.seen' AND what LIKE ?", f"%{told['id']}%")) == 1
        )
        assert whisper(served, "admin", "好了").status == 200
        assert read(line, page)["text"] == "好了"
        served.change("DELETE FROM wall_tokens")
        assert closed(line) == 1008


def test_machines_of_agents_keep_no_supervisor_out(served: Served) -> None:
    """More of them than requests may be under way."""
    many = MOST_REQUESTS + 5
    names = [column for _, column, *_ in served.rows("PRAGMA table_info(users)") if column not in ("id", "name")]
    columns = ", ".join(names)
    copied = f"INSERT INTO users (name, {columns}) SELECT ?, {columns} FROM users WHERE name = 'zuoxi'"
    hashed = sha256(b"secret").hexdigest()
    with closing(sqlite3.connect(served.archive, timeout=30)) as db, db:
        db.executemany(copied, [[f"many{n}"] for n in range(many)])
        users = [number for (number,) in db.execute("SELECT id FROM users WHERE name LIKE 'many%'")]
        token = "INSERT INTO wall_tokens (user_id, hashed, made) VALUES (?, ?, '2026-11-29 00:00:00.000000')"
        db.executemany(token, [[number, hashed] for number in users])
    try:
        with ExitStack() as stack:
            for number in users:
                upgraded(
                    served, stack.enter_context(closing(socket.create_connection(("127.0.0.1", served.port)))), number
                )
            assert served.browser("admin").ask("/calls").status == 200
            with watching(served, "admin") as page:
                cards(page, lambda seen: sum(card["online"] for card in seen) == many)
    finally:
        served.change("DELETE FROM wall_tokens WHERE user_id IN (SELECT id FROM users WHERE name LIKE 'many%')")
        served.change("DELETE FROM users WHERE name LIKE 'many%'")


def upgraded(served: Served, line: socket.socket, user: int) -> None:
    """A machine, without the thread that a client has."""
    head = f"GET /wall/machine HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: Bearer {user}.secret\r\n"
    head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    line.sendall(f"{head}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
    assert line.recv(1000).startswith(b"HTTP/1.1 101")


def test_who_is_away_for_long_makes_room_though_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    async def known(token: str) -> Machine:
        return Machine(int(token), token, token, "", 1, "一组")

    async def noted(machine: Machine, whisper: Whisper) -> None:
        raise AssertionError

    monkeypatch.setattr(desk_wall, "MOST_MACHINES", 1)
    monkeypatch.setattr(desk_wall, "GONE_AFTER", 0.1)
    wall, app = desk_wall.Wall(known, noted), FastAPI()

    @app.websocket("/{token}")
    async def machine(socket: WebSocket, token: str) -> None:
        await wall.machine(socket, token)

    with TestClient(app) as client:
        with (
            client.websocket_connect("/1"),
            pytest.raises(WebSocketDenialResponse) as full,
            client.websocket_connect("/2"),
        ):
            pass
        assert full.value.status_code == 503
        end = time.monotonic() + 20
        while wall.cards(EVERYTHING):
            assert time.monotonic() < end
            time.sleep(0.05)
        with client.websocket_connect("/2"):
            pass


def test_few_tokens_are_looked_up_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def known(token: str) -> None:
        asked.append(token)
        await asyncio.Event().wait()

    class Socket:
        status = 0

        async def send_denial_response(self, response: Response) -> None:
            self.status = response.status_code

    async def ask() -> int:
        wall, sockets = desk_wall.Wall(known, cast(Any, None)), [Socket() for _ in range(3)]
        tasks = [asyncio.create_task(wall.machine(cast(Any, socket), "guess")) for socket in sockets]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return sockets[-1].status

    monkeypatch.setattr(desk_wall, "MOST_ASKING", 2)
    assert asyncio.run(ask()) == 503
    assert len(asked) == 2


def test_whispers_are_few_and_short(served: Served) -> None:
    with machine(served, served.wall_token()) as line:
        assert whisper(served, "admin", "长" * 201).status == 422
        assert whisper(served, "admin", "长" * 90_000).status == 422
        assert whisper(served, "admin", " \n ").status == 422
        got = [whisper(served, "admin", f"第 {n} 条").status for n in range(4)]
        assert got == [200, 200, 200, 429]  # three that nobody has read are enough
        assert "没有读" in whisper(served, "admin", "还有").text
        for _ in range(3):
            line.send(json.dumps({"seen": json.loads(line.recv(5))["whisper"]["id"]}))
            time.sleep(0.6)  # as quick as a machine may answer
        _read_all(served)
        for n in range(12):
            answer = whisper(served, "admin", f"再 {n} 条")
            if answer.status != 200:
                break
            line.send(json.dumps({"seen": json.loads(line.recv(5))["whisper"]["id"]}))
            time.sleep(0.6)
        assert answer.status == 429
        assert "频繁" in answer.text  # all were read: it is the rate


def _read_all(served: Served) -> None:
    with watching(served, "admin") as page:
        cards(page, lambda seen: all(each["state"] == "read" for each in seen[0]["whispers"]))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x_csrf_token": ""}, 403),
        ({"x_csrf_token": "0" * 64}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"cookie": ""}, 401),
        ({"content_type": "text/plain"}, 422),
    ],
)
def test_a_whisper_cannot_be_forged(served: Served, headers: dict[str, Any], status: int) -> None:
    with machine(served, served.wall_token()):
        assert whisper(served, "banzhang", "假的", **headers).status == status
    assert not served.rows("SELECT * FROM audit WHERE what LIKE '%假的%'")


def test_a_whisper_to_nobody_is_told(served: Served) -> None:
    assert whisper(served, "admin", "有人吗", number=99_999).status == 404
    assert whisper(served, "admin", "有人吗", number=10**30).status in (404, 422)
