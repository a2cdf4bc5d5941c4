"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from callflow.errors import OutputError
from callflow.texts import text


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` only when everything is in it."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield cast(BinaryIO, file)
            file.flush()
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        message = text('cannot write "{p}": {e}', "无法写入“{p}”：{e}", p=path, e=error.strerror or error)
        hint = text("is there room on the disk, and does the directory exist?", "请检查磁盘空间以及目录是否存在")
        raise OutputError(message, hint) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
