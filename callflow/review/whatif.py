"""What would a changed flow have said? Archived journals are judged again with two flows; no sound, no recognition."""

from __future__ import annotations

import gc
import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from callflow import collecting
from callflow.archive.masking import Masker, has_digits
from callflow.call.guide import Guide
from callflow.call.plan import Plan
from callflow.errors import BadJournal
from callflow.events import Event, Finding, Score
from callflow.journal import inputs_of
from callflow.review.compare import Call, Compared, Differences, Side, Verdicts, compared
from callflow.texts import Text

PORTION = 16
"""Calls that are handed to a worker at once: little enough to share out evenly, enough that sending costs nothing."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Run = Callable[[Callable[["Sequence[Kept]"], "list[Compared]"], "Iterable[Sequence[Kept]]"], "Iterable[list[Compared]]"]
"""Runs a function over many items somewhere: ``processes.run`` here, ``fleet`` on a cluster."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A call of the archive to judge again; ``journal`` as it is kept, compressed with zlib."""

    call: Call
    journal: bytes


class Rejudge:
    """Judges portions of calls with two flows, wherever it is sent: it carries them ready to run."""

    def __init__(self, old: Plan, new: Plan) -> None:
        self._plans: tuple[Plan, Plan] | None = (old, new)

    def __call__(self, portion: Sequence[Kept]) -> list[Compared]:
        assert self._plans
        return [rejudged(kept, *self._plans) for kept in portion]

    def __getstate__(self) -> bytes:
        return pickle.dumps(self._plans, pickle.HIGHEST_PROTOCOL)

    def __setstate__(self, state: bytes) -> None:
        with collecting.paused():
            self._plans = pickle.loads(state)
        gc.freeze()  # the plans are here to stay: looking through them for garbage takes longer than judging a call


def rejudged(kept: Kept, old: Plan, new: Plan) -> Compared:
    """One call under both flows, long numbers masked; where its journal cannot be read, that."""
    try:
        events = list(inputs_of(zlib.decompress(kept.journal), f"call {kept.call.id}"))
    except (BadJournal, zlib.error) as error:
        why = error.message if isinstance(error, BadJournal) else Text(str(error), str(error))
        return Compared(kept.call, failed=why)
    return _masked(compared(kept.call, judged(events, old), judged(events, new)), events)


def _masked(one: Compared, events: Sequence[Event]) -> Compared:
    """With the numbers masked in what the examples quote, here where the whole call is known."""
    if not any(has_digits(side.said) for change in one.changes for side in (change.old, change.new) if side):
        return one
    masker = Masker.of(events)

    def shown(side: Side | None) -> Side | None:
        return replace(side, said=masker.text(side.said)) if side else None

    changes = (replace(change, old=shown(change.old), new=shown(change.new)) for change in one.changes)
    return replace(one, changes=tuple(changes))


def judged(events: Iterable[Event], plan: Plan) -> Verdicts:
    """What a flow says of a call, of which ``events`` are the inputs."""
    guide = Guide(plan)
    findings: list[Finding] = []
    total: float | None = None
    for event in events:
        findings += [output for output in guide.feed(event) if isinstance(output, Finding)]
    for output in guide.close():
        if isinstance(output, Finding):
            findings.append(output)
        elif isinstance(output, Score):
            total = output.total
    return Verdicts(tuple(findings), total)


def differences(
    calls: Iterable[Kept], old: Plan, new: Plan, run: Run, done: Callable[[int], None] = lambda count: None
) -> Differences:
    """What changes over ``calls``; ``done`` is called with how many have been judged, again and again."""
    found = Differences()
    count = 0
    for portion in run(Rejudge(old, new), portions(calls, PORTION)):
        for one in portion:
            found.add(one)
        count += len(portion)
        done(count)
    return found


def portions(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """``items`` in lists of ``size``, the last one shorter."""
    left = iter(items)
    while portion := list(islice(left, size)):
        yield portion
