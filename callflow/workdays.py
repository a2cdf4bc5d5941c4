"""What kind of day a call's date is in mainland China: workday, weekend or public holiday.

``chinese_calendar`` knows the holidays as the State Council announces them each autumn for the next year, and the
weekends that are worked to make up for them (调休), which are workdays. Of other years only the day of the week is
known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from callflow.events import CallContext
from callflow.texts import Text, text

_HOLIDAYS = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}
"""Names to which the package gives no 节."""


class Day(NamedTuple):
    """``holiday``: its Chinese name, ``""`` for none. ``certain``: holidays of that year are known."""

    kind: Literal["workday", "weekend", "holiday"]
    holiday: str = ""
    certain: bool = True


def day_of(day: date) -> Day:
    """What kind of day it is; a year whose holidays are not known falls back to plain weekends."""
    import chinese_calendar  # not needed by a call without a date

    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return Day("weekend" if day.weekday() >= 5 else "workday", certain=False)
    if not off:
        return Day("workday")
    if name is None:
        return Day("weekend")
    chinese = str(chinese_calendar.Holiday(name).chinese)
    return Day("holiday", _HOLIDAYS.get(chinese, chinese))


def with_day(context: CallContext) -> tuple[CallContext, Text | None]:
    """``context`` with ``day`` and ``holiday`` filled in, where it has a date and no day; and what to tell people.

    The note says that the date cannot be read, or that the holidays of its year are not known.
    """
    if not context.date or context.day:
        return context, None
    try:
        day = datetime.fromisoformat(context.date).date()
    except ValueError:
        note = text(
            'the date "{d}" is not one: write 2026-10-01 or 2026-10-01T09:30',
            "日期“{d}”无法识别：请写成 2026-10-01 或 2026-10-01T09:30",
            d=context.date[:40],
        )
        return context, note
    found = day_of(day)
    note = text(
        "the holidays of {y} are not known: only weekends are told from workdays",
        "没有 {y} 年的放假安排，只能按周末与平日区分",
        y=day.year,
    )
    return replace(context, day=found.kind, holiday=found.holiday), None if found.certain else note
