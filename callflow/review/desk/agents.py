"""The page of agents and teams: what is missed most and whether it gets better, the score over time, whom to coach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callflow.archive import figures
from callflow.archive.figures import Asked, Person, Sums
from callflow.review import words
from callflow.review.desk import charts, trends
from callflow.review.desk.books import Books
from callflow.review.desk.calls import KnownChoices
from callflow.review.desk.spans import Span, between, local_day
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import Visitor

HERE = "/agents"
COLUMNS = (
    ("agent", text("Agent", "坐席"), False),
    ("team", text("Team", "班组"), False),
    ("calls", text("Calls", "通话"), True),
    ("score", text("Score", "得分"), True),
    ("change", text("Change", "变化"), True),
    ("faults", text("Faults a call", "每通问题"), True),
    ("severe", text("Severe", "严重"), True),
    ("disputed", text("Disputed", "异议"), True),
)
CHANGES = {
    "better": text("better", "好转"),
    "worse": text("worse", "变差"),
    "same": text("no clear change", "无明显变化"),
}
CHANGE_SIGNS = {"better": "↓", "worse": "↑", "same": "→"}


@dataclass(frozen=True, slots=True)
class Row:
    """An agent's line; ``change``: of the mean score from the former half of the weeks to the latter."""

    person: Person
    sums: Sums
    change: float | None
    spark: charts.Bars

    @property
    def rate(self) -> float:
        return self.sums.faults / self.sums.calls if self.sums.calls else 0.0


def router(site: Site, books: Books) -> APIRouter:
    """The page ``/agents``."""
    routes = APIRouter(include_in_schema=False)
    choices = KnownChoices(books)

    @routes.get(HERE)
    def agents(request: Request) -> Response:
        visitor = visitor_of(request)
        return site.pages.page(request, "agents.html.j2", _values(books, request, visitor, choices), here=HERE)

    return routes


def span_of(books: Books, given: Mapping[str, str], visitor: Visitor) -> Span:
    """Which calls the page is about; an agent's are always the own ones."""
    there = figures.first_and_last(books.archive, visitor.viewer)
    first, last = there or (None, None)
    return Span.of(given, local_day(first), local_day(last))


def shared(
    books: Books, given: Mapping[str, str], span: Span, visitor: Visitor, choices: KnownChoices
) -> dict[str, Any]:
    """What the filters of all pages of figures need."""
    return {
        "span": span,
        "told": span.told(given),
        "teams": figures.teams(books.archive, visitor.viewer),
        "choices": choices.of(visitor),
        "words": words,
        "charts": charts,
        "changes": CHANGES,
        "change_signs": CHANGE_SIGNS,
        "percent": percent,
    }


def _values(books: Books, request: Request, visitor: Visitor, choices: KnownChoices) -> dict[str, Any]:
    span, viewer = span_of(books, request.query_params, visitor), visitor.viewer
    archive, asked, weeks = books.archive, span.asked, span.weeks
    people = figures.people(archive, asked, viewer)
    by_week, by_rule = counted(books, span, visitor)
    calls = [sum(sums.calls for sums in week.values()) for week in by_week]
    rules = trends.rule_figures([by_rule[start] for start, _ in weeks], calls, figures.known_rules(archive))
    top = trends.most_missed(rules)
    steps = span.steps
    days = [between(first, last + timedelta(days=1)) for first, last in steps]
    by_step = by_week if len(steps) == len(weeks) else figures.by_agent(archive, days, asked, viewer)
    points = [sum(of_step.values(), Sums()) for of_step in by_step]
    rows = _rows(people, by_week, span)
    lone = visitor.user.role == "agent" or len(rows) == 1
    one = rows[0].person if lone and rows else None
    return {
        **shared(books, request.query_params, span, visitor, choices),
        "total": sum((row.sums for row in rows), Sums()),
        "top": top,
        "points": list(zip(steps, points, strict=True)),
        "line": charts.line([point.mean for point in points]),
        "by_day": len(steps) > len(weeks),
        "rows": rows,
        "columns": COLUMNS,
        "one": one,
        "months": _months(books, replace(span.asked, agent=one.code), span, visitor) if one else [],
        "strongest": trends.strongest(rules),
        "weakest": trends.weakest(rules),
        "moments": figures.moments(archive, span.whole, [one.rule for one in top], asked, viewer),
    }


def counted(books: Books, span: Span, visitor: Visitor) -> tuple[list[dict[int, Sums]], dict[Any, Any]]:
    """Agents and rules week by week, as they were a few seconds ago."""
    of, viewer = books.archive, visitor.viewer
    key = (viewer, span.asked, span.since, span.until)
    return books.recent.of(
        key,
        lambda: (
            figures.by_agent(of, span.weeks, span.asked, viewer),
            figures.by_rule(of, span.weeks, span.asked, viewer),
        ),
    )


def _rows(people: dict[int, Person], by_week: Sequence[dict[int, Sums]], span: Span) -> list[Row]:
    half = len(by_week) // 2
    rows = []
    for number, person in people.items():
        weekly = [week.get(number, Sums()) for week in by_week]
        sums = sum(weekly, Sums())
        if sums.calls:
            before, after = sum(weekly[:half], Sums()).mean, sum(weekly[half:], Sums()).mean
            change = after - before if before is not None and after is not None else None
            shares = [None if week.mean is None else week.mean / 100 for week in weekly]
            rows.append(Row(person, sums, change, charts.bars(shares, 96)))
    return _sorted(rows, span)


_KEYS: dict[str, Any] = {
    "agent": lambda row: row.person.code,
    "team": lambda row: (row.person.team, row.person.code),
    "calls": lambda row: row.sums.calls,
    "score": lambda row: (row.sums.mean is not None, row.sums.mean or 0.0),
    "change": lambda row: (row.change is not None, row.change or 0.0),
    "faults": lambda row: row.rate,
    "severe": lambda row: row.sums.severe,
    "disputed": lambda row: row.sums.disputed,
}


def _sorted(rows: list[Row], span: Span) -> list[Row]:
    """Unless told otherwise whoever needs help most comes first."""
    if span.sort not in _KEYS:
        return sorted(rows, key=_KEYS["score"])
    return sorted(rows, key=_KEYS[span.sort], reverse=not span.up)


def _months(books: Books, asked: Asked, span: Span, visitor: Visitor) -> list[str]:
    """The months of the span in which there are calls of an agent, the latest first."""
    firsts = sorted({day.replace(day=1) for step in span.steps for day in step}, reverse=True)
    months = [between(first, (first + timedelta(days=31)).replace(day=1)) for first in firsts]
    found = figures.by_agent(books.archive, months, asked, visitor.viewer)
    return [first.isoformat()[:7] for first, calls in zip(firsts, found, strict=True) if calls]


def percent(share: float | None) -> str:
    """``7 %``, ``0.4 %``."""
    if share is None:
        return "—"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.0995 else f"{100 * share:.1f} %"
