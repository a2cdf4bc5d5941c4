"""Who looks at a page, and what their pages should look like."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from callflow.archive.tables import User
from callflow.archive.users import viewer
from callflow.archive.viewers import Role, Viewer

EVERYBODY: tuple[Role, ...] = ("agent", "supervisor", "admin")
LEADERS: tuple[Role, ...] = ("supervisor", "admin")
ADMINS: tuple[Role, ...] = ("admin",)

LANGUAGES, THEMES = ("zh", "en"), ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody wants pages to look; kept in a cookie of the browser."""

    language: str = "zh"
    theme: str = "auto"

    @classmethod
    def of(cls, cookie: str, otherwise: str = "zh") -> Look:
        """What a cookie says; where it says nothing that we know, ``otherwise`` and what the system has."""
        language, _, theme = cookie.partition(".")
        return cls(
            language if language in LANGUAGES else otherwise if otherwise in LANGUAGES else "zh",
            theme if theme in THEMES else "auto",
        )

    @property
    def cookie(self) -> str:
        """The same as a cookie."""
        return f"{self.language}.{self.theme}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in and asks for something: the user, the look, the address they ask from.

    ``csrf`` belongs to the session and must come with every request that changes something.
    """

    user: User
    look: Look
    csrf: str
    address: str

    @property
    def language(self) -> str:
        """``zh`` or ``en``."""
        return self.look.language

    @property
    def viewer(self) -> Viewer:
        """Which calls this visitor may see."""
        return viewer(self.user)

    @property
    def reveals(self) -> bool:
        """Whether numbers may be shown to this visitor in full."""
        return self.user.reveal


def csrf_of(token: str) -> str:
    """The token against forged requests that goes with a session: no page of others can know it."""
    return hmac.new(token.encode(), b"callflow csrf", hashlib.sha256).hexdigest()


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """The cookies of a request; the first of a name counts, as browsers send the most specific one first."""
    found: dict[str, str] = {}
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found
