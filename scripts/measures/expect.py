"""Ways of telling a recogniser what to expect, as transcribers that the bench can compare with the product's own.

None of them is in the product: ``docs/accuracy.md`` says what each gained and cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx
from pypinyin import Style, lazy_pinyin

from callflow.audio.source import RATE
from callflow.events import Speaker
from callflow.models import ZIPFORMER_PARTS
from callflow.speech.endpoint import Samples
from callflow.speech.transcriber import Hypothesis, UtteranceSession
from callflow.speech.whisper import WhisperTranscriber
from callflow.speech.zipformer import BLANK_PENALTY, INITIALS, LEAD, TRAIL, syllables, with_pauses

FIRST_NAME = 0x4E00
"""Code point of the character that token 0 is renamed to."""


class Tokens:
    """The model's tokens renamed to one Han character each.

    sherpa-onnx cuts hotwords of modelling unit ``cjkchar`` into single characters and refuses tokens of several letters
    (``sh``, ``ēng``). So it is handed a list of tokens in which each is one character that stands for it; hotwords are
    written in these characters, and what it hears is translated back.
    """

    def __init__(self, model: Path, folder: Path) -> None:
        rows = [line.split() for line in (model / "tokens.txt").read_text(encoding="utf-8").splitlines()]
        special = ("<", "#")
        names = {token: chr(FIRST_NAME + int(number)) for token, number in rows if not token.startswith(special)}
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "tokens.txt"
        self.file.write_text("".join(f"{names.get(t, t)} {n}\n" for t, n in rows), encoding="utf-8")
        self.back = {name: token for token, name in names.items()}
        self._names = names

    def spelt(self, text: str) -> list[str] | None:
        """The tokens of Han characters; ``None`` where the model has no token for a syllable of theirs."""
        tokens: list[str] = []
        for syllable in lazy_pinyin(text, style=Style.TONE):
            initial = next((i for i in sorted(INITIALS, key=len, reverse=True) if syllable.startswith(i)), "")
            tokens += [part for part in (initial, syllable.removeprefix(initial)) if part]
        return tokens if all(token in self._names for token in tokens) else None

    def hotwords(self, texts: Iterable[str]) -> str:
        """A hotwords file: a phrase a line, its characters parted by spaces."""
        spelt = filter(None, map(self.spelt, texts))
        return "".join(" ".join(self._names[token] for token in tokens) + "\n" for tokens in spelt)


class HotZipformer:
    """The syllable engine with beam search and, if there are ``texts``, contextual hotwords of strength ``score``."""

    name = "zipformer"

    def __init__(self, model: Path, folder: Path, texts: Iterable[str] = (), score: float = 1.0) -> None:
        self.tokens = Tokens(model, folder)
        hot: dict[str, Any] = {}
        if words := self.tokens.hotwords(texts):
            (folder / "hotwords.txt").write_text(words, encoding="utf-8")
            hot = {"hotwords_file": str(folder / "hotwords.txt"), "hotwords_score": score, "modeling_unit": "cjkchar"}
        self._recognizer: Any = sherpa_onnx.OnlineRecognizer.from_transducer(
            tokens=str(self.tokens.file),
            **parts(model),
            num_threads=1,
            decoding_method="modified_beam_search",
            blank_penalty=BLANK_PENALTY,
            **hot,
        )

    def session(self, speaker: Speaker, partials: bool = True) -> UtteranceSession:
        return UtteranceSession(speaker, _HotDecoder(self._recognizer, self.tokens.back), partials)

    def close(self) -> None:
        self._recognizer = None


class _HotDecoder:
    """As the product's decoder, with the names of tokens translated back; without partials."""

    pauses = False

    def __init__(self, recognizer: Any, back: dict[str, str]) -> None:
        self._recognizer, self._back = recognizer, back
        self._stream: Any = None

    def begin(self) -> None:
        self._stream = self._recognizer.create_stream()
        self._accept(np.zeros(int(LEAD * RATE), np.int16))

    def feed(self, samples: Samples) -> None:
        self._accept(samples)

    def partial(self) -> None:
        return None

    def pause(self) -> None:
        return None

    def final(self, voiced: float) -> Hypothesis:
        self._accept(np.zeros(int(TRAIL * RATE), np.int16))
        times = (at - LEAD for at in self._recognizer.timestamps(self._stream))
        tokens = (self._back.get(token, token) for token in self._recognizer.tokens(self._stream))
        words = with_pauses(syllables(tokens, times))
        return Hypothesis(sounds=tuple(word.text for word in words), words=words)

    def _accept(self, samples: Samples) -> None:
        self._stream.accept_waveform(RATE, samples.astype(np.float32) / np.float32(32_768))
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)


class Spotter:
    """sherpa-onnx's keyword spotter on the same model: which of ``texts`` it hears, and nothing else."""

    def __init__(self, model: Path, folder: Path, texts: Iterable[str], threshold: float, score: float = 1.0) -> None:
        tokens = Tokens(model, folder)
        self.texts = list(texts)
        lines = [
            f"{' '.join(spelt)} :{score} #{threshold} @K{i}\n"
            for i, text in enumerate(self.texts)
            if (spelt := tokens.spelt(text))
        ]
        file = folder / "keywords.txt"
        file.write_text("".join(lines), encoding="utf-8")
        self._spotter: Any = sherpa_onnx.KeywordSpotter(
            tokens=str(model / "tokens.txt"),
            **parts(model),
            num_threads=1,
            keywords_file=str(file),
            keywords_score=score,
            keywords_threshold=threshold,
        )

    def hear(self, sound: Samples) -> list[str]:
        """The texts that are spotted in ``sound`` (16 kHz)."""
        stream = self._spotter.create_stream()
        padded = np.concatenate([sound, np.zeros(RATE // 2, np.int16)])
        stream.accept_waveform(RATE, padded.astype(np.float32) / np.float32(32_768))
        found: list[str] = []
        while self._spotter.is_ready(stream):
            self._spotter.decode_stream(stream)
            if keyword := self._spotter.get_result(stream):
                found.append(self.texts[int(keyword[1:])])
                self._spotter.reset_stream(stream)
        return found


class ToldWhisper(WhisperTranscriber):
    """whisper with ``told`` added to each of its calls: ``hotwords`` or ``initial_prompt``."""

    def __init__(self, path: Path, **told: str) -> None:
        super().__init__(path)
        transcribe = self._model.transcribe
        self._model.transcribe = lambda sound, **how: transcribe(sound, **how, **told)


def clauses(texts: Iterable[str]) -> list[str]:
    """The clauses of ``texts``, three characters or more, each once."""
    return sorted({part for text in texts for part in re.split("[^\u4e00-\u9fff]+", text) if len(part) >= 3})


def parts(model: Path) -> dict[str, str]:
    """The model's files by their role."""
    return {kind: str(next(model.glob(f"{kind}*.onnx"))) for kind in ZIPFORMER_PARTS}
