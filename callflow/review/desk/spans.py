"""Which calls a page of figures is about, as its address says it; in whole weeks, as rules are counted by weeks.

Days and weeks are those of this machine's clock, weeks begin on Monday. What an address says wrongly is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from callflow.archive.days import YEARS, midnight
from callflow.archive.figures import Asked
from callflow.archive.tallies import Week
from callflow.texts import Text, text

USUAL, MOST = 12, 105
"""Weeks that are shown unless asked for others, and at most."""
BY_DAY = 5
"""Up to so many weeks are drawn day by day."""
_LONGEST = 200
_LEFT_OUT = text("a day was left out: it means nothing here", "已略去一个日期：无法理解")
_TURNED = text("the first day was after the last: they were turned round", "起止日期前后颠倒，已对调")


@dataclass(frozen=True, slots=True)
class Span:
    """The filters in the address, text, ``""`` for none; ``since`` (a Monday) and ``until`` (a Sunday) as days.

    ``clause``: of the page of rules, those that rest on it.
    """

    team: str = ""
    agent: str = ""
    queue: str = ""
    since: str = ""
    until: str = ""
    clause: str = ""
    sort: str = ""
    up: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str], earliest: date, last: date) -> Span:
        """What an address asks for. Usual are the weeks up to the latest call, as far as there are calls."""
        raw = {each.name: given.get(each.name, "").strip()[:_LONGEST] for each in fields(cls)}
        span = cls(**{name: value if value.isprintable() else "" for name, value in raw.items()})
        return span.covering(*sorted(_from_to(_day(span.since), _day(span.until), earliest, last)))

    def covering(self, since: date, until: date) -> Span:
        """The whole weeks in which these days are; of too many the latest."""
        end = monday(until) + timedelta(days=6)
        first = max(monday(since), end - timedelta(days=7 * MOST - 1))
        return replace(self, since=first.isoformat(), until=end.isoformat())

    def told(self, given: Mapping[str, str]) -> list[Text]:
        """What of the days in an address these weeks leave out or turn round."""
        written = [given.get(name, "").strip() for name in ("since", "until")]
        since, until = map(_day, written)
        found = [_LEFT_OUT] if any(written[n] and not day for n, day in enumerate((since, until))) else []
        if since and until and since > until:
            found.append(_TURNED)
        first, last = date.fromisoformat(self.since), date.fromisoformat(self.until)
        asked = [day for day in (since, until) if day]
        if any(not first <= day <= last for day in asked):
            found.append(text("shown are {n} weeks at most", "最多显示 {n} 周", n=MOST))
        return found

    @property
    def asked(self) -> Asked:
        return Asked(team=self.team, agent=self.agent, queue=self.queue)

    @property
    def mondays(self) -> list[date]:
        """The first day of each week."""
        first, last = date.fromisoformat(self.since), date.fromisoformat(self.until)
        return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]

    @property
    def weeks(self) -> list[Week]:
        return [between(day, day + timedelta(days=7)) for day in self.mondays]

    @property
    def steps(self) -> list[tuple[date, date]]:
        """What is one point of a chart: its first and its last day; days, or weeks where these would be too many."""
        mondays = self.mondays
        if len(mondays) > BY_DAY:
            return [(day, day + timedelta(days=6)) for day in mondays]
        days = [mondays[0] + timedelta(days=n) for n in range(7 * len(mondays))]
        return [(day, day) for day in days]

    @property
    def months(self) -> list[tuple[date, Week]]:
        """The months of which any day is in it, the latest first: the first day of each, and from when till when."""
        first, last = (date.fromisoformat(day) for day in (self.since, self.until))
        firsts = [first.replace(day=1)]
        while (after := (firsts[-1] + timedelta(days=31)).replace(day=1)) <= last:
            firsts.append(after)
        return [(month, between(month, after)) for month, after in zip(firsts, [*firsts[1:], after], strict=True)][::-1]

    @property
    def whole(self) -> Week:
        return self.weeks[0][0], self.weeks[-1][1]

    @property
    def of_one_year(self) -> bool:
        return self.since[:4] == self.until[:4]

    def short(self, day: date) -> str:
        """A day of it as one reads it beside others; with the year where there are several."""
        return f"{day:%m-%d}" if self.of_one_year else day.isoformat()

    def calls(self, **more: object) -> str:
        """The page of the calls behind a figure."""
        told = {"team": self.team, "agent": self.agent, "queue": self.queue, "since": self.since, "until": self.until}
        named = {name: str(value) for name, value in {**told, **more}.items()}
        return "/calls?" + urlencode({name: value for name, value in named.items() if value})

    def link(self, path: str, **changes: object) -> str:
        """A page of figures with other filters."""
        changed = replace(self, **{name: str(value) for name, value in changes.items()})
        told = {each.name: value for each in fields(changed) if (value := getattr(changed, each.name))}
        return f"{path}?{urlencode(told)}"


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def between(first: date, after: date) -> Week:
    """From midnight to midnight, as the archive has times."""
    return midnight(first), midnight(after)


def local_day(moment: datetime | None) -> date:
    """The day of a moment of the archive; today where there is none."""
    return (moment.replace(tzinfo=UTC) if moment else datetime.now(UTC)).astimezone().date()


def _from_to(since: date | None, until: date | None, earliest: date, last: date) -> tuple[date, date]:
    """The first and the last day that are meant; what was not told follows from what was."""
    if since is not None:
        return since, until or max(since, last)
    until = until or last
    usual = until - timedelta(weeks=USUAL - 1)
    return max(usual, earliest) if earliest <= until else usual, until


def _day(written: str) -> date | None:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if found.year in YEARS else None
