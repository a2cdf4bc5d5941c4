"""The git repository that flows lie in, by git's own command line.

A version is made of blobs and trees, beside the index and the hooks: nothing of the repository runs, and whatever
somebody has staged of other files stays staged. The branch moves last and only if it is still where it was, so that of
two who publish at the same moment one is told. Paths are relative to the folder of flows, and never patterns.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callflow.design.studio.refusals import Refused
from callflow.design.studio.shelf import misnamed
from callflow.errors import CallflowError
from callflow.texts import Text, refused, text

MOST_VERSIONS = 200
FIRST = text("The flows as they were", "流程的初始状态")
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
    "-c",
    "log.showSignature=false",
    "-c",
    "core.filesRefLockTimeout=2000",
    "-c",
    "diff.suppressBlankEmpty=false",
)
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What git leaves in its folder while it waits for somebody to finish something."""
_OTHERS = 5.0
"""Seconds in which another git that is at work should be done."""


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
        self._own = Path(self._git("rev-parse", "--absolute-git-dir").decode().rstrip("\n"))

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
        try:
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*.yaml"))
                if path.is_file() and not path.is_symlink() and _is_ours(path.relative_to(folder).as_posix())
            }
        except OSError as error:
            raise CallflowError(text("no first version: {w}", "无法建立第一个版本：{w}", w=refused(error))) from error
        _run(folder, ("init", "--quiet"))
        made = cls(folder)
        made.commit(files, who, in_both(FIRST), made.head())
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
        form = "--format=%H%x00%an%x00%cI%x00%B"
        said = self._git("log", "-z", f"--max-count={limit}", form, "HEAD", "--", folder).decode(errors="replace")
        told = said.split("\0")
        return [
            Version(id_, who, datetime.fromisoformat(when), why.strip())
            for id_, who, when, why in zip(told[::4], told[1::4], told[2::4], told[3::4], strict=False)
        ]

    def files(self, commit: str, folder: str) -> dict[str, bytes]:
        """The YAML files of a folder in a version, by name. Raises ``Refused`` where there is no such version."""
        if not commit:
            return {}
        commit = self.known(commit)
        said = self._git("ls-tree", "-r", "-z", commit, "--", f"{folder}/")
        blobs = {
            name: about.split()[2]
            for about, name in _listed(said, folder)
            if about.startswith("100") and name.endswith(".yaml") and _is_ours(name)  # no links, no modules
        }
        return dict(zip(blobs, self._contents(list(blobs.values())), strict=True))

    def staged(self, folder: str, names: Collection[str]) -> dict[str, bytes]:
        """What git's index has of those files of a folder, by name."""
        said = self._git("ls-files", "--stage", "-z", "--", f"{folder}/")
        blobs = {name: about.split()[1] for about, name in _listed(said, folder) if name in names}
        return dict(zip(blobs, self._contents(list(blobs.values())), strict=True))

    def known(self, commit: str) -> str:
        """The full name of a commit that belongs to the branch. Raises ``Refused`` where there is none."""
        if _ID.fullmatch(commit):
            found = self._try("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}").decode().strip()
            if found and self._does("merge-base", "--is-ancestor", found, "HEAD"):
                return found
        raise Refused(text('there is no version "{v}"', "没有版本“{v}”", v=commit[:40]), status=404)

    def ready(self) -> None:
        """Raises ``Refused`` while nothing can be published: somebody is in the middle of something else."""
        self.branch()
        if any((self._own / name).exists() for name in _UNDER_WAY) or self._git("ls-files", "--unmerged", "-z"):
            raise Refused(
                text("a merge is under way in the repository of the flows", "流程所在的 git 仓库正在合并"),
                text(
                    "finish it with git commit, or give it up (git merge --abort); then publish",
                    "请先用 git commit 完成，或用 git merge --abort 放弃，然后再发布",
                ),
                status=409,
            )
        end = time.monotonic() + _OTHERS
        while (self._own / "index.lock").exists():
            if time.monotonic() > end:
                raise _locked(self._own / "index.lock")
            time.sleep(0.1)

    def commit(self, changes: Mapping[str, bytes | None], who: str, why: str, parent: str) -> str:
        """A new version on the branch: ``parent`` with files changed (``None``: taken away). Its id.

        ``changes``: by path from the folder. Raises ``Refused`` where the branch has moved on from ``parent``.
        """
        new = self.made(changes, who, why, parent)
        self.move(new, parent)
        self.refresh(changes)
        return new

    def made(self, changes: Mapping[str, bytes | None], who: str, why: str, parent: str) -> str:
        """The same as a commit that is on no branch as yet."""
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
        return made.decode().strip()

    def has(self, commit: str) -> bool:
        """Whether there is such a commit, on a branch or on none."""
        return bool(_ID.fullmatch(commit)) and self._does("cat-file", "-e", f"{commit}^{{commit}}")

    def contains(self, commit: str) -> bool:
        """Whether the branch has a commit."""
        return self._does("merge-base", "--is-ancestor", commit, "HEAD")

    def move(self, new: str, old: str) -> None:
        """Let the branch go on from ``old`` to ``new``. Raises ``Refused`` where it is somewhere else by now."""
        try:
            self._git("update-ref", "-m", "callflow: publish", self.branch(), new, old or _NOTHING)
        except Refused as refused:
            now = self.head()
            if now == new:  # it was only late to say so
                return
            if now == old:
                raise
            raise Refused(
                text("somebody published at the same moment", "刚刚有人也发布了"),
                text("look at the new version, then publish again", "请查看新版本后再发布"),
                status=409,
            ) from refused

    def refresh(self, changes: Collection[str]) -> None:
        """Bring the index in line for what was published: or the next ``git commit`` would take it back.

        Raises ``Refused`` where another git has the index, for longer than it should.
        """
        end = time.monotonic() + _OTHERS
        while changes and not self._does("reset", "--quiet", "--", *changes):
            if time.monotonic() > end:
                raise _locked(self._own / "index.lock")
            time.sleep(0.1)

    def merged(self, base: str, mine: str, theirs: str) -> str | None:
        """Both changes of a text in one; ``None`` where they touch the same lines."""
        with tempfile.TemporaryDirectory(prefix="callflow-") as place:
            paths = [str(Path(place) / name) for name in ("mine", "base", "theirs")]
            for path, words in zip(paths, (mine, base, theirs), strict=True):
                Path(path).write_bytes(words.encode())
            done = _call(self._folder, ("merge-file", "-p", "--quiet", *paths), {}, b"")
            return done.stdout.decode() if done.returncode == 0 else None

    # -------------------------------------------------------------------------------------------- git

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


def compared(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Two texts line by line, as git's diff has them: a sign (``" "``, ``"-"``, ``"+"``) and the line, around every
    change; ``"@"`` and the numbers of both before each group. Quick however long and alike they are."""
    how = ("--no-index", "--text", "--no-color", "--no-ext-diff", "--no-textconv", "--diff-algorithm=histogram", "-U3")
    with tempfile.TemporaryDirectory(prefix="callflow-") as place:
        for name, words in (("old", old), ("new", new)):
            (Path(place) / name).write_bytes(words.encode(errors="surrogatepass"))
        said = _call(Path(place), ("diff", *how, "--", "old", "new"), {}, b"").stdout.decode(errors="replace")
    _, _, lines = said.partition("\n@@ ")
    for line in f"@@ {lines}".split("\n") if lines else ():
        if line.startswith("@@ "):
            yield "@", line[3:]
        elif line and line[0] in " +-":
            yield line[0], line[1:]


def in_both(words: Text) -> str:
    """What the studio itself writes in a message: git keeps it, and its readers may read either language."""
    return f"{words.zh} · {words.en}"


def _is_ours(name: str) -> bool:
    """Whether a path is of a file that a flow can have: none of it hidden, all of it UTF-8."""
    return not any(part.startswith(".") for part in name.split("/")) and not misnamed(name)


def _listed(said: bytes, folder: str) -> Iterator[tuple[str, str]]:
    """What git tells of files, and their names in the folder."""
    for line in said.decode(errors="surrogateescape").split("\0"):
        about, _, name = line.partition("\t")
        if name:
            yield about, name.removeprefix(f"{folder}/")


def _locked(lock: Path) -> Refused:
    return Refused(
        text("another git is at work in the repository of the flows", "流程所在的 git 仓库正被另一个 git 使用"),
        text("try again; if none is, remove {p}", "请稍后再试；如果没有，请删除 {p}", p=lock),
        status=503,
    )


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
    around["GIT_LITERAL_PATHSPECS"] = "1"
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
