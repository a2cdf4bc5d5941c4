"""Users and their sessions, as the archive keeps them. All of it may wait for a database: call it from a thread."""

from __future__ import annotations

from callflow.archive import audit, logins
from callflow.archive.store import Archive
from callflow.archive.tables import User


class Accounts:
    """Who may log in to ``archive``, and who is."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def log_in(self, name: str, password: str, address: str) -> str:
        """The token of a new session. Raises ``LoginRefused``."""
        return logins.log_in(self._archive, name, password, address)

    def log_out(self, token: str, address: str) -> None:
        """End a session; one that has ended stays so."""
        user = logins.logged_in(self._archive, token, use=False)
        logins.log_out(self._archive, token)
        if user:
            self.note(user, "logout", "", address)

    def user(self, token: str, using: bool = True) -> User | None:
        """Whose session this is; ``None`` where it has ended or never was one. Unless not ``using``, it lives on."""
        return logins.logged_in(self._archive, token, use=using)

    def note(self, user: User, action: str, what: str, address: str) -> None:
        """Write a line of the audit log."""
        audit.note(self._archive, user.name, action, what, address)
