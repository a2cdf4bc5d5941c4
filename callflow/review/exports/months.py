"""An agent's month, read from the archive."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import datetime

from callflow.archive import extracts
from callflow.archive.days import midnight
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.review import scored
from callflow.review.exports.agent_month import Judged, Month, month_of
from callflow.review.exports.rows import outcomes, with_findings
from callflow.review.scored import Chosen


def read_month(archive: Archive, wanted: Wanted, first: datetime, chosen: Chosen = lambda flow: None) -> Month | None:
    """An agent's month, read from the archive; ``None`` where there are no calls. ``first``: its first day, local.

    All of it by the same ``chosen`` scorecards; masked unless ``wanted.viewer`` may see long numbers.
    """
    after, before = _next(first), _next(first, -1)
    here = replace(wanted, since=midnight(first), until=midnight(after))
    calls = [
        Judged(call, findings, scored.explained(call, findings, chosen(call.flow)))
        for call, findings in with_findings(archive, extracts.chosen(archive, here), wanted.viewer.reveal)
    ]
    if not calls:
        return None
    last_call = calls[-1].call
    as_it_is = next(extracts.calls(archive, [last_call.id], reveal=True), last_call)  # a masked name finds no team
    team = replace(here, agent="", team=as_it_is.team)
    team_calls = outcomes(archive, extracts.chosen(archive, team), chosen) if team.team else iter(())
    last = replace(wanted, since=midnight(before), until=midnight(first))
    last_calls = outcomes(archive, extracts.chosen(archive, last), chosen)
    days = calendar.monthrange(first.year, first.month)[1]
    return month_of(first, days, calls, team_calls, last_calls)


def _next(first: datetime, by: int = 1) -> datetime:
    months = first.year * 12 + first.month - 1 + by
    return first.replace(year=months // 12, month=months % 12 + 1)
