"""What a page may tell us, read with suspicion: any program on this machine can reach a local port."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from callflow.texts import printable

LONGEST_MESSAGE = 4096
"""Bytes of a message; more and the connection is closed."""
LONGEST_TARGET, LONGEST_VALUE = 200, 500
ACTIONS = frozenset({"tick", "dismiss", "edit", "situation", "notice", "answer", "hold", "transfer", "hang_up"})


@dataclass(frozen=True, slots=True)
class Action:
    """What the agent did in the overlay.

    ``tick``, ``dismiss`` (target: prompt id), ``edit`` (target: field, value) and ``situation`` (target: its name) are
    those of the event ``agent.action``. ``notice`` (target: its id) is the button of a notice; ``answer``, ``hold``
    (and back again), ``transfer`` and ``hang_up`` are what the hotkeys of the same names are.
    """

    name: str
    target: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The page has snapshot ``number`` (``got``) or has shown it on the screen (``painted``)."""

    kind: str
    number: int


class NotOurs(ValueError):
    """A message that our page would never send."""


def read(message: str) -> Action | Receipt:
    """A message from a page. Raises ``NotOurs``."""
    try:
        data = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise NotOurs("not JSON") from error
    if not isinstance(data, dict):
        raise NotOurs("not an object")
    if data.keys() == {"action", "target", "value"}:
        name = data["action"]
        if not isinstance(name, str) or name not in ACTIONS:
            raise NotOurs("an unknown action")
        return Action(name, _words(data["target"], LONGEST_TARGET), _words(data["value"], LONGEST_VALUE))
    for kind in ("got", "painted"):
        if data.keys() == {kind} and type(data[kind]) is int:
            return Receipt(kind, data[kind])
    raise NotOurs("an unknown message")


def _words(value: Any, longest: int) -> str:
    """Text on one line, without signs that steer a terminal or turn the direction of writing."""
    if not isinstance(value, str) or len(value) > longest:
        raise NotOurs("not a text, or too long")
    return printable(value).strip()
