"""Days of this machine's clock as the archive has times: UTC without a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

YEARS = range(1971, 9998)
"""Years of which every clock knows midnight, in whatever zone it is."""


def midnight(day: date) -> datetime:
    """When ``day`` begins."""
    return datetime.combine(day, time.min).astimezone(UTC).replace(tzinfo=None)
