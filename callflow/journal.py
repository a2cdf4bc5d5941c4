"""A call on disk: its events as JSON lines, one call a file, inputs and outputs in the order they happened.

The first line says the format and what the call was judged with. Lines are handed to the system one by one, so that a
journal is whole up to its last line whatever kills the process; a cut last line is reported and left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from callflow import __version__
from callflow.errors import BadJournal, OutputError
from callflow.events import Event, Output, all_events, parse
from callflow.problems import Level, Location, Problem
from callflow.texts import refused, text

FORMAT = 1
"""Version of the journal format; a journal with a larger one is refused."""
PART = ".part"
_FIRST = b'{"type":"journal",'
MAX_LINE = 1_000_000
"""Longest line read, in bytes; a longer one is a Problem and left out."""


_PASSED_OVER = tuple(f'{{"type":"{kind}"'.encode() for kind, event in all_events().items() if issubclass(event, Output))


@dataclass(frozen=True, slots=True)
class Header:
    """What a journal was made with. ``files``: sha256 of each file of the flow; ``recording``: name of the sound.

    ``agent``: the channel of the recording that the agent is on.
    """

    flow: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    recording: str = ""
    agent: Literal["left", "right"] = "left"
    format: int = FORMAT
    version: str = __version__

    def to_json(self) -> str:
        data = {
            "type": "journal",
            "format": self.format,
            "version": self.version,
            "flow": self.flow,
            "files": dict(self.files),
            "recording": self.recording,
            "agent": self.agent,
        }
        line = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        # A file name need not be UTF-8; what is not stands as "\\udcff", which whoever reads the line turns back.
        return line.encode(errors="backslashreplace").decode()


class JournalWriter:
    """Writes a new journal. Used as a context manager it is complete or not there at all.

    While it is being written it has the suffix ``.part``; leaving the context without an error gives it its name, an
    error or Ctrl-C removes it. After a ``kill -9`` the ``.part`` is left and can be read. With ``live`` the name is
    given at once and whatever there is stays: a live call must never be lost.

    Raises ``OutputError`` where it cannot be written.
    """

    def __init__(self, path: Path, header: Header, live: bool = False) -> None:
        self.path = path
        self._live = live
        self._written = path if live else path.with_name(path.name + PART)
        try:
            self._file: BinaryIO = open(self._written, "wb", buffering=0)  # noqa: SIM115 (closed in close())
        except OSError as error:
            raise OutputError.of(path, error) from error
        try:
            self._line(header.to_json())
        except BaseException:
            self.close(keep=False)
            raise

    def write(self, event: Event) -> None:
        """Append one event."""
        self._line(event.to_json())

    def close(self, keep: bool = True) -> None:
        """End the journal: give it its name, or with ``keep`` false remove it."""
        self._file.close()
        if self._live:
            return
        try:
            if keep:
                os.replace(self._written, self.path)
            else:
                self._written.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError.of(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(keep=kind is None)

    def _line(self, line: str) -> None:
        data = line.encode() + b"\n"
        try:
            written = self._file.write(data)
            if written != len(data):
                raise OSError(28, os.strerror(28))
        except OSError as error:
            raise OutputError.of(self.path, error) from error


@dataclass(slots=True)
class Journal:
    """A journal that was read: its header, its events and what was wrong with it (all warnings)."""

    header: Header
    events: list[Event]
    problems: list[Problem]


def is_journal(path: Path) -> bool:
    """Whether a file begins as journals do, whatever it is called: after a ``kill -9`` it is a ``.part``."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_FIRST)) == _FIRST
    except OSError:
        return False


def read_header(path: Path) -> Header:
    """The first line of a journal. Raises ``BadJournal`` as ``read_journal`` does."""
    return _header(path, next(_lines(path), b""))


def header_of(content: bytes, name: str) -> Header:
    """The same of a journal that is in memory; ``name`` is for messages."""
    return _header(name, content.partition(b"\n")[0])


def read_journal(path: Path) -> Journal:
    """Read a whole journal. Raises ``BadJournal`` where the file is none, or comes from a newer callflow.

    What is no event, or an input that goes back in time, is a Problem and left out.
    """
    return _journal(_lines(path), path)


def parse_journal(content: bytes, name: str = "journal") -> Journal:
    """The same of a journal that is kept elsewhere than in a file; ``name``: what Problems call it."""
    return _journal(lines_of(BytesIO(content)), Path(name))


def _journal(lines: Iterator[bytes], path: Path) -> Journal:
    header = _header(path, next(lines, b""))
    events: list[Event] = []
    problems: list[Problem] = []
    last = 0.0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        at = Location(str(path), number)
        event = _too_long(at) if len(line) > MAX_LINE else parse(line, at)
        if isinstance(event, Event) and not isinstance(event, Output):
            event, last = (event, event.at) if event.at >= last else (back_in_time(at, event.at, last), last)
        if isinstance(event, Event):
            events.append(event)
        elif line.endswith(b"\n") or event.rule == "event-order":
            problems.append(Problem(event.at, event.message, event.rule, Level.WARNING))
        else:
            cut = text("the last line is cut; it is left out", "最后一行不完整，已略去")
            problems.append(Problem(at, cut, "cut-line", Level.WARNING))
    return Journal(header, events, problems)


def inputs_of(content: bytes, name: str) -> Iterator[Event]:
    """What the engine was told in a call, without partials: all that judging it again needs, and quick to read.

    ``name`` is for messages. Raises ``BadJournal`` as ``read_journal`` does; lines that are no events are passed over.
    """
    lines = iter(content.splitlines(keepends=True))
    _header(name, next(lines, b""))
    for number, line in enumerate(lines, start=2):
        if line.startswith(_PASSED_OVER) or b'"final":false' in line or len(line) > MAX_LINE:
            continue
        event = parse(line, Location(name, number))
        if isinstance(event, Event):
            yield event


def read_events(path: Path) -> tuple[list[Event], list[Problem]]:
    """Read call events that a recording system exported: JSON lines without a header, in the order of ``at``.

    Every line that is no event, or goes back in time, is a Problem, and an error: half of a call's events is worse
    than none.
    """
    events: list[Event] = []
    problems: list[Problem] = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        at = Location(str(path), number)
        event = _too_long(at) if len(line) > MAX_LINE else parse(line, at)
        if isinstance(event, Problem):
            problems.append(event)
        elif events and event.at < events[-1].at:
            problems.append(back_in_time(at, event.at, events[-1].at))
        else:
            events.append(event)
    return events, problems


def back_in_time(at: Location, now: float, before: float) -> Problem:
    """The Problem of an event that is earlier than the one before it."""
    message = text(
        "goes back in time: at {n:.3f} after {b:.3f}; events must be in the order of at",
        "时间倒退：{b:.3f} 之后出现 {n:.3f}；事件须按 at 排序",
        n=now,
        b=before,
    )
    return Problem(at, message, "event-order")


def _too_long(at: Location) -> Problem:
    return Problem(at, text("longer than {n} bytes", "超过 {n} 字节", n=MAX_LINE), "event-size")


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of ``file``; of one longer than ``MAX_LINE`` only so much that one sees it is too long."""
    while line := file.readline(MAX_LINE + 1):
        rest = line
        while len(line) > MAX_LINE and rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE)
        yield line if rest is line else line + rest[-1:]


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from lines_of(file)
    except OSError as error:
        raise BadJournal(
            text('cannot read "{p}": {w}', "无法读取“{p}”：{w}", p=path, w=refused(error)),
            text("check the path", "请检查路径"),
        ) from error


def _header(path: Path | str, line: bytes) -> Header:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    version = data.get("format") if isinstance(data, dict) and data.get("type") == "journal" else None
    if not isinstance(version, int) or version < 1 or version is True:
        raise BadJournal(
            text('"{p}" is not a journal', "“{p}”不是日志", p=path),
            text("journals are written by callflow replay --journal", "日志由 callflow replay --journal 写出"),
        )
    if version > FORMAT:
        raise BadJournal(
            text(
                '"{p}" has journal format {f}, made by callflow {v}; this callflow reads formats up to {m}',
                "“{p}”的日志格式为 {f}，由 callflow {v} 写出；当前版本最高读取 {m}",
                p=path,
                f=version,
                v=str(data.get("version", "?"))[:20],
                m=FORMAT,
            ),
            text("install a newer callflow", "请安装更新版本的 callflow"),
        )
    files = data.get("files")
    kept = {str(k): str(v) for k, v in files.items()} if isinstance(files, dict) else {}
    return Header(
        str(data.get("flow", "")),
        kept,
        str(data.get("recording", "")),
        "right" if data.get("agent") == "right" else "left",
        version,
        str(data.get("version", "")),
    )
