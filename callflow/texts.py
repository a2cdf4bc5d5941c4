"""Words shown to people, in Chinese and English side by side.

Every message a person may read is written once, in both languages, at the place that knows what happened.
The command line chooses the language when it prints.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One message in both languages. ``str()`` gives English, which is what logs and exceptions show."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def in_(self, language: str) -> str:
        """The message in ``language``: ``"zh"`` or ``"en"``; anything else reads as English."""
        return self.zh if language.startswith("zh") else self.en


def text(en: str, zh: str, **values: object) -> Text:
    """Build a ``Text``, filling ``{name}`` slots in both languages from ``values``."""
    return Text(en.format(**values), zh.format(**values)) if values else Text(en, zh)


def printable(message: str) -> str:
    """``message`` as one line that a terminal only shows: what people named may hold line breaks or escape codes."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in message)
