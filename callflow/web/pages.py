"""How pages are written: Jinja templates that escape everything, in the visitor's language, in one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from callflow.archive.viewers import ROLES, Role
from callflow.texts import Text, counted, text
from callflow.web.visitor import EVERYBODY, Look, Visitor

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
"""What a page may do: run our scripts, as files; nothing inline, no eval, nothing from elsewhere."""

_THEMES = (
    ("auto", text("As the system has it", "跟随系统"), "◐"),
    ("light", text("Light", "浅色"), "☀"),
    ("dark", text("Dark", "深色"), "☾"),
)


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the navigation. ``roles``: who sees it, and may open it."""

    path: str
    title: Text
    roles: Sequence[Role] = EVERYBODY
    place: int = 50


class Pages:
    """Renders pages. ``packages``: further packages that have a folder ``templates``."""

    def __init__(self, packages: Sequence[str] = ()) -> None:
        loaders = [PackageLoader(package) for package in ("callflow.web", *packages)]
        self._environment = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(text=text, Text=Text, counted=counted, roles=ROLES, themes=_THEMES)
        self.sections: list[Section] = []

    def add(self, package: str) -> None:
        """Take templates of ``package`` in."""
        assert isinstance(self._environment.loader, ChoiceLoader)
        self._environment.loader.loaders = [*self._environment.loader.loaders, PackageLoader(package)]

    def filters(self, filters: Mapping[str, Any]) -> None:
        """Make functions known to templates as filters."""
        self._environment.filters.update(filters)

    def page(
        self, request: HTTPConnection, template: str, values: Mapping[str, Any], here: str = "", status: int = 200
    ) -> HTMLResponse:
        """The page of ``template``. ``here``: the path of the section that it belongs to."""
        body = self._environment.get_template(template).render({**self._context(request, here), **values})
        policy = POLICY.format(nonce=request.state.nonce)
        return HTMLResponse(body, status, headers={"content-security-policy": policy})

    def part(self, request: HTTPConnection, template: str, values: Mapping[str, Any]) -> Markup:
        """A part of a page, for pages that are not made of templates."""
        return Markup(self._environment.get_template(template).render({**self._context(request, ""), **values}))

    def message(self, request: HTTPConnection, message: Text, hint: Text | None, status: int) -> HTMLResponse:
        """A page that only says something."""
        return self.page(request, "message.html.j2", {"message": message, "hint": hint}, status=status)

    def frame(self, request: HTTPConnection, here: str) -> tuple[Markup, Markup]:
        """Head and bar of the frame, for pages that are not made of templates."""
        module = self._environment.get_template("frame.html.j2").make_module(self._context(request, here))
        return Markup(module.head()), Markup(module.bar())  # type: ignore[attr-defined]

    def _context(self, request: HTTPConnection, here: str) -> dict[str, Any]:
        visitor: Visitor | None = request.state.visitor
        look = visitor.look if visitor else Look()
        role = visitor.user.role if visitor else None
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return {
            "visitor": visitor,
            "look": look,
            "language": look.language,
            "t": lambda message: message.in_(look.language),
            "sections": [section for section in self.sections if role in section.roles],
            "here": here,
            "address": address,
            "nonce": request.state.nonce,
        }


def read_static(package: str) -> dict[str, bytes]:
    """The files that ``package`` serves, by name: read once, so that no request ever names a file."""
    return {item.name: item.read_bytes() for item in (files(package) / "static").iterdir() if item.is_file()}
