"""``callflow serve`` as a process of its own, with an archive of bundled calls: for tests from outside."""

from __future__ import annotations

import gzip
import http.client
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import bundled

from callflow import plans
from callflow.archive import calls, machines, users
from callflow.archive.calls import NewCall
from callflow.archive.store import Archive
from callflow.events import Event
from callflow.journal import Header
from callflow.review.judge import flow_version, judgement
from callflow.review.replay import rejudge

PASSWORD = "correct horse battery"
_AS_IT_IS = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: dict[str, str]

    @property
    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


@dataclass
class Browser:
    """Asks as a browser would, or as an attacker can: every header may be given. Keeps cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", body: bytes | str = b"", **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies and "cookie" not in given:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given.setdefault("host", f"127.0.0.1:{self.port}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, quote(path, safe=_AS_IT_IS), skip_host=True, skip_accept_encoding=True)
            content = body.encode() if isinstance(body, str) else body
            if content:
                given.setdefault("content-length", str(len(content)))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(content or None)
            answer = connection.getresponse()
            set_ = [value.partition(";")[0].partition("=") for value in answer.headers.get_all("set-cookie") or []]
            read = Answer(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
                {name: value for name, _, value in set_},
            )
        finally:
            connection.close()
        self.cookies |= read.cookies
        return read

    def form(self, path: str, **fields: str) -> Answer:
        return self.ask(path, "POST", urlencode(fields), content_type=FORM)

    def log_in(self, name: str, password: str = PASSWORD) -> Answer:
        page = self.ask("/login")
        return self.form("/login", name=name, password=password, csrf=_hidden(page.text, "csrf"))

    @property
    def csrf(self) -> str:
        return str(re.findall(r'<meta name="csrf" content="(\w+)">', self.ask("/calls").text)[0])


@dataclass
class Served:
    """A server that runs. ``archive``: its file; ``recordings``: the folder it may play from."""

    port: int
    archive: Path
    recordings: Path
    process: subprocess.Popen[str]
    known: dict[str, dict[str, str]] = field(default_factory=dict)

    def call(self, name: str) -> int:
        """The number of a bundled call."""
        key = sha256(name.encode()).hexdigest()
        with closing(sqlite3.connect(self.archive)) as db:
            return int(db.execute("SELECT id FROM calls WHERE key = ?", [key]).fetchone()[0])

    def change(self, statement: str, *values: object) -> None:
        """Change the archive behind the server's back."""
        with closing(sqlite3.connect(self.archive, timeout=30)) as db, db:
            db.execute(statement, values)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the archive says."""
        with closing(sqlite3.connect(self.archive, timeout=30)) as db:
            return db.execute(statement, values).fetchall()

    def wall_token(self, name: str = "zuoxi") -> str:
        """A token for the machine of ``name``; the one before is good no longer."""
        with Archive.open(str(self.archive)) as archive:
            return machines.new_token(archive, name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, name: str = "", fresh: bool = False) -> Browser:
        """A browser in which ``name`` is logged in; ``fresh``: for a test that ends the session."""
        browser = Browser(self.port)
        if name and (fresh or name not in self.known):
            assert browser.log_in(name).status == 303
        elif name:
            browser.cookies = dict(self.known[name])
        if name and not fresh:
            self.known[name] = dict(browser.cookies)
        return browser


@contextmanager
def serving(folder: Path, *options: str, filled_by: Callable[[Path, Path], None] | None = None) -> Iterator[Served]:
    """A server over the bundled calls: agents 1001 of 一组 and 1002 of 二组 take them in turn.

    ``filled_by``: puts others into the archive; it is told the archive's file and the folder of recordings.
    """
    recordings = folder / "recordings"
    recordings.mkdir()
    archive = folder / "calls.db"
    (filled_by or fill)(archive, recordings)
    command = [sys.executable, "-m", "callflow", "serve", "--archive", str(archive), "--port", "0", *options]
    with subprocess.Popen([*command, "--recordings", str(recordings)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield Served(int(re.findall(r":(\d+)/", line)[0]), archive, recordings, process)
        finally:
            process.terminate()
            process.wait(20)


def fill(archive: Path, recordings: Path) -> None:
    """Archive the bundled calls and users who see all of them, one team's, one agent's."""
    plan, _ = plans.load()
    added = []
    for number, name in enumerate(bundled.NAMES):
        events: list[Event] = []
        rejudge(bundled.events(name), plan, events.append)
        made = judgement(events, Header(plan.flow.name, plan.flow.hashes, f"{name}.opus"), plan)
        sound = Path(shutil.copy(bundled.CALLS / f"{name}.opus", recordings))
        call = NewCall(
            key=sha256(name.encode()).hexdigest(),
            path=str(sound),
            sha256=sha256(sound.read_bytes()).hexdigest(),
            duration=made.duration,
            engine="truth",
            flow=flow_version(plan.flow),
            journal=made.journal,
            findings=made.findings,
            score=made.score,
            fields=made.fields,
            text=made.text,
            sounds=made.sounds,
            agent=("1001", "1002")[number % 2],
            agent_name=("王芳", "李强")[number % 2],
            team=("一组", "二组")[number % 2],
            queue=("售后", "订单")[number % 2],
            direction="inbound",
            customer=f"1380013{number:04}",
            began=datetime(2026, 11, 1, 9, tzinfo=UTC) + timedelta(days=number),
        )
        added.append(call)
    with Archive.open(str(archive)) as opened:
        calls.add(opened, added)
        users.add(opened, "admin", PASSWORD, "admin")
        users.add(opened, "seer", PASSWORD, "admin", reveal=True)
        users.add(opened, "banzhang", PASSWORD, "supervisor", team="一组")
        users.add(opened, "zuoxi", PASSWORD, "agent", agent="1001")


def _hidden(page: str, name: str) -> str:
    return str(re.findall(rf'name="{name}" value="(\w*)"', page)[0])
