"""Python's garbage collector, paused while many objects are made of which none is garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collecting inside: to look through all that is being made, again and again, takes as long as making it.

    Afterwards it counts as old, as if it had been looked through: most of it is there to stay.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()
            gc.unfreeze()  # into the oldest generation
            gc.enable()
