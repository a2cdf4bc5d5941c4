"""What the studio does not do, and why, with the HTTP status that says so."""

from __future__ import annotations

from callflow.errors import CallflowError
from callflow.texts import Text, text


class Refused(CallflowError):
    """The studio does not do it. ``status``: 404 no such name, 409 somebody was first, 422 no sense in it."""

    def __init__(self, message: Text, hint: Text | None = None, status: int = 422) -> None:
        super().__init__(message, hint)
        self.status = status


def no_flow(name: str) -> Refused:
    return Refused(text('there is no flow "{n}"', "没有流程“{n}”", n=name[:80]), status=404)


def no_file(name: str) -> Refused:
    return Refused(text('there is no file "{n}"', "没有文件“{n}”", n=name[:80]), status=404)
