"""What PulseAudio, or PipeWire in its place, says of its sources and of who listens to them: told by ``pactl``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

_TIMEOUT = 5.0  # seconds


def sources() -> list[dict[str, Any]]:
    """Every source as ``pactl`` describes it, and whether it is a ``default``; none where there is no such server."""
    listed = _json("list", "sources")
    defaults = {_told("get-default-source").strip(), _told("get-default-sink").strip() + ".monitor"} if listed else ()
    return [{**source, "default": source["name"] in defaults} for source in listed]


def names() -> dict[int, str]:
    """The name of each source there is at the moment, by its index: cheap enough to ask every few seconds."""
    rows = [row.split("\t") for row in _told("list", "short", "sources").splitlines()]
    return {int(row[0]): row[1] for row in rows if len(row) > 1 and row[0].isdigit()}


def listening() -> dict[int, int]:
    """The index of the source that each process (by its id) listens to."""
    found = {}
    for output in _json("list", "source-outputs"):
        process = str(output.get("properties", {}).get("application.process.id", ""))
        if process.isdigit():
            found[int(process)] = int(output["source"])
    return found


def _json(*arguments: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(_told("-f", "json", *arguments) or "[]")
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _told(*arguments: str) -> str:
    """The answer of ``pactl``; nothing where it is not installed, too old for the question or finds no server."""
    if not (pactl := shutil.which("pactl")):
        return ""
    try:
        done = subprocess.run(
            [pactl, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},  # a decimal comma would not be JSON
            timeout=_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")
