"""The flows of a folder as they lie on disk. A request names a flow and a file; neither is ever opened as a path.

Names are looked up among what is there. Symbolic links are not followed, nothing but regular files is read, and no more
of them than a flow can have.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from callflow import flowfiles
from callflow.design.studio.refusals import Refused, no_flow
from callflow.errors import OutputError
from callflow.problems import Location, Problem
from callflow.texts import printable, text
from callflow.writing import claimed, replaced, sweep, whole_or_nothing

OWN = ".callflow"
"""The studio's own folder in that of the flows: drafts, and marks of who runs what. It hides itself from git."""
FILE_NAME = re.compile(r"[^\W_][\w\-]{0,60}(\.rehearsals)?\.yaml")
"""What a new file may be called: one word, with nothing that leads elsewhere."""
LARGEST = 1_000_000
"""Characters of a file that can be edited here."""
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of a flow: its text with plain line ends, how it is written on disk, and the sha256 of that."""

    text: str
    newline: str = "\n"
    mark: bool = False
    sha: str = ""

    @classmethod
    def of(cls, content: bytes) -> Sheet:
        """Read a file's bytes, which must be UTF-8."""
        words = content.decode()
        newline = "\r\n" if "\r\n" in words else "\n"
        return cls(plain(words.removeprefix(_MARK)), newline, words.startswith(_MARK), sha256(content).hexdigest())

    def content(self, words: str) -> bytes:
        """``words`` as the bytes of this file: its line ends and its mark of UTF-8 stay as they were."""
        return (_MARK * self.mark + words.replace("\n", self.newline)).encode()


def plain(words: str) -> str:
    """Text with the line ends that the editor has."""
    return words.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Papers:
    """The files of a flow, and why further ones could not be read."""

    sheets: Mapping[str, Sheet] = field(default_factory=dict)
    unread: tuple[Problem, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        return {name: sheet.text for name, sheet in self.sheets.items()}


class Shelf:
    """The flows in ``folder``: in folders of their own, at most one further down (``examples/logistics``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._claim: BinaryIO | None = None
        self._kept: dict[Path, tuple[tuple[int, int, int], Sheet | Problem]] = {}
        self._lock = Lock()

    def claim(self) -> None:
        """Be the only server of this folder, for as long as this process lives. Raises ``OutputError`` where one is."""
        path = self.own() / "serving"
        try:
            file = open(path, "a+b", buffering=0)  # noqa: SIM115 (held until the process ends)
        except OSError as error:
            raise OutputError.of(path, error) from error
        if not claimed(file):
            file.close()
            raise OutputError(
                text(
                    'another callflow serve has the flows in "{p}"',
                    "另一个 callflow serve 正在使用“{p}”",
                    p=self.folder,
                ),
                text("work with that one, or stop it first", "请使用那一个，或先停止它"),
            )
        self._claim = file

    def flows(self) -> list[str]:
        """The names of the flows."""
        found = [item for item in _folders(self.folder) if flowfiles.holds_yaml(item)]
        for item in _folders(self.folder):
            found += [inner for inner in _folders(item) if item not in found and flowfiles.holds_yaml(inner)]
        return sorted(item.relative_to(self.folder).as_posix() for item in found)

    def place(self, flow: str) -> Path:
        """The folder of a flow. Raises ``Refused`` where there is none of that name."""
        if flow not in self.flows():
            raise no_flow(flow)
        return self.folder / flow

    def read(self, flow: str) -> Papers:
        """The files of a flow as they are now."""
        place = self.place(flow)
        sheets: dict[str, Sheet] = {}
        unread: list[Problem] = []
        for path in sorted(flowfiles.yaml_files(place)):
            name = path.relative_to(place).as_posix()
            sheet = misnamed(name) or self._sheet(path, name)
            if isinstance(sheet, Sheet):
                sheets[name] = sheet
            elif sheet:
                unread.append(sheet)
        return Papers(sheets, tuple(unread))

    @contextmanager
    def replaced(self, flow: str, changes: Mapping[str, bytes | None], were: Mapping[str, str]) -> Iterator[None]:
        """Give files of a flow new content (``None`` takes one away), all of them or none, as ``writing.replaced``."""
        place = self.place(flow)
        for name in changes:
            if not _inside(place / name, place):
                raise Refused(text('"{n}" is a link, or no file of this flow', "“{n}”是链接，或不在流程内", n=name))
        new = {place / name: content for name, content in changes.items()}
        with replaced(new, {place / name: were.get(name, "") for name in changes}):
            yield

    def sweep(self, flow: str, names: Iterable[str]) -> None:
        """Remove what ``replaced`` has left beside files when it was killed."""
        for name in names:
            sweep(self.place(flow) / name)

    def own(self, *parts: str) -> Path:
        """A folder of the studio's own, made where it is not there."""
        top = self.folder / OWN
        if top.is_symlink():
            raise Refused(text('"{n}" is a link: remove it', "“{n}”是链接，请删除", n=OWN))
        place = top.joinpath(*parts)
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                text('cannot write in "{p}": {w}', "无法在“{p}”中写入：{w}", p=self.folder, w=error.strerror),
                text("drafts are kept there", "草稿保存在这里"),
            ) from error
        ignored = top / ".gitignore"
        if not ignored.exists():
            with whole_or_nothing(ignored) as file:
                file.write(b"*\n")
        return place

    def _sheet(self, path: Path, name: str) -> Sheet | Problem | None:
        """What a file says; read again only when it was changed. ``None``: it has just gone."""
        try:
            found = path.lstat()
        except OSError:
            return None
        state = found.st_mtime_ns, found.st_size, found.st_ino
        with self._lock:
            if path in self._kept and self._kept[path][0] == state:
                return self._kept[path][1]
        sheet = self._read(path, name, found)
        with self._lock:
            self._kept[path] = state, sheet
        return sheet

    @staticmethod
    def _read(path: Path, name: str, found: os.stat_result) -> Sheet | Problem:
        if not stat.S_ISREG(found.st_mode):
            message = text(
                "not a file of its own (a link?): it is not opened here", "不是普通文件（链接？），此处不打开"
            )
            return Problem(Location(name), message, "unreadable")
        content = flowfiles.content_of(path, name)
        return content if isinstance(content, Problem) else Sheet.of(content)


def misnamed(shown: str) -> Problem | None:
    """Why a file's name cannot be sent to a browser: it is written as another system writes them."""
    try:
        shown.encode()
    except UnicodeEncodeError:
        message = text("the name of the file is not UTF-8: rename it", "文件名不是 UTF-8：请重命名")
        return Problem(Location(printable(shown)), message, "unreadable")
    return None


def _folders(place: Path) -> Iterator[Path]:
    """The folders in a folder that are no links, not hidden, and can be named."""
    for item in sorted(place.iterdir()):
        named = not item.name.startswith(".") and not misnamed(item.name)
        if named and item.is_dir() and not item.is_symlink():
            yield item


def _inside(path: Path, place: Path) -> bool:
    """Whether a file lies in a flow's folder by its own name, with no link on the way."""
    return path.resolve() == path and path.is_relative_to(place) and path.suffix == ".yaml"
