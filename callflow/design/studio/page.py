"""The studio's pages: the list of flows, and the page of one flow in three panes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from nicegui import ui
from starlette.concurrency import run_in_threadpool

from callflow.design.graph.words import EVENTS
from callflow.design.studio.desk import Desk, whole
from callflow.design.studio.refusals import Refused
from callflow.design.studio.simulator import DOABLE
from callflow.errors import CallflowError
from callflow.texts import Text, text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import LEADERS, Visitor

HERE = "/studio"
TITLE = text("Studio", "流程设计")
LIBRARIES = (ui.codemirror, ui.mermaid)
"""Elements whose scripts the page imports; it draws them itself."""
_BUTTONS = {
    "call.transfer_started": text("transfer", "转接"),
    "call.resumed": text("back", "返回"),
    "call.held": text("hold", "保持"),
    "call.hung_up": text("hang up", "挂机"),
}


def router(site: Site, desk: Desk) -> APIRouter:
    """The list of flows."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(HERE)
    def flows(request: Request) -> Response:
        visitor = visitor_of(request)
        site.require(visitor, LEADERS)
        listed = [_listed(desk, visitor, name) for name in desk.shelf.flows()]
        values = {"flows": listed, "repository": desk.publisher.repository is not None}
        return site.pages.page(request, "flows.html.j2", values, here=HERE)

    return routes


def add(site: Site, desk: Desk) -> None:
    """The page of one flow."""

    @site.nice(HERE + "/{flow:path}", TITLE, LEADERS, HERE)
    async def page(visitor: Visitor, request: Request) -> Response | None:
        flow = request.path_params["flow"]
        try:
            opened = await run_in_threadpool(desk.open, visitor.user.name, flow)
        except CallflowError as error:
            status = error.status if isinstance(error, Refused) else 503
            return site.pages.message(request, error.message, error.hint, status)
        files = sorted(opened.texts)
        asked = request.query_params.get("file", "")
        first = asked if asked in files else "flow.yaml" if "flow.yaml" in files else files[0] if files else ""
        known = await run_in_threadpool(desk.known, opened, first)
        buttons = [(event, _BUTTONS.get(event, EVENTS[event])) for event in DOABLE]
        values: dict[str, Any] = {
            "flow": flow,
            "file": first,
            "title": known.title if known else Text(flow, flow),
            "buttons": buttons,
            "what_if": desk.what_if is not None,
        }
        ui.add_head_html('<link rel="stylesheet" href="/static/studio/studio.css">')
        ui.add_head_html('<script type="module" src="/static/studio/studio.js"></script>')
        ui.html(str(site.pages.part(request, "studio.html.j2", values)), sanitize=False)
        return None


def _listed(desk: Desk, visitor: Visitor, name: str) -> dict[str, Any]:
    """What its card says; of a flow that cannot be opened why, beside the others."""
    try:
        opened = desk.open(visitor.user.name, name)
    except CallflowError as error:
        return {"name": name, "title": Text(name, name), "wrong": error, "overlays": desk.overlays(name)}
    flow = desk.known(opened, "") or whole(opened.papers.texts, name)[0]
    return {
        "name": name,
        "title": flow.title if flow else Text(name, name),
        "wrong": None,
        "files": len(opened.texts),
        "changed": len(opened.draft.files),
        "overlays": desk.overlays(name),
    }
