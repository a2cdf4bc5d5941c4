"""When inside an utterance a matched phrase was said."""

from __future__ import annotations

from callflow.events import Heard


def span_of(event: Heard, start: int, end: int) -> tuple[float, float]:
    """Seconds from and to of the span ``start`` to ``end`` of the utterance's text (or its syllables).

    Exact where the recogniser gave words with times, else in proportion. The span may reach beyond a partial that has
    become shorter since.
    """
    length = len(event.text) if event.text else len(event.sounds)
    if event.words:
        if not event.text and len(event.words) == length >= end:
            return event.words[start].start, event.words[end - 1].end
        timed = _by_words(event, start, end)
        if timed:
            return timed
    each = (event.end - event.start) / max(1, length)
    return event.start + each * min(start, length), event.start + each * min(end, length)


def _by_words(event: Heard, start: int, end: int) -> tuple[float, float] | None:
    begin: float | None = None
    place = 0
    for word in event.words:
        place = event.text.find(word.text, place)
        if place < 0:
            return None
        stop = place + len(word.text)
        if begin is None and stop > start:
            begin = word.start + (word.end - word.start) * max(0, start - place) / len(word.text)
        if begin is not None and stop >= end:
            return begin, word.start + (word.end - word.start) * (end - place) / len(word.text)
        place = stop
    return None
