"""The whisper adapter with a real model on a bundled call, and its guard against invented words."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")

from callflow.speech.whisper import WhisperTranscriber, believable


def test_it_hears_a_bundled_call_in_simplified_characters(
    model_dir: Callable[[str, str], Path], bundled_call: Callable[..., Any]
) -> None:
    sound = bundled_call("exemplary", "agent", 3)
    transcriber = WhisperTranscriber(model_dir("whisper-base", "faster_whisper"), threads=1)
    heard = sound.through(transcriber.session("agent"), 5)
    assert heard
    assert all(h.final and h.confidence is not None and 0 < h.confidence <= 1 for h in heard)
    said, got = (
        "".join(c for c in text if "\u4e00" <= c <= "\u9fff")
        for text in ("".join(sound.said), "".join(h.text for h in heard))
    )
    assert Levenshtein.distance(said, got) <= 0.35 * len(said)
    assert not set(got) & set("國單號訴幫詢興為務請問麼們")
    assert [h.utterance for h in heard] == [f"a{n + 1}" for n in range(len(heard))]


def test_noise_that_passes_for_voice_brings_no_long_inventions(model_dir: Callable[[str, str], Path]) -> None:
    transcriber = WhisperTranscriber(model_dir("whisper-base", "faster_whisper"), threads=1)
    noise = np.random.default_rng(1).normal(0, 300, 32_000).astype(np.int16)
    assert len(transcriber.decode(noise, voiced=0.3).text) <= 8


@pytest.mark.parametrize(
    ("heard", "voiced", "changed", "believed"),
    [
        ("您好，请问有什么可以帮您？", 2.0, {}, True),
        ("对。", 0.2, {}, True),
        ("", 1.0, {}, False),
        ("请不吝点赞订阅转发打赏支持明镜与点点栏目", 0.3, {}, False),  # nobody speaks that fast
        ("谢谢谢谢谢谢谢谢", 5.0, {"compression_ratio": 3.1}, False),
        ("好的", 1.0, {"no_speech_prob": 0.9, "avg_logprob": -1.4}, False),
        ("好的", 1.0, {"no_speech_prob": 0.9, "avg_logprob": -0.2}, True),
    ],
)
def test_only_what_can_have_been_said_is_believed(
    heard: str, voiced: float, changed: dict[str, float], believed: bool
) -> None:
    figures = {"compression_ratio": 1.1, "no_speech_prob": 0.1, "avg_logprob": -0.3}
    assert believable(SimpleNamespace(**(figures | changed)), heard, voiced) is believed
