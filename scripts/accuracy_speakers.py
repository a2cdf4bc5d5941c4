"""How often speakers who share a channel are told apart rightly: the bundled calls, mixed down to one channel.

``python scripts/accuracy_speakers.py``. Twice: with the words as they were written (``*.truth.jsonl``), and heard by
the zipformer in the mixed sound, where quick turns run into one utterance. Right is counted in seconds of speech; what
counts as sure is ``call.speakers``. "One channel" in ``docs/accuracy.md`` comes from here.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bundled import CALLS, NAMES, events, expected, findings, invented  # noqa: E402

from callflow import plans  # noqa: E402
from callflow.audio.recording import Recording  # noqa: E402
from callflow.audio.source import RATE  # noqa: E402
from callflow.call.speakers import sure_of  # noqa: E402
from callflow.events import SPEAKERS, CallContext, Event, Heard  # noqa: E402
from callflow.review.beside import reported  # noqa: E402
from callflow.review.replay import listened, rejudge  # noqa: E402
from callflow.review.speakers import told_apart  # noqa: E402
from callflow.speech import engines  # noqa: E402


class Tally(NamedTuple):
    """Seconds of speech: told rightly, in all, and the same of what was sure."""

    right: float = 0.0
    all: float = 0.0
    sure_right: float = 0.0
    sure: float = 0.0

    def plus(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))

    def __str__(self) -> str:
        right, sure = self.right / self.all, self.sure_right / max(self.sure, 0.01)
        return f"{right:.0%} right; {sure:.0%} of the {self.sure / self.all:.0%} that are sure"


def main() -> None:
    plan = plans.load()[0]
    transcriber = engines.open_transcriber(engines.choose("zipformer"), threads=1)
    totals = [Tally(), Tally()]
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            truth = [event for event in events(name) if isinstance(event, Heard)]
            mixed = mix_down(CALLS / f"{name}.opus", Path(folder) / f"{name}.wav")
            told = reported(CALLS / f"{name}.opus")
            with Recording(mixed) as sound:
                heard = list(listened(sound, transcriber, told.events, lambda done: None, False))
            written: list[Event] = [replace(event, speaker="agent") for event in truth]
            parts = []
            for number, given in enumerate((written, heard)):
                context, said = told_apart(CallContext(at=0.0, separate=False), given, plan)
                tally = against(truth, [event for event in said if isinstance(event, Heard)])
                totals[number] = totals[number].plus(tally)
                out: list[Event] = []
                rejudge([context, *said], plan, out.append)
                wrong, judged = len(invented(expected(name), out)), len(findings(out, "met", "missed", "violated"))
                parts.append(f"{tally}, call {context.told_apart:.0%}, {wrong} of {judged} verdicts are wrong faults")
            print(f"{name:22} written: {parts[0]}\n{'':22} heard:   {parts[1]}", flush=True)
    print(f"{'all':22} written: {totals[0]}\n{'':22} heard:   {totals[1]}")


def against(truth: Sequence[Heard], said: Iterable[Heard]) -> Tally:
    tally = Tally()
    for heard in said:
        shared = {speaker: sum(overlap(heard, one) for one in truth if one.speaker == speaker) for speaker in SPEAKERS}
        right, all_ = shared[heard.speaker], sum(shared.values())
        tally = tally.plus(Tally(right, all_, *((right, all_) if sure_of(heard) else (0.0, 0.0))))
    return tally


def overlap(one: Heard, other: Heard) -> float:
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))


def mix_down(recording: Path, path: Path) -> Path:
    """Both channels of a recording as one."""
    with Recording(recording) as sound, av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for block in sound:
            mixed = np.ascontiguousarray((block.agent // 2 + block.customer // 2).reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(mixed, format="s16", layout="mono")
            frame.rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    main()
