"""Finds a flow by name or path and reads its files from disk; the reading of what they say is ``flow.read``'s."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from callflow import collecting
from callflow.errors import BadFlow, BadInput
from callflow.flow.located_yaml import MAX_CHARACTERS
from callflow.flow.model import Flow
from callflow.flow.read import REHEARSALS as REHEARSALS
from callflow.flow.read import read_flow
from callflow.problems import Level, Location, Problem, did_you_mean
from callflow.texts import Text, refused, text
from callflow.writing import replace_all

DEFAULT_FLOW = "inbound"
MAX_FILES = 500
"""So many YAML files make a flow, at most; and among so many other files and folders they are looked for:"""
MAX_ENTRIES = 20_000
_PACKAGE = Path(__file__).resolve().parent


def flows_folder() -> Path:
    """Where the flows that come with callflow lie: in the installed package, or at the top of a checkout."""
    installed = _PACKAGE / "flows"
    return installed if installed.is_dir() else _PACKAGE.parent / "flows"


def available() -> list[str]:
    """The names of the flows that come with callflow: folders with YAML in them, also one further down, as
    ``examples/logistics``."""
    folder = flows_folder()
    if not folder.is_dir():
        return []
    found = [item for item in folder.glob("*") if holds_yaml(item)]
    found += [item for item in folder.glob("*/*") if holds_yaml(item) and item.parent not in found]
    return sorted(item.relative_to(folder).as_posix() for item in found)


def _named(name: str) -> str | None:
    """The flow of that name, or whose last name it is: a flow calls itself so, in journals too."""
    known = available()
    return name if name in known else next((one for one in known if name and one.endswith(f"/{name}")), None)


def find(name: str) -> Path:
    """The file or folder of a flow given by name (``inbound``) or by path. Raises ``BadInput`` where there is none."""
    path = Path(name)
    if name and _exists(path):
        return path
    if named := _named(name):
        return flows_folder() / named
    known = available()
    near, shown = did_you_mean(name, [*known, *(one.rpartition("/")[2] for one in known)]), name[:100]
    raise BadInput(
        Text(f'no flow "{shown}"{near.en}', f"没有流程“{shown}”{near.zh}"),
        text(
            "give a name ({known}) or the path of a YAML file or folder",
            "请给出流程名（{known}），或 YAML 文件、文件夹的路径",
            known=", ".join(known),
        ),
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long to be one
        return False


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a flow as they lie on disk: texts and sha256 by name, and why further ones could not be read."""

    path: Path
    texts: Mapping[str, str]
    hashes: Mapping[str, str]
    unread: tuple[Problem, ...]

    @property
    def name(self) -> str:
        """What the flow is called: its folder, or its file without ``.yaml``."""
        path = self.path if self.path.name else self.path.resolve()
        return path.name if path.is_dir() else path.stem

    def place(self, file: str) -> Path:
        """Where the file that Problems call ``file`` lies."""
        return self.path / file if self.path.is_dir() else self.path


def load(name: str = DEFAULT_FLOW) -> tuple[Flow, list[Problem]]:
    """Read a flow, its rehearsals included, with its warnings.

    Raises ``BadInput`` where there is no such flow and ``BadFlow``, with every Problem, where it has mistakes.
    """
    return parse(read_sources(name))


def read_sources(name: str = DEFAULT_FLOW, *, rehearsals: bool = True) -> Sources:
    """The files of a flow, unread as yet. Raises ``BadInput`` where there is no such flow."""
    path = find(name)
    files = sorted(yaml_files(path)) if path.is_dir() else [path]
    if path.is_dir() and not rehearsals:
        files = [file for file in files if not file.name.endswith(REHEARSALS)]
    texts: dict[str, str] = {}
    hashes: dict[str, str] = {}
    unread: list[Problem] = []
    for file in files:
        shown = str(file.relative_to(path)) if path.is_dir() else file.name
        content = content_of(file, shown) if file == path or file.is_file() else _no_file(shown)
        if isinstance(content, Problem):
            unread.append(content)
        else:
            texts[shown] = content.decode("utf-8-sig")
            hashes[shown] = sha256(content).hexdigest()
    unread += empty(texts)
    if not files:
        unread.append(Problem(Location(str(path)), text("no *.yaml files here", "这里没有 *.yaml 文件"), "unreadable"))
    return Sources(path, texts, hashes, tuple(unread))


def holds_yaml(folder: Path) -> bool:
    """Whether there is YAML in a folder, at its top."""
    return any(not item.name.startswith(".") for item in folder.glob("*.yaml"))


def yaml_files(folder: Path) -> Iterator[Path]:
    """The YAML files in and below a folder; not what is hidden, which editors and systems put there.

    Raises ``BadInput`` where it is no flow's folder, but one in which all kinds of things lie.
    """
    looked_at = found = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        named = [Path(place, one) for one in (*folders, *files) if one.endswith(".yaml") and not one.startswith(".")]
        looked_at, found = looked_at + len(folders) + len(files), found + len(named)
        if looked_at > MAX_ENTRIES or found > MAX_FILES:
            raise BadInput(
                text('"{p}" has too much in it for a flow', "“{p}”中的内容太多，不像是流程文件夹", p=folder),
                text("name the folder that holds the flow and nothing else", "请给出只含该流程的文件夹"),
            )
        yield from named


def rewrite(sources: Sources, texts: Mapping[str, str]) -> None:
    """Give files of a flow other texts, all of them or none; ``sources``: as they were read.

    Raises ``OutputError`` where one cannot be written, or was changed by somebody else meanwhile.
    """
    places = {file: sources.place(file).resolve() for file in texts}  # a link stays a link
    replace_all(
        {places[file]: words for file, words in texts.items()}, {places[file]: sources.hashes[file] for file in texts}
    )


def parse(sources: Sources) -> tuple[Flow, list[Problem]]:
    """What the files of a flow say, as ``load``; its hashes are those of the files as they lie on disk."""
    with collecting.paused():
        flow, problems = read_flow(sources.texts, sources.name, sources.unread)
    if flow is None:
        raise BadFlow(text("flow {n} has mistakes", "流程 {n} 有错误", n=str(sources.path)), problems)
    return replace(flow, hashes=sources.hashes), problems


def of_calls(hashes: Mapping[str, str]) -> dict[str, str]:
    """The hashes of those files that say how calls are judged: all but the rehearsals."""
    return {file: sha for file, sha in hashes.items() if not file.endswith(REHEARSALS)}


def empty(sources: Mapping[str, str]) -> list[Problem]:
    """The files with nothing in them: an error where that leaves no flow at all."""
    empty = [file for file, source in sources.items() if not source.strip()]
    rule, level = ("unreadable", Level.ERROR) if len(empty) == len(sources) else ("empty-file", Level.WARNING)
    return [Problem(Location(file), text("the file is empty", "文件是空的"), rule, level) for file in empty]


def _no_file(shown: str) -> Problem:
    """A folder with such a name, or a pipe, which might never end."""
    return Problem(Location(shown), text("cannot be read: it is no file", "无法读取：它不是文件"), "unreadable")


def content_of(file: Path, shown: str) -> bytes | Problem:
    """A file's bytes, known to be UTF-8; no more of it is read than a flow can have."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(4 * MAX_CHARACTERS + 1)
        if len(content) > 4 * MAX_CHARACTERS:
            big = text("the file is too large for a flow", "文件太大，不像是流程文件")
            return Problem(Location(shown), big, "yaml-size")
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        bad = text("not UTF-8 text; save the file as UTF-8", "不是 UTF-8 文本；请以 UTF-8 保存")
        return Problem(Location(shown, line, column), bad, "encoding")
    except OSError as error:
        why = text("cannot be read: {w}", "无法读取：{w}", w=refused(error))
        return Problem(Location(shown), why, "unreadable")
    return content
