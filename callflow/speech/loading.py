"""Loading a model without its library talking over ours, and saying clearly that it cannot be loaded."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from callflow.errors import ModelError
from callflow.texts import text

_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def hushed() -> Iterator[None]:
    """Drop what native code writes to standard error meanwhile: only the whole process's descriptor can be turned off.

    Meant for the second or two in which a model is loaded, and for no longer.
    """
    with _ONE_AT_A_TIME, suppress(OSError), open(os.devnull, "wb") as nothing:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        kept = os.dup(2)
        try:
            os.dup2(nothing.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def damaged(path: Path, why: object) -> ModelError:
    """The error for a model whose files are there but which its library refuses."""
    reason = " ".join(str(why).split())[:200]
    return ModelError(
        text("model {p} cannot be loaded: {w}", "无法加载模型 {p}：{w}", p=path, w=reason),
        text(
            "it is damaged or of an unknown version; callflow models install replaces it",
            "模型已损坏或版本不符，请用 callflow models install 重新安装",
        ),
    )
