"""One profile for all property tests: a slow machine is no failure, and every run tries the same examples."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import postgres
import pytest
from chromium import chromium
from hypothesis import settings

settings.register_profile("suite", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("suite")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; not for the whole session, as Playwright's event loop is in the way of others."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 KB that is really full after that."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL for all tests that want one; ``postgres_server.database()`` is a new database's address."""
    with postgres.server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
        yield server
