"""Every journal of an archive, one at a time: for looks at many calls that need no more than what is in them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from callflow.archive.tables import StoredJournal
from callflow.errors import BadInput
from callflow.texts import text

PORTION = 100
"""Journals fetched at a time."""


def journals(url: str) -> Iterator[bytes]:
    """The journals of the archive at ``url``, by the age of their calls' entries. Raises ``BadInput``."""
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
            raise BadInput(text('no archive at "{u}"', "“{u}”处没有归档库", u=url))
        engine = sa.create_engine(address)
        wanted = sa.select(StoredJournal.content).order_by(StoredJournal.call_id)
        try:
            with engine.connect() as connection:
                for content in connection.execution_options(yield_per=PORTION).scalars(wanted):
                    yield zlib.decompress(content)
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise BadInput(
            text("the archive cannot be read: {w}", "无法读取归档库：{w}", w=why),
            text("sqlite:///PATH or postgresql://USER@HOST/NAME", "应为 sqlite:///路径 或 postgresql://用户@主机/库名"),
        ) from error
