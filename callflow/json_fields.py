"""Reads the fields of a dataclass from decoded JSON, each by its annotation.

A reader takes a JSON value and returns it as the field wants it, or raises ``Unfit`` with the reason in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar, get_type_hints

from callflow.texts import Text

T = TypeVar("T")
Reader = Callable[[Any], Any]

MAX_TEXT = 10_000
"""Longest string accepted, in characters: several minutes of unbroken speech."""
LONGEST_CALL = 1_000_000
"""Seconds, eleven days: a later time is no call's, but a clock of another kind (milliseconds, years since 1970)."""
TIMES = {"at", "start", "end"}
"""Names of fields that hold a time: a number of seconds that is not negative."""
SHARES = {"confidence"}
"""Names of fields that hold a number from 0 to 1, or null."""


class Unfit(Exception):
    """A value that does not fit its field."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.why = Text(en, zh)


def shown(value: Any) -> str:
    """A sender's value as it may stand in a message: short, on one line, in characters that can be written."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(value)[:40])


def writable(key: str, value: Any) -> Any:
    """An unknown field is kept as it is, provided that it can be written again."""
    try:
        json.dumps({key: value}, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Unfit("cannot be written as JSON in UTF-8", "无法写成 UTF-8 的 JSON") from error
    return value


def number(value: Any) -> float:
    """A finite number."""
    _is_number(value)
    if not -1e9 <= value <= 1e9:  # NaN is neither; math.isfinite stumbles over whole numbers with 400 digits
        raise Unfit("not a finite number within a thousand million", "不是十亿以内的有限数值")
    return float(value)


def time(value: Any) -> float:
    """Seconds on the call's clock."""
    if type(value) is float and 0 <= value <= LONGEST_CALL:
        return value  # nearly always, and thousands of times a call
    _is_number(value)
    if not 0 <= value <= LONGEST_CALL:
        raise Unfit(f"a time is from 0 to {LONGEST_CALL} seconds", f"时间应为 0 到 {LONGEST_CALL} 秒")
    return float(value)


def share(value: Any) -> float:
    """A number from 0 to 1."""
    _is_number(value)
    if not 0 <= value <= 1:
        raise Unfit("expected a number from 0 to 1", "应为 0 到 1 的数")
    return float(value)


def _is_number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit("expected a number", "应为数字")


def string(value: Any) -> str:
    """A string of bounded length."""
    if type(value) is str and len(value) <= MAX_TEXT and value.isprintable():
        return value  # nearly always; half of a surrogate pair is not printable
    if not isinstance(value, str):
        raise Unfit("expected a string", "应为字符串")
    if len(value) > MAX_TEXT:
        raise Unfit(f"longer than {MAX_TEXT} characters", f"超过 {MAX_TEXT} 个字符")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unfit("has half of a surrogate pair", "含有不成对的代理字符") from error
    return value


def boolean(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Unfit("expected true or false", "应为 true 或 false")
    return value


def integer(value: Any) -> int:
    """A whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise Unfit("expected a whole number", "应为整数")
    return value


def one_of(*allowed: Any) -> Reader:
    """One of a few words."""

    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in allowed:
            name, list_ = shown(value), ", ".join(str(word) for word in allowed if word)
            raise Unfit(f'"{name}" is not one of {list_}', f"“{name}”不在 {list_} 之中")
        return value

    return read


def optional(read: Reader) -> Reader:
    """What ``read`` reads, or null."""
    return lambda value: None if value is None else read(value)


def list_of(read: Reader) -> Reader:
    """A list of what ``read`` reads."""

    def read_all(value: Any) -> Any:
        if not isinstance(value, list) or len(value) > MAX_TEXT:
            raise Unfit("expected a list", "应为列表")
        return tuple(read(item) for item in value)

    return read_all


def record(cls: type[T], by_annotation: Mapping[Any, Reader]) -> Callable[[Any], T]:
    """Reader of a JSON object as ``cls``; keys that ``cls`` does not know are passed over."""
    readers: dict[str, tuple[str, Reader]] = {}

    def read(value: Any) -> T:
        if not isinstance(value, dict):
            raise Unfit("expected an object", "应为对象")
        if not readers:
            readers.update(readers_of(cls, by_annotation))
        if missing := [f.name for f in fields(cls) if _required(f) and f.name not in value]:  # type: ignore[arg-type]
            raise Unfit("lacks " + ", ".join(missing), "缺少 " + "、".join(missing))
        return cls(**{readers[k][0]: readers[k][1](v) for k, v in value.items() if k in readers})

    return read


def _required(f: Field[Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING


def key_of(f: Field[Any]) -> str:
    """The name of a field in JSON: its own, or what its metadata say (``from`` is no name in Python)."""
    return str(f.metadata.get("json", f.name))


def readers_of(cls: type, by_annotation: Mapping[Any, Reader]) -> dict[str, tuple[str, Reader]]:
    """For each key in JSON the field's name and its reader; an annotation that is not listed is a ``Literal``."""
    hints = get_type_hints(cls)
    readers: dict[str, tuple[str, Reader]] = {}
    for f in fields(cls):
        hint = hints[f.name]
        if f.name == "extra":
            continue
        if f.name in TIMES:
            read: Reader = time
        elif f.name in SHARES:
            read = optional(share)
        elif hint in by_annotation:
            read = by_annotation[hint]
        else:
            read = one_of(*hint.__args__)
        readers[key_of(f)] = (f.name, read)
    return readers
