"""The sound of a live call: kept only where that was asked for, and whole whatever ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commandline import callflow, environment, plan

from callflow.audio.ogg import PACKETS
from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block
from callflow.events import CallAnswered, CallHungUp
from callflow.journal import PART, Header, read_journal
from callflow.live.record import CallRecord, take_up

PAGE = PACKETS * FRAME / RATE
"""Seconds of sound that are written at once."""


def tones(start: float, end: float) -> Iterator[tuple[float, Block]]:
    """The agent at 500 Hz, the customer at 1200 Hz, in the blocks of a live session."""
    for first in range(round(start * RATE), round(end * RATE), 2 * FRAME):
        time = np.arange(first, first + 2 * FRAME) / RATE
        agent, customer = ((8_000 * np.sin(2 * np.pi * hz * time)).astype(np.int16) for hz in (500, 1200))
        yield first / RATE, Block(first / RATE, agent, customer)


def heard(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with Recording(path) as recording:
        blocks = list(recording)
    return np.concatenate([block.agent for block in blocks]), np.concatenate([block.customer for block in blocks])


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples.astype(float)))) * RATE / len(samples))


def kept(record: CallRecord, start: float, end: float) -> None:
    for at, block in tones(start, end):
        record.hear(at, block)


def test_by_default_nothing_of_the_sound_is_kept(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "one.jsonl", Header("inbound"))
    kept(record, 0.0, 2.0)
    assert record.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["one.jsonl"]
    assert read_journal(record.path).header.recording == ""


def test_both_channels_are_kept_and_the_journal_names_them(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "one.jsonl", Header("inbound"), sound=True)
    kept(record, 0.0, 7.3)
    record.finish()
    sound = tmp_path / read_journal(record.path).header.recording
    agent, customer = heard(sound)
    assert len(agent) / RATE == pytest.approx(7.32, abs=0.03)
    assert loudest_hz(agent) == pytest.approx(500, abs=1)
    assert loudest_hz(customer) == pytest.approx(1200, abs=1)
    assert sound.stat().st_mode & 0o077 == 0, "what was said is nobody else's business"


def test_the_report_of_a_journal_plays_its_sound(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "one.jsonl", Header("inbound", plan().flow.hashes), sound=True)
    record.write(CallAnswered(at=0.5))
    kept(record, 0.0, 3.0)
    record.write(CallHungUp(at=3.0))
    record.finish()
    for folder_has_sound in (True, False):
        done = callflow("replay", "one.jsonl", "--report", "out.html", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (b'<audio id="sound"' in (tmp_path / "out.html").read_bytes()) == folder_has_sound
        (tmp_path / "one.opus").unlink(missing_ok=True)


KILLED = """
import os, sys
from pathlib import Path
from live.test_record_sound import kept
from callflow.events import CallAnswered
from callflow.journal import Header
from callflow.live.record import CallRecord
record = CallRecord(Path(sys.argv[1]) / "one.jsonl", Header("inbound"), sound=True)
record.write(CallAnswered(at=0.0))
kept(record, 0.0, 5.8)
os.kill(os.getpid(), 9)
"""


def test_what_was_heard_up_to_the_last_second_outlives_a_kill_and_goes_on(tmp_path: Path) -> None:
    paths = environment()["PYTHONPATH"] + ":" + str(Path(__file__).parent.parent)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], env=environment(PYTHONPATH=paths), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    agent, _ = heard(tmp_path / "one.opus")
    assert 5.8 - PAGE - 0.1 <= len(agent) / RATE <= 5.8
    assert loudest_hz(agent) == pytest.approx(500, abs=1)

    with open(tmp_path / "one.opus", "ab") as file:
        file.write(b"OggS and then nothing")
    ((record, _),) = take_up(tmp_path, sound=True)
    kept(record, 9.0, 12.0)
    record.finish()
    agent, customer = heard(tmp_path / "one.opus")
    assert len(agent) / RATE == pytest.approx(12.0, abs=0.05)
    assert np.abs(agent[6 * RATE : 9 * RATE - RATE // 10].astype(int)).max() < 100, "nobody listened then"
    assert loudest_hz(agent[round(9.1 * RATE) :]) == pytest.approx(500, abs=1)
    assert loudest_hz(customer[round(9.1 * RATE) :]) == pytest.approx(1200, abs=1)


def test_a_call_that_goes_on_without_the_wish_to_keep_sound_keeps_no_more_of_it(tmp_path: Path) -> None:
    record = CallRecord(tmp_path / "one.jsonl", Header("inbound"), sound=True)
    kept(record, 0.0, 2.0)
    record.close()
    before = (tmp_path / "one.opus").read_bytes()
    ((again, _),) = take_up(tmp_path)
    kept(again, 2.0, 4.0)
    again.finish()
    assert (tmp_path / "one.opus").read_bytes() == before


def test_a_full_disk_costs_no_sound_once_there_is_room_again(tiny_disk: Path) -> None:
    record = CallRecord(tiny_disk / "one.jsonl", Header("inbound"), sound=True)
    kept(record, 0.0, 8.0)  # 4 KB a second
    assert record.trouble
    kept(record, 8.0, 9.0)
    subprocess.run(["mount", "-o", "remount,size=4m", str(tiny_disk)], check=True)
    assert record.flush()
    assert not record.trouble
    record.finish()
    assert not list(tiny_disk.glob(f"*{PART}"))
    agent, _ = heard(tiny_disk / "one.opus")
    assert len(agent) / RATE == pytest.approx(9.0, abs=0.05)
    assert loudest_hz(agent) == pytest.approx(500, abs=1)
