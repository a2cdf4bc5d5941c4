"""What the names of recordings say, by a pattern such as ``{agent}_{time:%Y%m%d-%H%M%S}_{queue}.wav``.

``{agent}``, ``{team}``, ``{queue}``, ``{direction}``, ``{customer}`` and ``{time:…}`` (as in ``strptime``) stand for
what is known of the call, ``{}`` for anything. A pattern with ``/`` is held against as many folders above the file. The
ending may be left out. Where several readings fit, the earlier parts are as short as can be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Formatter

from callflow.errors import BadInput
from callflow.problems import did_you_mean
from callflow.review.batch import task
from callflow.review.batch.task import Metadata
from callflow.texts import Text, text

FIELDS = ("agent", "team", "queue", "direction", "customer", "time")
_DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "y": 2, "j": 3, "f": 6}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern ready to be held against names."""

    written: str
    expression: re.Pattern[str]
    time_format: str
    folders: int

    @staticmethod
    def of(written: str) -> Pattern:
        """Read a pattern. Raises ``BadInput``."""
        try:
            parts = list(Formatter().parse(written))
        except ValueError as error:
            raise _wrong(written, Text(str(error), "花括号不成对")) from error
        source, time_format, seen = "", "", set[str]()
        for literal, field, spec, _ in parts:
            source += re.escape(literal)
            if field is None:
                continue
            if field and field not in FIELDS:
                near = did_you_mean(field, FIELDS)
                raise _wrong(written, Text(f'no field "{field}"{near.en}', f"没有“{field}”这一项{near.zh}"))
            if field in seen:
                raise _wrong(written, text('"{f}" stands twice', "“{f}”出现了两次", f=field))
            seen |= {field} - {""}
            if field == "time":
                time_format = spec or ""
                source += f"(?P<time>{_time_expression(written, time_format)})"
            else:
                source += f"(?P<{field}>[^/]+?)" if field else "[^/]*?"
        if not seen:
            raise _wrong(written, text("it names nothing", "没有给出任何一项"))
        return Pattern(written, re.compile(source), time_format, written.count("/"))

    def read(self, path: Path) -> Metadata | None:
        """What the name of ``path`` says; ``None`` where it does not fit."""
        above = path.parts[len(path.parts) - 1 - self.folders : -1]
        found = None
        for name in (path.stem, path.name):
            found = found or self.expression.fullmatch("/".join([*above, name]))
        if found is None:
            return None
        said = {key: task.name(value) for key, value in found.groupdict().items() if key != "time"}
        try:
            said["direction"] = task.direction(said.get("direction", ""))
            time = datetime.strptime(found["time"], self.time_format) if self.time_format else None
        except ValueError:  # Wrong is one
            return None
        return Metadata(**said, time=time)


def _time_expression(written: str, spec: str) -> str:
    if "%" not in spec:
        raise _wrong(
            written, text("time needs its form: {{time:%Y%m%d-%H%M%S}}", "时间须写明格式：{{time:%Y%m%d-%H%M%S}}", _=0)
        )
    source, signs = "", iter(spec)
    for sign in signs:
        if sign != "%":
            source += re.escape(sign)
            continue
        code = next(signs, "")
        if code not in _DIGITS:
            known = " ".join(f"%{known}" for known in _DIGITS)
            raise _wrong(
                written, text('time: "%{c}" is not known here ({k})', "时间格式“%{c}”不可用（{k}）", c=code, k=known)
            )
        source += rf"\d{{{_DIGITS[code]}}}" if code != "f" else r"\d{1,6}"
    return source


def _wrong(written: str, why: Text) -> BadInput:
    shown = written[:120]
    return BadInput(
        Text(f'--pattern "{shown}": {why.en}', f"--pattern “{shown}”：{why.zh}"),
        text("for instance {p}", "例如 {p}", p="{agent}_{time:%Y%m%d-%H%M%S}_{queue}.wav"),
    )
