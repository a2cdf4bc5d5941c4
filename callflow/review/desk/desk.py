"""Adds the supervisor's desk to the shell of ``callflow serve``."""

from __future__ import annotations

from collections.abc import Mapping

from callflow.review.desk import agents, api, api_figures, audit, call, calls, exports, rules, scores, wall_page
from callflow.review.desk.books import Books
from callflow.texts import text
from callflow.web.pages import Section
from callflow.web.site import Site
from callflow.web.visitor import LEADERS


def add(site: Site, books: Books, overlay: Mapping[str, bytes]) -> None:
    """The pages of calls, and their JSON. ``overlay``: the files of the agent's overlay, by name."""
    site.add("callflow.review.desk")
    site.pages.filters(calls.FILTERS)
    site.section(Section(calls.HERE, text("Calls", "通话"), place=10))
    site.app.include_router(calls.router(site, books))
    site.app.include_router(call.router(site, books, overlay))
    site.app.include_router(api.router(books))
    site.app.include_router(scores.router(books))
    site.section(Section(agents.HERE, text("Agents", "坐席"), place=20))
    site.section(Section(rules.HERE, text("Rules", "规则"), LEADERS, place=30))
    site.section(Section(wall_page.HERE, text("Live", "现场"), LEADERS, place=40))
    for part in (agents.router(site, books), rules.router(site, books), wall_page.router(site, books)):
        site.app.include_router(part)
    site.app.include_router(exports.router(books))
    site.app.include_router(api_figures.router(site, books))
    audit.add(site, books)
