"""Figures as JSON, for programs: agents, rules. Described at ``/api/openapi.json``."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from callflow.archive import extracts, figures
from callflow.archive.figures import Sums
from callflow.archive.tallies import COUNTS
from callflow.review.agreement import agreements, precision, reviews_of
from callflow.review.desk.agents import NOBODY, counted
from callflow.review.desk.asked import Asked
from callflow.review.desk.books import Books
from callflow.review.desk.trends import by_name
from callflow.review.exports.shapes import Reviewed, reviewed_of
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import LEADERS


class AgentWeek(BaseModel):
    """Calls of an agent (``""``: of none) in the week that begins on ``monday``; ``mean``: of the ``scored`` ones."""

    monday: date
    agent: str
    name: str
    team: str
    calls: int
    scored: int
    mean: float | None
    faults: int
    severe: int
    disputed: int
    seconds: float


class RuleWeek(BaseModel):
    """How often a rule came out how in the week that begins on ``monday``; ``disputed``: those that are open.

    ``flow``: whose rule it is. ``wrong`` and ``judged`` count calls: those in which it was missed or violated, and
    those in which it was assessed at all.
    """

    monday: date
    flow: str
    rule: str
    met: int
    missed: int
    violated: int
    not_assessed: int
    disputed: int
    wrong: int
    judged: int


def router(site: Site, books: Books) -> APIRouter:
    """More under ``/api``."""
    routes = APIRouter(prefix="/api", tags=["figures"])

    @routes.get("/agents")
    def agents(request: Request, asked: Annotated[Asked, Query()]) -> list[AgentWeek]:
        """Agents week by week: the whole weeks in which ``since`` and ``until`` are; twelve if neither is told."""
        visitor = visitor_of(request)
        span = asked.weeks(books, visitor)
        people = {0: NOBODY, **figures.people(books.archive, span.asked, visitor.viewer)}
        found, _ = counted(books, span, visitor)
        return [
            AgentWeek(monday=monday, agent=who.code, name=who.name, team=who.team, **_sums(sums))
            for monday, of_week in zip(span.mondays, found, strict=True)
            for number, sums in of_week.items()
            if (who := people.get(number))
        ]

    @routes.get("/rules")
    def rules(request: Request, asked: Annotated[Asked, Query()]) -> list[RuleWeek]:
        """Rules week by week, the same."""
        visitor = visitor_of(request)
        site.require(visitor, LEADERS)
        span = asked.weeks(books, visitor)
        _, found = counted(books, span, visitor)
        flows = books.known_flows()
        return [
            RuleWeek(monday=monday, flow=flow, rule=rule, **dict(zip(COUNTS, counts, strict=True)))
            for monday, (start, _) in zip(span.mondays, span.weeks, strict=True)
            for (flow, rule), counts in sorted(by_name(found[start], flows).items())
        ]

    @routes.get("/reviews")
    def reviews(request: Request, asked: Annotated[Asked, Query()]) -> Reviewed:
        """How far reviewers agree with each other, and with the engine by rule."""
        visitor = visitor_of(request)
        site.require(visitor, LEADERS)
        since, until = asked.weeks(books, visitor).whole
        wanted = replace(asked.wanted(visitor), since=since, until=until)
        found = [review for review in reviews_of(extracts.decided(books.archive, wanted)) if review.settles]
        return reviewed_of(agreements(found), precision(found))

    return routes


def _sums(sums: Sums) -> dict[str, Any]:
    told = asdict(sums)
    return {"mean": sums.mean, **{name: told[name] for name in told if name != "points"}}
