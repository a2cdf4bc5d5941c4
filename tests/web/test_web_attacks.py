"""What somebody who should not get in, or not get further, can send to ``callflow serve``; and what they get."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from contextlib import suppress
from hashlib import sha256

import pytest
from served import FORM, PASSWORD, Browser, Served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from callflow.web.access import FRESH, MOST_SENT

PAGES = ("/", "/calls", "/calls/1", "/calls/1/recording", "/audit", "/overlay/", "/nothing", "/_nicegui/3.18.0/x")
API = ("/api/calls", "/api/calls/1", "/api/calls/1/journal", "/api/calls/1/peaks", "/api/openapi.json")


# ------------------------------------------------------------------------------------------------ without a session


@pytest.mark.parametrize("path", PAGES)
def test_pages_lead_to_the_log_in_and_show_nothing(served: Served, path: str) -> None:
    answer = served.browser().ask(path, accept="text/html")
    assert (answer.status, answer.body) == (303, b"")
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", API)
def test_programs_are_told_to_log_in(served: Served, path: str) -> None:
    assert served.browser().ask(path).status == 401
    assert served.browser().ask(path, cookie="callflow=guessed").status == 401


def test_sockets_need_a_session_of_ours_and_an_origin(served: Served) -> None:
    ours = served.browser("admin")
    origin = served.url
    assert _upgrade(served, Browser(served.port), origin=origin) == 403
    assert _upgrade(served, ours) == 403  # no browser leaves the origin out
    assert _upgrade(served, ours, origin="http://evil.example") == 403
    assert _upgrade(served, ours, origin=origin) == 101


def test_a_socket_ends_with_its_session(served: Served) -> None:
    ours = served.browser("admin", fresh=True)
    headers = {"cookie": f"callflow={ours.cookies['callflow']}"}
    address = f"ws://127.0.0.1:{served.port}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with connect(address, origin=Origin(served.url), additional_headers=headers) as line:
        line.send("40")
        assert line.recv(5)
        ours.form("/logout", csrf=ours.csrf)
        with suppress(ConnectionClosed):
            for _ in range(20):
                line.send('42["event",{}]')
                line.recv(5)
        assert line.close_code == 1008


def test_a_socket_reaches_only_pages_of_its_own_session(served: Served) -> None:
    """Who knows the number of somebody's page (it stands in it, in logs, on a screen) must not act on it."""
    ours, theirs = served.browser("admin"), served.browser("zuoxi")
    page = re.findall(r"client_id\W+([0-9a-f-]{36})", ours.ask("/audit").text)[0]
    told = json.dumps({"client_id": page, "tab_id": "t", "old_tab_id": None, "document_id": "d", "next_message_id": 0})
    at_once = f"implicit_handshake=true&client_id={page}&tab_id=t&document_id=d&next_message_id=0"
    assert _handshake(served, theirs, f'420["handshake",{told}]') == "430[false]"
    assert _handshake(served, theirs, query=at_once).startswith("44")
    assert _handshake(served, ours, query=at_once.replace("&tab_id=t", "")).startswith("44")
    assert _handshake(served, ours, '420["handshake",{}]') == "430[false]"
    assert _handshake(served, ours, '420["handshake"]') == "430[false]"
    assert _handshake(served, ours, f'420["handshake",{told}]') == "430[true]"
    assert _handshake(served, ours, query=at_once).startswith("40")


def _handshake(served: Served, browser: Browser, message: str = "", query: str = "") -> str:
    """What a socket that names a page is answered."""
    headers = {"cookie": f"callflow={browser.cookies['callflow']}"}
    address = f"ws://127.0.0.1:{served.port}/_nicegui_ws/socket.io/?EIO=4&transport=websocket&{query}"
    with connect(address, origin=Origin(served.url), additional_headers=headers) as line:
        line.recv(5)
        line.send("40")
        answer = str(line.recv(5))
        if message:
            line.send(message)
            while not (answer := str(line.recv(5))).startswith("43"):
                pass
        return answer


def test_the_http_transport_of_the_socket_is_closed(served: Served) -> None:
    ours = served.browser("admin")
    assert ours.ask("/_nicegui_ws/socket.io/?EIO=4&transport=polling").status == 404
    assert ours.ask("/_nicegui_ws/socket.io/?EIO=4&transport=polling", "POST", "40").status == 404


# ------------------------------------------------------------------------------------------------ logging in


def test_wrong_name_and_wrong_password_are_told_alike(served: Served) -> None:
    unknown, wrong = served.browser().log_in("nobody"), served.browser().log_in("admin", "a wrong password")
    assert unknown.status == wrong.status == 403
    said = [re.findall(r'role="alert">.*?</span> (.*?)</p>', answer.text) for answer in (unknown, wrong)]
    assert said[0] == said[1] != []
    assert "callflow" not in unknown.cookies


def test_guessing_is_slowed_down_until_even_the_right_password_waits(served: Served) -> None:
    tries = [served.browser().log_in("guessed", f"guess number {n}").status for n in range(6)]
    assert tries[:5] == [403] * 5
    assert tries[5] == 429


def test_a_log_in_cannot_be_sent_by_another_page(served: Served) -> None:
    fields = f"name=admin&password={PASSWORD}".replace(" ", "+")
    browser = served.browser()
    assert browser.ask("/login", "POST", fields, content_type=FORM).status == 403
    page = browser.ask("/login").text
    stolen = re.findall(r'name="csrf" value="(\w+)"', page)[0]
    other = served.browser()
    other.ask("/login")
    assert other.ask("/login", "POST", f"{fields}&csrf={stolen}", content_type=FORM).status == 403
    assert "callflow" not in other.cookies


@pytest.mark.parametrize(
    "next_", ["//evil.example", "http://evil.example", "/\\evil.example", "\\\\evil", "javascript:1"]
)
def test_a_log_in_leads_only_to_pages_of_ours(served: Served, next_: str) -> None:
    browser = served.browser()
    page = browser.ask("/login").text
    csrf = re.findall(r'name="csrf" value="(\w+)"', page)[0]
    answer = browser.form("/login", name="seer", password=PASSWORD, csrf=csrf, next=next_)
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_a_session_cannot_be_chosen_by_an_attacker(served: Served) -> None:
    browser = served.browser()
    browser.cookies["callflow"] = "chosen-by-somebody-else"
    assert browser.log_in("admin").cookies["callflow"] != "chosen-by-somebody-else"


def test_the_cookie_is_for_us_alone_and_the_archive_does_not_know_it(served: Served) -> None:
    browser = served.browser()
    answer = browser.log_in("admin")
    header = answer.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=strict" in header
    token = browser.cookies["callflow"].encode()
    files = served.archive.parent.glob("calls.db*")
    assert not any(token in file.read_bytes() for file in files if file.is_file())


# ------------------------------------------------------------------------------------------------ the end of a session


def test_logging_out_ends_the_session_everywhere(served: Served) -> None:
    browser = served.browser("admin", fresh=True)
    copied = Browser(served.port, dict(browser.cookies))
    assert copied.ask("/api/calls").status == 200
    assert browser.form("/logout", csrf=browser.csrf).status == 303
    assert copied.ask("/api/calls").status == 401


@pytest.mark.parametrize("past", ["used", "ends"])
def test_a_session_ends_by_itself(served: Served, past: str) -> None:
    browser = served.browser("seer", fresh=True)
    assert browser.ask("/api/calls").status == 200
    hashed = sha256(browser.cookies["callflow"].encode()).hexdigest()
    served.change(f"UPDATE sessions SET {past} = datetime('now', '-2 days') WHERE token = ?", hashed)
    time.sleep(FRESH + 0.1)
    assert browser.ask("/api/calls").status == 401


def test_who_is_disabled_is_out(served: Served) -> None:
    browser = served.browser("zuoxi", fresh=True)
    served.change("UPDATE users SET active = 0 WHERE name = 'zuoxi'")
    time.sleep(FRESH + 0.1)
    try:
        assert browser.ask("/api/calls").status == 401
        assert served.browser().log_in("zuoxi").status == 403
    finally:
        served.change("UPDATE users SET active = 1 WHERE name = 'zuoxi'")


# ------------------------------------------------------------------------------------------------ requests of others


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:{port}"},
        {"host": "evil.example"},
        {"host": "evil.example:{port}"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_what_another_page_sends_is_refused_though_the_cookie_comes_with_it(
    served: Served, headers: dict[str, str]
) -> None:
    ours = served.browser("admin")
    given = {name: value.format(port=served.port) for name, value in headers.items()}
    assert ours.ask("/calls", **given).status == 403
    assert ours.ask("/api/calls", **given).status == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/logout", ""),
        ("/look", "theme=dark"),
        ("/api/findings/1/decisions", '{"kind": "accept"}'),
        ("/nothing", "x"),
    ],
)
def test_nothing_is_changed_without_the_sessions_token(served: Served, path: str, body: str) -> None:
    ours, other = served.browser("admin"), served.browser("seer")
    before = served.rows("SELECT count(*) FROM decisions")
    kind = FORM if "/api/" not in path else "application/json"
    for token in ("", "0" * 64, other.csrf):
        assert ours.ask(path, "POST", body, content_type=kind, x_csrf_token=token).status == 403
        if kind == FORM:
            assert ours.ask(path, "POST", f"csrf={token}&{body}", content_type=kind).status == 403
    assert ours.ask(path, "POST", body, content_type="text/plain").status == 403
    assert ours.ask("/api/calls").status == 200  # still logged in
    assert served.rows("SELECT count(*) FROM decisions") == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_other_methods_need_it_too(served: Served, method: str) -> None:
    assert served.browser("admin").ask("/api/calls/1", method).status == 403


# ------------------------------------------------------------------------------------------------ what comes back


@pytest.mark.parametrize("path", ["/login", "/calls", "/calls/1", "/audit", "/api/calls", "/static/web/shell.css"])
def test_every_answer_says_what_browsers_may_do_with_it(served: Served, path: str) -> None:
    headers = served.browser("admin").ask(path).headers if path != "/login" else served.browser().ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    scripts = re.findall(r"script-src ([^;]*)", policy)[0]
    assert "unsafe-inline" not in scripts
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    if path != "/audit":
        assert "unsafe-eval" not in scripts
    if not path.startswith("/static"):
        assert "no-store" in headers["cache-control"]


def test_nonces_are_new_each_time_and_only_on_scripts_that_nicegui_wrote(served: Served) -> None:
    browser = served.browser("admin")
    pages = [browser.ask("/audit") for _ in range(2)]
    nonces = [re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"])[0] for page in pages]
    assert nonces[0] != nonces[1]
    assert f'<script nonce="{nonces[0]}"' in pages[0].text
    assert not re.search(r"<script(?! nonce)", pages[0].text)


# ------------------------------------------------------------------------------------------------ too much


def test_a_form_of_too_many_fields_is_refused(served: Served) -> None:
    ours = served.browser("admin")
    body = "&".join(f"a{n}=1" for n in range(150))
    assert ours.ask("/look", "POST", f"{body}&csrf={ours.csrf}", content_type=FORM).status == 403


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "9" * 40, "1e3", "x"])
@pytest.mark.parametrize(
    "path", ["/calls/{n}", "/calls/{n}/recording", "/api/calls/{n}", "/api/calls/{n}/journal", "/api/calls/{n}/score",
             "/api/calls/{n}/peaks", "/api/calls/{n}/screen"],
)  # fmt: skip
def test_no_number_breaks_anything(served: Served, path: str, number: str) -> None:
    assert served.browser("admin").ask(path.format(n=number)).status == 422


def test_bodies_have_a_bound(served: Served) -> None:
    ours = served.browser("admin")
    large = b"x" * (MOST_SENT + 1)
    assert ours.ask("/api/findings/1/decisions", "POST", large, x_csrf_token=ours.csrf).status == 413
    assert served.browser().ask("/login", "POST", b"", content_length="99999999999").status == 413
    assert served.browser().ask("/login", "POST", b"", content_length="many").status in (400, 413)


def test_a_body_that_does_not_say_its_length_has_the_same_bound(served: Served) -> None:
    ours = served.browser("admin")
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        cookie = f"callflow={ours.cookies['callflow']}"
        head = f"POST /logout HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: {cookie}\r\n"
        line.sendall(f"{head}Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        try:
            for _ in range(MOST_SENT // 0x10000 + 8):
                line.sendall(chunk)
            line.sendall(b"0\r\n\r\n")
            said = line.recv(100)
        except OSError:
            said = b""
    assert b" 303 " not in said
    assert ours.ask("/api/calls").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/web/../../etc/passwd",
        "/static/web/..%2f..%2f..%2fetc%2fpasswd",
        "/static/..%2fweb/tokens.css",
        "/overlay/..%2f..%2f..%2fetc%2fpasswd",
        "/overlay//etc/passwd",
        "/calls/1%2f..%2f2/recording",
        "/calls/../../etc/passwd",
        "/_nicegui/3.18.0/static/..%2f..%2f..%2fetc%2fpasswd",
        "/_nicegui/3.18.0/resources/x/..%2f..%2fetc%2fpasswd",
    ],
)
def test_no_address_opens_a_file(served: Served, path: str) -> None:
    answer = served.browser("admin").ask(path)
    assert answer.status in (303, 403, 404, 422)
    assert b"root:" not in answer.body


def _upgrade(served: Served, browser: Browser, **headers: str) -> int:
    """What is answered to the opening of a socket."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    asked = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "cookie": cookie}
    try:
        connection.request(
            "GET",
            "/_nicegui_ws/socket.io/?EIO=4&transport=websocket",
            headers={**asked, "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", **headers},
        )
        return connection.getresponse().status
    finally:
        connection.close()


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("user", "path", "status", "en", "zh"),
    [
        ("admin", "/nothing", 404, "there is nothing here", "没有这个页面"),
        ("admin", "/_nicegui/3.18.0/nothing", 404, "there is nothing here", "没有这个页面"),
        ("admin", "/calls/x", 422, "valid integer", "path.call_id：应为整数"),
        ("zuoxi", "/audit", 403, "not for your role", "没有权限"),
    ],
)
def test_what_is_refused_is_told_on_a_page_of_ours_in_both_languages(
    served: Served, user: str, path: str, status: int, en: str, zh: str
) -> None:
    cookie = f"callflow={served.browser(user).cookies['callflow']}; callflow-look="
    for language, words in (("en", en), ("zh", zh)):
        answer = served.browser().ask(path, cookie=f"{cookie}{language}.light")
        assert answer.status == status
        assert words in answer.text
        assert '<main id="main"' in answer.text
        assert "unsafe-eval" not in answer.headers["content-security-policy"]


def test_programs_are_told_what_is_wrong_in_both_languages(served: Served) -> None:
    ours = served.browser("admin")
    cookie = f"callflow={ours.cookies['callflow']}; callflow-look="
    decide = "/api/findings/1/decisions"
    for path, body, en, zh in (
        ("/api/nothing", "", "nothing here", "没有这个页面"),
        ("/api/calls?limit=x", "", "query.limit", "query.limit：应为整数"),
        (decide, '{"kind": "nonsense"}', "what was sent", "无法理解所发送的内容 — body.kind：不是可用的值"),
        (decide, '{"kind":', "JSON decode error", "不是 JSON"),
        (decide, '{"kind": "correct"}', "goes with correct", "改判"),
    ):
        for language, words in (("en", en), ("zh", zh)):
            given = {
                "cookie": f"{cookie}{language}.light",
                "x_csrf_token": ours.csrf,
                "content_type": "application/json",
            }
            answer = ours.ask(path, "POST" if body else "GET", body, **given)
            assert words in json.loads(answer.text)["detail"], (path, body)


def test_a_status_is_never_the_only_thing_that_is_said(served: Served) -> None:
    ours = served.browser("admin")
    answer = ours.form("/exports", csrf=ours.csrf, table="nonsense")
    assert answer.status == 422
    assert "Unprocessable" not in answer.text
    assert "无法理解所发送的内容" in answer.text


# ------------------------------------------------------------------------------------------------ the archive away


def test_an_archive_that_cannot_be_asked_is_told_and_tells_nothing(served: Served) -> None:
    ours = served.browser("admin")
    served.change("ALTER TABLE sessions RENAME TO away")
    try:
        time.sleep(FRESH + 0.1)
        for path in ("/calls", "/api/calls", "/calls/1/recording"):
            answer = ours.ask(path, accept="text/html")
            assert answer.status == 503
            assert b"Traceback" not in answer.body
    finally:
        served.change("ALTER TABLE away RENAME TO sessions")
    assert ours.ask("/api/calls").status == 200
