"""Every test of the archive runs twice: on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest

from callflow.archive.store import Archive


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an archive that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'calls.db'}"
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.database()


@pytest.fixture
def archive(url: str) -> Iterator[Archive]:
    with Archive.open(url) as opened:
        yield opened
