"""Scores line by line, and the tables of exports, as JSON: what ``callflow score`` and ``callflow export`` give."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field

from callflow.archive import audit, extracts
from callflow.review import scored
from callflow.review.desk.asked import Asked
from callflow.review.desk.books import Books, Id
from callflow.review.exports import shapes
from callflow.review.exports.cells import Cell
from callflow.review.exports.rows import Extract, Table
from callflow.web.access import visitor_of
from callflow.web.visitor import Visitor


class AskedTable(Asked, extra="forbid"):
    """Which calls, and which of them at once: calls, not rows."""

    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class Exported(BaseModel):
    """A table, call by call: the rows of some of the ``calls`` that there are in all, each by the names of columns.

    Times are those of the server's clock, without a zone.
    """

    calls: int
    columns: dict[str, str]
    rows: list[dict[str, Cell]]


def router(books: Books) -> APIRouter:
    """``/api/calls/ID/score`` and ``/api/exports``."""
    routes = APIRouter(prefix="/api", tags=["scores"])

    @routes.get("/calls/{call_id}/score")
    def score(request: Request, call_id: Id) -> shapes.CallScore:
        """A call's score by the verdicts that stand, and every line of it: the lines' points add up to ``total``."""
        visitor = visitor_of(request)
        if books.details(call_id, visitor).row.status == "failed":
            raise HTTPException(404)
        return shapes.score_of(scored.of_call(books.archive, call_id, reveal=visitor.reveals))

    @routes.get("/exports/findings")
    def findings(request: Request, asked: Annotated[AskedTable, Query()]) -> Exported:
        """A row for each finding, by call, oldest call first."""
        return _table(books, visitor_of(request), asked, "findings")

    @routes.get("/exports/scores")
    def scores(request: Request, asked: Annotated[AskedTable, Query()]) -> Exported:
        """A row for each call, with the share of its points in per cent for every group that any of them has."""
        return _table(books, visitor_of(request), asked, "scores")

    return routes


def _table(books: Books, visitor: Visitor, asked: AskedTable, what: str) -> Exported:
    wanted = asked.wanted(visitor)
    revealed = " revealed" if visitor.reveals else ""
    audit.note(books.archive, visitor.user.name, f"export.{what}", f"api {asked.told}{revealed}", visitor.address)
    ids = extracts.chosen(books.archive, wanted)
    portion = ids[asked.offset : asked.offset + asked.limit]
    extract = Extract(books.archive, wanted, visitor.language, visitor.reveals, portion, for_programs=True)
    table: Table = extract.findings() if what == "findings" else extract.scores()
    names = [column.name for column in table.columns]
    return Exported(
        calls=len(ids),
        columns={column.name: column.title.in_(visitor.language) for column in table.columns},
        rows=[dict(zip(names, row, strict=True)) for row in table.rows],
    )
