"""Which file a call's recording is, if it may be served at all.

A request names a call, never a file. The archive says where the recording lay; it is opened only if that is, with every
symbolic link followed, inside one of the folders that were named when the server was started.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from callflow.archive.masking import masked_name
from callflow.texts import Text, text

GONE = text("The recording is not where it was: {p}", "录音已不在原处：{p}")
OUTSIDE = text(
    "The recording lies outside the folders that this server may open: whoever started it can add one by --recordings",
    "录音不在本服务可打开的文件夹内，请管理员用 --recordings 添加其文件夹",
)
CHANGED = text(
    "The recording has been changed, or exchanged for another, since it was judged: {p}",
    "录音在评定之后已被更改或替换：{p}",
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
        self._hashes: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def find(self, path: str, sha256: str) -> Found:
        """The recording at ``path``, if it is still the one that was archived with the hash ``sha256``."""
        if not path or path.endswith(".jsonl") or "\0" in path:
            return Found(None, NONE)
        try:
            real = Path(path).resolve()
            if not any(real.is_relative_to(folder) for folder in self._folders):
                return Found(None, OUTSIDE)
            if stat.S_ISREG((seen := real.stat()).st_mode):
                is_same = self._hash(real, (seen.st_ino, seen.st_size, seen.st_mtime_ns)) == sha256
                return Found(real) if is_same else Found(None, _named(CHANGED, path))
        except (OSError, RuntimeError, ValueError):
            pass
        return Found(None, _named(GONE, path))

    def _hash(self, path: Path, stamp: tuple[int, int, int]) -> str:
        """The hash of a file; it is read once, and once more when it has changed."""
        known, digest = self._hashes.get(path, (None, ""))
        if known != stamp:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._hashes[path] = stamp, digest
        return digest


def _named(message: Text, path: str) -> Text:
    name = masked_name(Path(path).name)
    return Text(message.en.format(p=name), message.zh.format(p=name))
