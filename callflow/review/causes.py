"""What went wrong in a call, by the causes of customers' dissatisfaction that the flow names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from callflow.flow.model import Cause
from callflow.review.outcome import Judged


class ByCause(NamedTuple):
    """A cause and the faults that belong to it, in their order."""

    cause: Cause
    faults: tuple[Judged, ...]


def by_cause(faults: Iterable[Judged]) -> list[ByCause]:
    """The causes that the faults belong to, those that most customers name first; the others are left out."""
    found: dict[str, tuple[Cause, list[Judged]]] = {}
    for fault in faults:
        if fault.cause:
            found.setdefault(fault.cause.name, (fault.cause, []))[1].append(fault)
    grouped = [ByCause(cause, tuple(belonging)) for cause, belonging in found.values()]
    return sorted(grouped, key=lambda group: (-group.cause.share, group.cause.name))
