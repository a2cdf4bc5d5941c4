"""The tables that migrations make are those of ``tables.py``, from any state a database may be found in."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from archive_samples import call

from callflow.archive import calls, said, search, store, tallies
from callflow.archive.search import CallQuery
from callflow.archive.store import Archive
from callflow.archive.tables import Base
from callflow.archive.viewers import EVERYTHING
from callflow.errors import ArchiveError


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """The index of what was said is each database's own, and no table of ours."""
    return not (name or "").startswith(("said_index", "said_by"))


def test_migrations_and_tables_agree(new_archive: Archive) -> None:
    with new_archive.engine.connect() as connection:
        settings = {"version_table": store.VERSIONS, "include_object": ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=settings)
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_is_opened() -> None:
    assert ScriptDirectory.from_config(store.migrations()).get_current_head() == store.HEAD


def test_opening_again_changes_nothing(url: str) -> None:
    with Archive.open(url) as first:
        calls.add(first, [call(1)])
    with Archive.open(url, create=False) as again:
        assert calls.known(again, [call(1).key]) == {call(1).key}


def test_rules_that_were_counted_before_they_were_told_apart_by_flow_are_counted_again(url: str) -> None:
    with Archive.open(url) as made:
        calls.add(made, [call(1)])
        week = (datetime(2026, 10, 26), datetime(2026, 11, 2))
        found = tallies.rules(made, [week])
        with made.begin() as session:
            session.execute(sa.text("DROP TABLE tallies"))
            session.execute(sa.text("CREATE TABLE tallies (start timestamp, rule text, met integer)"))
            session.execute(sa.text(f"UPDATE {store.VERSIONS} SET version_num = '0002'"))
    with Archive.open(url) as opened:
        assert tallies.rules(opened, [week]) == found
        assert found[week[0]]


def test_a_newer_archive_is_left_alone(new_archive: Archive, url: str) -> None:
    with new_archive.begin() as session:
        session.execute(sa.text(f"UPDATE {store.VERSIONS} SET version_num = '9999'"))
    with pytest.raises(ArchiveError, match="newer callflow") as error:
        Archive.open(url)
    assert "install a newer callflow" in error.value.in_("en")


def test_an_older_index_of_what_was_said_is_made_anew(url: str) -> None:
    """With the tokens of then it would find 你好吗, and what is taken out would leave some of them behind."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        store.upgrade(connection, "0002")
        for statement in _OLDER:
            connection.execute(sa.text(statement))
        if engine.dialect.name == "sqlite":
            connection.execute(sa.text("INSERT INTO said_index (rowid, words) VALUES (1, '你好 好吗 你 好 吗')"))
        else:
            put = sa.text("INSERT INTO said_index VALUES (1, CAST(:words AS tsvector), '')")
            connection.execute(put, {"words": "'你好':1 '好吗':2 '你':3 '好':4 '吗':5"})
    engine.dispose()

    with Archive.open(url) as archive:
        found = [search.find(archive, CallQuery(words=asked), EVERYTHING).total for asked in ("你好", "好吗", "你好吗")]
        assert found == [1, 1, 0]
        with archive.begin() as session:
            said.take_out(session, [1])
        assert search.find(archive, CallQuery(words="好"), EVERYTHING).total == 0


_OLDER = (
    "INSERT INTO calls (id, key, path, sha256, source, source_sha256, stamp, status, queue, direction, customer,"
    " duration, separate, engine, met, faults, severe, not_assessed, disputed, kinds, added)"
    " VALUES (1, 'k', '', '', '', '', '', 'done', '', '', '', 1, TRUE, '', 0, 0, 0, 0, 0, 0, '2026-11-01 00:00:00')",
    "INSERT INTO said (call_id, text, sounds) VALUES (1, '你好\n好吗', '')",
)


def test_an_archive_that_is_not_there_is_not_made(url: str) -> None:
    with pytest.raises(ArchiveError, match="there is no archive"):
        Archive.open(url, create=False)


def test_somebody_elses_database_is_left_alone(url: str, tmp_path: Path) -> None:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE calls (whose text)"))
    engine.dispose()
    with pytest.raises(ArchiveError, match="is not an archive of callflow"):
        Archive.open(url)


def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(connection: sa.Connection) -> None:
        upgrade(connection)
        raise KeyboardInterrupt

    upgrade = store.upgrade
    monkeypatch.setattr(store, "upgrade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Archive.open(url)
    monkeypatch.undo()
    with pytest.raises(ArchiveError, match=r"there is no archive|is not an archive"):
        Archive.open(url, create=False)
    Archive.open(url).close()
