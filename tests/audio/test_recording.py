"""Recordings in every format: what arrives, on which channel, at what time, and what is said of files that are none."""

from __future__ import annotations

import os
import shutil
import subprocess
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from callflow.acoustics import spectrum
from callflow.audio.recording import Recording
from callflow.audio.source import FRAME, RATE, Block
from callflow.errors import BadRecording

AGENT_HZ, CUSTOMER_HZ = 400.0, 900.0


def sine(hertz: float, seconds: float, rate: int) -> NDArray[np.int16]:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


def two_speakers(seconds: float, rate: int) -> NDArray[np.int16]:
    return np.stack((sine(AGENT_HZ, seconds, rate), sine(CUSTOMER_HZ, seconds, rate)))


def write(
    path: Path, samples: NDArray[np.int16], rate: int, codec: str = "pcm_s16le", jump: tuple[float, float] = (0, 0)
) -> Path:
    """``samples``: ``[channels, n]``. ``jump``: from this second on, time stamps are so many seconds later."""
    layout = {1: "mono", 2: "stereo", 3: "2.1"}[len(samples)]
    with av.open(str(path), "w") as container:
        stream = cast(av.AudioStream, container.add_stream(codec, rate=rate, layout=layout))
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, stream.codec_context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T.reshape(1, -1)), "s16", layout)
        frame.sample_rate, frame.pts = rate, 0
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            for packet in stream.encode(part):
                if packet.pts is not None and jump[1] and packet.pts * packet.time_base >= jump[0]:
                    packet.pts += round(jump[1] / packet.time_base)
                    packet.dts = packet.pts
                if jump[1] and not packet.size:
                    continue  # FLAC's closing word, which Matroska refuses
                container.mux(packet)
    return path


def read(recording: Recording) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    with recording:
        blocks = list(recording)
    for before, after in pairwise(blocks):
        assert after.at == pytest.approx(before.end)
    for block in blocks:
        assert len(block.agent) == len(block.customer)
        assert len(block.agent) % FRAME == 0
        assert block.agent.dtype == block.customer.dtype == np.int16
    assert blocks[0].at == 0
    return np.concatenate([b.agent for b in blocks]), np.concatenate([b.customer for b in blocks])


def main_frequency(samples: NDArray[np.int16]) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples))


def test_acoustics_count_in_the_same_frames() -> None:
    assert (RATE, FRAME) == (spectrum.RATE, spectrum.FRAME)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("pcm.wav", "pcm_s16le", 8_000),
        ("pcm16.wav", "pcm_s16le", 16_000),
        ("alaw.wav", "pcm_alaw", 8_000),
        ("ulaw.wav", "pcm_mulaw", 8_000),
        ("studio.wav", "pcm_s24le", 48_000),
        ("float.wav", "pcm_f32le", 44_100),
        ("call.mp3", "libmp3lame", 8_000),
        ("music.mp3", "libmp3lame", 44_100),
        ("call.opus", "libopus", 48_000),
        ("call.flac", "flac", 8_000),
        ("call.m4a", "aac", 16_000),
        ("call.webm", "libopus", 48_000),
        ("call.aiff", "pcm_s16be", 11_025),
    ],
)
def test_formats(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    recording = Recording(write(tmp_path / name, two_speakers(2.03, rate), rate, codec))
    assert (recording.channels, recording.rate, recording.separate) == (2, rate, True)
    assert recording.duration == pytest.approx(2.03, abs=0.15)
    agent, customer = read(recording)
    assert len(agent) / RATE == pytest.approx(2.03, abs=0.15)
    assert main_frequency(agent) == pytest.approx(AGENT_HZ, abs=2)
    assert main_frequency(customer) == pytest.approx(CUSTOMER_HZ, abs=2)
    leak = np.abs(np.fft.rfft(agent))[round(CUSTOMER_HZ * len(agent) / RATE)] / np.abs(np.fft.rfft(agent)).max()
    assert leak < 0.03, "nothing of one channel may get into the other"
    assert (recording.truncated, recording.warnings) == (False, [])


def noise_bytes(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, count, np.uint8)


def gsm_frames(count: int) -> bytes:
    """Frames of GSM 06.10: 33 bytes, the first four bits 0xD; any other bits are some sound."""
    frames = noise_bytes(33 * count).reshape(-1, 33)
    frames[:, 0] = frames[:, 0] & 0x0F | 0xD0
    return frames.tobytes()


def gsm_wav(blocks: int) -> bytes:
    """Microsoft's GSM in WAV: blocks of 65 bytes, 320 samples."""
    data = noise_bytes(65 * blocks).tobytes()
    head = b"fmt " + b"".join(
        n.to_bytes(size, "little")
        for n, size in ((20, 4), (0x31, 2), (1, 2), (8000, 4), (1625, 4), (65, 2), (0, 2), (2, 2), (320, 2))
    )
    body = b"WAVE" + head + b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def amr(frames: int) -> bytes:
    """AMR at 12.2 kbit/s: a byte that says so and 31 bytes of sound."""
    speech = noise_bytes(32 * frames).reshape(-1, 32)
    speech[:, 0] = 0x3C
    return b"#!AMR\n" + speech.tobytes()


@pytest.mark.parametrize(
    ("name", "content", "codec"),
    [("a.gsm", gsm_frames(150), "gsm"), ("a.wav", gsm_wav(75), "gsm_ms"), ("a.amr", amr(150), "amrnb")],
)
def test_telephone_codecs(tmp_path: Path, name: str, content: bytes, codec: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    recording = Recording(path)
    assert (recording.codec, recording.rate, recording.channels, recording.separate) == (codec, 8000, 1, False)
    agent, customer = read(recording)
    assert len(agent) / RATE == pytest.approx(3.0, abs=0.05)
    assert agent.any()
    assert not customer.any()


@pytest.mark.parametrize("name", ["a.gsm", "a.amr-nb", "gsm.wav"])
def test_telephone_codecs_keep_the_sound(tmp_path: Path, name: str) -> None:
    sox = shutil.which("sox")
    if not sox:
        pytest.skip("sox is not installed; it writes GSM and AMR")
    source = write(tmp_path / "source.wav", sine(AGENT_HZ, 3, 8000)[np.newaxis], 8000)
    coding = ["-e", "gsm-full-rate"] if name == "gsm.wav" else []
    subprocess.run([sox, source, *coding, tmp_path / name], check=True)
    agent, _ = read(Recording(tmp_path / name))
    assert main_frequency(agent) == pytest.approx(AGENT_HZ, abs=5)


def test_the_agent_may_be_on_the_right(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", two_speakers(1, 8000), 8000)
    agent, customer = read(Recording(path, agent="right"))
    assert main_frequency(agent) == pytest.approx(CUSTOMER_HZ, abs=2)
    assert main_frequency(customer) == pytest.approx(AGENT_HZ, abs=2)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("channels", [1, 2])
def test_one_channel_or_the_same_twice_cannot_be_told_apart(tmp_path: Path, channels: int, side: str) -> None:
    same = np.repeat(sine(AGENT_HZ, 2, 8000)[np.newaxis], channels, axis=0)
    recording = Recording(write(tmp_path / "a.wav", same, 8000), agent="right" if side == "right" else "left")
    assert (recording.channels, recording.separate) == (channels, False)
    assert "both speak on one channel" in recording.warnings[0].en
    agent, customer = read(recording)
    assert main_frequency(agent) == pytest.approx(AGENT_HZ, abs=2)
    assert not customer.any()


def test_a_ring_tone_on_both_channels_does_not_make_them_one(tmp_path: Path) -> None:
    ring = np.repeat(sine(450, 20, 8000)[np.newaxis], 2, axis=0)
    call = np.concatenate((ring, two_speakers(2, 8000)), axis=1)
    assert Recording(write(tmp_path / "a.wav", call, 8000)).separate
    assert Recording(write(tmp_path / "quiet.wav", np.zeros((2, 8000), np.int16), 8000)).separate


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.24, 7.0])
def test_blocks_of_any_length_carry_the_same_sound(tmp_path: Path, seconds: float) -> None:
    path = write(tmp_path / "a.flac", two_speakers(1.234, 8000), 8000, "flac")
    agent, customer = read(Recording(path))
    again = read(Recording(path, block_seconds=seconds))
    assert np.array_equal(agent, again[0])
    assert np.array_equal(customer, again[1])
    assert len(agent) == -(-round(1.234 * RATE) // FRAME) * FRAME, "the last block is filled to a whole frame"
    blocks = list(Recording(path, block_seconds=seconds))
    assert {len(block.agent) for block in blocks[:-1]} <= {round(seconds * RATE)}


WAV_HEADER = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0\x40\x1f\0\0\0\x7d\0\0\4\0\x10\0data\0\0\0\0"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.wav", b"", "empty"),
        ("no-samples.wav", WAV_HEADER, "no sound"),
        ("head.wav", WAV_HEADER[:20], "cut off at its beginning"),
        ("head.flac", b"fLaC\0\0\0\x22", "cut off at its beginning"),
        ("head.opus", b"OggS\0\2", "cut off at its beginning"),
        ("text.wav", "客户：你好，我的货到哪里了？\n".encode(), "is text"),
        ("long-text.wav", ("，" + "货" * 4000).encode(), "is text"),
        ("gbk-text.wav", ("客户：" + "我的货到哪里了？" * 200).encode("gbk"), "is text"),
        ("list.wav", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hosts\n", "is text"),
        ("list.txt", b"ffconcat version 1.0\nfile other.wav\n", "is text"),
        ("random.wav", noise_bytes(50_000).tobytes(), "not a recording"),
        ("picture.wav", b"\x89PNG\r\n\x1a\n" + noise_bytes(900).tobytes(), "not a recording"),
    ],
)
def test_what_is_no_recording(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadRecording) as refused:
        Recording(path)
    line = refused.value.in_("en")
    assert says in line
    assert name in line
    assert "\n" not in line
    assert refused.value.hint.en
    assert refused.value.in_("zh") != line
    assert capfd.readouterr() == ("", ""), "FFmpeg must not speak for itself"


def test_missing_directory_and_too_many_channels(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="no file"):
        Recording(tmp_path / "none.wav")
    with pytest.raises(BadRecording, match="is a directory"):
        Recording(tmp_path)
    three = np.zeros((3, 8000), np.int16)
    with pytest.raises(BadRecording, match="3 channels"):
        Recording(write(tmp_path / "three.wav", three, 8000))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", two_speakers(1, 8000), 8000)
    path.chmod(0)
    with pytest.raises(BadRecording, match="cannot read"):
        Recording(path)


@pytest.mark.parametrize("name", ["http:call.wav", "a call, 你好 %20.wav", "-.wav"])
def test_unusual_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.wav", two_speakers(1, 8000), 8000).rename(name)
    assert Recording(name).duration == 1.0


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame")])
def test_cut_off_in_the_middle_is_read_as_far_as_it_goes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, codec: str
) -> None:
    path = write(tmp_path / name, two_speakers(20, 8000), 8000, codec)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    recording = Recording(path)
    agent, _ = read(recording)
    assert 7 < len(agent) / RATE < 13
    assert main_frequency(agent) == pytest.approx(AGENT_HZ, abs=2)
    assert recording.truncated
    assert "20.0 s" in recording.warnings[0].en
    assert "20.0" in recording.warnings[0].zh
    assert capfd.readouterr() == ("", "")


def test_sound_after_a_damaged_place_stays_at_its_time(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).integers(-2000, 2000, (2, 20 * 8000), np.int16)
    samples[:, 15 * 8000 :] = two_speakers(5, 8000)
    path = write(tmp_path / "a.flac", samples, 8000, "flac")
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 30_000] = bytes(30_000)
    path.write_bytes(content)
    agent, _ = read(Recording(path))
    assert len(agent) / RATE == pytest.approx(20, abs=0.05)
    assert main_frequency(agent[15 * RATE + 800 :]) == pytest.approx(AGENT_HZ, abs=2)
    assert np.abs(agent[: 15 * RATE - 800].reshape(-1, 800)).max(axis=1).min() == 0, "the damaged place is silent"


def test_holes_in_the_time_stamps_become_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mka", two_speakers(4, 8000), 8000, "flac", jump=(2.0, 5.0))
    agent, customer = read(Recording(path))
    assert len(agent) / RATE == pytest.approx(9, abs=0.2)
    assert main_frequency(agent[: int(1.5 * RATE)]) == pytest.approx(AGENT_HZ, abs=2)
    assert not agent[int(2.7 * RATE) : int(6.8 * RATE)].any()
    assert main_frequency(customer[int(7.7 * RATE) :]) == pytest.approx(CUSTOMER_HZ, abs=2)


def test_a_broken_time_stamp_is_no_hole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mka", two_speakers(4, 8000), 8000, "flac", jump=(2.0, 3e6))
    agent, _ = read(Recording(path))
    assert len(agent) / RATE == pytest.approx(4, abs=0.2)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    seconds = 900
    path = write(tmp_path / "long.flac", np.zeros((2, seconds * 8000), np.int16), 8000, "flac")
    tracemalloc.start()
    try:
        with Recording(path) as recording:
            count = sum(1 for _ in recording)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == seconds * 10
    assert peak < 4_000_000, "all of it would be 57 MB"


def test_closing_ends_the_iteration(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "a.wav", two_speakers(5, 8000), 8000))
    with recording:
        first = next(recording)
    assert isinstance(first, Block)
    assert list(recording) == []


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.opus", "libopus")]
)
def test_damage_anywhere_is_read_or_refused(tmp_path: Path, name: str, codec: str) -> None:
    content = write(tmp_path / name, two_speakers(3, 48_000), 48_000, codec).read_bytes()
    rng = np.random.default_rng(5)
    for attempt in range(40):
        damaged = bytearray(content[: rng.integers(1, len(content)) if attempt % 4 == 0 else None])
        for place in rng.integers(0, min(len(damaged), 300 if attempt % 2 else len(damaged)), 1 + attempt):
            damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            with Recording(tmp_path / name) as recording:
                assert sum(1 for _ in recording) < 10_000
        except BadRecording:
            continue  # said in one line; anything else that is raised fails the test
