"""How many archived calls a second are judged again with two flows, by one process and by two."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bench_engine import CALLS, NAMES, bundled
from bench_row import Row

from callflow import models, plans
from callflow.archive import calls, extracts
from callflow.archive.calls import NewCall
from callflow.archive.extracts import Wanted
from callflow.archive.store import Archive
from callflow.audio.recording import Recording
from callflow.call.plan import Plan
from callflow.events import CallContext, Event
from callflow.journal import Header, inputs_of
from callflow.review import processes, whatif
from callflow.review.compare import Call
from callflow.review.judge import judgement
from callflow.review.replay import rejudge, replay
from callflow.review.whatif import Kept
from callflow.speech import engines


def heard(name: str, plan: Plan) -> list[Event]:
    """A bundled call as zipformer heard it; where that is not installed, as it was said."""
    if not models.find("zipformer"):
        return bundled(name)
    out: list[Event] = []
    transcriber = engines.open_transcriber(engines.choose("zipformer", purpose="replay"), threads=1)
    with Recording(CALLS / f"{name}.opus") as sound:
        context = CallContext(at=0.0, telephony="events", engine="zipformer")
        events = [event for event in bundled(name) if event.type.startswith("call.") and event.type != "call.context"]
        replay(sound, transcriber, plan, context, events, out.append, lambda done: None, partials=False)
    transcriber.close()
    return out


def long_call(plan: Plan) -> tuple[bytes, float]:
    """The journal of three calls after one another, as a batch would archive it, and its seconds."""
    events: list[Event] = []
    shift = 0.0
    for name in NAMES:
        inputs = [e for e in inputs_of(_journal(heard(name, plan), plan), name) if e.type != "call.hung_up"]
        events += [_moved(event, shift) for event in inputs if not (events and event.type == "call.context")]
        shift = events[-1].at + 1
    out: list[Event] = []
    rejudge(events, plan, out.append)
    return _journal(out, plan), shift


def _journal(events: list[Event], plan: Plan) -> bytes:
    return judgement(events, Header(plan.flow.name, plan.flow.hashes), plan).journal


def _moved(event: Event, by: float) -> Event:
    times = {name: getattr(event, name) + by for name in ("at", "start", "end") if hasattr(event, name)}
    if words := getattr(event, "words", ()):
        times["words"] = tuple(word._replace(start=word.start + by, end=word.end + by) for word in words)
    return replace(event, **times)


@dataclass(frozen=True)
class Taken:
    """One run: calls a second once all workers are at it, and processor seconds a call, of workers and of this one."""

    rate: float
    workers: float
    own: float


def taken(archive: Archive, plan: Plan, size: int) -> Taken:
    """Judge everything in the archive with two flows (the same twice), in ``size`` processes."""
    ids = extracts.chosen(archive, Wanted())
    kept = (Kept(Call(one.id), one.journal) for one in extracts.calls(archive, ids, journals=True))
    before, own = _spent(resource.RUSAGE_CHILDREN), _spent(resource.RUSAGE_SELF)
    times: list[float] = []
    portions = whatif.portions(kept, whatif.PORTION)
    for _ in processes.pooled(whatif.Rejudge(plan, plan), portions, size):
        times.append(time.monotonic())
    warm = 2 * size  # portions in which a worker starts and meets its first words
    rate = (len(times) - 1 - warm) * whatif.PORTION / (times[-1] - times[warm])
    count = len(ids)
    return Taken(
        rate, (_spent(resource.RUSAGE_CHILDREN) - before) / count, (_spent(resource.RUSAGE_SELF) - own) / count
    )


def _spent(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def one_core(content: bytes, plan: Plan) -> tuple[float, float]:
    """Calls judged in a processor second, and those of which only the journal is read, from what the archive keeps."""
    packed = zlib.compress(content)

    def rate(work: Callable[[], object]) -> float:
        work()
        started, count = time.process_time(), 0
        while time.process_time() - started < 3:
            work()
            count += 1
        return count / (time.process_time() - started)

    judged = rate(lambda: whatif.judged(inputs_of(zlib.decompress(packed), "call"), plan))
    return judged, rate(lambda: list(inputs_of(zlib.decompress(packed), "call")))


def measure(count: int = 320) -> Iterator[Row]:
    """The rows of re-judging out of an archive."""
    plan, _ = plans.load()
    content, length = long_call(plan)
    judged, read = one_core(content, plan)
    what = f"re-judging an archived call of {length:.0f} s, one core (reading alone: {1000 / read:.1f} ms of it)"
    yield Row(what, f"{judged:.0f} calls/s", "≥ 150", judged >= 150)
    with tempfile.TemporaryDirectory() as folder, Archive.open(f"{folder}/calls.sqlite") as archive:
        calls.add(archive, [NewCall(key=f"{n:064x}", path=f"{n}.wav", journal=content) for n in range(count)])
        one, two = taken(archive, plan, 1), taken(archive, plan, 2)
    figure = f"{one.rate:.0f} calls/s with one worker, {two.rate:.0f} with two: {two.rate / one.rate:.2f} times"
    reached = two.rate >= 1.8 * one.rate
    yield Row(f"`callflow diff` over {count} of them, each judged twice", figure, "≥ 1.8 times", reached)
    costs = f"{1000 * one.workers:.1f} → {1000 * two.workers:.1f} ms in workers, {1000 * two.own:.2f} ms beside them"
    yield Row("processor time of one of these calls, one worker → two", costs)
    yield Row("load of the machine at the end of that", f"{os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 320):
        print(row.line(), flush=True)
