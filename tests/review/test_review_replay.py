"""Recordings through a real recogniser and the engine: the bundled calls against their expected findings."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from bundled import CALLS, NAMES, expected, findings, invented, lost

from callflow import flowfiles, models
from callflow.audio.recording import Recording
from callflow.call.plan import Plan
from callflow.events import CallAnswered, CallContext, CallRinging, Event, Finding, Heard, Score
from callflow.journal import Header, JournalWriter, read_events, read_journal
from callflow.review.replay import rejudge, replay
from callflow.speech import engines
from callflow.speech.transcriber import Transcriber

MODEL = {"zipformer": "zipformer", "whisper": "whisper-base"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.of(flowfiles.load()[0])


def transcriber(engine: str) -> Transcriber:
    if models.find(MODEL[engine]) is None:
        pytest.skip(f"the model for {engine} is not installed here (callflow models install {MODEL[engine]})")
    return engines.open_transcriber(engines.choose(engine))


def any_transcriber() -> Transcriber:
    return transcriber(next((engine for engine, model in MODEL.items() if models.find(model)), "whisper"))


def played(file: Path, listener: Transcriber, plan: Plan, known: bool = True) -> list[Event]:
    """Everything that goes in and comes out as a recording is replayed, with or without its call events."""
    call_events = read_events(file.with_name(file.name + ".events.jsonl"))[0] if known else None
    out: list[Event] = []
    with Recording(file) as recording:
        context = CallContext(at=0.0, telephony="events" if known else "sound", separate=recording.separate)
        replay(recording, listener, plan, context, call_events, out.append, lambda done: None)
    return out


MISHEARD = {
    ("zipformer", "exemplary"): {"KF-3.2.3"},  # 我姓王 is heard as wo xin wang le: no name, so nobody to address by it
    ("zipformer", "light_promises"): {
        "JJ-1.4.0",
        "GT-1a",
    },  # 应该吧，可能吧，我也不太清楚 without a pause is one sentence
}
"""What an engine is known not to hear in a call: clauses."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("engine", "name"), [*(("zipformer", name) for name in NAMES), ("whisper", "faulty")])
def test_a_bundled_call_is_judged_as_expected(engine: str, name: str, plan: Plan) -> None:
    out = played(CALLS / f"{name}.opus", transcriber(engine), plan)
    wanted = expected(name)
    assert [one for one in lost(wanted, out, plan) if one.clause not in MISHEARD.get((engine, name), ())] == []
    assert [(f.rule, f.verdict, f.at, f.evidence) for f in invented(wanted, out)] == []


@pytest.mark.timeout(300)
def test_without_call_events_rings_are_heard_and_holds_are_not_assessed(plan: Plan, tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "call.jsonl", Header()) as journal:
        out = played(CALLS / "exemplary.opus", any_transcriber(), plan, known=False)
        for event in out:
            journal.write(event)
    assert [event.ring for event in out if isinstance(event, CallRinging)] == [1, 2]
    assert [event.at for event in out if isinstance(event, CallAnswered)] == [pytest.approx(7.8, abs=1.5)]
    verdicts = {f.rule: (f.verdict, f.reason) for f in out if isinstance(f, Finding)}
    assert verdicts["answer-in-three-rings"] == ("met", "")
    assert verdicts["apologise-after-hold"] == ("not_assessed", "no-call-events")
    assert verdicts["customer-hangs-up-first"][0] == "not_assessed"

    again: list[Event] = []
    rejudge(read_journal(tmp_path / "call.jsonl").events, plan, again.append)
    assert [event.to_json() for event in again] == [event.to_json() for event in out], "a journal replays to itself"


@pytest.mark.timeout(300)
def test_on_one_channel_nobody_is_blamed(plan: Plan, tmp_path: Path) -> None:
    mono = tmp_path / "mono.wav"
    with Recording(CALLS / "faulty.opus") as recording, av.open(mono, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for block in recording:
            if 22.0 <= block.at < 36.0:
                mixed = (block.agent // 2 + block.customer // 2).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mixed), format="s16", layout="mono")
                frame.rate = 16_000
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    out = played(mono, any_transcriber(), plan, known=False)
    assert any(isinstance(event, Heard) and event.final for event in out)
    assert findings(out, "violated", "missed") == []
    assert {f.reason for f in findings(out, "not_assessed")} >= {"one-channel", "no-call-events"}
    assert isinstance(out[-1], Score)
