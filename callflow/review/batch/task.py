"""One file of a batch: where it lies, and what is known of its call besides what can be heard."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from callflow.texts import Text, text

Side = Literal["left", "right"]

_DIRECTIONS = {
    **dict.fromkeys(("in", "inbound", "incoming", "呼入", "来电"), "inbound"),
    **dict.fromkeys(("out", "outbound", "outgoing", "呼出", "去电", "外呼"), "outbound"),
}
_DAY = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})"
_TIME = r"(\d{1,2})[:：时](\d{1,2})(?:[:：分](\d{1,2})秒?|分)?"
_AS_WRITTEN = re.compile(rf"{_DAY}(?:日|(?:\s+|日\s*){_TIME})?")
"""A date, and a time of day if there is one; leading zeros may be left out."""
LONGEST = 200
"""Characters of a name that the archive keeps."""


class Wrong(ValueError):
    """A value that cannot be what it should be; ``why`` in words."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass(frozen=True, slots=True)
class Metadata:
    """What people know of a call. ``time``: when it began; without a zone it is this computer's local time."""

    agent: str = ""
    team: str = ""
    queue: str = ""
    direction: str = ""
    customer: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A recording or a journal to judge. ``events``: call events beside it, where they are not where they would be
    looked for (``FILE.events.jsonl``)."""

    path: Path
    metadata: Metadata = field(default_factory=Metadata)
    agent: Side = "left"
    events: Path | None = None

    @property
    def shown(self) -> str:
        return str(self.path)


def name(value: str) -> str:
    """A name as the archive takes it: no control characters, not endless."""
    return "".join(sign for sign in value.strip() if sign.isprintable())[:LONGEST]


def direction(value: str) -> str:
    """``inbound``, ``outbound`` or nothing. Raises ``Wrong``."""
    if not value.strip():
        return ""
    known = _DIRECTIONS.get(value.strip().lower())
    if known is None:
        raise Wrong(
            text('"{v}" is no direction: inbound or outbound', "“{v}”不是方向：应为 呼入 或 呼出", v=value[:40])
        )
    return known


def side(value: str) -> Side:
    """The agent's channel. Raises ``Wrong``."""
    known = {"": "left", "left": "left", "right": "right", "左": "left", "右": "right"}.get(value.strip().lower())
    if known is None:
        raise Wrong(text('"{v}" is no channel: left or right', "“{v}”不是声道：应为 left 或 right", v=value[:40]))
    return "right" if known == "right" else "left"


def moment(value: str) -> datetime | None:
    """When a call began: ISO 8601, or as spreadsheets in China write it (``2026/11/5 9:30``). Raises ``Wrong``."""
    written = value.strip()
    if not written:
        return None
    try:
        if found := _AS_WRITTEN.fullmatch(written):
            return datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]
        return datetime.fromisoformat(written.replace("/", "-"))
    except ValueError:
        raise Wrong(
            text('"{v}" is no time: write 2026-10-01 09:30', "“{v}”不是时间：请写成 2026-10-01 09:30", v=value[:40])
        ) from None
