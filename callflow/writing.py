"""Files that are written whole or not at all."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from callflow.errors import CallflowError, OutputError
from callflow.texts import Text, refused, short, text

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_MARK = "\ufeff".encode()
_PART = ".part"
_KEPT = ".kept"
"""What nobody sweeps away: the only copy of a text."""
_FAR_BEHIND = 1 << 40
"""Where the byte is that is locked on Windows, whose locks keep readers out: behind everything that is written."""


class NotPutBack(OutputError):
    """Files could neither be written all nor be put back as they were; what they were is kept beside them."""


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` only when everything is in it."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        temporary = None
        _settle(path.parent)
    except OSError as error:
        raise OutputError.of(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def replace_all(files: Mapping[Path, str], were: Mapping[Path, str]) -> None:
    """Give files another text; each keeps its byte order mark and its rights. ``were``: the sha256 that each had.

    Raises ``OutputError`` with all as they were: each new text lies whole beside its file before the first is replaced.
    """
    marks = {path: _MARK if (_content(path) or b"").startswith(_MARK) else b"" for path in files}
    with replaced({path: marks[path] + words.encode() for path, words in files.items()}, were):
        pass


@contextmanager
def replaced(files: Mapping[Path, bytes | None], were: Mapping[Path, str]) -> Iterator[None]:
    """Give files other content, all of them or none; they are as they were again where what is done inside fails.

    ``None`` takes a file away. ``were``: the sha256 that each had, "" where there was none. Raises ``OutputError`` with
    nothing changed where somebody else has changed one, or one cannot be written; ``NotPutBack`` where a file can then
    not be made what it was, whatever failed first.
    """
    before = {path: _unchanged(path, were[path]) for path in files}
    parts: dict[Path, Path] = {}
    olds: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for path, content in files.items():
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                parts[path] = _beside(path, content)
            if (old := before[path]) is not None:
                olds[path] = _beside(path, old)
        for path in files:
            _unchanged(path, were[path])  # writing the parts has taken its time
            done.append(path)
            _put(parts.get(path), path)
        for folder in {path.parent for path in files}:
            _settle(folder)
        yield
    except BaseException as error:  # also a Ctrl-C in the middle
        new = [path for path in done if not _back(path, files[path], olds.get(path))]
        if new:
            raise _not_put_back(_cause(error, files), {path: olds.pop(path, None) for path in new}) from error
        if not isinstance(error, OSError):
            raise
        raise OutputError(text("{w}; nothing was changed", "{w}；未作任何修改", w=_cause(error, files))) from error
    finally:
        for left in (*parts.values(), *olds.values()):
            with suppress(OSError):  # why it failed is told, and not that this did, too
                left.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what ``replaced`` has left beside a file when it was killed."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{_PART}"):
        left.unlink(missing_ok=True)


def _back(path: Path, new: bytes | None, old: Path | None) -> bool:
    """Make a file what it was, unless somebody has changed it since. Whether that could be done."""
    try:
        if (path.read_bytes() if os.path.lexists(path) else None) == new:
            _put(old, path)
    except OSError:
        return False
    return True


def _not_put_back(why: Text, olds: Mapping[Path, Path | None]) -> NotPutBack:
    """The error that says of which files, and where from now on lies what each was; ``None``: it was not there."""
    kept = []
    for old in filter(None, olds.values()):
        aside = old.with_suffix(_KEPT)
        try:
            kept.append(short(old.rename(aside)))
        except OSError:
            kept.append(short(old))
    message = text("{w}; not put back: {f}", "{w}；未能恢复：{f}", w=why, f=", ".join(map(short, olds)))
    return NotPutBack(message, text("what was there: {k}", "原内容保存在：{k}", k=", ".join(kept)) if kept else None)


def _cause(error: BaseException, files: Iterable[Path]) -> Text:
    if isinstance(error, CallflowError):
        return error.message
    if isinstance(error, OSError):
        where = error.filename or next(iter(files))
        return text('cannot write "{p}": {w}', "无法写入“{p}”：{w}", p=where, w=refused(error))
    return text("it was stopped", "操作被中断")


def _put(part: Path | None, path: Path) -> None:
    if part is None:
        path.unlink(missing_ok=True)
    else:
        os.replace(part, path)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:  # deleted, perhaps
        return None


def _unchanged(path: Path, was: str) -> bytes | None:
    """The bytes of a file whose sha256 is still ``was``, "" where there was none. Raises ``OutputError`` otherwise."""
    content = _content(path)
    if (sha256(content).hexdigest() == was) if content is not None else (not was and not os.path.lexists(path)):
        return content
    raise OutputError(
        text('"{p}" was changed by somebody else meanwhile', "“{p}”刚刚被别人修改过", p=path),
        text("nothing was changed; do it again", "未作任何修改；请重新执行"),
    )


def _beside(path: Path, content: bytes) -> Path:
    """A new file next to another, with its rights, that is on the disk for good."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
    part = Path(name)
    try:
        with open(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        if path.exists():
            shutil.copymode(path, part)
        else:
            part.chmod(0o666 & ~_umask())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _settle(folder: Path) -> None:
    """What was renamed in a folder stays so, also when the power fails; Windows does without."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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


def claimed(file: BinaryIO, wait: bool = False) -> bool:
    """Claim an open file for this process, whose end lets go of it; ``False`` where another has it. Where files cannot
    be locked all are ours."""
    try:
        if sys.platform == "win32":
            file.seek(_FAR_BEHIND)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
