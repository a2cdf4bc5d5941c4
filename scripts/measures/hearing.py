"""Lets recognisers hear the recordings, as a replay would, and keeps what they heard: ``out/accuracy/heard/*.jsonl``.

One JSON object for each recording: ``sound`` (its file's name), ``heard`` (the final utterances of the agent), with
``partials`` before them where the engine has any (``[at, sounds or text]``), ``seconds`` of sound and ``cpu`` seconds.
What has been heard is not heard again; what is kept serves every later change of flows and matching.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callflow.acoustics.listener import Listener
from callflow.audio.recording import Recording
from callflow.audio.source import RATE
from callflow.events import Heard
from callflow.speech.transcriber import Transcriber
from measures.spoken import OUT, Spoken

HEARD = OUT / "heard"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What an engine heard of one recording: utterance by utterance, as text or as syllables."""

    utterances: tuple[str | tuple[str, ...], ...]
    partials: tuple[tuple[float, str, str | tuple[str, ...]], ...]
    """``at``, the utterance's name, and the words so far."""
    finals: tuple[tuple[float, str], ...]
    """``at`` and name of the utterances."""
    seconds: float
    cpu: float


def hear(name: str, engine: Callable[[], Transcriber], wanted: Iterable[Spoken]) -> None:
    """Let ``engine`` hear what of ``wanted`` there is a recording of; ``name`` says which engine, and how it is set."""
    file = HEARD / f"{name}.jsonl"
    known = {row["sound"] for row in _rows(file)}
    missing = [one for one in wanted if one.sound.exists() and one.sound.name not in known]
    if not missing:
        return
    print(f"{name}: {len(missing)} recordings to be heard", flush=True)
    transcriber = engine()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        for one in missing:
            row = {"sound": one.sound.name, **_heard(one.sound, transcriber)}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            out.flush()
    transcriber.close()


def hearings(name: str, wanted: Iterable[Spoken]) -> dict[Spoken, Hearing]:
    """What the engine called ``name`` heard of ``wanted``, as far as it has."""
    rows = {row["sound"]: row for row in _rows(HEARD / f"{name}.jsonl")}
    return {one: _read(rows[one.sound.name]) for one in wanted if one.sound.name in rows}


def listen(sound: Path, transcriber: Transcriber) -> Hearing:
    """Let ``transcriber`` hear one recording; nothing is kept."""
    return _read(_heard(sound, transcriber))


def _heard(sound: Path, transcriber: Transcriber) -> dict[str, Any]:
    began = time.process_time()
    listener, session = Listener(), transcriber.session("agent")
    heard: list[Heard] = []
    seconds = 0.0
    for block in Recording(sound):
        heard += session.accept(block.agent, listener.feed(block).agent_voiced)
        seconds += len(block.agent) / RATE
    heard += session.finish()
    return {
        "heard": [[one.at, one.utterance, _words(one)] for one in heard if one.final],
        "partials": [[one.at, one.utterance, _words(one)] for one in heard if not one.final],
        "seconds": round(seconds, 2),
        "cpu": round(time.process_time() - began, 3),
    }


def _words(heard: Heard) -> str | list[str]:
    return list(heard.sounds) if heard.sounds else heard.text


def _read(row: dict[str, Any]) -> Hearing:
    def words(written: str | list[str]) -> str | tuple[str, ...]:
        return written if isinstance(written, str) else tuple(written)

    return Hearing(
        tuple(words(one[2]) for one in row["heard"]),
        tuple((one[0], one[1], words(one[2])) for one in row["partials"]),
        tuple((one[0], one[1]) for one in row["heard"]),
        row["seconds"],
        row["cpu"],
    )


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
