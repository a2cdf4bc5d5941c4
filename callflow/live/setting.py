"""How live calls are told and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from callflow.texts import Text


@dataclass(frozen=True, slots=True)
class Setting:
    """What was asked for at the start.

    ``folder``: where journals go, ``None`` for nowhere. ``by_sound``: calls are told from the sound. ``keep_numbers``:
    telephone, card and identity numbers are not hidden in the journals. ``engine``: the name of the recogniser.
    ``listening``: what listens, in words. ``live``: the source is as fast as life; else it waits for the recognisers.
    ``sound``: keep what was heard, too.
    """

    folder: Path | None
    by_sound: bool = False
    keep_numbers: bool = False
    engine: str = ""
    listening: Text = field(default_factory=lambda: Text("", ""))
    live: bool = True
    sound: bool = False
