"""Who runs a flow at the moment: every overlay leaves a mark beside the flows, and the studio counts them.

A mark is a small file in ``.callflow/running`` of the folder that the flow lies in, or of one above it; it is written
again and again while the overlay runs, and counts no more when it is old. Without that folder, which the studio makes,
nobody wants to know.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from callflow import flowfiles
from callflow.errors import OutputError
from callflow.writing import whole_or_nothing

AGAIN = 5.0
"""Seconds between two times that a mark is written."""
OLD = 20.0
"""Seconds after which a mark counts no more: the overlay was ended."""
FOLDER = (".callflow", "running")
_ABOVE = 3
_LARGEST = 10_000


def version(hashes: Mapping[str, str]) -> str:
    """The version of a flow for people: a few letters that stand for the files by which calls are judged."""
    return sha256(repr(sorted(flowfiles.of_calls(hashes).items())).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Running:
    """An overlay. ``flow``: its name in the folder of flows; ``version``: that it has; ``in_call``: a call is on."""

    flow: str
    version: str
    in_call: bool
    host: str = ""


class Mark:
    """The mark of this process for the flow at ``path``."""

    def __init__(self, path: Path) -> None:
        self._flow = path.resolve()
        self._folder: Path | None = None
        self._file = f"{socket.gethostname()}-{os.getpid()}.json".replace("/", "_")

    def write(self, version: str, in_call: bool) -> None:
        """Say that it runs; where that cannot be written, nobody is told."""
        above = list(self._flow.parents)[:_ABOVE]  # looked for each time: the studio may come later
        flows = next((folder for folder in above if folder.joinpath(*FOLDER).is_dir()), None)
        if flows:
            self._folder = flows.joinpath(*FOLDER)
            # Another computer may have the folder at another place: within it the name is the same.
            name = self._flow.relative_to(flows).as_posix()
            content = {"flow": name, "version": version, "in_call": in_call, "host": socket.gethostname()}
            with suppress(OutputError), whole_or_nothing(self._folder / self._file) as file:
                file.write(json.dumps(content).encode())

    def remove(self) -> None:
        """It runs no more."""
        if self._folder:
            with suppress(OSError):
                (self._folder / self._file).unlink(missing_ok=True)


def running(flows: Path, flow: str, now: float | None = None) -> list[Running]:
    """The overlays that run ``flow`` of the folder ``flows``."""
    present = time.time() if now is None else now
    found = []
    folder = flows.joinpath(*FOLDER)
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        with suppress(OSError, ValueError, KeyError, TypeError):
            if path.is_symlink() or present - path.stat().st_mtime > OLD or path.stat().st_size > _LARGEST:
                continue
            data = json.loads(path.read_bytes())
            if data["flow"] == flow:
                found.append(Running(str(data["flow"]), str(data["version"]), bool(data["in_call"]), str(data["host"])))
    return found
