"""Exports in the web: tables of findings and scores, a call and an agent's month to print.

The same as ``callflow export`` writes, of calls that the visitor may see; masked unless the visitor may reveal; every
one of them in the audit log. A table is asked for by a form that carries the session's token, as making it costs
something: minutes for a hundred thousand rows, and so nobody goes on making one that nobody waits for any more.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, cast

from anyio import to_thread
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from pydantic import Field

from callflow.archive import audit, calls, extracts
from callflow.archive.extracts import Wanted
from callflow.archive.viewers import NotSeen
from callflow.errors import CallflowError
from callflow.review import scored
from callflow.review.desk.asked import Asked
from callflow.review.desk.books import Books, Id
from callflow.review.exports import agent_page, call_page, rows, sheets
from callflow.review.exports.agent_month import Month
from callflow.review.exports.cells import Cell
from callflow.review.exports.months import read_month
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.visitor import Visitor

MOST_CALLS = 20_000
"""Calls of one table; ``callflow export`` writes as many as there are."""
AT_ONCE = 2
"""Tables that are made at a time: others need the machine, too."""
KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
TITLES = {
    "findings": text("Findings", "评定结果"),
    "faults": text("Faults", "问题"),
    "scores": text("Scores", "得分"),
}
TOO_MANY = text(
    "more than {n} calls: choose fewer weeks, or use callflow export",
    "超过 {n} 通通话：请缩小范围，或使用 callflow export",
    n=f"{MOST_CALLS:,}",
)
BUSY = text(
    "{n} tables are being prepared already: try again when one of them is done",
    "已有 {n} 份导出正在准备，请稍后再试",
    n=AT_ONCE,
)
LOOKS = 0.5
"""Seconds between two looks whether the browser is still there."""
NO_FLOW = text("the flow of this call is not at hand", "本机没有这通通话所用的流程")
NO_CALLS = text("no calls in this month", "这个月没有通话")
_CHUNK = 256 * 1024


Table = Literal["findings.csv", "findings.xlsx", "faults.csv", "faults.xlsx", "scores.csv", "scores.xlsx"]


class AskedTable(Asked, extra="forbid"):
    """What the form says: which table of which calls. ``csrf`` was looked at before (``web.access``)."""

    table: Annotated[Table, Field(exclude=True)]
    csrf: Annotated[str, Field(exclude=True)] = ""


def router(books: Books) -> APIRouter:
    """``/exports``, ``/calls/ID/report``, ``/agents/CODE/MONTH``."""
    routes = APIRouter(include_in_schema=False)
    free = threading.BoundedSemaphore(AT_ONCE)

    @routes.post("/exports")
    async def table(request: Request, asked: Annotated[AskedTable, Form()]) -> Response:
        visitor = visitor_of(request)
        wanted = asked.wanted(visitor)
        what, _, form = asked.table.partition(".")
        days = "".join(f"-{day}" for day in (asked.since, asked.until) if day)
        name = f"callflow-{what}{days}.{form}"

        def make(is_gone: Callable[[], bool]) -> Response:
            if not free.acquire(blocking=False):
                raise HTTPException(429, BUSY.in_(visitor.language))
            try:
                _note(books, visitor, f"export.{what}", f"{name} {asked.told}")
                file = _table(books, visitor, wanted, what, form, is_gone)
            except Abandoned:
                return Response(status_code=204)  # nobody reads it
            finally:
                free.release()
            headers = {"content-disposition": f'attachment; filename="{name}"'}
            return StreamingResponse(_pieces(file), media_type=KINDS[form], headers=headers)

        return await _while_waited_for(request, make)

    @routes.get("/calls/{call_id}/report")
    def report(request: Request, call_id: Id) -> Response:
        """One call, to print."""
        visitor = visitor_of(request)
        call = books.details(call_id, visitor)
        if call.row.status == "failed" or books.flows.plan(call.flow) is None:
            raise CallflowError(NO_FLOW)
        _note(books, visitor, "export.call", f"call {call_id}")
        explained = scored.of_call(books.archive, call_id, reveal=visitor.reveals)
        journal = scored.journal_of(calls.journal(books.archive, call_id), call_id)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "call.html"
            flow = books.flows.flow(call.flow, journal.header.files)
            call_page.write_call(path, journal.events, explained, flow, visitor.language, visitor.reveals)
            page = path.read_text(encoding="utf-8")
        return _printed(page)

    @routes.get("/agents/{code:path}/{month}")
    def month(request: Request, code: str, month: str) -> Response:
        """An agent's month, to print."""
        visitor = visitor_of(request)
        first = _month(month)
        made = read_month(books.archive, Wanted(agent=code[:200], viewer=visitor.viewer), first) if first else None
        if made is None:
            raise NotSeen(NO_CALLS)
        _note(books, visitor, "export.agent", f"{code} {month}")
        shown = made if visitor.user.role != "agent" else _alone(made)
        return _printed(agent_page.page(shown, visitor.language, visitor.reveals))

    return routes


class Abandoned(Exception):
    """Nobody waits any more for what was being made."""


async def _while_waited_for(request: Request, make: Callable[[Callable[[], bool]], Response]) -> Response:
    """What ``make`` makes in a thread; it is told when the browser has gone, or the server ends."""
    gone = threading.Event()

    async def look() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(LOOKS)
        gone.set()

    looking = asyncio.create_task(look())
    try:
        return await to_thread.run_sync(make, gone.is_set)
    finally:
        gone.set()
        looking.cancel()


def _unless(is_gone: Callable[[], bool], made: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    for row in made:
        if is_gone():
            raise Abandoned
        yield row


def _table(
    books: Books, visitor: Visitor, wanted: Wanted, what: str, form: str, is_gone: Callable[[], bool]
) -> BinaryIO:
    if len(extracts.chosen(books.archive, replace(wanted, limit=MOST_CALLS + 1))) > MOST_CALLS:
        raise HTTPException(413, TOO_MANY.in_(visitor.language))
    extract = rows.Extract(books.archive, wanted, visitor.language, visitor.reveals)
    made = extract.scores() if what == "scores" else extract.findings(only_faults=what == "faults")
    lines = _unless(is_gone, made.rows)
    head = [column.title.in_(visitor.language) for column in made.columns]
    with ExitStack() as stack:
        file = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))
        if form == "csv":
            sheets.write_csv(file, head, lines)
        else:
            title = TITLES[what].in_(visitor.language)
            sheets.write_xlsx(file, title, head, [column.width for column in made.columns], lines)
        file.seek(0)
        stack.pop_all()  # it is closed, and so deleted, when it has been sent
    return file


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece


def _printed(page: str) -> Response:
    """A page that stands alone, under the policy that it has itself: it knows the hashes of its style and script."""
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    policy = (found[1] if found else "default-src 'none'") + "; frame-ancestors 'none'"
    return HTMLResponse(page, headers={"content-security-policy": policy})


def _alone(month: Month) -> Month:
    """Without what the team did: agents see their own figures only, and so no others were read for it."""
    return replace(month, team_mean=None, groups=tuple(replace(group, team=None) for group in month.groups))


def _month(given: str) -> datetime | None:
    try:
        return datetime.strptime(given, "%Y-%m") if re.fullmatch(r"20\d\d-\d\d", given) else None
    except ValueError:
        return None


def _note(books: Books, visitor: Visitor, action: str, what: str) -> None:
    revealed = " revealed" if visitor.reveals else ""
    audit.note(books.archive, visitor.user.name, action, what + revealed, visitor.address)
