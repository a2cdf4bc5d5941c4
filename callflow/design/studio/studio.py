"""Adds the studio to the shell of ``callflow serve``."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request
from fastapi.responses import JSONResponse

from callflow.design.studio import api, page
from callflow.design.studio.bench import Checks
from callflow.design.studio.desk import Desk, WhatIf
from callflow.design.studio.refusals import Refused
from callflow.design.studio.repository import Repository
from callflow.design.studio.shelf import Shelf
from callflow.web.access import visitor_of
from callflow.web.pages import Section
from callflow.web.site import Site
from callflow.web.visitor import LEADERS


def add(site: Site, flows: Path, what_if: WhatIf | None = None, checks: Checks | None = None) -> Desk:
    """The pages of the flows in a folder; ``checks``: further ones. Close what is returned when the server ends."""
    shelf = Shelf(flows)
    shelf.claim()
    desk = Desk(shelf, Repository.around(shelf.folder), what_if, checks)
    site.add("callflow.design.studio")
    site.section(Section(page.HERE, page.TITLE, LEADERS, place=50))
    site.uploads[api.PREFIX] = api.MOST_SENT
    site.app.include_router(page.router(site, desk))
    site.app.include_router(api.router(site, desk))
    site.app.add_exception_handler(Refused, _refused(site))
    page.add(site, desk)
    return desk


def _refused(site: Site):  # type: ignore[no-untyped-def]
    async def answer(request: Request, error: Refused) -> object:
        language = visitor_of(request).language
        if request.url.path.startswith("/api/"):
            return JSONResponse({"detail": error.in_(language)}, error.status)
        return site.pages.message(request, error.message, error.hint, error.status)

    return answer
