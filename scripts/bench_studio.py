"""How long the studio takes from a key stroke to its Problems and the diagram.

``.venv/bin/python scripts/bench_studio.py``: ``callflow serve`` as a process of its own over a copy of the flows; one
key after another is typed into the largest file of the inbound flow, each a request as the page sends it, from sending
to the whole answer. Meanwhile lint and rehearsals go on as they do after every pause. The page itself waits 60 ms for
the next key, and draws the diagram again where it has changed.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench_row import Row

from callflow import flowfiles
from callflow.archive import users
from callflow.archive.store import Archive

KEYS = 100
PAUSE = 0.06
"""Seconds that the page waits for a further key."""
PASSWORD = "correct horse battery"
TYPED = "\nphrases:\n  typed-here:\n    say: [您好，请问有什么可以帮您]\n    refs: [JJ-1.1.1a]\n"


def measure() -> Iterator[Row]:
    """The rows of docs/performance.md."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as (pid, port, cookie, csrf):
        for busy, name in ((False, "nothing else going on"), (True, "lint and rehearsals going on")):
            before = _cpu(pid)
            times = sorted(_typed(port, cookie, csrf, busy))
            cpu = 1000 * (_cpu(pid) - before) / KEYS
            p50, p95 = statistics.median(times), times[int(0.95 * len(times))]
            what = f"studio: key stroke → Problems and diagram, at the server, {name}"
            figure = f"p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms (CPU {cpu:.0f} ms)"
            yield Row(what, figure, f"≤ {1000 * (0.2 - PAUSE):.0f} ms", p95 <= 0.2 - PAUSE)


def _typed(port: int, cookie: str, csrf: str, busy: bool) -> Iterator[float]:
    """Seconds that each key takes."""
    file = _largest()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"cookie": cookie, "x-csrf-token": csrf, "content-type": "application/json"}
    query = urlencode({"flow": "inbound", "file": file})
    told = urlencode({"flow": "inbound"})

    def ask(method: str, path: str, body: str | None = None) -> dict[str, object]:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return dict(json.loads(content))

    said = ask("GET", f"/api/studio/look?{query}")
    text, revision = str(said["text"]), said["revision"]
    for number in range(KEYS):
        text += TYPED[number % len(TYPED)]
        body = json.dumps({"flow": "inbound", "file": file, "text": text, "revision": revision})
        began = time.perf_counter()
        said = ask("POST", "/api/studio/write", body)
        yield time.perf_counter() - began
        revision = said["revision"]
        if busy:
            ask("GET", f"/api/studio/told?{told}")
        time.sleep(PAUSE)


def _cpu(pid: int) -> float:
    """Processor seconds of the server so far, without the process of the rehearsals."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _largest() -> str:
    texts = flowfiles.read_sources("inbound").texts
    return max((file for file in texts if not file.endswith(flowfiles.REHEARSALS)), key=lambda file: len(texts[file]))


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int, str, str]]:
    """Its process, its port, the cookies of an administrator, and their token."""
    flows, archive = folder / "flows", folder / "calls.db"
    shutil.copytree(flowfiles.flows_folder() / "inbound", flows / "inbound")
    with Archive.open(str(archive)) as opened:
        users.add(opened, "admin", PASSWORD, "admin")
    command = [sys.executable, "-m", "callflow", "serve", "--archive", str(archive), "--port", "0"]
    command += ["--flows", str(flows), "--flows-init"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
            yield process.pid, port, *_logged_in(port)
        finally:
            process.terminate()


def _logged_in(port: int) -> tuple[str, str]:
    jar: dict[str, str] = {}

    def ask(method: str, path: str, body: str | None = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            jar[name] = value
        return answer.read().decode()

    token = re.findall(r'name="csrf" value="(\w*)"', ask("GET", "/login"))[0]
    ask("POST", "/login", urlencode({"name": "admin", "password": PASSWORD, "csrf": token}))
    csrf = re.findall(r'<meta name="csrf" content="(\w+)">', ask("GET", "/calls"))[0]
    return "; ".join(f"{name}={value}" for name, value in jar.items()), str(csrf)


if __name__ == "__main__":
    for row in measure():
        print(row.line(), flush=True)
