"""What was said in a call, with what was recognised in it: for ``Story``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from callflow import events as ev
from callflow.call.speakers import sure_of
from callflow.call.spoken import locate, plain_wording
from callflow.flow.model import Flow, PhraseKind


class Piece(NamedTuple):
    """A stretch of an utterance. ``kind`` is ``""`` where no phrase was matched.

    ``gloss`` is the phrase's own wording; it is there only where the recogniser heard sounds and no characters.
    """

    text: str
    kind: PhraseKind | Literal[""] = ""
    phrase: str = ""
    gloss: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker said in one go. ``sounds``: the pieces are pinyin, because that is all that was recognised.

    ``unsure``: it may have been the other one who said it."""

    speaker: ev.Speaker
    start: float
    end: float
    pieces: tuple[Piece, ...]
    sounds: bool = False
    confidence: float | None = None
    unsure: bool = False

    @property
    def text(self) -> str:
        """The words, or the syllables with a space between."""
        return (" " if self.sounds else "").join(piece.text for piece in self.pieces)


def utterances(heard: Iterable[ev.Heard], matches: Iterable[ev.Match], flow: Flow) -> tuple[Utterance, ...]:
    """The finals, by time, cut where confirmed matches lie."""
    confirmed = [match for match in matches if match.stage == "confirmed"]
    said = (_utterance(one, confirmed, flow) for one in heard if one.final)
    return tuple(sorted(said, key=lambda utterance: (utterance.start, utterance.end)))


def _utterance(heard: ev.Heard, matches: Sequence[ev.Match], flow: Flow) -> Utterance:
    own = [match for match in matches if _belongs(match, heard)]
    by_sound = not heard.text
    tokens: Sequence[str] = heard.sounds if by_sound else heard.text
    joint = " " if by_sound else ""
    # Where hits lie on top of each other the worse one is shown, then the longer one.
    own.sort(key=lambda match: (_rank(match, flow), -len(match.said), match.start))
    owner: list[ev.Match | None] = [None] * len(tokens)
    for match in own:
        first, last = locate(match, heard, tokens)
        if first < last and not any(owner[first:last]):
            owner[first:last] = [match] * (last - first)
    pieces, begin = [], 0
    for here in range(1, len(tokens) + 1):
        if here == len(tokens) or owner[here] is not owner[begin]:
            pieces.append(_piece(joint.join(tokens[begin:here]), owner[begin], by_sound, flow))
            begin = here
    return Utterance(
        heard.speaker, heard.start, heard.end, tuple(pieces), by_sound, heard.confidence, not sure_of(heard)
    )


def _piece(words: str, match: ev.Match | None, by_sound: bool, flow: Flow) -> Piece:
    if match is None:
        return Piece(words)
    phrase = flow.phrases.get(match.phrase)
    gloss = plain_wording(phrase, flow, match.said) if phrase and by_sound else ""
    return Piece(words, phrase.kind if phrase else "cue", match.phrase, gloss)


def _belongs(match: ev.Match, heard: ev.Heard) -> bool:
    if match.speaker != heard.speaker:
        return False
    if match.utterance or heard.utterance:
        return match.utterance == heard.utterance
    return match.start < heard.end and heard.start < match.end


def _rank(match: ev.Match, flow: Flow) -> int:
    phrase = flow.phrases.get(match.phrase)
    return ("never", "say", "cue").index(phrase.kind) if phrase else 3
