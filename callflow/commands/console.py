"""Where commands print tables; by itself, for rich takes its time to load."""

from __future__ import annotations

from rich import console


class Console(console.Console):
    """Tells that nobody reads any more as everything else does; rich would end the process by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
