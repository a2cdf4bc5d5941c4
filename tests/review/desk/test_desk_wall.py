"""What may be done to the live wall from outside: by machines without a token or with bad manners, and by users."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from served import Answer, Served
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

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
        assert refused.value.response.status_code == 403
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
        assert closed(first) == 1008
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


def test_whispers_are_few_and_short(served: Served) -> None:
    with machine(served, served.wall_token()) as line:
        assert whisper(served, "admin", "长" * 201).status == 422
        assert whisper(served, "admin", "长" * 90_000).status == 422
        assert whisper(served, "admin", " \n ").status == 422
        got = [whisper(served, "admin", f"第 {n} 条").status for n in range(4)]
        assert got == [200, 200, 200, 429]  # three that nobody has read are enough
        for _ in range(3):
            line.send(json.dumps({"seen": json.loads(line.recv(5))["whisper"]["id"]}))
            time.sleep(0.6)  # as quick as a machine may answer
        _read_all(served)
        for n in range(12):
            status = whisper(served, "admin", f"再 {n} 条").status
            if status != 200:
                break
            line.send(json.dumps({"seen": json.loads(line.recv(5))["whisper"]["id"]}))
            time.sleep(0.6)
        assert status == 429


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
