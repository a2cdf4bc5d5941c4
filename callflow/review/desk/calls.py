"""The page of calls: filters in one row, a table below them, every number a link to the calls behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callflow.archive import search
from callflow.archive.details import Choices
from callflow.archive.search import CallQuery, Page
from callflow.review import known, words
from callflow.review.desk.books import Books, both
from callflow.review.desk.filters import PER_PAGE, STATUSES, Filters
from callflow.texts import Text, counted, text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import Visitor

HERE = "/calls"
NO_NUMBERS = text(
    "numbers were left out of the search: you may look for no more than two digits in a row",
    "已略去搜索中的号码：您最多只能搜索连续两位数字",
)
SEVERE = text("severe or fatal faults", "严重或致命问题")
COLUMNS = (
    ("began", text("Time", "时间"), False),
    ("agent", text("Agent", "坐席"), False),
    ("queue", text("Queue", "队列"), False),
    ("customer", text("Customer", "客户"), False),
    ("duration", text("Length", "时长"), True),
    ("score", text("Score", "得分"), True),
    ("faults", text("Faults", "问题"), True),
    ("met", text("Met", "做到"), True),
    ("not_assessed", text("Not assessed", "未评"), True),
)
_SORTED = ("began", "agent", "queue", "duration", "score", "faults")


def router(site: Site, books: Books) -> APIRouter:
    """The page ``/calls``."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(HERE)
    def calls(request: Request) -> Response:
        visitor = visitor_of(request)
        filters, told = Filters.of(request.query_params)
        query = query_of(filters, books)
        if search.allowed(query, visitor.viewer) != query:
            told = [*told, NO_NUMBERS]
        page = search.find(books.archive, query, visitor.viewer)
        offset = (filters.number - 1) * PER_PAGE
        pages = None if page.total_is_least else -(-page.total // PER_PAGE)
        values = {
            "filters": filters,
            "told": told,
            "page": page,
            "first": offset + 1 if page.rows else 0,
            "last": offset + len(page.rows),
            "more": page.total_is_least or offset + len(page.rows) < page.total,
            "pages": pages,
            "alike": None if page.total else _by_sound(filters, books, visitor),
            "choices": (chosen := books.choices(visitor)),
            "rules": _rules(chosen, visitor),
            "verdicts": _named(words.VERDICTS, visitor),
            "states": _named(STATUSES, visitor),
            "tags": _tags(filters, visitor),
            "zip": zip,
            "columns": COLUMNS,
            "sorted_columns": _SORTED,
            "words": words,
            "both": both,
            "name_of": lambda path: PurePath(path).name,
        }
        return site.pages.page(request, "calls.html.j2", values, here=HERE)

    return routes


def _by_sound(filters: Filters, books: Books, visitor: Visitor) -> Page | None:
    """What the same words find by their sound: a recogniser may have written nothing but syllables."""
    if not filters.words or filters.sounds:
        return None
    query = query_of(replace(filters, sounds="1", page=""), books)
    return search.find(books.archive, query, visitor.viewer) if query.sounds else None


def query_of(filters: Filters, books: Books) -> CallQuery:
    """The query of the archive; words to be found by their sound as syllables."""
    sounds = books.flows.sounds
    return filters.query(lambda said: " ".join(sounds.names(sounds.of_text(said).key)))


def _named(texts: Mapping[str, Text], visitor: Visitor) -> list[tuple[str, str]]:
    return [(name, title.in_(visitor.language)) for name, title in texts.items()]


def _rules(choices: Choices, visitor: Visitor) -> list[tuple[str, str]]:
    named = [(name, known.title_of(choices.rules, name).in_(visitor.language)) for name in choices.rules]
    return sorted(named, key=lambda pair: pair[1])


def _tags(filters: Filters, visitor: Visitor) -> list[tuple[str, str]]:
    """What narrows the calls down and has no field in the row: links lead here with it."""
    shown = {
        "team": filters.team,
        "flow": filters.flow,
        "direction": words.DIRECTIONS[filters.direction].in_(visitor.language) if filters.direction else "",
        "customer": filters.customer,
        "severity": words.SEVERITIES[filters.severity].in_(visitor.language) if filters.severity else "",
        "disputed": text("disputed", "有异议").in_(visitor.language) if filters.disputed else "",
        "severe": SEVERE.in_(visitor.language) if filters.severe else "",
    }
    return [(name, label) for name, label in shown.items() if label]


def moment(when: datetime | None) -> str:
    """A time of day as people read it, on this machine's clock; ``—`` where it is unknown."""
    if when is None:
        return "—"
    return when.replace(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M")


FILTERS: Mapping[str, Any] = {
    "moment": moment, "clock": words.clock, "points": words.points, "counted": counted,
}  # fmt: skip
