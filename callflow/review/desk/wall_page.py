"""The page of the live wall, the sockets of pages and machines, and whispering."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from callflow.archive import audit, machines
from callflow.archive.machines import Machine
from callflow.archive.masking import masked
from callflow.archive.viewers import Viewer
from callflow.review import words
from callflow.review.desk.books import Books
from callflow.review.desk.wall import LONGEST_WHISPER, REFUSE, Unheard, Wall, Whisper
from callflow.texts import text
from callflow.web.access import visitor_of
from callflow.web.site import Site
from callflow.web.visitor import LEADERS, Visitor

HERE = "/wall"
MACHINES = "/wall/machine"
PHASES = {
    "ready": text("ready", "就绪"),
    "ringing": text("ringing", "振铃"),
    "talking": text("talking", "通话中"),
    "held": text("on hold", "保持中"),
    "over": text("just ended", "刚结束"),
    "lost": text("connection lost", "连接中断"),
}
STATES = {
    "waiting": text("on its way", "发送中"),
    "sent": text("sent", "已送达"),
    "read": text("read", "已读"),
}


class Whispered(BaseModel):
    """What to whisper."""

    text: Annotated[str, Field(max_length=10 * LONGEST_WHISPER)]


def router(site: Site, books: Books) -> APIRouter:
    """``/wall``, its sockets, ``POST /api/wall/USER/whispers``."""
    routes = APIRouter(include_in_schema=False)
    archive = books.archive
    site.machines.add(MACHINES)

    async def known(token: str) -> Machine | None:
        return await to_thread.run_sync(machines.machine, archive, token)

    async def noted(machine: Machine, whisper: Whisper) -> None:
        await to_thread.run_sync(
            audit.note, archive, machine.user_name, "wall.seen", f"agent {machine.agent}: {whisper.id}"
        )

    wall = Wall(known, noted)

    @routes.get(HERE)
    def page(request: Request) -> Response:
        site.require(visitor_of(request), LEADERS)
        values = {"words": words, "phases": PHASES, "states": STATES, "longest": LONGEST_WHISPER}
        return site.pages.page(request, "wall.html.j2", values, here=HERE)

    @routes.websocket("/wall/socket")
    async def watch(socket: WebSocket) -> None:
        if _leads(visitor_of(socket)) is None:
            await socket.close(REFUSE)
        else:
            await wall.watch(socket, lambda: _leads(visitor_of(socket)))

    @routes.websocket(MACHINES)
    async def machine(socket: WebSocket) -> None:
        kind, _, token = socket.headers.get("authorization", "").partition(" ")
        await wall.machine(socket, token.strip() if kind.lower() == "bearer" else "")

    @routes.post("/api/wall/{number}/whispers")
    async def whisper(request: Request, number: int, given: Whispered) -> Response:
        visitor = visitor_of(request)
        if visitor.user.role not in LEADERS:
            raise HTTPException(403)
        try:
            to, made = wall.whisper(number, visitor.viewer, visitor.user.id, visitor.user.name, given.text)
        except Unheard as error:
            return JSONResponse({"detail": error.message.in_(visitor.language)}, error.status)
        what = f"agent {to.agent}: {made.id} {masked(made.text)}"
        await to_thread.run_sync(audit.note, archive, visitor.user.name, "wall.whisper", what, visitor.address)
        return JSONResponse(made.data(visitor.viewer))

    return routes


def _leads(visitor: Visitor) -> Viewer | None:
    """What a visitor who leads others may see; ``None`` for agents, who may have led somebody a moment ago."""
    return visitor.viewer if visitor.user.role in LEADERS else None
