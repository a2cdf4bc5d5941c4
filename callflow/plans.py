"""Flows made ready to run, kept from one start to the next.

Reading and compiling the bundled flow takes some tenths of a second, again and again for the same files. So the result
lies in the user's cache, by a hash of everything that it was made from: the files, callflow's own code, Python and the
packages that are part of it. Whatever is wrong with the cache (damaged, not writable, someone else's), the flow is
compiled as if there were none.

What is kept is pickled, and to unpickle is to run code: so only files of the user's own are read, from a folder that
nobody else can write to. A flow that comes from elsewhere brings none.
"""

from __future__ import annotations

import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from callflow import collecting, flowfiles
from callflow.call.plan import Plan
from callflow.problems import Problem

MOST_KEPT = 16
"""Plans in the cache; the one not used for longest goes first."""
_CODE = ("flow", "phrases", "call", "texts.py", "problems.py", "events.py", "flowfiles.py", "plans.py")
"""What of callflow a plan is made by, and made of."""
_PACKAGES = ("pyahocorasick", "transitions", "rapidfuzz", "ruamel.yaml", "numpy")


def load(name: str = flowfiles.DEFAULT_FLOW, *, cache: bool = True) -> tuple[Plan, list[Problem]]:
    """The plan of a flow, for calls: its rehearsals are left out. And the warnings of its files.

    Raises what ``flowfiles.load`` and ``Plan.of`` raise.
    """
    return of(flowfiles.read_sources(name, rehearsals=False), cache=cache)


def of(sources: flowfiles.Sources, *, cache: bool = True) -> tuple[Plan, list[Problem]]:
    """The same of files that were read. Rehearsals among them are read for their Problems; the plan has none."""
    # What could not be read is no part of the hash, and has to be told every time.
    file = _folder() / f"{_hash(sources)}.plan" if cache and not sources.unread else None
    if file and (kept := _read(file)):
        return kept
    flow, problems = flowfiles.parse(sources)
    made = Plan.of(replace(flow, rehearsals=())), problems
    if file:
        with suppress(OSError, pickle.PicklingError, RecursionError):
            _write(file, made)
    return made


def _folder() -> Path:
    return user_cache_path("callflow", appauthor=False) / "plans"


def _hash(sources: flowfiles.Sources) -> str:
    made_by = [sys.version, *map(version, _PACKAGES), *_own_code()]
    digest = sha256(repr((made_by, str(sources.path), sorted(sources.hashes.items()))).encode())
    return digest.hexdigest()


def _own_code() -> Iterator[str]:
    """Callflow's files by name, size and time: in a checkout they change without the version changing."""
    package = Path(__file__).resolve().parent
    for part in _CODE:
        path = package / part
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            found = file.stat()
            yield f"{part} {file.name} {found.st_size} {found.st_mtime_ns}"


def _read(file: Path) -> tuple[Plan, list[Problem]] | None:
    try:
        with open(file, "rb") as opened:
            if not _trusted(file.parent.stat()) or not _trusted(os.fstat(opened.fileno())):
                return None
            content = opened.read()
        with collecting.paused():
            plan, problems = pickle.loads(content)
        os.utime(file)
    except Exception:  # a damaged pickle can raise anything; compiling anew mends it
        return None
    return (plan, problems) if isinstance(plan, Plan) else None


def _trusted(found: os.stat_result) -> bool:
    """Whether a file or folder is the user's own and nobody else can write to it."""
    if not hasattr(os, "getuid"):  # on Windows the cache lies in the user's own profile
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(file: Path, made: tuple[Plan, list[Problem]]) -> None:
    """Write at once or not at all: a reader never sees half of it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with open(handle, "wb") as opened:
            opened.write(pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
        os.replace(part, file)
    except BaseException:
        os.unlink(part)
        raise
    kept = sorted(file.parent.glob("*.plan"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[MOST_KEPT:]:
        old.unlink(missing_ok=True)
