"""The index of what was said: each database's own way to put tokens in, take them out and look them up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callflow.archive import words
from callflow.archive.tables import Said

INDEX = sa.table("said_index", sa.column("rowid"), sa.column("call_id"), sa.column("words"), sa.column("sounds"))
PORTION = 500
"""Calls that are indexed at once."""
LARGEST_PLACE = 16_000
"""PostgreSQL numbers no more places in a text than 16,383; what is longer is indexed in parts."""


def put(session: Session, calls: Sequence[Said]) -> None:
    """Keep what was said in calls that had nothing kept, and index it."""
    if not calls:
        return
    session.add_all(calls)
    session.flush()
    _index(session, calls)


def index_again(session: Session) -> None:
    """Index all that is kept anew: tokens are made in another way than they were."""
    emptied = (
        "INSERT INTO said_index (said_index) VALUES ('delete-all')" if _on_sqlite(session) else "TRUNCATE said_index"
    )
    session.execute(sa.text(emptied))
    for portion in session.scalars(sa.select(Said)).yield_per(PORTION).partitions():
        _index(session, portion)


def _index(session: Session, calls: Sequence[Said]) -> None:
    if _on_sqlite(session):
        session.execute(_SQLITE_PUT, [_sqlite_row(said) for said in calls])
    elif rows := [{"id": said.call_id, "words": a, "sounds": b} for said in calls for a, b in _parts(said)]:
        session.execute(_POSTGRES_PUT, rows)


def take_out(session: Session, calls: Sequence[int]) -> None:
    """Remove what was said in these calls, and their tokens. SQLite has to be told which these are."""
    there = session.scalars(sa.select(Said).where(Said.call_id.in_(calls))).all()
    if not there:
        return
    if _on_sqlite(session):
        session.execute(_SQLITE_TAKE_OUT, [_sqlite_row(said) for said in there])
    else:
        session.execute(sa.delete(INDEX).where(INDEX.c.call_id.in_(calls)))
    session.execute(sa.delete(Said).where(Said.call_id.in_(calls)))
    session.expunge_all()


def condition(session: Session, text: str, syllables: str) -> list[sa.Select[int]]:
    """What a query asks for, as selections of call ids, all of which a call must be in. Empty: nothing is asked."""
    asked = [("words", phrase) for phrase in words.text_phrases(text)]
    asked += [("sounds", phrase) for phrase in words.sound_phrases(syllables)]
    if not asked:
        return []
    if _on_sqlite(session):
        match = " AND ".join(f'{column} : "{" ".join(phrase)}"' for column, phrase in asked)
        return [sa.select(INDEX.c.rowid).where(sa.literal_column("said_index").op("MATCH")(match))]
    return [
        sa.select(INDEX.c.call_id).where(
            INDEX.c[column].op("@@")(sa.cast(" <-> ".join(f"'{token}'" for token in phrase), _TsQuery()))
        )
        for column, phrase in asked
    ]


class _TsQuery(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "tsquery"


_SQLITE_PUT = sa.text("INSERT INTO said_index (rowid, words, sounds) VALUES (:id, :words, :sounds)")
_SQLITE_TAKE_OUT = sa.text(
    "INSERT INTO said_index (said_index, rowid, words, sounds) VALUES ('delete', :id, :words, :sounds)"
)
_POSTGRES_PUT = sa.text(
    "INSERT INTO said_index (call_id, words, sounds) VALUES (:id, CAST(:words AS tsvector), CAST(:sounds AS tsvector))"
)


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _sqlite_row(said: Said) -> dict[str, object]:
    return {
        "id": said.call_id,
        "words": " ".join(words.text_tokens(said.text)),
        "sounds": " ".join(words.sound_tokens(said.sounds)),
    }


def _parts(said: Said) -> Iterator[tuple[str, str]]:
    for text in _portions(said.text):
        yield _vector(words.text_tokens(text)), ""
    for sounds in _portions(said.sounds):
        yield "", _vector(words.sound_tokens(sounds))


def _portions(lines: str) -> Iterator[str]:
    """``lines`` in portions of whole lines; a single one that is longer than all that can be numbered is cut."""
    portion: list[str] = []
    size = 0
    for whole in lines.split("\n"):
        for start in range(0, len(whole), LARGEST_PLACE):
            line = whole[start : start + LARGEST_PLACE]
            if size + len(line) > LARGEST_PLACE:
                yield "\n".join(portion)
                portion, size = [], 0
            portion.append(line)
            size += len(line)
    if portion:
        yield "\n".join(portion)


def _vector(tokens: Sequence[str]) -> str:
    """A tsvector as PostgreSQL writes it: tokens are letters and digits, so that nothing in them needs quoting.

    Breaks are places in which nothing stands.
    """
    return " ".join(f"'{token}':{place}" for place, token in enumerate(tokens, 1) if token != words.BREAK)
