"""A PostgreSQL of the tests' own: Debian's programs, a cluster in a temporary folder, gone with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
}


class Server:
    """A running server; ``database()`` makes a new, empty database and gives its address."""

    def __init__(self, folder: Path, programs: Path, port: int, user: str | None) -> None:
        self.folder, self.port = folder, port
        self._programs, self._user = programs, user
        self._numbers = count(1)
        self.name = user or pwd.getpwuid(os.getuid()).pw_name

    def address(self, database: str) -> str:
        return f"postgresql://{self.name}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        name = f"archive_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def start(self) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self._run("pg_ctl", "start", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", self._options(settings))

    def stop(self, mode: str = "fast") -> None:
        """``mode`` ``immediate``: as a crash would."""
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def make(self) -> None:
        self._run("initdb", "-E", "UTF8", "--locale=C", "-A", "trust", "-N", "-U", self.name)

    def _options(self, settings: str) -> str:
        return f"{settings} -p {self.port} -k {self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self.folder / "data"), *arguments]
        with open(self.folder / f"{program}.out", "w+") as said:  # a pipe would stay open as long as the server
            code = subprocess.run(command, user=self._user, stdout=said, stderr=said, cwd=self.folder).returncode
            said.seek(0)
            assert code == 0, said.read()


@contextmanager
def server() -> Iterator[Server | None]:
    """A server for as long as the context lasts; ``None`` where PostgreSQL is not installed."""
    programs = next((p.parent for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    if programs is None or (user and not _is_user(user)):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="callflow-pg-", dir="/tmp"))  # a socket's path must be short
    if user:
        shutil.chown(folder, user)
    running = Server(folder, programs, _free_port(), user)
    try:
        running.make()
        running.start()
        try:
            yield running
        finally:
            running.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
