"""Which calls programs ask for figures and tables of: one shape for all of ``/api`` and for the form of exports.

A program that says something wrongly must not get the calls of all the others, or of other weeks.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, Field

from callflow.archive.days import YEARS, midnight
from callflow.archive.extracts import Wanted
from callflow.review.desk.agents import span_of
from callflow.review.desk.books import Books
from callflow.review.desk.filters import LONGEST
from callflow.review.desk.spans import MOST, Span
from callflow.texts import Text, text
from callflow.web.visitor import Visitor

Day = Annotated[date, Field(ge=date(YEARS[0], 1, 1), le=date(YEARS[-1], 12, 31))]
Name = Annotated[str, Field(max_length=LONGEST, pattern=r"^[^\x00-\x1f\x7f]*$")]
TURNED_ROUND = text("since comes after until", "since 晚于 until")
TOO_LONG = text("more than {n} weeks", "超过 {n} 周", n=MOST)


class Asked(BaseModel, extra="forbid"):
    """Calls of one ``team``, ``agent`` and ``queue``, from the day ``since`` to the day ``until``.

    The agent by code, or by a name that only one has. Both days are included, and are those of the server's clock.
    """

    since: Day | None = None
    until: Day | None = None
    team: Name = ""
    agent: Name = ""
    queue: Name = ""

    def wanted(self, visitor: Visitor) -> Wanted:
        """The calls that are meant and ``visitor`` may see. Raises what is answered with 422."""
        if self.since and self.until and self.since > self.until:
            raise _wrong(TURNED_ROUND, visitor)
        since = midnight(self.since) if self.since else None
        until = midnight(self.until + timedelta(days=1)) if self.until else None
        return Wanted(since, until, self.agent, self.team, self.queue, viewer=visitor.viewer)

    def weeks(self, books: Books, visitor: Visitor) -> Span:
        """The whole weeks in which these days are; as on the pages where a day is left out. Raises as ``wanted``."""
        self.wanted(visitor)
        span = span_of(books, {name: str(getattr(self, name) or "") for name in Asked.model_fields}, visitor)
        if self.since and self.since.isoformat() < span.since:
            raise _wrong(TOO_LONG, visitor)
        return span

    @property
    def told(self) -> str:
        """Which calls these are, for the audit log."""
        return " ".join(f"{name}={value}" for name, value in self.model_dump().items() if value)


def _wrong(why: Text, visitor: Visitor) -> HTTPException:
    return HTTPException(422, why.in_(visitor.language))
