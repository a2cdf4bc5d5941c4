"""Which calls there are in what was named: a folder, a pattern of paths, a manifest, or single files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from callflow.errors import BadFlow, BadInput, BadJournal
from callflow.journal import read_header
from callflow.problems import Problem
from callflow.review.batch.manifest import MISSING, read_manifest
from callflow.review.batch.pattern import Pattern
from callflow.review.batch.task import Side, Task
from callflow.review.beside import SUFFIX
from callflow.texts import refused, text

JOURNAL = ".jsonl"
SOUNDS = frozenset(
    (
        *(".wav", ".wave", ".mp3", ".opus", ".ogg", ".oga", ".flac", ".amr", ".awb", ".m4a", ".mp4", ".aac", ".wma"),
        *(".webm", ".mka", ".gsm", ".au", ".caf", ".aiff", ".aif", ".3gp", ".g722"),
    )
)
"""Endings that are taken for recordings in a folder; a manifest or a path may name anything."""


@dataclass(slots=True)
class Listing:
    """The tasks of a batch. ``unnamed``: files whose names did not fit the pattern; ``stands_for``: recordings left
    out because their journal is there, and is taken instead."""

    tasks: list[Task] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unnamed: list[Path] = field(default_factory=list)
    stands_for: list[Path] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """Calls of lists that were left out, as their files are not there."""
        return len({(problem.at.file, problem.at.line) for problem in self.problems if problem.rule == MISSING})


def listing(named: Sequence[str], pattern: Pattern | None = None, agent: Side = "left") -> Listing:
    """Everything that ``named`` stands for, each file once. Raises ``BadInput`` where there is nothing."""
    found = Listing()
    paths: list[Path] = []
    for name in named:
        if not name:
            raise BadInput(text("FILE: an empty name", "FILE：名字是空的"))
        if Path(name).suffix.lower() == ".csv" and Path(name).is_file():
            tasks, problems = read_manifest(Path(name))
            found.tasks += tasks
            found.problems += problems
        else:
            paths += _paths(name)
    paths = list(dict.fromkeys(paths))
    spoken_for = _spoken_for(paths)
    for path in paths:
        if path in spoken_for:
            found.stands_for.append(path)
            continue
        metadata = pattern.read(path.absolute()) if pattern else None
        if pattern and metadata is None:
            found.unnamed.append(path)
        task = Task(path, agent=agent)
        found.tasks.append(replace(task, metadata=metadata) if metadata else task)
    if not found.tasks:
        shown = ", ".join(named)[:200]
        if found.problems:
            raise BadFlow(text("no calls in {n}", "{n} 中没有通话", n=shown), found.problems)
        raise BadInput(
            text("no calls in {n}", "{n} 中没有通话", n=shown),
            text("name a folder or files with recordings or journals", "请给出含录音或日志的文件夹或文件"),
        )
    return found


def _paths(name: str) -> Iterator[Path]:
    path = Path(name)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists():
        yield path
    elif not glob.has_magic(name):
        raise BadInput(
            text('no file or folder "{p}"', "没有文件或文件夹“{p}”", p=path), text("check the path", "请检查路径")
        )
    else:
        yield from (
            Path(one) for one in sorted(glob.glob(name, recursive=True)) if _call(one) and not os.path.isdir(one)
        )


def _in_folder(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise BadInput(
            text('cannot read "{p}": {w}', "无法读取“{p}”：{w}", p=error.filename, w=refused(error))
        ) from error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if _call(name) and not name.startswith("."))


def _call(name: str) -> bool:
    return not name.endswith(SUFFIX) and os.path.splitext(name)[1].lower() in SOUNDS | {JOURNAL}


def _spoken_for(paths: Iterable[Path]) -> set[Path]:
    """Recordings that a journal beside them is of: the call is taken once, as it was judged."""
    found: set[Path] = set()
    for path in paths:
        if path.suffix.lower() == JOURNAL:
            try:
                recording = Path(read_header(path).recording).name
            except BadJournal:
                continue
            if recording:
                found.add(path.with_name(recording))
    return found
