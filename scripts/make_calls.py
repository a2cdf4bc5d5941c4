"""Make the bundled recordings of tests/calls again from their scripts.

The voices are large and want an old numpy, so they live in an environment of their own::

    python3.11 -m venv ~/.cache/callflow/voices-venv
    ~/.cache/callflow/voices-venv/bin/pip install -r scripts/requirements-voices.txt
    ~/.cache/callflow/voices-venv/bin/python scripts/make_calls.py            # all, or: make_calls.py faulty order...

From ``NAME.yaml`` come ``NAME.opus`` (agent left, customer right, 8 kHz), ``NAME.opus.events.jsonl`` (what a recording
system exports), ``NAME.truth.jsonl`` (what was really said, and when) and ``NAME.expected.yaml`` (what a supervisor
should find). Every random choice has a seed: the same script and packages on the same machine give the same files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
from ruamel.yaml import YAML
from voices import telephone
from voices.call_script import Timeline, lay_out
from voices.engines import RATE as VOICE_RATE
from voices.engines import Voice, speak
from voices.telephone import RATE, Sound

CALLS = Path(__file__).resolve().parent.parent / "tests" / "calls"
CHANNELS = ("agent", "customer")
BIT_RATE = 32_000
"""Of both channels together, in bits a second."""


def main(names: list[str]) -> None:
    """Make the calls of these names, or all."""
    scripts = [CALLS / f"{name}.yaml" for name in names] or sorted(CALLS.glob("*.yaml"))
    for file in scripts:
        if not file.name.endswith(".expected.yaml"):
            make(file)


def make(file: Path) -> None:
    """Make one call: sound, events, truth and expected findings."""
    script = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    people = {name: Voice(**script[name]["voice"]) for name in CHANNELS}

    def spoken(speaker: str, text: str) -> Sound:
        return telephone.through_line(speak(text, people[speaker]), VOICE_RATE, script[speaker]["level"])

    call = lay_out(script, lambda speaker, text: len(spoken(speaker, text)) / RATE)
    count = round(call.seconds * RATE)
    random = np.random.default_rng(script["seed"])
    sound = {name: telephone.noise(count, script[name]["noise"], random) for name in CHANNELS}
    for start in call.tones:
        _mix(sound["customer"], start, telephone.ring())
    for start, seconds in call.music:
        _mix(sound["customer"], start, telephone.music(seconds))
    for line in call.lines:
        _mix(sound[line.speaker], line.start, spoken(line.speaker, line.text))

    recording = file.with_suffix(".opus")
    write_opus(recording, [telephone.mu_law(sound[name]) for name in CHANNELS])
    dated = [{"type": "call.context", "at": 0.0, "date": str(script["date"])}] if "date" in script else []
    _write_lines(file.with_name(recording.name + ".events.jsonl"), [*dated, *call.events])
    _write_lines(file.with_suffix(".truth.jsonl"), _truth(call))
    _write_expected(file.with_suffix(".expected.yaml"), script, call)
    print(f"{recording.name}: {call.seconds:.1f} s, {recording.stat().st_size // 1024} KB")


def _mix(channel: Sound, at: float, sound: Sound) -> None:
    room = channel[round(at * RATE) :][: len(sound)]
    room += sound[: len(room)]


def write_opus(file: Path, channels: list[Any]) -> None:
    """Ogg Opus with the channels coded apart (mapping family 255), so that neither leaks into the other."""
    with av.open(str(file), "w", format="ogg", options={"fflags": "+bitexact"}) as out:
        options = {"mapping_family": "255", "application": "voip", "vbr": "on"}
        stream = out.add_stream("libopus", rate=RATE, layout="stereo", bit_rate=BIT_RATE, options=options)
        frame = av.AudioFrame.from_ndarray(np.stack(channels, axis=1).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = RATE
        out.mux([*stream.encode(frame), *stream.encode(None)])


def _truth(call: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "type": "heard",
            "at": line.end,
            "speaker": line.speaker,
            "text": line.text,
            "start": line.start,
            "end": line.end,
            "utterance": line.utterance,
        }
        for line in sorted(call.lines, key=lambda line: line.end)
    ]


def _write_lines(file: Path, events: list[dict[str, Any]]) -> None:
    lines = []
    for event in sorted(events, key=lambda event: event["at"]):
        rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in event.items()}
        lines.append(json.dumps(rounded, ensure_ascii=False, separators=(",", ":")) + "\n")
    file.write_text("".join(lines), encoding="utf-8")


def _write_expected(file: Path, script: dict[str, Any], call: Timeline) -> None:
    yaml = YAML()
    yaml.allow_unicode = True
    yaml.width = 160
    yaml.default_flow_style = None
    with file.open("w", encoding="utf-8") as out:
        out.write(f"# What a supervisor should find; scripts/make_calls.py made it from {script['name']}.yaml.\n")
        yaml.dump({"call": script["name"], "seconds": round(call.seconds, 2), "findings": call.finds}, out)


if __name__ == "__main__":
    main(sys.argv[1:])
