"""Every test of the archive runs twice: on SQLite and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
import sqlalchemy as sa
from archive_samples import BOTH, new_url

from callflow.archive.store import Archive
from callflow.archive.tables import Base


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an archive that does not exist yet."""
    return new_url(request.param, tmp_path, request)


@pytest.fixture
def new_archive(url: str) -> Iterator[Archive]:
    """A new archive at ``url``."""
    with Archive.open(url) as opened:
        yield opened


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty archive on SQLite, to copy."""
    path = tmp_path_factory.mktemp("archive") / "empty.db"
    Archive.open(str(path)).close()
    return path


@pytest.fixture(scope="session")
def on_postgres(postgres_server: postgres.Server) -> Iterator[Archive]:
    """An archive on PostgreSQL that tests use one after another."""
    with Archive.open(postgres_server.database()) as opened:
        yield opened


@pytest.fixture(params=BOTH)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """An empty archive."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("empty"), tmp_path / "calls.db")
        with Archive.open(str(path)) as opened:
            yield opened
        return
    shared: Archive = request.getfixturevalue("on_postgres")
    with shared.begin() as session:
        names = ", ".join(f'"{name}"' for name in [*Base.metadata.tables, "said_index"])
        session.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield shared
