"""Rehearsals as the flow has them: scripted calls, and what must come of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from callflow.events import Speaker
from callflow.problems import Location


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scripted call: somebody speaks, an event happens, or time passes (``wait``, in seconds).

    Of an event in the sound (``acoustic.*``), ``wait`` is how long it lasts, of words how long they take (0: as usual).
    ``values``: further fields of the event; and ``sooner``, so many seconds before its turn it begins.
    """

    at: Location
    speaker: Speaker | None = None
    said: str = ""
    event: str = ""
    values: Mapping[str, str | float] = field(default_factory=dict)
    wait: float = 0.0


ANY = "*"
"""As the name in an expectation: ``never: [{finding: "*", verdict: violated}]``."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must (or, with ``absent``, must not) come of a rehearsal.

    ``what``: ``finding`` (``name`` rule, ``value`` verdict), ``prompt`` (``name``: part of its text, ``value``: its
    status, ``shown`` where none is written), ``match`` (phrase), ``state`` (``value``: the state that was left for it),
    ``situation`` (``value``: ``over``, else begun), ``field`` (``value``, ``stage``), ``promise`` (``name``: part of
    the words that say when). What is empty may be anything, and so may a name that is ``ANY``.
    """

    what: Literal["finding", "prompt", "match", "state", "situation", "field", "promise"]
    name: str
    at: Location
    value: str = ""
    stage: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A scripted call with what must come of it. ``of``: the phrase of which it is one line (``fires``, ``silent``)."""

    name: str
    at: Location
    steps: tuple[Step, ...]
    expect: tuple[Expectation, ...]
    of: str = ""
