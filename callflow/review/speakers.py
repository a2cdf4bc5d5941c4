"""Who speaks in a recording on which both speak on one channel: told from what they say, and how surely. Pure.

Lines of the flow are said by agents, its cues mostly by customers; some words belong to one role (您, 你们); and people
take turns, above all after a question. All that is weighed together over the whole call (forward and backward over a
chain of two states), so that a clear sentence also says who spoke before and after it.

What cannot be told this way: who spoke where both did at once, and who is who where neither says anything typical.
Then the confidence is low, and nothing is judged that hangs on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise

from callflow.call.plan import Plan
from callflow.call.timing import span_of
from callflow.events import SPEAKERS, Acoustic, CallContext, Event, Heard, Rate, Speaker
from callflow.phrases.sounds import Keys, Sounds

# Weights are natural logarithms of odds, agent over customer. They come from what the roles are, not from any corpus.
LINE = {"say": 3.0, "never": 1.5, "cue": 1.5}
"""What a phrase of the book says for the one by whom it is, where it has ``WHOLE`` syllables or more."""
WHOLE = 6
WORDS = {
    "您": 0.8, "为您": 1.0, "帮您": 1.0, "请您": 0.7, "请问": 0.5, "工号": 1.0, "感谢": 0.7, "请稍等": 1.5,
    "你们": -1.5, "我想": -0.8, "我要": -0.8, "我的": -0.5, "我们家": -1.0, "我家": -1.0,
}  # fmt: skip
"""Words of one role, in either; 您好 says nothing."""
QUESTIONS = ("吗", "什么", "怎么", "多少", "哪", "几", "是不是", "可以吗", "请问")
BEGINS = 0.7
"""Natural odds that the agent speaks first: whoever takes a call says so."""

BREATH, LONG = 0.35, 4.0
"""Seconds: a shorter pause is mostly the same speaker's; a longer silence than ``LONG`` says nothing."""
STAYS_IN_BREATH, STAYS, STAYS_ASKING = 0.92, 0.5, 0.2
"""How likely the same one goes on: after a breath, after a longer pause, after a longer pause that follows a question;
after a question and a breath it is even."""

_ENDS = "。？！?!"
_MARKS = "，,、"


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of an utterance, between pauses, as ``Heard``; ``odds``: what it says itself; ``asks``: a question."""

    heard: Heard
    utterance: int
    odds: float
    asks: bool


def told_apart(context: CallContext, events: Iterable[Event], plan: Plan) -> tuple[CallContext, list[Event]]:
    """The events of a call on one channel, its finals given to their speakers, and the context that says how surely.

    Partials are left out, as they were nobody's; what the sound tells of one speaker is nobody's any more.
    """
    kept = [
        event for event in events if not isinstance(event, Heard | Rate) or (isinstance(event, Heard) and event.final)
    ]
    finals = sorted((event for event in kept if isinstance(event, Heard)), key=lambda heard: heard.start)
    said = label(finals, plan)
    seconds = sum(_length(heard) for heard in said)
    sure = sum((heard.speaker_confidence or 0.0) * _length(heard) for heard in said) / seconds if said else 0.0
    others = [
        replace(event, speaker=None) if isinstance(event, Acoustic) else event
        for event in kept
        if not isinstance(event, Heard)
    ]
    return replace(context, told_apart=round(sure, 3)), sorted([*others, *said], key=lambda event: event.at)


def label(finals: Sequence[Heard], plan: Plan) -> list[Heard]:
    """``finals``, in the order they were spoken, each with its speaker; one in which both speak is cut in two."""
    pieces = [piece for number, heard in enumerate(finals) for piece in _pieces(heard, number, plan)]
    labelled = zip(pieces, _agent_shares(pieces), strict=True)
    out: list[Heard] = []
    for (_, agent), group in groupby(labelled, key=lambda item: (item[0].utterance, item[1] >= 0.5)):
        parts = list(group)
        share = sum(share * _length(piece.heard) for piece, share in parts) / sum(_length(p.heard) for p, _ in parts)
        speaker: Speaker = SPEAKERS[0] if agent else SPEAKERS[1]
        whole = _joined([piece.heard for piece, _ in parts])
        sure = round(share if agent else 1 - share, 3)
        name = f"{speaker[0]}{len(out) + 1}"
        out.append(replace(whole, speaker=speaker, speaker_confidence=sure, utterance=name))
    return out


# ------------------------------------------------------------------------------------------------ what a piece says


def _pieces(heard: Heard, number: int, plan: Plan) -> list[Piece]:
    tokens: Sequence[str] = heard.text or heard.sounds
    marks = _ENDS if heard.text else _ENDS + _MARKS  # commas in a text are guesses, among syllables they are pauses
    ends = [n + 1 for n, token in enumerate(tokens) if token in marks]
    cuts = [0, *(end for end in ends if end < len(tokens)), len(tokens)]
    parts = [_part(heard, begin, end) for begin, end in pairwise(cuts) if end > begin]
    return [Piece(part, number, odds(part, plan), _asks(part, plan)) for part in parts]


def _part(heard: Heard, begin: int, end: int) -> Heard:
    if (begin, end) == (0, len(heard.text or heard.sounds)):
        return heard
    start, stop = span_of(heard, begin, end)
    words = heard.words[begin:end] if len(heard.words) == len(heard.sounds) and not heard.text else ()
    text, sounds = (heard.text[begin:end], ()) if heard.text else ("", heard.sounds[begin:end])
    return replace(heard, text=text, sounds=sounds, words=words, start=start, end=max(start, stop))


def odds(heard: Heard, plan: Plan) -> float:
    """What an utterance says by itself: the logarithm of the odds that the agent said it."""
    keys = _keys(heard, plan)
    total = 0.0
    for speaker in SPEAKERS:
        for hit in plan.book.find(keys, speaker):
            weight = LINE[plan.flow.phrases[hit.phrase].kind] * min(1.0, (hit.end - hit.start) / WHOLE) * hit.score
            total += weight if speaker == "agent" else -weight
    greeted = _count(keys, "您好", plan)
    total += sum(weight * _count(keys, word, plan) for word, weight in WORDS.items()) - WORDS["您"] * greeted
    return max(-6.0, min(6.0, total))


def _asks(heard: Heard, plan: Plan) -> bool:
    keys = _keys(heard, plan)
    return heard.text.endswith(("？", "?")) or any(_count(keys, word, plan) for word in QUESTIONS)


def _keys(heard: Heard, plan: Plan) -> Keys:
    return plan.sounds.of_text(heard.text) if heard.text else plan.sounds.of_syllables(heard.sounds)


def _count(keys: Keys, word: str, plan: Plan) -> int:
    return keys.key.count(_sound(word, plan.sounds))


@lru_cache(maxsize=256)
def _sound(word: str, sounds: Sounds) -> str:
    return sounds.of_text(word).key


# ------------------------------------------------------------------------------------------------ the whole call


def _agent_shares(pieces: Sequence[Piece]) -> list[float]:
    """How likely each piece is the agent's, given all of them."""
    if not pieces:
        return []
    stays = [_stays(one, next_) for one, next_ in pairwise(pieces)]
    own = [1 / (1 + math.exp(-piece.odds)) for piece in pieces]
    forward = [_norm(BEGINS * own[0], (1 - BEGINS) * (1 - own[0]))]
    for stay, share in zip(stays, own[1:], strict=True):
        before = forward[-1]
        forward.append(_norm(share * _step(stay, before), (1 - share) * _step(stay, 1 - before)))
    backward = [0.5]
    for stay, share in zip(reversed(stays), reversed(own[1:]), strict=True):
        after = _norm(share * backward[-1], (1 - share) * (1 - backward[-1]))
        backward.append(_step(stay, after))
    return [_norm(f * b, (1 - f) * (1 - b)) for f, b in zip(forward, reversed(backward), strict=True)]


def _stays(one: Piece, next_: Piece) -> float:
    pause = next_.heard.start - one.heard.end
    if pause >= LONG:
        return 0.5
    if pause < BREATH:
        return 0.5 if one.asks else STAYS_IN_BREATH
    return STAYS_ASKING if one.asks else STAYS


def _step(stay: float, share: float) -> float:
    return stay * share + (1 - stay) * (1 - share)


def _norm(agent: float, customer: float) -> float:
    return agent / (agent + customer)


# ------------------------------------------------------------------------------------------------ pieces put together


def _joined(parts: Sequence[Heard]) -> Heard:
    sounds = [sound for part in parts for sound in part.sounds]
    words = [word for part in parts for word in part.words] if all(part.words for part in parts) else []
    while len(sounds) > 1 and sounds[-1] in _MARKS:  # where an utterance was cut, there is no pause in it any more
        sounds.pop()
        del words[len(sounds) :]
    text = "".join(part.text for part in parts)
    return replace(parts[0], text=text, sounds=tuple(sounds), words=tuple(words), end=parts[-1].end)


def _length(heard: Heard) -> float:
    return max(heard.end - heard.start, 0.01)
