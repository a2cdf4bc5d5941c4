"""Who looks at a page, and what their pages should look like."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["agent", "supervisor", "admin"]
EVERYBODY: tuple[Role, ...] = ("agent", "supervisor", "admin")
LEADERS: tuple[Role, ...] = ("supervisor", "admin")

LANGUAGES, THEMES = ("zh", "en"), ("auto", "light", "dark")


class Person(Protocol):
    """What the shell needs to know of somebody who is logged in."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> Role: ...
    @property
    def reveal(self) -> bool: ...
    @property
    def language(self) -> str: ...


class Refused(Exception):
    """A log-in that did not succeed. ``wait``: seconds until another try is let through, 0 where it may be at once."""

    def __init__(self, wait: float = 0.0) -> None:
        super().__init__("refused")
        self.wait = wait


class Accounts(Protocol):
    """Users and their sessions. All of it may wait for a database, so it is called from a thread."""

    def log_in(self, name: str, password: str, address: str) -> str:
        """The token of a new session. Raises ``Refused``."""
        ...

    def log_out(self, token: str, address: str) -> None:
        """End a session; one that has ended stays so."""
        ...

    def person(self, token: str, using: bool = True) -> Person | None:
        """Whose session this is; ``None`` where it has ended or never was one. Unless not ``using``, it lives on."""
        ...

    def note(self, person: Person, action: str, what: str, address: str) -> None:
        """Write a line of the audit log."""
        ...


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
    """Somebody who is logged in and asks for something: the person, the look, the address they ask from.

    ``csrf`` belongs to the session and must come with every request that changes something.
    """

    person: Person
    look: Look
    csrf: str
    address: str

    @property
    def language(self) -> str:
        """``zh`` or ``en``."""
        return self.look.language

    @property
    def reveals(self) -> bool:
        """Whether numbers may be shown to this visitor in full."""
        return self.person.reveal


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
