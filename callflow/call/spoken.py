"""Where in an utterance a matched phrase lies, and how a phrase's template reads as a plain sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from callflow.events import Heard, Match
from callflow.flow.model import Flow, Phrase
from callflow.phrases.sounds import Sounds
from callflow.phrases.template import TemplateError, expand


def locate(match: Match, heard: Heard, tokens: Sequence[str]) -> tuple[int, int]:
    """The tokens of ``heard`` (characters, or syllables) that ``match`` is about, as a half-open range.

    The words as heard are looked for first; where they stand more than once, the time decides. Where they do not stand
    there at all (a recogniser that writes differently), the time alone decides. ``(0, 0)``: nowhere.
    """
    said = list(match.said if heard.text else match.said.split())
    times = _times(heard, len(tokens))
    places = [n for n in range(len(tokens) - len(said) + 1) if said and list(tokens[n : n + len(said)]) == said]
    if places:
        first = min(places, key=lambda n: abs(times[n] - match.start))
        return first, first + len(said)
    within = [n for n, time in enumerate(times) if match.start <= time < match.end]
    return (within[0], within[-1] + 1) if within else (0, 0)


def _times(heard: Heard, count: int) -> list[float]:
    """The middle of each token, in seconds: from the words' times where they fit, evenly spread otherwise."""
    spelled = [(word, n) for word in heard.words for n in range(len(word.text) if heard.text else 1)]
    if len(spelled) == count:
        return [w.start + (w.end - w.start) * (n + 0.5) / (len(w.text) if heard.text else 1) for w, n in spelled]
    step = (heard.end - heard.start) / max(1, count)
    return [heard.start + (n + 0.5) * step for n in range(count)]


def plain_wording(phrase: Phrase, flow: Flow, said: str = "") -> str:
    """A phrase as a sentence to read; slots become ``…``.

    With ``said`` (characters, or syllables with a space between) the wording that sounds most like it, otherwise the
    shortest form of the first.
    """
    try:
        patterns = [[pattern for pattern in expand(wording, flow.slots)] for wording in phrase.wordings]
    except TemplateError:
        return phrase.wordings[0]
    plain = [["".join(part if isinstance(part, str) else "…" for part in p) for p in group] for group in patterns]
    if not said:
        return min(plain[0], key=len) if plain else phrase.name
    heard = (_SOUNDS.of_syllables(said.split()) if said.isascii() or " " in said else _SOUNDS.of_text(said)).key
    every = [wording for group in plain for wording in group]
    return min(every, key=lambda wording: Levenshtein.distance(_SOUNDS.of_text(wording).key, heard))


_SOUNDS = Sounds()
