"""How well recognisers hear the bundled calls: syllable error of every line, by voice and engine.

Run with the project's own environment: ``.venv/bin/python scripts/voices/hear.py ZIPFORMER_DIR WHISPER_DIR [call...]``.
Each line of ``NAME.truth.jsonl`` is cut out of the recording and recognised on its own; what is heard is compared
with what was said as toneless pinyin syllables, so that homophones count as right.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

RATE = 16_000
CALLS = Path(__file__).resolve().parents[2] / "tests" / "calls"
Sound = NDArray[np.float32]
Engine = Callable[[Sound], list[str]]


def read_channels(file: Path) -> dict[str, Sound]:
    """Both channels of a recording at 16 kHz."""
    with av.open(str(file)) as recording:
        resampler = av.AudioResampler("s16", "stereo", RATE)
        frames = [out for frame in recording.decode(audio=0) for out in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in frames])
    return {
        name: np.float32(1 / 32_768) * samples[:, i].astype(np.float32) for i, name in enumerate(("agent", "customer"))
    }


def syllables(text: str) -> list[str]:
    """Toneless pinyin of the Han characters of ``text``."""
    return lazy_pinyin("".join(re.findall(r"[\u4e00-\u9fff]", text)))


def zipformer(folder: Path) -> Engine:
    """sherpa-onnx's streaming zipformer, whose tokens are initials and finals with a tone mark."""
    import sherpa_onnx

    part = {name: str(next(folder.glob(f"{name}*.onnx"))) for name in ("encoder", "decoder", "joiner")}
    model = sherpa_onnx.OnlineRecognizer.from_transducer(tokens=str(folder / "tokens.txt"), num_threads=1, **part)

    def hear(sound: Sound) -> list[str]:
        stream = model.create_stream()
        stream.accept_waveform(RATE, np.concatenate([np.zeros(4_800, np.float32), sound, np.zeros(16_000, np.float32)]))
        while model.is_ready(stream):
            model.decode_stream(stream)
        found: list[str] = []
        for token in model.tokens(stream):
            plain = "".join(c for c in unicodedata.normalize("NFD", token) if c not in "\u0300\u0301\u0304\u030c")
            plain = unicodedata.normalize("NFC", plain)
            final = plain[0] in "aeiouvü" and found and not re.search("[aeiouvü]", found[-1])
            if final:
                found[-1] += plain
            else:
                found.append(plain)
        return [item.replace("ü", "v") for item in found]

    return hear


def whisper(folder: Path) -> Engine:
    """faster-whisper, told that the language is Chinese; digits are read out as they are spoken in numbers."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def hear(sound: Sound) -> list[str]:
        segments, _ = model.transcribe(sound, language="zh", beam_size=5, condition_on_previous_text=False)
        text = "".join(segment.text for segment in segments)
        return syllables(text.translate(str.maketrans("0123456789", "零一二三四五六七八九")))

    return hear


def main(zipformer_dir: str, whisper_dir: str, *names: str) -> None:
    """Print a table of every line, then the error by speaker of each call."""
    engines = {"zipformer": zipformer(Path(zipformer_dir)), "whisper": whisper(Path(whisper_dir))}
    errors: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for file in sorted(CALLS.glob("*.truth.jsonl")):
        call = file.name.removesuffix(".truth.jsonl")
        if names and call not in names:
            continue
        channels = read_channels(CALLS / f"{call}.opus")
        for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            said = syllables(line["text"].replace("幺", "一"))
            start, end = (round(RATE * t) for t in (line["start"] - 0.15, line["end"] + 0.25))
            print(f"{call} {line['start']:6.1f} {line['speaker']:8} {line['text']}")
            for name, engine in engines.items():
                heard = engine(channels[line["speaker"]][start:end])
                if "幺" in line["text"]:
                    heard = ["yi" if syllable == "yao" else syllable for syllable in heard]
                wrong = Levenshtein.distance(said, heard)
                total = errors[call, line["speaker"], name]
                total[0], total[1] = total[0] + wrong, total[1] + len(said)
                if wrong:
                    print(f"    {name:10} {wrong}/{len(said)}  {' '.join(heard)}")
    for (call, speaker, name), (wrong, count) in errors.items():
        print(f"{call:22} {speaker:8} {name:10} {100 * wrong / count:5.1f} % of {count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
