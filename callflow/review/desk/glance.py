"""What an agent's machine tells of its call, read with suspicion: whoever has a token could send anything. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from callflow.archive.masking import masked
from callflow.texts import printable

LONGEST_MESSAGE = 8_192
"""Characters of a message; more and the connection is closed."""
LONGEST_TEXT, UTTERANCES = 200, 2
PHASES = frozenset({"ready", "ringing", "talking", "held", "over"})
KINDS = frozenset({"say", "do", "ask", "warn", "remind", "tip"})
SPEAKERS = ("agent", "customer")
LONGEST_CALL = 86_400.0


class NotOurs(ValueError):
    """A message that our program would never send."""


@dataclass(frozen=True, slots=True)
class View:
    """A call at a moment; what was said is masked. ``length`` in seconds, ``levels`` in dBFS by speaker."""

    phase: str = "ready"
    state: dict[str, str] | None = None
    length: float = 0.0
    main: dict[str, str] | None = None
    warning: dict[str, str] | None = None
    said: tuple[dict[str, str], ...] = ()
    levels: dict[str, int] | None = None

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Seen:
    """The agent has read the whisper ``id``."""

    id: str


def read(message: str) -> View | Seen:
    """A message of a machine. Raises ``NotOurs``."""
    if len(message) > LONGEST_MESSAGE:
        raise NotOurs("too long")
    try:
        told = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise NotOurs("not JSON") from error
    if isinstance(told, dict) and told.keys() == {"seen"}:
        return Seen(_text(told["seen"]))
    if not isinstance(told, dict) or told.keys() != {"view"} or not isinstance(told["view"], dict):
        raise NotOurs("neither a view nor a receipt")
    return _view(told["view"])


def _view(told: dict[str, Any]) -> View:
    said = told.get("said")
    if not isinstance(said, list) or len(said) > UTTERANCES:
        raise NotOurs("not what was said last")
    return View(
        phase=_one_of(told.get("phase"), PHASES),
        state=_both(told.get("state")),
        length=_number(told.get("length"), 0.0, LONGEST_CALL),
        main=_prompt(told.get("main")),
        warning=_warning(told.get("warning")),
        said=tuple(_utterance(each) for each in said),
        levels=_levels(told.get("levels")),
    )


def _prompt(told: Any) -> dict[str, str] | None:
    if told is None:
        return None
    prompt = _object(told)
    return {"kind": _one_of(prompt.get("kind"), KINDS), "text": _words(prompt.get("text"))}


def _warning(told: Any) -> dict[str, str] | None:
    return None if told is None else {name: _words(_object(told).get(name)) for name in ("said", "text")}


def _utterance(told: Any) -> dict[str, str]:
    said = _object(told)
    return {"speaker": _one_of(said.get("speaker"), frozenset(SPEAKERS)), "text": _words(said.get("text"))}


def _both(told: Any) -> dict[str, str] | None:
    return None if told is None else {name: _words(_object(told).get(name)) for name in ("zh", "en")}


def _levels(told: Any) -> dict[str, int]:
    levels = _object(told)
    return {name: round(_number(levels[name], -200.0, 20.0)) for name in SPEAKERS if name in levels}


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise NotOurs("not an object")
    return told


def _one_of(told: Any, names: frozenset[str]) -> str:
    if not isinstance(told, str) or told not in names:
        raise NotOurs("an unknown word")
    return told


def _number(told: Any, least: float, most: float) -> float:
    if isinstance(told, bool) or not isinstance(told, (int, float)) or not least <= told <= most:
        raise NotOurs("not a number, or out of bounds")
    return float(told)


def _words(told: Any) -> str:
    """Text on one line, long numbers masked, whatever the machine has done about them."""
    return masked(printable(_text(told)).strip())[:LONGEST_TEXT]


def _text(told: Any) -> str:
    """A text as it is: the name of a whisper may hold many digits in a row, and is no number of anybody's."""
    if not isinstance(told, str):
        raise NotOurs("not a text")
    return told
