"""What the calls page is asked for, as its address says it: read, written again with changes, made a query of.

Everything the page shows follows from the address, so every number can be a link, and a link can be sent on. What an
address says wrongly is left out and told, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from callflow.archive.days import YEARS, midnight
from callflow.archive.search import CallQuery, Sort
from callflow.review.words import DIRECTIONS, SEVERITIES, VERDICTS
from callflow.texts import Text, text

PER_PAGE = 50
MOST_PAGES = 2_000
SORTS = ("began", "agent", "queue", "duration", "score", "faults")
STATUSES = {"done": text("judged", "已评"), "failed": text("failed", "失败")}
LONGEST = 200
"""Characters of one filter; of what is longer the page takes the beginning."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters as they stand in the address: text, ``""`` where there is none. ``since`` and ``until`` are days."""

    words: str = ""
    sounds: str = ""
    agent: str = ""
    team: str = ""
    queue: str = ""
    flow: str = ""
    direction: str = ""
    customer: str = ""
    status: str = ""
    since: str = ""
    until: str = ""
    score_below: str = ""
    score_above: str = ""
    rule: str = ""
    verdict: str = ""
    severity: str = ""
    disputed: str = ""
    severe: str = ""
    sort: str = ""
    up: str = ""
    page: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> tuple[Filters, list[Text]]:
        """The filters in an address, and what in it could not be understood."""
        raw = {each.name: given.get(each.name, "").strip()[:LONGEST] for each in fields(cls)}
        wrong = [name for name, value in raw.items() if value and not _CHECKS.get(name, _anything)(value)]
        told = [
            text('"{n}={v}" was left out: it means nothing here', "已略去“{n}={v}”：无法理解", n=name, v=raw[name])
            for name in wrong
        ]
        return cls(**{name: "" if name in wrong else value for name, value in raw.items()}), told

    @property
    def any(self) -> bool:
        """Whether anything narrows the calls down."""
        return any(value for name, value in self._set() if name not in ("sort", "up", "page"))

    @property
    def number(self) -> int:
        """Which page it is, from 1 on."""
        return int(self.page or 1)

    def query(self, syllables: Callable[[str], str]) -> CallQuery:
        """The query of the archive. ``syllables`` spells words as they sound."""
        by_sound = self.sounds == "1"
        return CallQuery(
            agent=self.agent,
            team=self.team,
            queue=self.queue,
            flow=self.flow,
            direction=self.direction,
            status=self.status,
            customer=self.customer,
            rule=self.rule,
            verdict=self.verdict,
            severity=self.severity,
            since=_day(self.since),
            until=_day(self.until, 1),
            score_below=_figure(self.score_below),
            score_above=_figure(self.score_above),
            disputed=True if self.disputed else None,
            severe=bool(self.severe),
            words="" if by_sound else self.words,
            sounds=syllables(self.words) if by_sound else "",
            sort=cast(Sort, self.sort or "began"),
            descending=not self.up,
            limit=PER_PAGE,
            offset=(self.number - 1) * PER_PAGE,
        )

    def link(self, **changes: object) -> str:
        """The address with ``changes``; the first page of it, unless they say which."""
        changed = replace(self, **{"page": "", **{name: str(value) for name, value in changes.items()}})
        return "/calls" + (f"?{urlencode(dict(changed._set()))}" if any(changed._set()) else "")

    def sorted_by(self, column: str) -> str:
        """The address sorted by a column; by the same the other way round."""
        same = column == (self.sort or "began")
        return self.link(sort=column, up="" if same and self.up else "1" if same else "")

    def _set(self) -> Iterable[tuple[str, str]]:
        return [(each.name, value) for each in fields(self) if (value := getattr(self, each.name))]


def _day(written: str, later: int = 0) -> datetime | None:
    return midnight(date.fromisoformat(written) + timedelta(days=later)) if written else None


def _figure(written: str) -> float | None:
    return float(written) if written else None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).year in YEARS
    except ValueError:
        return False


def _is_figure(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1000
    except ValueError:
        return False


def _is_page(value: str) -> bool:
    return value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= MOST_PAGES


def _anything(value: str) -> bool:
    return value.isprintable()


_CHECKS: dict[str, Any] = {
    "since": _is_day,
    "until": _is_day,
    "score_below": _is_figure,
    "score_above": _is_figure,
    "page": _is_page,
    "direction": DIRECTIONS.__contains__,
    "status": STATUSES.__contains__,
    "verdict": VERDICTS.__contains__,
    "severity": SEVERITIES.__contains__,
    "sort": SORTS.__contains__,
    "sounds": "1".__eq__,
    "up": "1".__eq__,
    "disputed": "1".__eq__,
    "severe": "1".__eq__,
}
