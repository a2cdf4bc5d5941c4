"""Calls as JSON, for programs and for our own pages; described at ``/api/openapi.json``.

The same roles, sessions and CSRF tokens as the pages: whoever may not see a call gets 404 as if there were none.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from callflow import events as event
from callflow.archive import decisions, details, search
from callflow.archive.details import Details
from callflow.archive.search import CallRow
from callflow.archive.tables import StoredFinding
from callflow.errors import ArchiveError, BadJournal, BadRecording
from callflow.review.desk.asked import TURNED_ROUND
from callflow.review.desk.books import Books, Id
from callflow.review.desk.call import faults_of, kept
from callflow.review.desk.calls import NO_NUMBERS, moment, query_of
from callflow.review.desk.filters import LONGEST, Filters
from callflow.review.desk.opened import Opened
from callflow.review.desk.screens import changes
from callflow.review.words import points
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.visitor import LEADERS, Visitor

_NEVER_SO = text(
    "what must be done can be missed and what must not be said can be violated, not the other way round",
    "应做的只能漏做，禁止的只能违反",
)
VERDICT = text("a verdict goes with correct, and with nothing else", "改判（correct）须给出结果，其余不须")


class Call(BaseModel):
    """A call. Long numbers are masked unless you may see them; ``began`` is UTC, ``duration`` seconds.

    ``score`` is the engine's; ``judged`` is the one that counts, by the verdicts that stand after decisions.
    """

    id: int
    status: str
    agent: str
    agent_name: str
    team: str
    queue: str
    direction: str
    customer: str
    began: datetime | None
    duration: float
    score: float | None
    judged: float | None
    met: int
    faults: int
    severe: int
    not_assessed: int
    disputed: int
    excerpt: str = ""


class Calls(BaseModel):
    """Some of the calls that were asked for; with ``total_is_least`` there may be more than ``total``."""

    total: int
    total_is_least: bool
    calls: list[Call]


class DecisionSeen(BaseModel):
    """What somebody decided about a finding."""

    kind: str
    verdict: str
    user: str
    when: str
    note: str


class Finding(BaseModel):
    """A finding: ``verdict`` as the engine gave it, ``standing`` as it is after decisions."""

    id: int
    number: int
    rule: str
    verdict: str
    standing: str
    severity: str
    group: str
    refs: list[str]
    reason: str
    at: float
    evidence: list[dict[str, Any]]
    disputed: bool
    decisions: list[DecisionSeen]


class CallWhole(Call):
    """A call with its findings; ``groups``: points of how many, by the verdicts that stand."""

    flow: str
    engine: str
    groups: dict[str, Any]
    findings: list[Finding]


class Decide(BaseModel):
    """A decision about a finding; ``verdict`` only with ``correct``."""

    kind: Literal["accept", "dispute", "correct"]
    verdict: Literal["", "met", "missed", "violated", "not_assessed"] = ""
    note: Annotated[str, Field(max_length=1000)] = ""


class Points(BaseModel):
    """Points of a group of those it could have had, as they are shown, and their share, 0 to 1."""

    points: str
    of: str
    share: float


class Decided(BaseModel):
    """How a finding and its call stand after a decision."""

    standing: str
    disputed: bool
    score: str | None
    judged: str | None
    groups: dict[str, Points]
    decisions: list[DecisionSeen]


def router(books: Books) -> APIRouter:
    """Everything under ``/api``."""
    routes = APIRouter(prefix="/api", tags=["calls"])

    @routes.get("/calls")
    def calls(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    ) -> Calls:
        """Calls by the same filters as the page's address has them (``agent``, ``queue``, ``words``, ``rule`` …)."""
        visitor = visitor_of(request)
        query = replace(query_of(_understood(request, visitor), books), limit=limit, offset=offset)
        if search.allowed(query, visitor.viewer) != query:
            raise HTTPException(422, NO_NUMBERS.in_(visitor.language))
        if query.since and query.until and query.since >= query.until:
            raise HTTPException(422, TURNED_ROUND.in_(visitor.language))
        page = search.find(books.archive, query, visitor.viewer)
        return Calls(
            total=page.total, total_is_least=page.total_is_least, calls=[Call(**_row(row)) for row in page.rows]
        )

    @routes.get("/calls/{call_id}")
    def call(request: Request, call_id: Id) -> CallWhole:
        """One call with its findings and what was decided about them."""
        visitor = visitor_of(request)
        found = books.details(call_id, visitor)
        stored = kept(books, found, visitor)
        evidence = _evidence(books, found, visitor)
        return CallWhole(
            **_row(found.row),
            flow=found.flow,
            engine=found.engine,
            groups={name: {"points": one.points, "of": one.of} for name, (_, one) in books.groups(found).items()},
            findings=[
                Finding(
                    **{name: getattr(one, name) for name in _FINDING},
                    evidence=evidence(one),
                    decisions=_decisions(stored[one.number]),
                )
                for one in found.findings
            ],
        )

    @routes.post("/findings/{finding_id}/decisions")
    def decide(request: Request, finding_id: Id, given: Decide) -> Decided:
        """Accept, dispute or correct a finding. Decisions are only ever added; the score follows."""
        visitor = visitor_of(request)
        if given.kind == "correct" and visitor.user.role not in LEADERS:
            raise HTTPException(403)
        if (given.kind == "correct") != bool(given.verdict):
            raise HTTPException(422, VERDICT.in_(visitor.language))
        call_id = details.call_of(books.archive, finding_id)
        if call_id is None:
            raise HTTPException(404)
        before = books.details(call_id, visitor)  # raises for whoever may not see it
        asked = next(one for one in before.findings if one.id == finding_id)
        faults = faults_of(asked.rule, asked.verdict, books.flows.flow(before.flow))
        if given.verdict in ("missed", "violated") and given.verdict not in faults:
            raise HTTPException(422, _NEVER_SO.in_(visitor.language))
        decisions.decide(
            books.archive,
            finding_id,
            visitor.user,
            given.kind,
            given.verdict,
            given.note,
            rescore=books.rescore,
            address=visitor.address,
        )
        after = books.details(call_id, visitor)
        finding = next(one for one in after.findings if one.id == finding_id)
        return Decided(
            standing=finding.standing,
            disputed=finding.disputed,
            score=None if after.row.score is None else points(after.row.score),
            judged=None if after.row.judged is None else points(after.row.judged),
            groups={
                name: Points(points=points(one.points), of=points(one.of), share=one.points / one.of)
                for name, (_, one) in books.groups(after).items()
                if one.of
            },
            decisions=_decisions(kept(books, after, visitor)[finding.number]),
        )

    @routes.get("/calls/{call_id}/journal", response_class=Response)
    def journal(request: Request, call_id: Id) -> Response:
        """The call's journal, JSON lines; long numbers masked unless you may see them."""
        visitor = visitor_of(request)
        opened = _opened(books, request, call_id)
        books.note(visitor, "journal", call_id)
        name = f'attachment; filename="call-{call_id}.jsonl"'
        return Response(opened.journal(), media_type="application/jsonl", headers={"content-disposition": name})

    @routes.get("/calls/{call_id}/peaks", include_in_schema=False)
    def peaks(request: Request, call_id: Id) -> Response:
        visitor = visitor_of(request)
        try:
            drawn = books.peaks(call_id, visitor)
        except (BadRecording, OSError) as error:
            raise HTTPException(404) from error
        return FileResponse(drawn, media_type="application/octet-stream")

    @routes.get("/calls/{call_id}/screen", include_in_schema=False)
    def screen(request: Request, call_id: Id) -> Response:
        headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
        return Response(_screen(_opened(books, request, call_id), books), 200, headers, "application/json")

    return routes


def _understood(request: Request, visitor: Visitor) -> Filters:
    """The filters that are asked for. A program that says one wrongly must not get the calls of all the others."""
    filters, told = Filters.of(request.query_params)
    unknown = request.query_params.keys() - {one.name for one in fields(Filters)} - {"limit", "offset"}
    told += [text('"{n}" is no filter', "没有“{n}”这个筛选条件", n=name[:80]) for name in sorted(unknown)]
    long = [name for name, value in request.query_params.items() if len(value) > LONGEST]
    told += [text('"{n}" is too long', "“{n}”太长", n=name[:80]) for name in long]
    if told:
        raise HTTPException(422, "; ".join(each.in_(visitor.language) for each in told))
    return filters


@lru_cache(maxsize=8)
def _screen(opened: Opened, books: Books) -> bytes:
    """A megabyte or more of the same few parts again and again: packed, whoever asks; every browser unpacks it."""
    return gzip.compress(JSONResponse(changes(opened.events, books.flows.flow(opened.header.flow))).body, 1)


def _opened(books: Books, request: Request, call_id: int) -> Opened:
    visitor = visitor_of(request)
    return books.opened(books.details(call_id, visitor), visitor)


def _evidence(books: Books, call: Details, visitor: Visitor) -> Callable[[StoredFinding], list[dict[str, Any]]]:
    """Gives a finding's evidence as the visitor may see it.

    A number that was told in parts is only known as one from the whole call, so the journal is asked first.
    """
    told: list[event.Finding] = []
    if not visitor.reveals:
        with suppress(ArchiveError, BadJournal):
            told = [each for each in books.opened(call, visitor).events if isinstance(each, event.Finding)]

    def of(finding: StoredFinding) -> list[dict[str, Any]]:
        if finding.number < len(told) and told[finding.number].rule == finding.rule:
            return [asdict(each) for each in told[finding.number].evidence]
        return [{**each, "said": books.shown(each.get("said", ""), visitor)} for each in finding.evidence]

    return of


_FINDING = ("id", "number", "rule", "verdict", "standing", "severity", "group", "refs", "reason", "at", "disputed")
_SAME = tuple(Call.model_fields)


def _row(row: CallRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SAME}


def _decisions(kept: Any) -> list[DecisionSeen]:
    return [DecisionSeen(**{**one, "when": moment(one["when"])}) for one in kept.decisions]
