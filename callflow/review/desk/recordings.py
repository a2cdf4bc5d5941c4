"""Which file a call's recording is, if it may be served at all.

A request names a call, never a file. The archive says where the recording lay; it is opened only if that is, with every
symbolic link followed, inside one of the folders that were named when the server was started.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from callflow.texts import Text, text

GONE = text("The recording is not where it was: {p}", "录音已不在原处：{p}")
OUTSIDE = text(
    "The recording lies outside the folders that this server may open (--recordings)",
    "录音不在本服务可打开的文件夹内（--recordings）",
)
NONE = text("This call has no recording, only its journal", "本通话没有录音，只有日志")


@dataclass(frozen=True, slots=True)
class Found:
    """The file, or why there is none."""

    path: Path | None
    why: Text | None = None


class Roots:
    """The folders whose recordings may be served."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folder.resolve() for folder in folders)

    def find(self, path: str) -> Found:
        """The recording at ``path``, as the archive has it."""
        if not path or path.endswith(".jsonl") or "\0" in path:
            return Found(None, NONE)
        try:
            real = Path(path).resolve()
            if not any(real.is_relative_to(folder) for folder in self._folders):
                return Found(None, OUTSIDE)
            if stat.S_ISREG(real.stat().st_mode):
                return Found(real)
        except (OSError, RuntimeError, ValueError):
            pass
        name = Path(path).name
        return Found(None, Text(GONE.en.format(p=name), GONE.zh.format(p=name)))
