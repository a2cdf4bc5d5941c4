"""What an archive may be found in: locked, read-only, full, no database, no server. Each is told with what to do."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import postgres
import pytest
import sqlalchemy as sa
from archive_samples import call
from sqlalchemy import exc
from sqlalchemy.exc import SQLAlchemyError

from callflow.archive import failures
from callflow.archive.calls import add, known
from callflow.archive.search import rows_of
from callflow.archive.store import Archive
from callflow.archive.tables import Base, Call
from callflow.errors import ArchiveError


@pytest.mark.parametrize("form", ["{p}", "sqlite:///{p}"])
def test_addresses_of_files(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "a ?#%.db", Path("b.db"), Path("通话.db")):
        with Archive.open(form.format(p=path)) as archive:
            add(archive, [call(1)])
        assert path.read_bytes().startswith(b"SQLite format 3")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a ?#%.db", "b.db", "通话.db"])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://localhost/calls", "cannot have an address that begins with"),
        ("https://example.com/calls.db", "cannot have an address that begins with"),
        ("sqlite://calls.db", "cannot have an address that begins with"),
        ("sqlite://", "cannot have an address that begins with"),
        ("postgresql://me:secret@host:port/calls", "cannot have an address that begins with"),
        ("postgresql://me:secret@127.0.0.1:1/calls", "cannot reach the archive"),
        ("postgresql://me:secret@no-such-host.invalid/calls", "cannot reach the archive"),
        ("{folder}", "is a folder"),
        ("{folder}/no/calls.db", "there is no archive at"),
        ("{folder}/text.db", "is not an archive of callflow"),
        ("{folder}/other.db", "is not an archive of callflow"),
        ("{folder}/cut.db", "is not an archive of callflow"),
        ("", "is a folder"),
    ],
)
def test_addresses_of_nothing_we_can_use(tmp_path: Path, url: str, why: str) -> None:
    (tmp_path / "text.db").write_text("a text, and no database\n" * 100)
    with sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}").begin() as connection:
        connection.execute(sa.text("CREATE TABLE something (id integer)"))
    connection.engine.dispose()
    (tmp_path / "cut.db").write_bytes((tmp_path / "other.db").read_bytes()[:-2_000])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ArchiveError, match=why) as error:
        Archive.open(url.format(folder=tmp_path))
    assert "secret" not in error.value.in_("en") + error.value.in_("zh")
    assert error.value.hint.en
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_empty_file_becomes_an_archive(tmp_path: Path) -> None:
    (tmp_path / "calls.db").touch()
    with Archive.open(str(tmp_path / "calls.db")) as archive:
        add(archive, [call(1)])


def test_an_archive_that_others_read_while_it_should_become_wal(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with Archive.open(str(path)) as archive:
        add(archive, [call(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM calls").fetchone()
        with pytest.raises(ArchiveError, match="is locked by another program"):
            Archive.open(str(path), busy=0.1)


def test_a_locked_archive(tmp_path: Path) -> None:
    path = str(tmp_path / "calls.db")
    with Archive.open(path) as other, Archive.open(path, busy=0.1) as archive, other.begin() as session:
        session.execute(sa.delete(Call))
        with pytest.raises(ArchiveError, match="is locked by another program") as error:
            add(archive, [call(1)])
        assert "wait" in error.value.hint.en
        assert known(archive, ["a"]) == set(), "readers need not wait"


def test_writers_wait_for_one_another(tmp_path: Path) -> None:
    path = str(tmp_path / "calls.db")
    with Archive.open(path) as archive:
        with archive.begin() as session:
            session.execute(sa.delete(Call))
            code = "import sys; from archive_samples import call; from callflow.archive import calls, store;"
            code += "print('go', flush=True); calls.add(store.Archive.open(sys.argv[1]), [call(1)])"
            tests = Path(__file__).parent.parent
            environment = os.environ | {"PYTHONPATH": f"{tests}:{tests.parent}"}
            writer = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, env=environment)
            assert writer.stdout
            assert writer.stdout.readline() == b"go\n"
        writer.communicate()
        assert writer.returncode == 0
        assert known(archive, [call(1).key])


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a disk needs root and the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_damaged_archive_is_not_taken_for_another_file(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with Archive.open(str(path)) as archive:
        add(archive, [call(number) for number in range(1, 100)])
    content = path.read_bytes()
    half = len(content) // 8192 * 4096
    path.write_bytes(content[:half] + b"\xff" * (len(content) - half))

    def read_all() -> None:
        with Archive.open(str(path)) as archive, archive.read() as session:
            for table in Base.metadata.sorted_tables:
                session.execute(sa.select(table)).all()

    with pytest.raises(ArchiveError, match="is damaged") as error:
        read_all()
    assert "backup" in error.value.hint.en
    for hint in (error.value.hint.en, error.value.hint.zh):
        assert f'sqlite3 "{path}" .recover | sqlite3 saved.db' in hint, "a shell takes it as it stands"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("connection failed: fe_sendauth: no password supplied", "does not let us in"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.3", user "x", database "calls"', "does not let us in"),
        ("FATAL:  sorry, too many clients already", "lets nobody in at the moment"),
        ("FATAL:  remaining connection slots are reserved for roles", "lets nobody in at the moment"),
        ("FATAL:  the database system is starting up", "lets nobody in at the moment"),
        ("could not serialize access due to concurrent update", "is locked by another"),
        ("database schema is locked: main", "is locked by another"),
        ("permission denied for table calls", "may not use the archive"),
        ("[Errno -2] Name or service not known", "cannot reach the archive"),
        ("[Errno -3] Temporary failure in name resolution", "cannot reach the archive"),
        ("connection timeout expired", "cannot reach the archive"),
        ("disk I/O error", "does not read or write"),
        ("malformed database schema (calls)", "is damaged"),
        ("file is not a database", "is not an archive"),
        ("something nobody has heard of", "refuses: something nobody"),
    ],
)
def test_what_databases_say_is_told_with_what_to_do(said: str, told: str) -> None:
    error = failures.explained(exc.OperationalError("", None, Exception(said)), "desk")
    assert told in error.in_("en")
    assert error.hint.en
    assert error.hint.zh != error.hint.en


def test_what_cannot_be_opened_though_it_may_be_written_is_not_called_read_only(tmp_path: Path) -> None:
    error = failures.explained(exc.OperationalError("", None, Exception("unable to open database file")),
                               str(tmp_path / "calls.db"))  # fmt: skip
    assert "cannot be opened" in error.in_("en")
    assert "too many files" in error.hint.en


def test_an_archive_on_a_read_only_disk(mounted: Path) -> None:
    path = mounted / "calls.db"
    with Archive.open(str(path)) as archive:
        add(archive, [call(1)])
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    for there in (path, mounted / "new.db"):
        with pytest.raises(ArchiveError, match="it is read-only") as error, Archive.open(str(there)) as archive:
            add(archive, [call(2)])
        assert "copy it to a disk that can be written" in error.value.hint.en


def test_a_full_disk_leaves_the_archive_as_it_was(mounted: Path) -> None:
    path = str(mounted / "calls.db")
    with Archive.open(path) as archive:
        add(archive, [call(1)])
        with pytest.raises(ArchiveError, match="no space is left"):
            add(archive, [call(number, journal=os.urandom(100_000)) for number in range(2, 40)])
        keys = [call(number).key for number in range(40)]
        assert known(archive, keys) == {call(1).key}
        add(archive, [call(2)])
        assert known(archive, keys) == {call(1).key, call(2).key}


def test_a_database_that_is_not_on_its_server(postgres_server: postgres.Server) -> None:
    with pytest.raises(ArchiveError, match="there is no database") as error:
        Archive.open(postgres_server.address("nowhere"))
    assert "createdb" in error.value.hint.en


def test_a_user_whom_the_server_does_not_know(postgres_server: postgres.Server) -> None:
    url = postgres_server.database().replace(f"{postgres_server.name}@", "stranger:secret@")
    with pytest.raises(ArchiveError, match="does not let us in") as error:
        Archive.open(url)
    assert "secret" not in str(error.value)


def test_an_error_in_between_undoes_all(archive: Archive) -> None:
    add(archive, [call(1)])

    def interrupted() -> None:
        with archive.begin() as session:
            session.execute(sa.update(Call).values(queue="x"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with archive.read() as session:
        assert session.scalars(sa.select(Call.queue)).all() == ["售后"]


def test_what_a_database_says_does_not_come_through_bare(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="refuses") as error, archive.read() as session:
        session.execute(sa.text("SELECT * FROM nothing"))
    assert isinstance(error.value.__cause__, SQLAlchemyError)


def test_foreign_keys_hold(archive: Archive) -> None:
    with pytest.raises(ArchiveError), archive.begin() as session:
        session.execute(sa.text("INSERT INTO journals (call_id, content) VALUES (99, 'x')"))


def test_a_reader_in_the_way_of_the_write_ahead_log_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    Archive.open(str(path)).close()
    reader = sqlite3.connect(path, isolation_level=None)
    try:
        reader.execute("PRAGMA journal_mode = DELETE")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM calls").fetchall()
        with pytest.raises(ArchiveError, match="is locked by another program"):
            Archive.open(str(path), busy=0.2)
    finally:
        reader.close()


def test_what_one_reads_stays_while_others_delete(url: str) -> None:
    """A page asks for ids first and for rows then; a purge in between must not take the rows from it."""
    with Archive.open(url) as archive:
        add(archive, [call(1), call(2)])
        with archive.read() as session:
            ids = session.scalars(sa.select(Call.id)).all()
            with archive.begin() as other:
                other.execute(sa.delete(Call))
            assert [row.id for row in rows_of(session, ids, reveal=True)] == ids
        with archive.read() as session:
            assert session.scalars(sa.select(Call.id)).all() == []
