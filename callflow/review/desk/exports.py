"""Exports in the web: tables of findings and scores, a call and an agent's month to print.

The same as ``callflow export`` writes, of calls that the visitor may see; masked unless the visitor may reveal; every
one of them in the audit log. A table is sent by a form that carries the session's token, as making it costs something.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, cast

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
from callflow.review.exports.months import read_month
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.visitor import Visitor

MOST_CALLS = 20_000
"""Calls of one table; ``callflow export`` writes as many as there are."""
AT_ONCE = 2
"""Tables that are made at a time: others need the machine, too."""
KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
TITLES = {"findings": text("Findings", "评定结果"), "scores": text("Scores", "得分")}
TOO_MANY = text(
    "more than {n} calls: choose fewer weeks, or use callflow export",
    "超过 {n} 通通话：请缩小范围，或使用 callflow export",
    n=f"{MOST_CALLS:,}",
)
BUSY = text("others are exporting: try again in a minute", "正在为他人导出，请一分钟后再试")
NO_FLOW = text("the flow of this call is not at hand", "本机没有这通通话所用的流程")
NO_CALLS = text("no calls in this month", "这个月没有通话")
_CHUNK = 256 * 1024


class AskedTable(Asked, extra="forbid"):
    """What the form says: which table of which calls. ``csrf`` was looked at before (``web.access``)."""

    table: Annotated[Literal["findings.csv", "findings.xlsx", "scores.csv", "scores.xlsx"], Field(exclude=True)]
    csrf: Annotated[str, Field(exclude=True)] = ""


def router(books: Books) -> APIRouter:
    """``/exports``, ``/calls/ID/report``, ``/agents/CODE/MONTH``."""
    routes = APIRouter(include_in_schema=False)
    free = threading.BoundedSemaphore(AT_ONCE)

    @routes.post("/exports")
    def table(request: Request, asked: Annotated[AskedTable, Form()]) -> Response:
        visitor = visitor_of(request)
        wanted = asked.wanted(visitor)
        what, _, form = asked.table.partition(".")
        if not free.acquire(blocking=False):
            raise HTTPException(429, BUSY.in_(visitor.language))
        days = "".join(f"-{day}" for day in (asked.since, asked.until) if day)
        name = f"callflow-{what}{days}.{form}"
        try:
            _note(books, visitor, f"export.{what}", f"{name} {asked.told}")
            file = _table(books, visitor, wanted, what, form)
        finally:
            free.release()
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_pieces(file), media_type=KINDS[form], headers=headers)

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


def _table(books: Books, visitor: Visitor, wanted: Wanted, what: str, form: str) -> BinaryIO:
    if len(extracts.chosen(books.archive, replace(wanted, limit=MOST_CALLS + 1))) > MOST_CALLS:
        raise HTTPException(413, TOO_MANY.in_(visitor.language))
    extract = rows.Extract(books.archive, wanted, visitor.language, visitor.reveals)
    made = extract.findings() if what == "findings" else extract.scores()
    head = [column.title.in_(visitor.language) for column in made.columns]
    with ExitStack() as stack:
        file = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))
        if form == "csv":
            sheets.write_csv(file, head, made.rows)
        else:
            title = TITLES[what].in_(visitor.language)
            sheets.write_xlsx(file, title, head, [column.width for column in made.columns], made.rows)
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
