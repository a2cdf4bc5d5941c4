"""Which weeks an address asks for: what it tells stands, and what it leaves out follows from that."""

from __future__ import annotations

from datetime import date

import pytest

from callflow.review.desk.spans import Span

EARLIEST, LAST = date(2026, 1, 7), date(2026, 11, 29)


@pytest.mark.parametrize(
    ("given", "weeks"),
    [
        ({}, ("2026-09-07", "2026-11-29")),
        ({"since": "2026-11-04", "until": "2026-11-11"}, ("2026-11-02", "2026-11-15")),
        ({"since": "2026-11-11", "until": "2026-11-04"}, ("2026-11-02", "2026-11-15")),
        ({"until": "2026-01-20"}, ("2026-01-05", "2026-01-25")),
        ({"until": "2025-01-01"}, ("2024-10-14", "2025-01-05")),
        ({"since": "2026-11-20"}, ("2026-11-16", "2026-11-29")),
        ({"since": "2027-03-01"}, ("2027-03-01", "2027-03-07")),
        ({"since": "2020-01-01"}, ("2024-11-25", "2026-11-29")),
        ({"since": "yesterday", "until": "2026-11-11"}, ("2026-08-24", "2026-11-15")),
    ],
)
def test_which_weeks_are_meant(given: dict[str, str], weeks: tuple[str, str]) -> None:
    span = Span.of(given, EARLIEST, LAST)
    assert (span.since, span.until) == weeks


def test_days_of_two_years_are_told_apart() -> None:
    day = date(2026, 12, 31)
    assert Span.of({"since": "2026-12-01", "until": "2026-12-20"}, EARLIEST, LAST).short(day) == "12-31"
    assert Span.of({"since": "2025-12-31", "until": "2026-12-31"}, EARLIEST, LAST).short(day) == "2026-12-31"


def test_months_are_those_of_any_day() -> None:
    span = Span.of({"since": "2026-11-30", "until": "2027-02-01"}, EARLIEST, LAST)
    assert [month for month, _ in span.months] == [date(2027, n, 1) for n in (2, 1)] + [
        date(2026, 12, 1), date(2026, 11, 1)
    ]  # fmt: skip
    assert [week[0] for _, week in span.months[:-1]] == [week[1] for _, week in span.months[1:]]
