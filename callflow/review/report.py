"""One call as one file: an HTML page with everything in it, sound included, that needs no network and no program.

Nothing in the page can reach out: its Content-Security-Policy allows the one style and the one script that are in it
(by their hashes) and sound made from the page itself. Every text is escaped by Jinja2.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO, Literal

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape
from rich.cells import cell_len

from callflow.audio.opus import OpusWriter
from callflow.audio.source import Source
from callflow.review import layout, words
from callflow.review.causes import by_cause
from callflow.review.story import Story
from callflow.review.waveform import BINS, Waveform
from callflow.texts import Text, text
from callflow.writing import whole_or_nothing

MOST_SOUND = 32_000_000
"""Bytes of sound aimed at: calls of up to two hours get 32 kbit/s, longer ones what fits, but never less than the
24 kbit/s below which Opus no longer keeps two voices on two channels. A call of three hours makes a page of 45 MB."""
_BIT_RATES = (24_000, 32_000)

AXIS = 760
"""Width of the time axis in px where the window is 1280 wide."""
CELL = 6.5
"""Width of a Latin letter of a band's label, in px; a Chinese character takes two."""

_CHUNK = 3 * 65_536
"""Bytes turned into base64 at a time: a multiple of three, so that the pieces join without padding."""
_SOUND_HERE = "<!--sound-->"
"""Where the sound goes. No text of a call can contain it, because every ``<`` of theirs is escaped."""


def write_report(path: Path, story: Story, *, sound: Source | None, title: str, language: str = "zh") -> None:
    """Write the report of one call to ``path``, whole or not at all.

    ``sound`` is read from front to back (the caller opens and closes it); without it the page has no waveform and no
    player. ``language``: what the page opens in, ``"zh"`` or ``"en"``; a button in it switches. Raises ``OutputError``
    where it cannot be written, ``BadRecording`` where the sound cannot be read.
    """
    with whole_or_nothing(path) as out, tempfile.TemporaryFile(dir=path.parent) as encoded:
        waveform = _encode(sound, story.duration, encoded) if sound else None
        head, here, tail = _page(story, waveform, sound is None or sound.separate, title, language).partition(
            _SOUND_HERE
        )
        out.write(head.encode(errors="replace"))  # the title is a file name, which need not be UTF-8
        encoded.seek(0)
        while here and (chunk := encoded.read(_CHUNK)):
            out.write(base64.b64encode(chunk))
        out.write(tail.encode())


def _encode(sound: Source, seconds: float, file: BinaryIO) -> Waveform:
    waveform = Waveform()
    least, most = _BIT_RATES
    bit_rate = max(least, min(most, int(MOST_SOUND * 8 / max(1.0, seconds))))
    with OpusWriter(file, sound.separate, bit_rate) as writer:
        for block in sound:
            writer.write(block)
            waveform.add(block)
    return waveform


# ------------------------------------------------------------------------------------------------ the page


def _page(story: Story, waveform: Waveform | None, separate: bool, title: str, language: str) -> str:
    here = files("callflow.review")
    template, style, script = (
        here.joinpath(name).read_text(encoding="utf-8") for name in ("report.html.j2", "report.css", "report.js")
    )
    duration = max(story.duration, waveform.seconds if waveform else 0.0, 0.001)
    chinese: Literal["zh", "en"] = "zh" if language.startswith("zh") else "en"
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(clock=words.clock, points=words.points, x=lambda at: _percent(at / duration))
    environment.globals.update(
        t=_both(chinese),
        label=_label(chinese),
        text=Text,
        wide=lambda start, end: _percent((end - start) / duration),
        fits=lambda message, start, end: _fits(message.in_(language), (end - start) / duration),
        words=words,
        span_title=span_title,
    )
    return environment.from_string(template).render(
        story=story,
        title=title,
        language=chinese,
        duration=duration,
        separate=separate,
        waves=waveform.paths() if waveform else None,
        bins=BINS,
        axis=layout.axis(duration),
        marks=layout.marks(story.findings, duration),
        transcript=layout.transcript(story),
        causes=by_cause(story.faults),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        sound_here=Markup(_SOUND_HERE),
    )


def _fits(words: str, share: float) -> bool:
    """Whether ``words`` can be read whole in a band of ``share`` of the time axis; half a word only puzzles."""
    return cell_len(words) * CELL + 12 <= share * AXIS


def _percent(share: float) -> str:
    return f"{100 * max(0.0, min(1.0, share)):.3f}%"


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _both(language: str) -> Callable[..., Markup]:
    """``t(text)``: a message in the page's language that carries the other one for the switch."""
    other = "en" if language == "zh" else "zh"

    def t(message: Text, tag: str = "span") -> Markup:
        shown, hidden = message.in_(language), message.in_(other)
        if shown == hidden and tag in ("span", "tspan"):
            return escape(shown)
        return Markup('<{0} data-other="{2}">{1}</{0}>').format(Markup(tag), shown, hidden)

    return t


def _label(language: str) -> Callable[[Text], Markup]:
    """``label(text)``: the same for the name that a screen reader gives to an element."""
    other = "en" if language == "zh" else "zh"

    def label(message: Text) -> Markup:
        return Markup('aria-label="{}" data-label="{}"').format(message.in_(language), message.in_(other))

    return label


_SPANS = {
    "ring": text("Ringing", "振铃"),
    "hold": text("On hold", "保持"),
    "silence": text("Silence", "静音"),
    "transfer": text("Transfer", "转接"),
    "overlap": text("Both speak", "同时说话"),
}


def span_title(kind: str, seconds: float) -> Text:
    """What a hatched stretch is, and how long."""
    title, lasted = _SPANS[kind], words.length(seconds)
    return Text(f"{title.en} {lasted.en}", f"{title.zh} {lasted.zh}")
