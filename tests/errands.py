"""Work for processes of the tests; of nothing that takes time to load."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def squared(number: int) -> int:
    return number * number


class Dies:
    """Kills its process, as the system does when memory runs out, once for each of some numbers, or always."""

    def __init__(self, folder: Path, at: set[int], always: bool = False) -> None:
        self.folder, self.at, self.always = folder, at, always

    def __call__(self, number: int) -> int:
        mark = self.folder / str(number)
        if number in self.at and (self.always or not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number


def told_and_slept(folder: str) -> None:
    """Leave word of which process this is, and be at work for long."""
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)
