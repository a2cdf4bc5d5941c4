"""Logging in and out, and how pages look. Everything here answers a form and leads on to a page."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from callflow.archive.logins import LoginRefused
from callflow.texts import Text, text
from callflow.web.access import LOOK_COOKIE, SESSION_COOKIE, Access, local, visitor_of
from callflow.web.accounts import Accounts
from callflow.web.pages import Pages
from callflow.web.visitor import LANGUAGES, THEMES, Look, cookies

VISIT_COOKIE = "callflow-visit"
"""Marks a browser before it has a session, so that a log-in cannot be sent by somebody else's page."""
YEAR = 31_536_000

STALE = text("the page was too old: try again", "页面已过期，请再试一次")


def router(accounts: Accounts, pages: Pages, access: Access, secure: bool) -> APIRouter:
    """The addresses of logging in and out. ``secure``: cookies travel by HTTPS only."""
    routes = APIRouter(include_in_schema=False)
    key = secrets.token_bytes(32)

    def form(request: Request, next_: str, name: str = "", wrong: Text | None = None, status: int = 200) -> Response:
        jar = cookies(request.headers)
        visit = jar.get(VISIT_COOKIE) or secrets.token_urlsafe(24)
        look = _look_of(request)
        values = {
            "wrong": wrong,
            "name": name,
            "next": next_,
            "csrf": _signed(key, visit),
            "look": look,
            "language": look.language,
            "visitor": None,
            "t": lambda message: message.in_(look.language),
            "query_in": lambda language: urlencode({"next": next_, "lang": language}),
        }
        answer = pages.page(request, "login.html.j2", values, status=status)
        _set(answer, VISIT_COOKIE, visit, secure, age=None)
        _set(answer, LOOK_COOKIE, look.cookie, secure, YEAR)
        return answer

    @routes.get("/login")
    async def asked(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
        return RedirectResponse(local(next), 303) if request.state.visitor else form(request, local(next))

    @routes.post("/login")
    async def given(
        request: Request,
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        csrf: Annotated[str, Form(max_length=200)] = "",
        next: Annotated[str, Form(max_length=2000)] = "/",
    ) -> Response:
        visit = cookies(request.headers).get(VISIT_COOKIE, "")
        if not visit or not hmac.compare_digest(_signed(key, visit).encode(), csrf.encode("utf-8", "surrogatepass")):
            return form(request, local(next), name, STALE, 403)
        address = request.client.host if request.client else ""
        try:
            token = await to_thread.run_sync(accounts.log_in, name, password, address)
        except LoginRefused as refused:
            return form(
                request, local(next), name, Text(refused.in_("en"), refused.in_("zh")), 429 if refused.wait else 403
            )
        before = cookies(request.headers).get(SESSION_COOKIE, "")
        if before:  # whoever was logged in here before is no more
            access.forget(before)
            await to_thread.run_sync(accounts.log_out, before, address)
        answer = RedirectResponse(local(next), 303)
        _set(answer, SESSION_COOKIE, token, secure, age=None)
        return answer

    @routes.post("/logout")
    async def out(request: Request) -> Response:
        token = cookies(request.headers).get(SESSION_COOKIE, "")
        access.forget(token)
        await to_thread.run_sync(accounts.log_out, token, visitor_of(request).address)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict", secure=secure)
        answer.headers["clear-site-data"] = '"cache", "storage"'
        return answer

    @routes.post("/look")
    async def changed(
        request: Request,
        theme: Annotated[str, Form(max_length=10)] = "",
        language: Annotated[str, Form(max_length=10)] = "",
        back: Annotated[str, Form(max_length=4000)] = "/",
    ) -> Response:
        now = visitor_of(request).look
        look = Look(
            language if language in LANGUAGES else now.language,
            theme if theme in THEMES else now.theme,
        )
        answer = RedirectResponse(local(back), 303)
        _set(answer, LOOK_COOKIE, look.cookie, secure, YEAR)
        return answer

    return routes


def _look_of(request: Request) -> Look:
    """The language that is asked for, or was chosen before, or that the browser speaks."""
    chinese = request.headers.get("accept-language", "zh").lower().startswith("zh")
    kept = Look.of(cookies(request.headers).get(LOOK_COOKIE, ""), "zh" if chinese else "en")
    asked = request.query_params.get("lang", "")
    return Look(asked if asked in LANGUAGES else kept.language, kept.theme)


def _signed(key: bytes, visit: str) -> str:
    return hmac.new(key, visit.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _set(answer: Response, name: str, value: str, secure: bool, age: int | None) -> None:
    answer.set_cookie(name, value, max_age=age, httponly=True, samesite="strict", secure=secure)
