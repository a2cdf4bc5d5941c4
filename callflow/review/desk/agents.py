"""The page of agents and teams: what is missed most and whether it gets better, the score over time, whom to coach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callflow.archive import figures
from callflow.archive.figures import Asked, Person, Sums
from callflow.archive.tallies import Counts, Rule
from callflow.review import words
from callflow.review.desk import charts, trends
from callflow.review.desk.books import Books
from callflow.review.desk.spans import Span, between, local_day
from callflow.review.exports.agent_month import strongest, weakest
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


NOBODY = Person(0, "", "", "")
"""Whose calls those are of which nobody knows who took them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line for an agent, or for ``agents`` of a team, of whom ``person`` is the first.

    ``change``: of the mean score from the former half of the weeks to the latter.
    """

    person: Person
    sums: Sums
    change: float | None
    spark: charts.Bars
    agents: int = 1

    @property
    def rate(self) -> float:
        return self.sums.faults / self.sums.calls if self.sums.calls else 0.0


def router(site: Site, books: Books) -> APIRouter:
    """The page ``/agents``."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(HERE)
    def agents(request: Request) -> Response:
        visitor = visitor_of(request)
        return site.pages.page(request, "agents.html.j2", _values(books, request, visitor), here=HERE)

    return routes


def span_of(books: Books, given: Mapping[str, str], visitor: Visitor) -> Span:
    """Which calls the page is about; an agent's are always the own ones."""
    there = figures.first_and_last(books.archive, visitor.viewer)
    first, last = there or (None, None)
    return Span.of(given, local_day(first), local_day(last))


def shared(books: Books, given: Mapping[str, str], span: Span, visitor: Visitor) -> dict[str, Any]:
    """What the filters of all pages of figures need."""
    return {
        "span": span,
        "told": span.told(given),
        "timeless": figures.without_time(books.archive, span.asked, visitor.viewer),
        "teams": figures.teams(books.archive, visitor.viewer),
        "choices": books.choices(visitor),
        "words": words,
        "charts": charts,
        "changes": CHANGES,
        "change_signs": CHANGE_SIGNS,
        "percent": percent,
    }


def _values(books: Books, request: Request, visitor: Visitor) -> dict[str, Any]:
    span, viewer = span_of(books, request.query_params, visitor), visitor.viewer
    archive, asked, weeks = books.archive, span.asked, span.weeks
    people = figures.people(archive, asked, viewer)
    by_week, by_rule = counted(books, span, visitor)
    rules = trends.rule_figures([by_rule[start] for start, _ in weeks], books.known_flows())
    clauses = trends.clauses(rules)
    top = trends.most_missed(rules)
    steps = span.steps
    days = [between(first, last + timedelta(days=1)) for first, last in steps]
    by_step = by_week if len(steps) == len(weeks) else figures.by_agent(archive, days, asked, viewer)
    points = [sum(of_step.values(), Sums()) for of_step in by_step]
    rows = _rows(people, by_week)
    lone = visitor.user.role == "agent" or bool(span.agent)
    return {
        **shared(books, request.query_params, span, visitor),
        "total": sum((sums for week in by_week for sums in week.values()), Sums()),
        "top": top,
        "points": list(zip(steps, points, strict=True)),
        "line": charts.line([point.mean for point in points]),
        "by_day": len(steps) > len(weeks),
        "rows": _by(rows, span.sort, bool(span.up)) if span.sort in _KEYS else _by(rows, "score"),
        "nobody": next(iter(_rows({0: NOBODY}, by_week)), None),
        "columns": COLUMNS,
        "of_teams": _teams(rows, by_week) if viewer.role == "admin" and not (span.team or span.agent) else [],
        "one": rows[0].person if lone and rows else None,
        "months": _months(books, rows[0].person, span, visitor) if lone and rows else [],
        "clauses_known": any(one.assessed >= trends.LEAST for one in clauses),
        "strongest": strongest(clauses, trends.LEAST),
        "weakest": weakest(clauses, trends.LEAST),
        "moments": figures.moments(archive, span.whole, [one.name for one in top], asked, viewer),
    }


def counted(
    books: Books, span: Span, visitor: Visitor
) -> tuple[list[dict[int, Sums]], dict[datetime, dict[Rule, Counts]]]:
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


def _rows(people: Mapping[int, Person], by_week: Sequence[dict[int, Sums]]) -> list[Row]:
    weekly = ((person, [week.get(number, Sums()) for week in by_week]) for number, person in people.items())
    return [_row(person, weeks) for person, weeks in weekly if any(week.calls for week in weeks)]


def _row(person: Person, weeks: Sequence[Sums], agents: int = 1) -> Row:
    half = len(weeks) // 2
    before, after = sum(weeks[:half], Sums()).mean, sum(weeks[half:], Sums()).mean
    change = after - before if before is not None and after is not None else None
    shares = [None if week.mean is None else week.mean / 100 for week in weeks]
    return Row(person, sum(weeks, Sums()), change, charts.bars(shares, 96), agents)


def _teams(rows: Sequence[Row], by_week: Sequence[dict[int, Sums]]) -> list[Row]:
    """A line for each team, whichever needs help first; none where there is nothing to compare."""
    teams: dict[str, list[Person]] = {}
    for row in rows:
        teams.setdefault(row.person.team, []).append(row.person)
    found = []
    for people in teams.values():
        weeks = [sum((week.get(one.id, Sums()) for one in people), Sums()) for week in by_week]
        found.append(_row(people[0], weeks, len(people)))
    return _by(found, "score") if len(found) > 1 else []


_KEYS: dict[str, Callable[[Row], Any]] = {  # None: unknown
    "agent": lambda row: row.person.code or None,
    "team": lambda row: (row.person.team, row.person.code) if row.person.team else None,
    "calls": lambda row: row.sums.calls,
    "score": lambda row: row.sums.mean,
    "change": lambda row: row.change,
    "faults": lambda row: row.rate,
    "severe": lambda row: row.sums.severe,
    "disputed": lambda row: row.sums.disputed,
}


def _by(rows: Sequence[Row], name: str, up: bool = True) -> list[Row]:
    """Unless told otherwise whoever needs help most comes first; what is unknown comes last either way."""
    key = _KEYS[name]
    there = [row for row in rows if key(row) is not None]
    return [*sorted(there, key=key, reverse=not up), *(row for row in rows if key(row) is None)]


def _months(books: Books, agent: Person, span: Span, visitor: Visitor) -> list[str]:
    """The months of the span in which the agent had calls, the latest first."""
    months, asked = span.months, Asked(agent=agent.code)
    had = figures.by_agent(books.archive, [month for _, month in months], asked, visitor.viewer)
    return [f"{first:%Y-%m}" for (first, _), sums in zip(months, had, strict=True) if sums]


def percent(share: float | None) -> str:
    """``7 %``, ``0.4 %``."""
    if share is None:
        return "—"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.0995 else f"{100 * share:.1f} %"
