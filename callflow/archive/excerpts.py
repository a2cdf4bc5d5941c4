"""The line of a call in which what was searched for was said. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callflow.archive import words
from callflow.archive.masking import has_digits

LONGEST = 80
"""Characters of a line that are shown."""


def line(text: str, sounds: str, asked: str, syllables: str, shown: Callable[[str], str] = lambda lines: lines) -> str:
    """The first line of ``text`` with the words that were ``asked`` for, or the ``syllables``; ``""`` if in none.

    ``sounds`` are the same lines in syllables; they are shown where nothing but sounds was recognised. ``shown``: masks
    the lines of a whole call; only then is one of them cut, as half a number looks like none.
    """
    spoken, heard = text.split("\n"), sounds.split("\n")
    for lines, phrases, tokens in (
        (spoken, words.text_phrases(asked), words.text_tokens),
        (heard, words.sound_phrases(syllables), words.sound_tokens),
    ):
        number = _first(lines, phrases, tokens)
        if number is not None:
            whole = text if number < len(spoken) and spoken[number] else "\n".join(lines)
            found = whole.split("\n")[number]
            if has_digits(found):
                found = shown(whole).split("\n")[number]
            return found if len(found) <= LONGEST else found[: LONGEST - 1] + "…"
    return ""


def _first(lines: Sequence[str], phrases: Sequence[Sequence[str]], tokens: Callable[[str], list[str]]) -> int | None:
    """The number of the first line in which one of ``phrases`` stands."""
    for number, one in enumerate(lines if phrases else ()):
        there = " " + " ".join(tokens(one)) + " "
        if any(f" {' '.join(phrase)} " in there for phrase in phrases):
            return number
    return None
