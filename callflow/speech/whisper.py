"""Characters, utterance by utterance, by whisper (faster-whisper, int8 on the processor).

It knows an utterance only once it is over, so it gives no partials; and no word times, which would cost two thirds
more. Measured with whisper-base on 13 human clips: beam 5 makes a third fewer errors than beam 1 at the same cost (most
of it is the encoder, which always hears 30 s); a prompt that asks for simplified characters and punctuation makes it
stop after the first sentence of a long utterance, so it is given none and the characters are folded afterwards.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import faster_whisper
import numpy as np
import opencc

from callflow.events import Speaker
from callflow.models import check
from callflow.speech.endpoint import Samples
from callflow.speech.loading import damaged
from callflow.speech.transcriber import Hypothesis, UtteranceSession

BEAM = 5
_PAUSE = re.compile(r"(?<=[\u4e00-\u9fff])[ ,]+(?=[\u4e00-\u9fff])")
"""Between two Han characters whisper writes a pause as a space or a Latin comma."""
FASTEST = 12.0
"""Characters a second of voice that nobody speaks; news readers reach 6, an excited caller 8."""
MAX_COMPRESSION = 2.4
"""Text that zlib makes this many times smaller repeats itself: the mark of a decoder going round in circles."""
MAX_NO_SPEECH, MIN_LOG_PROBABILITY = 0.6, -1.0
"""Whisper's own measure: likely no speech, and unsure of its words."""


class WhisperTranscriber:
    """Loads the model in ``path``; raises ``ModelError`` where it is not one or is damaged.

    ``threads``: 0 for as many as pay off (four at most). ``language``: ISO 639-1.
    """

    name = "whisper"

    def __init__(self, path: Path, threads: int = 0, language: str = "zh", beam: int = BEAM) -> None:
        check(path, "whisper")
        threads = threads or min(4, os.cpu_count() or 1)
        try:
            self._model: Any = faster_whisper.WhisperModel(
                str(path), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
            )
        except Exception as error:  # damaged files raise whatever the parser of that file raises
            raise damaged(path, error) from None
        self._language, self._beam = language, beam
        self._simplify = opencc.OpenCC("t2s")

    def session(self, speaker: Speaker, partials: bool = True) -> UtteranceSession:
        return UtteranceSession(speaker, _Decoder(self), partials)

    def close(self) -> None:
        self._model = None

    def decode(self, sound: Samples, voiced: float) -> Hypothesis:
        """What is said in one utterance (16 kHz), of which ``voiced`` seconds have voice."""
        segments, _ = self._model.transcribe(
            sound.astype(np.float32) / 32768,
            language=self._language,
            beam_size=self._beam,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=False,
        )
        said = [(segment, segment.text.strip()) for segment in segments]
        kept = [(segment, heard) for segment, heard in said if believable(segment, heard, voiced)]
        if not kept:
            return Hypothesis()
        together = "".join(heard for _, heard in kept)
        if self._language == "zh":
            together = _PAUSE.sub("，", self._simplify.convert(together))
        probability = math.exp(sum(segment.avg_logprob for segment, _ in kept) / len(kept))
        return Hypothesis(text=together, confidence=min(max(probability, 0.0), 1.0))


def believable(segment: Any, heard: str, voiced: float) -> bool:
    """Whether a segment can have been said in ``voiced`` seconds, or was invented by the decoder."""
    return (
        bool(heard)
        and segment.compression_ratio <= MAX_COMPRESSION
        and not (segment.no_speech_prob > MAX_NO_SPEECH and segment.avg_logprob < MIN_LOG_PROBABILITY)
        and sum(map(str.isalnum, heard)) <= FASTEST * (voiced + 0.3)
    )


class _Decoder:
    pauses = False

    def __init__(self, transcriber: WhisperTranscriber) -> None:
        self._transcriber = transcriber
        self._sound: list[Samples] = []

    def begin(self) -> None:
        self._sound = []

    def feed(self, samples: Samples) -> None:
        self._sound.append(samples)

    def partial(self) -> None:
        return None

    def pause(self) -> None:
        return None

    def final(self, voiced: float) -> Hypothesis:
        sound, self._sound = np.concatenate(self._sound), []
        return self._transcriber.decode(sound, voiced)
