"""The git repository that flows lie in, by git's own command line.

A version is made of blobs and trees, beside the index and the hooks: whatever somebody has staged stays staged, and
nothing of the repository runs. The branch moves last and only if it is still where it was, so that of two who publish
at the same moment one is told.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callflow.design.studio.refusals import Refused
from callflow.errors import CallflowError
from callflow.texts import Text, text

MOST_VERSIONS = 200
_PATIENCE = 60.0
"""Seconds for git to answer: a repository on a share may be slow."""
_NOTHING = "0" * 40
_ID = re.compile(r"[0-9a-f]{7,64}")
_QUIET = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "gc.auto=0",
)


@dataclass(frozen=True, slots=True)
class Version:
    """A commit. ``why``: its message."""

    id: str
    who: str
    when: datetime
    why: str


class Repository:
    """The repository around ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prefix = self._git("rev-parse", "--show-prefix").decode().rstrip("\n")

    @classmethod
    def around(cls, folder: Path) -> Repository | None:
        """The repository that a folder lies in; ``None`` where there is none, or its git ignores the folder."""
        try:
            found = cls(folder)
        except Refused:
            return None
        return None if found._ignored() else found

    @classmethod
    def init(cls, folder: Path, who: str) -> Repository:
        """Make a repository of a folder, its YAML the first version."""
        _run(folder, ("init", "--quiet"))
        made = cls(folder)
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*.yaml"))
            if path.is_file() and not path.is_symlink() and not _hidden(path.relative_to(folder))
        }
        made.commit(files, who, "流程的初始状态 · The flows as they were", made.head())
        return made

    def branch(self) -> str:
        """The branch that is checked out, in full. Raises ``Refused`` where none is."""
        name = self._try("symbolic-ref", "--quiet", "HEAD").decode().strip()
        if not name:
            raise Refused(
                text("no branch is checked out here", "当前没有检出任何分支"),
                text("git switch BRANCH, then publish", "请先 git switch 到一个分支再发布"),
            )
        return name

    def head(self) -> str:
        """The commit of the branch; "" before the first."""
        return self._try("rev-parse", "--quiet", "--verify", "HEAD^{commit}").decode().strip()

    def versions(self, folder: str, limit: int = MOST_VERSIONS) -> list[Version]:
        """The commits that touched a folder, the latest first."""
        if not self.head():
            return []
        form = "--format=%H%x1f%an%x1f%cI%x1f%B%x1e"
        said = self._git("log", f"--max-count={limit}", form, "HEAD", "--", self._prefix + folder).decode(
            errors="replace"
        )
        return [_version(line) for line in said.split("\x1e") if line.strip()]

    def files(self, commit: str, folder: str) -> dict[str, bytes]:
        """The YAML files of a folder in a version, by name. Raises ``Refused`` where there is no such version."""
        if not commit:
            return {}
        commit = self.known(commit)
        said = self._git("ls-tree", "-r", "-z", commit, "--", f"{self._prefix}{folder}/")
        blobs: dict[str, str] = {}
        for line in said.decode(errors="surrogateescape").split("\0"):
            about, _, name = line.partition("\t")
            name = name.removeprefix(f"{self._prefix}{folder}/")
            hidden = any(part.startswith(".") for part in name.split("/"))
            if about.startswith("100") and name.endswith(".yaml") and not hidden:  # no links, no modules
                blobs[name] = about.split()[2]
        return dict(zip(blobs, self._contents(list(blobs.values())), strict=True))

    def known(self, commit: str) -> str:
        """The full name of a commit that belongs to the branch. Raises ``Refused`` where there is none."""
        if _ID.fullmatch(commit):
            found = self._try("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}").decode().strip()
            if found and self._does("merge-base", "--is-ancestor", found, "HEAD"):
                return found
        raise Refused(text('there is no version "{v}"', "没有版本“{v}”", v=commit[:40]), status=404)

    def commit(self, changes: Mapping[str, bytes | None], who: str, why: str, parent: str) -> str:
        """A new version on the branch: ``parent`` with files changed (``None``: taken away). Its id.

        ``changes``: by path from the folder. Raises ``Refused`` where the branch has moved on from ``parent``.
        """
        branch = self.branch()
        with tempfile.TemporaryDirectory(prefix="callflow-") as place:
            index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            if parent:
                self._git("read-tree", parent, env=index)
            lines = []
            for name, content in changes.items():
                blob = (
                    _NOTHING if content is None else self._git("hash-object", "-w", "--stdin", given=content).decode()
                )
                lines.append(f"{'0' if content is None else '100644'} {blob.strip()}\t{self._prefix}{name}\0")
            self._git("update-index", "-z", "--index-info", env=index, given="".join(lines).encode())
            tree = self._git("write-tree", env=index).decode().strip()
        made = self._git(
            *("commit-tree", tree, *(("-p", parent) if parent else ())), env=_signed(who), given=f"{why}\n".encode()
        )
        new = made.decode().strip()
        if not self._does("update-ref", "-m", "callflow: publish", branch, new, parent or _NOTHING):
            raise Refused(
                text("somebody published at the same moment", "刚刚有人也发布了"),
                text("look at the new version, then publish again", "请查看新版本后再发布"),
                status=409,
            )
        self._refresh(changes)
        return new

    def merged(self, base: str, mine: str, theirs: str) -> str | None:
        """Both changes of a text in one; ``None`` where they touch the same lines."""
        with tempfile.TemporaryDirectory(prefix="callflow-") as place:
            paths = [str(Path(place) / name) for name in ("mine", "base", "theirs")]
            for path, words in zip(paths, (mine, base, theirs), strict=True):
                Path(path).write_bytes(words.encode())
            done = _call(self._folder, ("merge-file", "-p", "--quiet", *paths), {}, b"")
            return done.stdout.decode() if done.returncode == 0 else None

    # -------------------------------------------------------------------------------------------- git

    def _refresh(self, changes: Mapping[str, object]) -> None:
        """Bring the index in line for what was published, so that ``git status`` tells of nothing."""
        self._try("reset", "--quiet", "--", *(self._prefix_from_top(name) for name in changes))

    def _prefix_from_top(self, name: str) -> str:
        return f":(top,literal){self._prefix}{name}"

    def _ignored(self) -> bool:
        return bool(self._prefix) and self._does("check-ignore", "--quiet", ".")

    def _contents(self, blobs: Sequence[str]) -> list[bytes]:
        said = self._git("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode()) if blobs else b""
        found, place = [], 0
        for _ in blobs:
            end = said.index(b"\n", place)
            size = int(said[place:end].split()[2])
            found.append(said[end + 1 : end + 1 + size])
            place = end + 1 + size + 1
        return found

    def _git(self, *words: str, env: Mapping[str, str] | None = None, given: bytes = b"") -> bytes:
        return _run(self._folder, words, env, given)

    def _try(self, *words: str) -> bytes:
        done = _call(self._folder, words, {}, b"")
        return done.stdout if done.returncode == 0 else b""

    def _does(self, *words: str) -> bool:
        return _call(self._folder, words, {}, b"").returncode == 0


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _version(line: str) -> Version:
    id_, who, when, why = line.strip("\n").split("\x1f", 3)
    return Version(id_, who, datetime.fromisoformat(when), why.strip())


def _signed(who: str) -> dict[str, str]:
    """A name without what git takes for more than a name."""
    name = "".join(sign for sign in who if sign.isprintable() and sign not in "<>").strip(" .,:;\"'") or "callflow"
    return {
        **{f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "callflow@localhost" for role in ("AUTHOR", "COMMITTER")},
    }


def _run(folder: Path, words: Sequence[str], env: Mapping[str, str] | None = None, given: bytes = b"") -> bytes:
    done = _call(folder, words, env or {}, given)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise Refused(text("git {w}: {s}", "git {w}：{s}", w=words[0], s=said[:300]), _advice(said))
    return done.stdout


def _call(
    folder: Path, words: Sequence[str], env: Mapping[str, str], given: bytes
) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    around = {**kept, "LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **env}
    try:
        return subprocess.run(
            ["git", *_QUIET, *words], cwd=folder, env=around, input=given, capture_output=True, timeout=_PATIENCE
        )
    except FileNotFoundError as error:
        raise CallflowError(
            text("git is not installed", "未安装 git"), text("apt install git", "请运行 apt install git")
        ) from error
    except subprocess.TimeoutExpired as error:
        raise Refused(text("git does not answer", "git 没有响应"), status=503) from error


def _advice(said: str) -> Text | None:
    if "dubious ownership" in said:
        return text("the folder belongs to somebody else: run as its owner", "文件夹属于其他用户：请以其所有者身份运行")
    if ".lock" in said:
        return text("another git is at work: try again", "另一个 git 正在运行：请稍后再试")
    return None
