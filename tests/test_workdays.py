"""What kind of day a date is, by the calendar of mainland China."""

from __future__ import annotations

from datetime import date

import pytest

from callflow.events import CallContext
from callflow.workdays import day_of, with_day


@pytest.mark.parametrize(
    ("day", "kind", "holiday"),
    [
        ("2026-10-01", "holiday", "国庆节"),
        ("2026-10-03", "holiday", "国庆节"),  # a Saturday, but people wish a happy holiday
        ("2026-02-17", "holiday", "春节"),
        ("2025-05-31", "holiday", "端午节"),
        ("2025-09-28", "workday", ""),  # a Sunday, worked to make up for the National Day
        ("2026-11-21", "weekend", ""),
        ("2026-11-23", "workday", ""),
    ],
)
def test_days(day: str, kind: str, holiday: str) -> None:
    assert day_of(date.fromisoformat(day)) == (kind, holiday, True)


def test_a_year_that_is_not_known_has_plain_weekends_and_that_is_said() -> None:
    assert day_of(date(2003, 10, 1)) == ("workday", "", False)
    assert day_of(date(2199, 10, 5)) == ("weekend", "", False)
    context, note = with_day(CallContext(at=0.0, date="2199-10-05"))
    assert context.day == "weekend"
    assert note is not None
    assert "2199" in note.zh


@pytest.mark.parametrize("written", ["2026-10-01", "2026-10-01T09:30", "2026-10-01T09:30:00+08:00"])
def test_a_context_is_filled_in(written: str) -> None:
    context, note = with_day(CallContext(at=0.0, date=written, engine="vosk"))
    assert (context.day, context.holiday, context.engine, note) == ("holiday", "国庆节", "vosk", None)


def test_what_the_sender_says_of_the_day_stands() -> None:
    told = CallContext(at=0.0, date="2026-10-01", day="workday")
    assert with_day(told) == (told, None)
    assert with_day(CallContext(at=0.0)) == (CallContext(at=0.0), None)


def test_a_date_that_is_none_is_said_to_be_so() -> None:
    context, note = with_day(CallContext(at=0.0, date="next Tuesday"))
    assert context.day == ""
    assert note is not None
    assert "next Tuesday" in note.en
