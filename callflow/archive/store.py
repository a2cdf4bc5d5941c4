"""Opens an archive by its address and keeps its tables up to date; everything else works inside ``begin`` or ``read``.

SQLite is the default: one file, WAL, one writer at a time who waits for the others. PostgreSQL is for a team.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.orm import Session

from callflow.archive import failures
from callflow.archive.tables import Base
from callflow.errors import ArchiveError
from callflow.texts import text

HEAD = "0004"
"""The newest migration; ``tests/archive/test_migrations.py`` holds it to the files."""
VERSIONS = "callflow_version"
"""The table that says how far the tables have come."""
BUSY = 30.0
"""Seconds that a writer waits for another one before it gives up."""
_INCREMENTAL = 2
"""SQLite's ``auto_vacuum`` in steps."""
_POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 32}
"""Connections that are kept, and that may be opened beside them when many people ask at once."""
_LOCK = 0x63616C6C
"""PostgreSQL's advisory lock under which tables are made."""


class Archive:
    """An open archive, for any number of threads. Close it, or use it as a context manager.

    Whatever the database refuses is raised as ``ArchiveError``, with what to do.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.sqlite = engine.dialect.name == "sqlite"
        # what one reads stays as it was when it was first asked for, as SQLite has it anyway
        seen: dict[str, Any] = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reads = engine.execution_options(writes=False, **seen)
        self._writes = engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str, *, create: bool = True, busy: float = BUSY) -> Archive:
        """The archive at ``url``: a path, ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``.

        An older one is brought up to date, a missing one made, unless ``create`` is false. ``busy``: seconds to wait
        for others that write. Raises ``ArchiveError``: newer than we are, locked, on a disk that is read-only, no
        database, no server there.
        """
        address = _address(url)
        file = Path(address.database or "") if address.get_backend_name() == "sqlite" else None
        if file:
            _check_file(file, create)
        new = file is not None and not file.exists()
        archive = cls(_engine(address, busy), _shown(address))
        try:
            archive._bring_up_to_date(create)
        except BaseException as error:
            archive.close()
            if file and new and isinstance(error, ArchiveError):
                _take_back(file)
            raise
        return archive

    @contextmanager
    def begin(self, busy: float | None = None) -> Iterator[Session]:
        """A transaction that writes: all of it is kept, or, after an exception, nothing.

        ``busy``: seconds to wait for others that write, where what can be left need not wait as long as others do.
        """
        writes = self._writes if busy is None else self._writes.execution_options(busy=busy)
        with self.told(), Session(writes, expire_on_commit=False) as session, session.begin():
            if busy is not None and not self.sqlite:
                session.execute(sa.text(f"SET LOCAL lock_timeout = {round(1000 * busy)}"))
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """The archive as it stands now, until the end of the block; others may go on writing."""
        with self.told(), Session(self._reads, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the database refuses meanwhile is told as an ``ArchiveError``."""
        try:
            yield
        except exc.DBAPIError as error:
            raise failures.explained(error, self.name) from error
        except exc.TimeoutError as error:
            raise failures.busy(self.name) from error

    def _bring_up_to_date(self, create: bool) -> None:
        with self.told():
            with self._reads.connect() as connection:
                is_new = _version(connection) != HEAD
            if is_new:
                with self._writes.begin() as connection:
                    self._upgrade(connection, create)
            if self.sqlite:
                self._write_ahead()

    def _upgrade(self, connection: Connection, create: bool) -> None:
        if not self.sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        version = _version(connection)
        if version != HEAD:  # else another process was quicker
            self._check_version(connection, version, create)
            upgrade(connection)

    def _write_ahead(self) -> None:
        """So that readers and the writer do not wait for each other; the file remembers it."""
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            try:
                driver.execute("PRAGMA journal_mode = WAL").close()
            except sqlite3.Error as error:  # the driver's own, as this is asked outside of any transaction
                raise failures.explained(exc.OperationalError("PRAGMA", None, error), self.name) from error

    def _check_version(self, connection: Connection, version: str, create: bool) -> None:
        if version > HEAD:
            raise ArchiveError(
                text(
                    'the archive "{a}" was made by a newer callflow (its tables: {v}, known here: {h})',
                    "归档库“{a}”由更新版本的 callflow 建立（表版本 {v}，本机最高 {h}）",
                    a=self.name,
                    v=version,
                    h=HEAD,
                ),
                text("install a newer callflow", "请安装更新版本的 callflow"),
            )
        if version:
            return
        there = set(sa.inspect(connection).get_table_names())
        if there & set(Base.metadata.tables) or (there and self.sqlite):
            raise failures.no_archive(self.name)
        if not create:
            raise failures.missing(self.name)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the migrations that are missing, inside the transaction of ``connection``."""
    from alembic import command  # a quarter of a second that an archive which is up to date need not wait for

    command.upgrade(migrations(connection), to)


def migrations(connection: Connection | None = None) -> Any:
    """Alembic's configuration of our migrations, for ``connection``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _version(connection: Connection) -> str:
    """How far the tables have come; ``""`` where there are none."""
    if not sa.inspect(connection).has_table(VERSIONS):
        return ""
    return str(connection.execute(sa.text(f"SELECT version_num FROM {VERSIONS}")).scalar() or "")


def _address(url: str) -> URL:
    if "://" not in url:
        return URL.create("sqlite", database=url)
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return URL.create("sqlite", database=rest[1:])  # whatever stands in a path: it has no options
    if scheme in ("postgres", "postgresql"):
        url = f"postgresql+psycopg://{rest}"
    elif scheme != "postgresql+psycopg":
        raise failures.wrong_address(scheme)
    try:
        return make_url(url)
    except (exc.ArgumentError, ValueError):  # its message would show the password
        raise failures.wrong_address(scheme) from None


def _shown(address: URL) -> str:
    if address.get_backend_name() == "sqlite":
        return address.database or ""
    return address.set(drivername="postgresql").render_as_string(hide_password=True)


def _check_file(path: Path, create: bool) -> None:
    """What SQLite would not tell apart: it only says that it is unable to open a database file."""
    if path.is_dir():
        raise failures.is_folder(str(path))
    if not path.exists() and (not create or not path.parent.is_dir()):
        raise failures.missing(str(path))


def _take_back(file: Path) -> None:
    """A file that was made for an archive, with no table in it because the disk was full."""
    with suppress(OSError, sqlite3.Error):
        with closing(sqlite3.connect(file)) as database:
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            for part in ("", "-wal", "-shm", "-journal"):
                file.with_name(file.name + part).unlink(missing_ok=True)


def _engine(address: URL, busy: float) -> Engine:
    if address.get_backend_name() == "sqlite":
        settings: dict[str, Any] = {"timeout": busy, "check_same_thread": False}
        options = {"busy": busy}
        engine = sa.create_engine(
            address, json_serializer=_json, connect_args=settings, execution_options=options, **_POOL
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(
            address, json_serializer=_json, pool_pre_ping=True, connect_args={"connect_timeout": 10}, **_POOL
        )
    except ImportError as error:
        raise failures.no_psycopg() from error


def _json(value: Any) -> str:
    """JSON with Chinese as it is; half a surrogate pair, which no database takes, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves: see below
    for pragma in ("foreign_keys = ON", "secure_delete = ON", "cache_size = -16384"):
        connection.execute(f"PRAGMA {pragma}").close()
    # auto_vacuum counts where a database is made: a purge gives room back in steps. To set it again is to write, and
    # who opens a connection to read would wait for whoever writes.
    if connection.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
        connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}").close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its turn at once: one that began by reading could not wait for another without going stale."""
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * options['busy'])}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", True) else "BEGIN")
