"""Mandarin as a stream of toned syllables: a 3.3M-parameter streaming zipformer, run by sherpa-onnx.

The model was made to spot keywords; as a plain recogniser it writes the initials and toned finals it hears
(``sh ēn r ù``), at about 2 % of real time on one thread. It knows no words and no characters, which is what matching
by sound wants: nothing is bent into the nearest word of a vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx

from callflow.audio.source import RATE
from callflow.events import Speaker, Word
from callflow.models import ZIPFORMER_PARTS, check
from callflow.speech.endpoint import Samples
from callflow.speech.loading import damaged, hushed
from callflow.speech.transcriber import PAUSE_MARK, Hypothesis, UtteranceSession

LEAD, TRAIL = 0.3, 0.32
"""Seconds of silence put before and after an utterance, beside the pre-roll and the 0.4 s that make a pause: the model
hears in steps of 0.32 s and loses a syllable at the edge of the sound without them. What does not fill a step is never
decoded, so that one step of silence is what brings the last of the sound in; with more, 174 utterances of the bundled
calls and 13 human clips at four offsets gave the same syllables, with less than 0.3 s others."""
BLANK_PENALTY = 0.5
"""Taken off the score of "nothing here": the model leaves out light syllables (呢, 的). Measured on 13 human clips in
nine conditions (levels, telephone band, noise) it brings toneless syllable errors from 11.3 to 9.9 %."""
LONGEST_SYLLABLE = 0.3
"""Seconds that a syllable lasts at most where no other follows at once; the model only says when each one begins."""

PAUSE = 0.42
"""How many seconds after another a syllable begins where there was a pause between them: the model writes no
punctuation, and short phrases are told by where a sentence begins and ends. On 13 human clips 5 gaps in
100 were 0.44 s or longer (the model counts in 0.04 s), nearly all of them between clauses or in a hesitation."""

INITIALS = frozenset("bpmfdtnlgkhjqxrzcsyw") | {"zh", "ch", "sh"}


class ZipformerTranscriber:
    """Loads the model in ``path``; raises ``ModelError`` where it is not one or is damaged.

    ``beam``: search several paths at once. It costs a third more and, with the blank penalty, gains nothing.
    """

    name = "zipformer"

    def __init__(self, path: Path, threads: int = 1, beam: bool = False) -> None:
        check(path, "zipformer")
        parts = {kind: str(next(path.glob(f"{kind}*.onnx"))) for kind in ZIPFORMER_PARTS}
        try:
            with hushed():
                self._recognizer: Any = sherpa_onnx.OnlineRecognizer.from_transducer(
                    tokens=str(path / "tokens.txt"),
                    **parts,
                    num_threads=threads,
                    decoding_method="modified_beam_search" if beam else "greedy_search",
                    blank_penalty=BLANK_PENALTY,
                )
        except (RuntimeError, ValueError) as error:
            raise damaged(path, error) from None

    def session(self, speaker: Speaker, partials: bool = True) -> UtteranceSession:
        return UtteranceSession(speaker, _Decoder(self._recognizer), partials)

    def close(self) -> None:
        self._recognizer = None


class _Decoder:
    """One stream for an utterance. A stream that was told of silence at a pause would mishear what follows: where the
    voice goes on, the utterance is decoded anew from its beginning.

    Sound waits until somebody asks what was said: steps taken one after the other are a tenth quicker (probably they
    find the model still in the processor's caches), and in a batch nobody asks before the end.
    """

    pauses = True

    def __init__(self, recognizer: Any) -> None:
        self._recognizer = recognizer
        self._stream: Any = None
        self._sound: list[Samples] = []
        self._waiting: list[Samples] = []
        self._over = False

    def begin(self) -> None:
        self._sound = []
        self._open()

    def feed(self, samples: Samples) -> None:
        if self._over:
            self._open()
        self._sound.append(samples)
        self._waiting.append(samples)

    def partial(self) -> Hypothesis:
        self._decode()
        times = (at - LEAD for at in self._recognizer.timestamps(self._stream))
        words = with_pauses(syllables(self._recognizer.tokens(self._stream), times))
        return Hypothesis(sounds=tuple(word.text for word in words), words=words)

    def pause(self) -> Hypothesis:
        self._waiting.append(np.zeros(int(TRAIL * RATE), np.int16))
        self._over = True
        return self.partial()

    def final(self, voiced: float) -> Hypothesis:
        said = self.pause()
        self._stream, self._sound = None, []
        return said

    def _open(self) -> None:
        self._stream, self._over = self._recognizer.create_stream(), False
        self._waiting = [np.zeros(int(LEAD * RATE), np.int16), *self._sound]

    def _decode(self) -> None:
        if self._waiting:
            samples = np.concatenate(self._waiting).astype(np.float32)
            self._stream.accept_waveform(RATE, samples / np.float32(32768))
            self._waiting = []
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)


def syllables(tokens: Iterable[str], times: Iterable[float]) -> tuple[Word, ...]:
    """Join initials and finals into syllables, each with its time.

    A syllable begins with its initial or, where it has none (``èr``, ``āi``), with its final. An initial that no final
    follows is no syllable. Letters (``A``, ``K``) stand for themselves.
    """
    begun: list[tuple[str, float]] = []
    initial: tuple[str, float] | None = None
    for token, at in zip(tokens, times, strict=True):
        if token in INITIALS:
            initial = (token, at)
            continue
        before, start = initial or ("", at)
        begun.append((before + token, start))
        initial = None
    ends = [start for _, start in begun[1:]] + [math.inf]
    return tuple(
        Word(text, max(start, 0.0), max(min(end, start + LONGEST_SYLLABLE), 0.0))
        for (text, start), end in zip(begun, ends, strict=False)
    )


def with_pauses(words: Iterable[Word]) -> tuple[Word, ...]:
    """``words`` with a mark, which lasts no time, wherever the speaker paused."""
    out: list[Word] = []
    for word in words:
        if out and word.start - out[-1].start >= PAUSE:
            out.append(Word(PAUSE_MARK, out[-1].end, out[-1].end))
        out.append(word)
    return tuple(out)
