"""Streaming words with times by Vosk (Kaldi), for any language that has a Vosk model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import vosk

from callflow.audio.source import RATE
from callflow.events import Speaker, Word
from callflow.models import check
from callflow.speech.endpoint import Samples
from callflow.speech.loading import damaged, hushed
from callflow.speech.transcriber import Hypothesis, UtteranceSession

_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")

vosk.SetLogLevel(-1)


class VoskTranscriber:
    """Loads the model in ``path``; raises ``ModelError`` where it is not one or is damaged.

    ``grammar``: only these words and phrases can be heard, anything else becomes ``[unk]`` and is left out. Only models
    with a dynamic graph (the small ones) obey it; words that a model does not know are dropped by it without a word.
    Kaldi adds a little random noise to the sound, so that confidences vary by a hundredth from run to run.
    """

    name = "vosk"

    def __init__(self, path: Path, grammar: Sequence[str] = ()) -> None:
        check(path, "vosk")
        try:
            with hushed():
                self._model: Any = vosk.Model(str(path))
        except Exception as error:  # the library raises plain Exception, and nothing but that
            raise damaged(path, error) from None
        self._grammar = [json.dumps([*grammar, UNKNOWN], ensure_ascii=False)] if grammar else []

    def session(self, speaker: Speaker, partials: bool = True) -> UtteranceSession:
        recognizer = vosk.KaldiRecognizer(self._model, RATE, *self._grammar)
        recognizer.SetWords(True)  # and never SetPartialWords: with it the text of partials is another
        return UtteranceSession(speaker, _Decoder(recognizer), partials)

    def close(self) -> None:
        self._model = None


UNKNOWN = "[unk]"


class _Decoder:
    """One recogniser for the whole channel, which goes on learning the speaker's voice from utterance to utterance.

    It counts its time over all the sound it was ever given, so we do too. It may also end an utterance by itself; what
    it had by then is kept, and goes before what follows.
    """

    pauses = False

    def __init__(self, recognizer: Any) -> None:
        self._recognizer = recognizer
        self._given = 0
        self._begin = 0.0
        self._pieces: list[dict[str, Any]] = []

    def begin(self) -> None:
        self._begin = self._given / RATE
        self._pieces = []

    def feed(self, samples: Samples) -> None:
        self._given += len(samples)
        if self._recognizer.AcceptWaveform(samples.tobytes()):
            self._pieces.append(json.loads(self._recognizer.Result()))

    def partial(self) -> Hypothesis:
        now = json.loads(self._recognizer.PartialResult()).get("partial", "")
        return Hypothesis(text=joined([*(piece.get("text", "") for piece in self._pieces), now]))

    def pause(self) -> None:
        return None  # it could tell only by ending the utterance

    def final(self, voiced: float) -> Hypothesis:
        self._pieces.append(json.loads(self._recognizer.FinalResult()))
        found = [word for piece in self._pieces for word in piece.get("result", ()) if word["word"] != UNKNOWN]
        words = tuple(
            Word(word["word"], max(word["start"] - self._begin, 0.0), max(word["end"] - self._begin, 0.0))
            for word in found
        )
        confidence = sum(word["conf"] for word in found) / len(found) if found else None
        return Hypothesis(
            text=joined(word.text for word in words),
            words=words,
            confidence=None if confidence is None else min(max(confidence, 0.0), 1.0),
        )


def joined(words: Iterable[str]) -> str:
    """Words as one text: with spaces, except between two Han characters, which Vosk also sets apart."""
    heard = (word for text in words for word in text.split() if word != UNKNOWN)
    return _BETWEEN_HAN.sub("", " ".join(heard))
