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
