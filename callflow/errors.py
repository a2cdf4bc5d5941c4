"""The exceptions of callflow. Each carries what is wrong and what to do, in both languages.

::

    CallflowError                 anything we can explain; the command line prints it in one line, exit code 2
    ├── BadInput                  a file that people gave us cannot be used as it is
    │   ├── BadFlow               carries the list of Problems found in the flow
    │   │   ├── BadSheet          … found in a spreadsheet of phrases
    │   │   └── BadEvents         … found in the call events beside a recording
    │   ├── BadRecording          missing, empty, not audio, truncated, wrong number of channels
    │   └── BadJournal            not a journal, or from a newer version of callflow
    ├── ModelError                a speech model is missing, damaged or made for another engine
    │   └── EngineMissing         the engine's package is not installed
    ├── PluginError               a package that adds to callflow failed at its work
    ├── TelephonyError            a telephone system cannot be reached, refuses us, or its package is not installed
    ├── ArchiveError              the archive cannot be opened, read or written, or refuses what is asked of it
    ├── DeviceError               a sound device is missing, or a name fits several; or PyAudio is not installed
    └── OutputError               something could not be written (a full disk, a directory without permission)
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from callflow.problems import Problem
from callflow.texts import Text, printable, refused, text


class CallflowError(Exception):
    """Something that we can explain to the person at the keyboard.

    ``message`` says what is wrong and where, ``hint`` what to do about it (may be empty).
    """

    def __init__(self, message: Text, hint: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.hint = hint or Text("", "")

    def in_(self, language: str) -> str:
        """Message and hint in one line."""
        parts = (self.message.in_(language), self.hint.in_(language))
        return printable(" — ".join(part for part in parts if part))


class BadInput(CallflowError):
    """A file that was given to us cannot be used as it is."""


class BadFlow(BadInput):
    """A flow with mistakes; ``problems`` has them all, sorted by place."""

    def __init__(self, message: Text, problems: Sequence[Problem]) -> None:
        super().__init__(message)
        self.problems = sorted(problems)


class BadSheet(BadFlow):
    """A spreadsheet with mistakes; ``problems`` has them all as they stand in it, from top to bottom."""

    def __init__(self, message: Text, problems: Sequence[Problem]) -> None:
        super().__init__(message, problems)
        self.problems = list(problems)


class BadEvents(BadFlow):
    """Call events with mistakes; a file that holds none has one in every line."""


class BadRecording(BadInput):
    """A recording that cannot be read."""


class BadJournal(BadInput):
    """A journal that cannot be read at all (a cut last line is only a warning)."""


class ModelError(CallflowError):
    """A speech model is missing, damaged, or made for another engine."""


class EngineMissing(ModelError):
    """The Python package of a speech engine is not installed."""


class PluginError(CallflowError):
    """A package that adds something to callflow did not do what it is there for."""


class TelephonyError(CallflowError):
    """A telephone system cannot be reached or refuses us, or the package that talks to it is not installed."""


class ArchiveError(CallflowError):
    """The archive cannot be opened, read or written; or what is asked of it is not there or not allowed."""


class DeviceError(CallflowError):
    """No sound device, or more than one, is what was asked for, or there is no PyAudio to ask."""


class OutputError(CallflowError):
    """Output could not be written; nothing half-written is left behind."""

    @classmethod
    def of(cls, path: Path | str, error: OSError) -> OutputError:
        """That ``path`` could not be written, as the system says, and what helps against that."""
        message = text('cannot write "{p}": {w}', "无法写入“{p}”：{w}", p=path, w=refused(error))
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return cls(message, text("free some space, or choose another place", "请腾出空间，或换一个位置"))
        if error.errno == errno.ENOENT:
            return cls(message, text("make the folder first", "请先建立文件夹"))
        if error.errno == errno.ENAMETOOLONG:
            return cls(message, text("choose a shorter name", "请换个短一些的名字"))
        return cls(message, text("choose another place", "请换一个位置"))


@contextmanager
def needed(by: Text, extra: str, kind: type[CallflowError] = CallflowError) -> Iterator[None]:
    """Around the imports that ``by`` needs of the packages of an extra: raises ``kind`` where one is not installed."""
    try:
        yield
    except ImportError as error:
        name = error.name or error
        raise kind(
            Text(f"{by.en} cannot do without {name}, which is not installed", f"{by.zh}需要 {name}，尚未安装"),
            install(extra),
        ) from error


def install(extra: str) -> Text:
    """What to do where a package of an extra is not installed."""
    return text("pip install 'callflow[{e}]'", "请运行 pip install 'callflow[{e}]'", e=extra)
