"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from callflow.errors import OutputError
from callflow.texts import refused, text

_MARK = "\ufeff".encode()


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` only when everything is in it."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield cast(BinaryIO, file)
            file.flush()
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise OutputError.of(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def replace_all(files: Mapping[Path, str], were: Mapping[Path, str]) -> None:
    """Give files another text; each keeps its byte order mark and its rights. ``were``: the sha256 that each had.

    Raises ``OutputError`` with all as they were: each new text lies whole beside its file before the first is replaced.
    """
    before = {path: path.read_bytes() for path in files}
    for path, content in before.items():
        if sha256(content).hexdigest() != were[path]:
            raise OutputError(
                text('"{p}" was changed by somebody else meanwhile', "“{p}”刚刚被别人修改过", p=path),
                text("nothing was changed; do it again", "未作任何修改；请重新执行"),
            )
    parts: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for path, words in files.items():
            handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
            parts[path] = Path(part)
            with open(handle, "wb") as opened:
                mark = _MARK if before[path].startswith(_MARK) else b""
                opened.write(mark + words.encode())
                opened.flush()
                os.fsync(opened.fileno())
            shutil.copymode(path, part)
        for path, part_ in parts.items():
            os.replace(part_, path)
            done.append(path)
    except OSError as error:
        for path in done:
            path.write_bytes(before[path])
        where = error.filename or next(iter(files))
        raise OutputError(
            text(
                'cannot write "{p}": {w}; nothing was changed',
                "无法写入“{p}”：{w}；未作任何修改",
                p=where,
                w=refused(error),
            )
        ) from error
    finally:
        for part_ in parts.values():
            part_.unlink(missing_ok=True)


def new_folder(path: Path, files: Mapping[str, str]) -> None:
    """A folder with files in it, where nothing was before. Raises ``OutputError``, with nothing left behind."""
    if path.exists() or path.is_symlink():
        raise OutputError(
            text('"{p}" is there already', "“{p}”已存在", p=path), text("choose another name", "请换个名字")
        )
    part = None
    try:
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        for name, words in files.items():
            (part / name).write_text(words, "utf-8")
        os.chmod(part, 0o777 & ~_umask())
        os.rename(part, path)  # refused where a folder with something in it has come there meanwhile
    except OSError as error:
        if part:
            shutil.rmtree(part, ignore_errors=True)
        raise OutputError(
            text('cannot make the folder "{p}": {w}', "无法建立文件夹“{p}”：{w}", p=path, w=refused(error))
        ) from error


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
