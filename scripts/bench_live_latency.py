"""Live calls, from the sound to the screen: how soon what an agent said is painted, and where the time goes.

Everything is real: PulseAudio, PyAudio, the recognisers in their processes, the session, the overlay in Chromium.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from bench_row import Row
from live_probe import Place, Told, place, plan
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from live.desk import CALLS, spoken
from live.pulse import running

from callflow.audio.source import FRAME, RATE
from callflow.events import Heard, Match
from callflow.speech import engines

MARKS = "。，！？；、…"
PAUSE = 2.2
"""Seconds between two sentences, and a part of a second more that is never the same."""
LATEST = 4.0
"""Seconds after its end in which something may come of a phrase."""
NOISE = 8
"""Of a microphone in a quiet room, root mean square of int16."""
QUIETEST = 10 ** (-30 / 20)
"""How loud the last 10 ms of a sentence are, of its loudest 10 ms."""
FASTER = 0.07
"""What a taboo is said faster by each time it comes again."""
Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Line:
    """An agent's sentence that ends with ``phrase``. ``sound`` ends where its voice ends."""

    call: str
    phrase: str
    taboo: bool
    text: str
    sound: Samples


@dataclass(frozen=True, slots=True)
class Reaction:
    """Seconds from the end of ``line`` in the sound until what came of it was first painted, and where they went.

    ``sound``: what the recogniser had to hear beyond the end; ``engine``: until it had said so; ``ours``: until that
    was painted. ``confirmed``: from the end until the final's hit was painted.
    """

    line: Line
    stage: str
    painted: float
    sound: float
    engine: float
    ours: float
    confirmed: float


def lines() -> list[Line]:
    """The sentences of the bundled calls whose last word completes a phrase: nothing could have been told before."""
    book = plan().book
    kinds = {phrase.name: phrase.kind for phrase in book.phrases}
    found = []
    for path in sorted(CALLS.glob("*.truth.jsonl")):
        call = path.name.removesuffix(".truth.jsonl")
        for said in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            core = said["text"].rstrip(MARKS)
            before = {hit.phrase for hit in book.find(core[:-1], "agent") if hit.exact}
            hits = [hit.phrase for hit in book.find(said["text"], "agent") if hit.end >= len(core)]
            names = [name for name in hits if name not in before and kinds[name] != "cue"]
            if said["speaker"] == "agent" and names:
                name = min(names, key=lambda name: kinds[name] != "never")
                sound = voice(spoken(call, "agent", said["start"], said["end"]))
                found.append(Line(call, name, kinds[name] == "never", said["text"], sound))
    return found


def voice(samples: Samples) -> Samples:
    """``samples`` up to the last 10 ms that are not 30 dB below the loudest."""
    size = RATE // 100
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    loud = np.sqrt(np.mean(frames**2, axis=1))
    return samples[: size * (1 + int(np.flatnonzero(loud > loud.max() * QUIETEST)[-1]))]


def faster(line: Line, speed: float) -> Line:
    """The same sentence spoken faster, and higher."""
    sound = np.interp(np.arange(0, len(line.sound) - 1, speed), np.arange(len(line.sound)), line.sound)
    return replace(line, sound=sound.astype(np.int16))


def calls(count: int) -> Iterator[list[Line]]:
    """``count`` sentences, call by call: all of them, then the taboos again and again, faster each time."""
    every = sorted(lines(), key=lambda line: not line.taboo)
    taboos, speed = [line for line in every if line.taboo], 1.0
    while count > 0 and every:
        for name in dict.fromkeys(line.call for line in every):
            if call := [line for line in every if line.call == name][:count]:
                count -= len(call)
                yield call
        speed += FASTER
        every = [faster(line, speed) for line in taboos]


def reactions(at: Place, said: Sequence[Line], random: np.random.Generator) -> Iterator[Reaction | None]:
    """Say the sentences of one call; ``None`` for one that was not recognised."""
    began = at.answer()
    parts = [np.zeros(RATE, np.int16)]
    for line in said:
        parts += [line.sound, np.zeros(round(RATE * (PAUSE + random.random() / 3)), np.int16)]
    sound = np.concatenate(parts)
    sound = np.clip(sound + random.normal(0, NOISE, len(sound)), -32768, 32767).astype(np.int16)
    cursor, earlier = len(at.source.tape) * FRAME, len(at.probe.told)
    at.say(sound)
    at.wait(2.0)
    at.hang_up()
    tape, told = np.concatenate(at.source.tape), at.probe.told[earlier:]
    for line in said:
        cursor = place_of(line.sound, tape, cursor) + len(line.sound)
        yield reaction(line, at.source.moment(cursor), began, told)


def place_of(wanted: Samples, tape: Samples, first: int) -> int:
    """Where ``wanted`` begins in ``tape``, from ``first`` on."""
    there = tape[first : first + 30 * RATE].astype(np.float64)
    size = 1 << (len(wanted) + len(there)).bit_length()
    spectrum = np.fft.rfft(there, size) * np.conj(np.fft.rfft(wanted.astype(np.float64), size))
    return first + int(np.fft.irfft(spectrum, size)[: len(there)].argmax())


def reaction(line: Line, end: float, began: float, told: Sequence[Told]) -> Reaction | None:
    """What came of ``line``, which ended at ``end``, in a call that began at ``began``."""
    first = last = None
    for one in told:
        event, after = one.event, one.painted - end
        if isinstance(event, Match) and event.phrase == line.phrase and -len(line.sound) / RATE < after < LATEST:
            first = first or (one if event.stage != "withdrawn" else None)
            last = one if event.stage == "confirmed" else last
    if not (first and last and first.because and isinstance(first.event, Match)):
        return None
    heard = began + first.because.at
    stages = heard - end, first.sent - heard, first.painted - first.sent
    return Reaction(line, first.event.stage, first.painted - end, *stages, last.painted - end)


def said(names: str, count: int, report: bool) -> tuple[list[Reaction | None], NDArray[np.float64]]:
    """Say ``count`` sentences to the engines ``names``: what came of each, and for everything that was heard the
    seconds from when its recogniser's process sent it until it was painted."""
    random = np.random.default_rng(4)
    came: list[Reaction | None] = []
    choices = [engines.choose(name, "live") for name in names.split("+")]
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as pulse,
        place(pulse, Path(folder) / "calls", choices) as at,
    ):
        for call in calls(count):
            new = list(reactions(at, call, random))
            came += new
            for line, one in zip(call, new, strict=True) if report else ():
                print(line.text, line.phrase, told_of(one), file=sys.stderr, flush=True)
        heard = [one for one in at.probe.told if isinstance(one.event, Heard) and one.painted and one.sent]
    return came, np.array([one.painted - one.sent for one in heard])


def told_of(one: Reaction | None) -> str:
    if one is None:
        return "not recognised"
    return f"{one.stage} {one.painted:.2f} = {one.sound:.2f} + {one.engine:.2f} + {one.ours:.2f}, {one.confirmed:.2f}"


def measure(count: int = 100, confirmed: int = 50, report: bool = False) -> Iterator[Row]:
    """The rows of latency; ``confirmed``: how many sentences with the second recogniser."""
    came, ours = said("zipformer", count, report)
    known = [one for one in came if one]
    p50, p95 = quantiles([one.painted for one in known])
    yield Row(
        f"live: end of a phrase → provisional prompt painted, zipformer, p50 / p95 of {len(known)} "
        f"({len(came) - len(known)} more not recognised)",
        f"{p50:.2f} / {p95:.2f} s",
        "≤ 0.6 / 1.0 s",
        p50 <= 0.6 and p95 <= 1.0,
    )
    parts = [quantiles([getattr(one, part) for one in known])[0] for part in ("sound", "engine", "ours")]
    first = sum(one.stage == "provisional" for one in known)
    yield Row("live: of these provisional before the final", f"{first} of {len(known)}")
    yield Row(
        "live: sound needed beyond the end + capture and engine + session and paint, p50",
        f"{parts[0]:.2f} + {parts[1]:.2f} + {parts[2]:.2f} s",
    )
    p50, p95 = quantiles([one.confirmed for one in known])
    yield Row("live: end of a phrase → confirmed, zipformer alone, p50 / p95", f"{p50:.2f} / {p95:.2f} s")
    p50, p95 = 1000 * np.quantile(ours, (0.5, 0.95))
    yield Row(
        f"live: recogniser has sent → painted, p50 / p95 of {len(ours)}",
        f"{p50:.0f} / {p95:.0f} ms",
        "≤ 50 ms",
        p95 <= 50,
    )
    if confirmed:
        came, _ = said("zipformer+whisper", confirmed, report)
        known = [one for one in came if one]
        p50, p95 = quantiles([one.confirmed for one in known])
        yield Row(
            f"live: end of a phrase → confirmed, whisper-base beside zipformer, p50 / p95 of {len(known)}",
            f"{p50:.2f} / {p95:.2f} s",
            "≤ 2.5 s",
            p95 <= 2.5,
        )
    yield Row("live: load of the machine at the end of that", f"{os.getloadavg()[1]:.1f}")


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    return float(np.quantile(values, 0.5)), float(np.quantile(values, 0.95))
