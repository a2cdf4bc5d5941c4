"""The page of rules: how often each was met, missed, violated, left open, disputed; and whether it is a good rule."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callflow.archive import extracts
from callflow.archive.extracts import Wanted
from callflow.review.agreement import agreements, reviews_of
from callflow.review.desk import trends
from callflow.review.desk.agents import counted, shared, span_of
from callflow.review.desk.books import Books
from callflow.review.desk.spans import Span
from callflow.review.desk.trends import Named, RuleFigures, Trust
from callflow.review.words import SEVERITY_ORDER
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import LEADERS, Visitor

HERE = "/rules"
COLUMNS = (
    ("rule", text("Rule", "规则"), False),
    ("severity", text("Severity", "程度"), False),
    ("met", text("Met", "做到"), True),
    ("missed", text("Missed", "漏做"), True),
    ("violated", text("Violated", "违反"), True),
    ("share", text("Went wrong", "出错率"), True),
    ("change", text("By week", "每周"), False),
    ("not_assessed", text("Not assessed", "未评"), True),
    ("disputed", text("Disputed", "异议"), True),
    ("precision", text("Engine right", "引擎判对"), True),
    ("kappa", text("Reviewers agree", "复核一致"), True),
)


def router(site: Site, books: Books) -> APIRouter:
    """The page ``/rules``."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(HERE)
    def rules(request: Request) -> Response:
        visitor = visitor_of(request)
        site.require(visitor, LEADERS)
        return site.pages.page(request, "rules.html.j2", _values(books, request, visitor), here=HERE)

    return routes


def _values(books: Books, request: Request, visitor: Visitor) -> dict[str, Any]:
    span = span_of(books, request.query_params, visitor)
    _, by_rule = counted(books, span, visitor)
    found = trends.rule_figures([by_rule[start] for start, _ in span.weeks], books.known_flows())
    if span.clause:
        found = [one for one in found if span.clause in one.refs]
    since, until = span.whole
    wanted = Wanted(since=since, until=until, agent=span.agent, team=span.team, queue=span.queue, viewer=visitor.viewer)
    reviews = books.recent.of(wanted, lambda: reviews_of(extracts.decided(books.archive, wanted)))
    trust = trends.trusted(reviews)
    return {
        **shared(books, request.query_params, span, visitor),
        "rows": _sorted(found, trust, span),
        "trust": trust,
        "untrusted": Trust(),
        "columns": COLUMNS,
        "pairs": agreements(review for review in reviews if review.settles),
        "reviewed": len({review.finding for review in reviews if review.settles}),
        "several": len({one.flow for one in found}) > 1,
        "doubtful": [one for one in found if trust.get(one.name, Trust()).doubtful],
    }


def _sorted(rules: list[RuleFigures], trust: dict[Named, Trust], span: Span) -> list[RuleFigures]:
    def key(one: RuleFigures) -> Any:
        of_rule = trust.get(one.name, Trust())
        match span.sort:
            case "rule":
                return one.rule
            case "severity":
                return -SEVERITY_ORDER.index(one.severity) if one.severity in SEVERITY_ORDER else -9, one.faults
            case "precision":  # sure to be good first; what nobody looked at comes last either way
                known = of_rule.precision is not None
                return known != bool(span.up), of_rule.precision.low if of_rule.precision else 0.0
            case "kappa":
                return (of_rule.kappa is not None) != bool(span.up), of_rule.kappa or 0.0
            case "change":
                return (one.after or 0.0) - (one.before or 0.0)
            case "met" | "missed" | "violated" | "not_assessed" | "disputed" | "share":
                return getattr(one, span.sort), one.faults
            case _:
                return one.faults, one.assessed

    return sorted(rules, key=key, reverse=not span.up)
